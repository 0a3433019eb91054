"""What is no message: each fault by its name, and nothing else ever raised."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.decoding import MOST_AHEAD, MOST_RAW, Decoder, Fault, NotAMessage, dead_letter
from streams.messages import CheckIn, ContactMade, MemberChange, Message, Ping, Preference, Purchase
from streams.records import Record
from streams.times import LAST_TIME, to_milliseconds, written

PINGS: Decoder[Ping] = Decoder(Ping, lambda ping: f"{ping.retailer}|{ping.device}", ahead=None)
CHECK_INS: Decoder[CheckIn] = Decoder(CheckIn, lambda said: f"{said.retailer}|{said.device or said.member}")
PURCHASES: Decoder[Purchase] = Decoder(Purchase, lambda said: f"{said.retailer}|{said.member or said.card}")
MEMBERS: Decoder[MemberChange] = Decoder(MemberChange, lambda said: f"{said.retailer}|{said.member}")
DECODERS: tuple[Decoder[Any], ...] = (
    PINGS,
    CHECK_INS,
    PURCHASES,
    MEMBERS,
    Decoder(Preference, lambda said: f"{said.retailer}|{said.member or said.device}"),
    Decoder(ContactMade, lambda said: f"{said.retailer}|{said.member or said.card}"),
)

GOOD = {"retailer": "galerie", "device": "phone", "lat": 48.8738, "lon": 2.332, "at": 1_795_131_000_000}
BOUGHT = {"retailer": "galerie", "id": "1", "member": "anna", "at": 1, "lines": [{"amount": "39.00 EUR"}]}


def record(raw: bytes | None, key: bytes | None = b"galerie|phone") -> Record:
    return Record("pings", 3, 42, 1_795_131_000_000, key, raw)


def packed(**changed: Any) -> bytes:
    """A good ping, with `changed` fields; None takes a field out."""
    return json.dumps({name: value for name, value in (GOOD | changed).items() if value is not None}).encode()


def with_field(written: str) -> bytes:
    """A good ping with one more field, written as given."""
    return packed()[:-1] + b", " + written.encode("utf-8", "surrogatepass") + b"}"


def decoded(raw: bytes, key: bytes | None = b"galerie|phone", decoder: Decoder[Any] = PINGS) -> Any:
    return decoder.decode(record(raw, key), {"galerie"})


def refused(raw: bytes | None, decoder: Decoder[Any] = PINGS, key: bytes | None = b"galerie|phone") -> NotAMessage:
    with pytest.raises(NotAMessage) as refusal:
        decoder.decode(record(raw, key), {"galerie"})
    return refusal.value


def fault(raw: bytes | None, decoder: Decoder[Any] = PINGS, key: bytes | None = b"galerie|phone") -> Fault:
    return refused(raw, decoder, key).reason


def test_a_good_ping_is_read() -> None:
    assert decoded(packed()) == Ping(**GOOD)


def test_fields_that_are_not_named_are_passed_over() -> None:
    assert decoded(packed(battery=0.4, extras={"lat": [1, {"lat": 2}]})) == Ping(**GOOD)


@pytest.mark.parametrize("raw", [None, b""])
def test_a_record_without_value_is_empty(raw: bytes | None) -> None:
    assert fault(raw) is Fault.EMPTY


@pytest.mark.parametrize(
    "raw",
    [
        b"garbage",
        b" ",
        b"\x00",
        b"{",
        packed() + packed(),
        packed()[:-1],
        packed() + b"x",
        b"\xef\xbb\xbf" + packed(),
        with_field('"accuracy": NaN'),
        with_field('"accuracy": Infinity'),
        with_field('"accuracy": -Infinity'),
        with_field('"lat\\ud800": 1'),
        with_field('"member": "\\ud800"'),
        with_field('"member": "\\udc00\\ud800"'),
        with_field('"extra": "\\ud83d"'),
        with_field("'member': 1"),
        with_field('"member": "a\nb"'),
    ],
)
def test_what_is_not_json_is_said_to_be_that(raw: bytes) -> None:
    assert fault(raw) is Fault.NOT_JSON


@pytest.mark.parametrize(
    "raw",
    [b"\xff\xfe{}", packed(member="X").replace(b"X", b"\xff"), packed(member="X").replace(b"X", b"\xed\xa0\x80")],
)
def test_what_is_not_utf_8_is_said_to_be_that(raw: bytes) -> None:
    assert fault(raw) is Fault.NOT_UTF8


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":' * 200_000,
        with_field('"extra": ' + "[" * 200_000 + "]" * 200_000),
        with_field('"escaped\\n": ' + "[" * 200_000 + "]" * 200_000),
    ],
)
def test_a_nested_bomb_is_too_deep(raw: bytes) -> None:
    assert fault(raw) is Fault.TOO_DEEP


def test_an_array_of_arrays_is_no_object_however_deep() -> None:
    assert fault(b"[" * 500_000) is Fault.WRONG_TYPE


@pytest.mark.parametrize(
    "field",
    [
        '"lat": 1',
        '"\\u006cat": 1',
        '"l\\u0061t": 1',
        '"device": "phone"',
        '"member": "a", "member": "b"',
        '"member": "a", "\\u006dember": "b"',
    ],
)
def test_a_key_that_stands_twice_plain_or_escaped_is_refused(field: str) -> None:
    assert fault(with_field(field)) is Fault.DUPLICATE_KEYS


def test_a_name_that_stands_twice_but_not_as_a_key_of_one_object_is_no_duplicate() -> None:
    assert decoded(packed(member="lat", extra={"lat": "lat"})).member == "lat"
    assert decoded(packed(member="line\nbreak")).member == "line\nbreak"


@pytest.mark.parametrize("raw", [b"null", b"[]", b"1", b'"text"', b"true", b"{}"])
def test_json_that_is_no_object_or_an_empty_one_is_of_the_wrong_type(raw: bytes) -> None:
    assert fault(raw) is Fault.WRONG_TYPE


@pytest.mark.parametrize("missing", list(GOOD))
def test_each_required_field_is_asked_for_by_name(missing: str) -> None:
    refusal = refused(packed(**{missing: None}))
    assert refusal.reason is Fault.WRONG_TYPE
    assert missing in str(refusal)


@pytest.mark.parametrize(
    "changed",
    [
        {"lat": 90.000001},
        {"lat": -91},
        {"lon": 180.000001},
        {"lon": -181},
        {"lat": "48.87"},
        {"lat": True},
        {"lat": [48.87]},
        {"device": 7},
        {"device": ""},
        {"device": "x" * 201},
        {"device": "x" * 1_000_000},
        {"retailer": "galerie|phone"},
        {"retailer": ""},
        {"mocked": "false"},
        {"accuracy": "10"},
        {"speed": {}},
    ],
)
def test_a_value_of_another_type_or_out_of_its_range_is_told_by_its_field(changed: dict[str, Any]) -> None:
    refusal = refused(packed(**changed))
    assert refusal.reason is Fault.WRONG_TYPE
    assert f"$.{next(iter(changed))}" in str(refusal)


@pytest.mark.parametrize("number", ["1e400", "-1e999"])
def test_a_number_too_large_for_a_float_is_out_of_range(number: str) -> None:
    assert fault(with_field(f'"accuracy": {number}')) is Fault.WRONG_TYPE


@pytest.mark.parametrize(("lat", "lon"), [(90, 180), (-90, -180), (0, 0)])
def test_the_ends_of_the_earth_are_positions(lat: int, lon: int) -> None:
    ping = decoded(packed(lat=lat, lon=lon))
    assert (ping.lat, ping.lon) == (lat, lon)


@pytest.mark.parametrize(
    ("at", "milliseconds"),
    [
        ("2026-11-20T12:00:03.250Z", 1_795_176_003_250),
        ("2026-11-20T13:00:03.250+01:00", 1_795_176_003_250),
        ("2026-11-20T12:00:03.2509Z", 1_795_176_003_250),
        (1_795_176_003_250, 1_795_176_003_250),
        ("1970-01-01T00:00:00Z", 0),
        (0, 0),
        ("2100-01-01T00:00:00Z", 4_102_444_800_000),
        ("2999-12-31T23:59:59.999Z", LAST_TIME),
        (LAST_TIME, LAST_TIME),
    ],
)
def test_times_are_rfc_3339_with_an_offset_or_whole_milliseconds(at: str | int, milliseconds: int) -> None:
    assert to_milliseconds(decoded(packed(at=at)).at) == milliseconds


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-20T12:00:03",
        "2026-11-20",
        "1795176003250",
        "",
        "noon",
        "2026-13-01T00:00:00Z",
        1_795_176_003_250.5,
        1.0,
        True,
        -1,
        LAST_TIME + 1,
        2**63,
        10**30,
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00+00:01",
        "0001-01-01T00:00:00+14:00",
        "3000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_without_offset_or_that_cannot_be_written_is_refused(at: object) -> None:
    refusal = refused(packed(at=at))
    assert refusal.reason is Fault.WRONG_TYPE
    assert "$.at" in str(refusal)


def test_a_number_of_six_thousand_digits_is_refused() -> None:
    assert fault(with_field('"at": ' + "9" * 6_000)) is Fault.WRONG_TYPE


@given(at=st.integers(0, LAST_TIME))
def test_a_time_that_was_written_is_read_as_the_same(at: int) -> None:
    assert to_milliseconds(decoded(packed(at=written(at))).at) == at
    assert (
        datetime.fromisoformat(written(at)).tzinfo is UTC or datetime.fromisoformat(written(at)).utcoffset() is not None
    )


@pytest.mark.parametrize("field", ["joined", "last_visit"])
def test_a_time_of_a_member_that_cannot_be_written_is_refused(field: str) -> None:
    said = {"retailer": "galerie", "member": "anna", "at": GOOD["at"], field: "0001-01-01T00:00:00+01:00"}
    with pytest.raises(NotAMessage) as refusal:
        MEMBERS.decode(record(json.dumps(said).encode(), b"galerie|anna"), {"galerie"})
    assert refusal.value.reason is Fault.WRONG_TYPE


@pytest.mark.parametrize(("ahead", "taken"), [(MOST_AHEAD, True), (MOST_AHEAD + 1, False)])
def test_a_till_may_be_ahead_by_a_day_and_no_more(ahead: int, taken: bool) -> None:
    """A purchase of 2099 would push all others out of a member's history."""
    written_at = record(b"").timestamp
    said = {"retailer": "galerie", "member": "anna", "id": "1", "at": written_at + ahead, "lines": []}
    purchase = record(json.dumps(said).encode(), b"galerie|anna")
    if taken:
        assert PURCHASES.decode(purchase, {"galerie"}).at == written_at + ahead
    else:
        with pytest.raises(NotAMessage, match="a time that has come"):
            PURCHASES.decode(purchase, {"galerie"})


