"""Whatever a file holds, checking it gives findings with positions, never an exception."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.compiling import compile_retailer
from tests.config.sound_retailer import SOUND, checked

LINE = re.compile(r"shop\.yaml:\d+:\d+: [^\n]+; [^\n]+")

VALUES = [
    *(
        "",
        "null",
        "~",
        "true",
        "[]",
        "{}",
        "[[]]",
        "{a: b}",
        "0",
        "-1",
        "1e400",
        "0x1F",
        ".inf",
        ".nan",
        "'",
        '"',
        "|",
        "*a",
    ),
    *("&a x", "!!int x", "2026-11-20", "3m", "15%", "39 EUR", "all", "$x", "${", "é", "<<", "? a", "- - -", "{tag: }"),
    *("[null]", "[1]", "{radius: 1m}", "{lat: 1, lon: 1}", "9" * 400, "{fr: {tu: }}", "[{}]", "geojson: .", "#", "\t"),
]


def _assert_only_findings(raw: bytes) -> None:
    result = checked(raw)
    for finding in result.findings:
        assert LINE.fullmatch(str(finding))
        str(finding).encode()
    if result.description is not None:
        compile_retailer(result.description, result.shapes, "shop.yaml")


@given(st.binary(max_size=200))
@hypothesis_settings(max_examples=150)
def test_bytes(raw: bytes) -> None:
    _assert_only_findings(raw)


@given(st.text(alphabet="abc:-[]{},&*!|>'\"%@`#? \n\t\\019.~<=é\x85\u2028", max_size=60))
@hypothesis_settings(max_examples=250)
@example("a: !<x")
@example("%TAG ! x\n%TAG ! y\n---\na")
def test_signs_of_yaml(text: str) -> None:
    _assert_only_findings(text.encode())


@st.composite
def spoilt(draw: Any) -> str:
    """SOUND with one to three of its values, keys or pieces replaced by something else."""
    text = SOUND
    for _ in range(draw(st.integers(1, 3))):
        pieces = list(re.finditer(r"[^\s,\[\]{}]+|\[[^\[\]]*\]|\{[^{}]*\}", text))
        piece = draw(st.sampled_from(pieces))
        text = text[: piece.start()] + draw(st.sampled_from(VALUES)) + text[piece.end() :]
    return text


@given(spoilt())
@hypothesis_settings(max_examples=400)
def test_a_sound_file_with_spoilt_values(text: str) -> None:
    _assert_only_findings(text.encode())


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("key", ["stores", "campaigns", "products", "contact", "retailer", "timezone"])
def test_each_part_replaced_by_something_else(key: str, value: str) -> None:
    _assert_only_findings(f"{key}: {value}\n".encode())
