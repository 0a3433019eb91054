"""What the columns of a table speak of, and how their cells are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from streams.importing.lines import FIELDS

PURPOSES = ("offers", "location_history", "analytics", "notices")
LISTS = ("devices", "cards", "emails_hashed", "phones_hashed", "merges")
VERSION = "consent.version"

_WHOLE, _DECIMAL = re.compile(r"-?(0|[1-9]\d{0,17})"), re.compile(r"-?\d{1,15}\.\d{1,9}")
_ANSWERS = {"yes": True, "true": True, "no": False, "false": False}


class Column(NamedTuple):
    """Of what a column speaks: the field, and what of it; `read` raises ValueError for a cell that it cannot read."""

    name: str
    field: str
    part: str
    read: Callable[[str], Any]
    todo: str


def column_of(name: str) -> Column | None:
    """The column that is called so in the first line; None: there is none."""
    field, _, part = name.partition(".")
    todo = FIELDS.get(field, "")
    if field == "attributes" and part:
        own, _, kind = part.partition(":")
        read = read_value if not kind else str
        return Column(name, field, own, read, todo) if own and kind in ("", "text") else None
    if name == VERSION:
        return Column(name, field, part, str, todo)
    if field == "consent" and part in PURPOSES:
        return Column(name, field, part, read_answer, "write yes or no")
    if name in FIELDS and name not in ("attributes", "consent"):
        return Column(name, field, "", _READERS.get(name, str), todo)
    return None


KNOWN = tuple(name for name in FIELDS if name not in ("attributes", "consent"))
"""Columns by their names; beside them `attributes.…` and `consent.…`."""


def read_value(cell: str) -> str | bool | int | float:
    """A number or yes or no where it is written as one, text otherwise: a zero in front makes a text of digits."""
    if _WHOLE.fullmatch(cell):
        return int(cell)
    if _DECIMAL.fullmatch(cell):
        return float(cell)
    return cell == "true" if cell in ("true", "false") else cell


def read_answer(cell: str) -> bool:
    """Yes or no; ValueError for anything else."""
    if cell.lower() not in _ANSWERS:
        raise ValueError("neither yes nor no")
    return _ANSWERS[cell.lower()]


def read_whole(cell: str) -> int:
    """A whole number; ValueError for anything else."""
    if _WHOLE.fullmatch(cell) is None:
        raise ValueError("no whole number")
    return int(cell)


def read_time(cell: str) -> str:
    """A day, which is its noon in UTC, or a time as messages have it; what is neither is for the decoder to refuse."""
    try:
        return f"{date.fromisoformat(cell)}T12:00:00Z" if len(cell) == 10 else cell
    except ValueError:
        raise ValueError("no day") from None


_READERS: dict[str, Callable[[str], Any]] = {
    "points": read_whole,
    "visits": read_whole,
    "joined": read_time,
    "last_visit": read_time,
    "deleted": read_answer,
    **dict.fromkeys(LISTS, str.split),
}
