"""What a dead letter keeps of a record: its bytes, cut, and none of them where they may hold a position."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.decoding import MOST_RAW, Fault, dead_letter, may_hold_position
from streams.records import Record

PING = b'{"retailer": "galerie", "device": "phone", "lat": 48.8738, "lon": 2.332, "at": 1795131000000}'


def record(raw: bytes | None) -> Record:
    return Record("pings", 3, 42, 1_795_131_000_000, b"galerie|phone", raw)


def test_a_dead_letter_says_where_the_record_stood_and_keeps_its_bytes() -> None:
    letter = dead_letter(record(b"\xffgarbage"), Fault.NOT_UTF8, "byte 0 is not UTF-8")
    assert (letter.reason, letter.detail) == (Fault.NOT_UTF8, "byte 0 is not UTF-8")
    assert (letter.topic, letter.partition, letter.offset) == ("pings", 3, 42)
    assert letter.raw is not None
    assert base64.b64decode(letter.raw) == b"\xffgarbage"


@pytest.mark.parametrize("raw", [None, b""])
def test_an_empty_record_keeps_nothing(raw: bytes | None) -> None:
    assert dead_letter(record(raw), Fault.EMPTY, "").raw == ""


@pytest.mark.parametrize("size", [MOST_RAW - 1, MOST_RAW, MOST_RAW + 1, 1_000_000])
def test_bytes_are_kept_up_to_four_kibibytes(size: int) -> None:
    raw = dead_letter(record(b"x" * size), Fault.NOT_JSON, "").raw
    assert raw is not None
    assert base64.b64decode(raw) == b"x" * min(size, MOST_RAW)


@pytest.mark.parametrize(
    "raw",
    [
        PING,
        PING.replace(b"48.8738", b"91.8738"),
        PING[:60],
        PING[:-1],
        PING + PING,
        PING[:-1] + b', "lat": 1}',
        PING.replace(b'"lat"', b'"\\u006cat"').replace(b'"lon"', b'"l\\u006fn"'),
        PING.replace(b'"lat"', b'"LAT"'),
        PING.replace(b'"lat"', b"lat"),
        PING.replace(b"48.8738", b"NaN"),
        b"\xff" + PING,
        PING.decode().encode("utf-16"),
        PING.decode().encode("utf-32"),
        json.dumps(PING.decode()).encode(),
        b'[{"latitude": 48.8738, "longitude": 2.332}]',
        b'{"type": "Point", "coordinates": [2.332, 48.8738]}',
        b"id=phone&lat=48.8738&lon=2.332",
        b'{"lon": 2.332, "retai',
    ],
)
def test_what_may_hold_a_position_is_left_out_of_its_dead_letter(raw: bytes) -> None:
    assert may_hold_position(raw)
    assert dead_letter(record(raw), Fault.NOT_JSON, "").raw is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage",
        b"\xff\x00",
        b"null",
        b'{"retailer": 7}',
        b'{"retailer": "galerie", "lines": [{"amount": "39 EUR"}]}',
    ],
)
def test_what_names_no_position_is_kept(raw: bytes) -> None:
    assert not may_hold_position(raw)


@given(cut=st.integers(0, 200), noise=st.binary(max_size=6), place=st.integers(0, 200))
def test_a_broken_ping_that_still_shows_its_latitude_is_never_kept(cut: int, noise: bytes, place: int) -> None:
    whole = PING
    raw = (whole[:place] + noise + whole[place:])[: len(whole) - cut % len(whole)]
    kept = dead_letter(record(raw), Fault.NOT_JSON, "").raw
    assert kept is None or b"48.8738" not in base64.b64decode(kept) or b'"lat"' not in raw