def test_an_unknown_retailer_is_told_before_a_wrong_key() -> None:
    assert fault(packed(retailer="another"), key=b"nonsense") is Fault.UNKNOWN_RETAILER


@pytest.mark.parametrize("key", [None, b"", b"galerie|other", b"galerie", b"galerie|phone ", b"\xff"])
def test_a_key_that_is_not_that_of_its_message_is_wrong(key: bytes | None) -> None:
    assert fault(packed(), key=key) is Fault.WRONG_KEY


def test_a_key_is_in_utf_8() -> None:
    assert decoded(packed(device="téléphone"), key="galerie|téléphone".encode()).device == "téléphone"


@pytest.mark.parametrize("amount", ["39", "39.0 EUR", "-39.00 EUR", "39,00 EUR", "39.00 eur", 39, "٣٩.00 EUR"])
def test_money_is_refused_in_any_other_writing(amount: object) -> None:
    assert fault(json.dumps(BOUGHT | {"lines": [{"amount": amount}]}).encode(), PURCHASES) is Fault.WRONG_TYPE


def test_a_megabyte_in_a_field_that_nobody_reads_is_passed_over() -> None:
    assert decoded(packed(extra="x" * 1_000_000)) == Ping(**GOOD)


@pytest.mark.parametrize("via", ["48.8738,2.332", "x" * 1_000_000, "it's - at \n night"])
def test_a_detail_never_repeats_what_the_sender_wrote(via: str) -> None:
    checked_in = {"retailer": "galerie", "member": "anna", "at": 1, "via": via}
    refusal = refused(json.dumps(checked_in).encode(), CHECK_INS)
    assert (refusal.reason, str(refusal)) == (Fault.WRONG_TYPE, "Not one of the values there are - at `$.via`")


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8) | st.just("galerie"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(
    {name for decoder in (Ping, CheckIn, Purchase, MemberChange, Preference) for name in decoder.__struct_fields__}
)


def only_a_fault(raw: bytes, key: bytes) -> None:
    for decoder in DECODERS:
        try:
            message = decoder.decode(record(raw, key), {"galerie"})
        except NotAMessage as refusal:
            letter = dead_letter(record(raw, key), refusal.reason, str(refusal))
            assert letter.raw is None or len(letter.raw) <= 4 * (MOST_RAW + 2) / 3
        else:
            assert isinstance(message, Message)


@given(raw=st.binary(max_size=200), key=st.binary(max_size=20))
def test_any_bytes_are_a_message_or_a_fault(raw: bytes, key: bytes) -> None:
    only_a_fault(raw, key)


@given(fields=st.dictionaries(st.sampled_from(FIELDS), JSONISH, max_size=8), escaped=st.booleans(), good=st.booleans())
@example(fields={"device": "\ud800"}, escaped=True, good=True)
@example(fields={"device": "\ud800"}, escaped=False, good=True)
def test_any_json_is_a_message_or_a_fault(fields: dict[str, Any], escaped: bool, good: bool) -> None:
    whole = (GOOD | BOUGHT if good else {}) | fields
    only_a_fault(json.dumps(whole, ensure_ascii=escaped).encode("utf-8", "surrogatepass"), b"galerie|phone")
