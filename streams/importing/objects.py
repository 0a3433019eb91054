"""JSON Lines: one object a line, with the fields of a `member` message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from math import isinf
from typing import Any

from config.findings import Finding, Position
from config.names import did_you_mean
from config.quantities import quoted
from streams.importing.lines import FIELDS, About, Lost, Told, lines_of, text_of, told


def members_of_objects(file: Iterable[bytes], about: About) -> Iterator[Told]:
    """What becomes of each line that is not empty."""
    for number, line in lines_of(file):
        if line.strip():
            try:
                yield _told(text_of(line, number, about), number, about)
            except Lost as lost:
                yield Told(findings=lost.findings)


def _told(text: str, number: int, about: About) -> Told:
    said, start = _read(text, number, about), Position(number, 1)
    if said.pop("type", "member") != "member":
        raise Lost(about.finding(_place(text, number, "type"), "another kind of message", "leave out what is none"))
    if said.get("retailer", about.retailer) != about.retailer:
        what = "a member of another retailer"
        raise Lost(about.finding(_place(text, number, "retailer"), what, f"this is for {about.retailer}"))
    unknown = [name for name in said if name not in FIELDS and name != "retailer"]
    if unknown:
        raise Lost(*(_unknown(name, _place(text, number, name), about) for name in unknown))
    return told(said, {name: _place(text, number, name) for name in said}, start, about)


def _unknown(name: str, place: Position, about: About) -> Finding:
    todo = f"{did_you_mean(name, FIELDS)} What is your own stands under `attributes`"
    return about.finding(place, f"{quoted(name)} is no field of a member", todo)


def _place(text: str, number: int, name: str) -> Position:
    """Where a field is named in its line."""
    found = re.search(rf"{re.escape(json.dumps(name))}\s*:", text)
    return Position(number, 1 if found is None else found.start() + 1)


def _read(text: str, number: int, about: About) -> dict[str, Any]:
    try:
        said = json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_refused, parse_float=_finite, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        raise Lost(about.finding(Position(number, error.colno), "this is no JSON", _TODO)) from None
    except ValueError as error:
        raise Lost(about.finding(Position(number, 1), str(error), _TODO)) from None
    except RecursionError:
        raise Lost(about.finding(Position(number, 1), "nested too deeply", _TODO)) from None
    if not isinstance(said, dict):
        raise Lost(about.finding(Position(number, 1), "this is no object", _TODO))
    return said


_TOO_LARGE = "too large a number"
MOST_DIGITS = 20
"""Of a whole number: 64 bits have no more."""
_TODO = 'write one object a line, as in {"member": "m1", "tier": "gold"}'


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError(_TOO_LARGE)
    return number


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(_TOO_LARGE)
    return int(digits)


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
