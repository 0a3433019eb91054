"""How parts of the week are written: `"Mo-Fr 11:30-14:30"`, `"Sa,Su 10:00-12:00"`, `"17:00-20:00"`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from config.quantities import quoted, read_hours, wrong
from offers.dayparts import EVERY_DAY, Daypart

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

_DAYPART = re.compile(r"(?:(?P<days>[A-Za-zé]{2}[A-Za-zé,\- ]*) )?(?P<hours>[0-9: \-–]+)")
_TODO = 'write days and hours as in "Mo-Fr 11:30-14:30"'


def read_daypart(value: Any) -> Daypart:
    """Days, all of them where none is named, and hours; past midnight where the end is before the start."""
    found = _DAYPART.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{quoted(value)} is no part of the week", _TODO)
    hours = read_hours(found["hours"])
    return Daypart(_days(found["days"]) if found["days"] else EVERY_DAY, hours.start, hours.end)


def write_daypart(daypart: Daypart) -> str:
    """`Mo,Tu,We 11:30-14:30`"""
    hours = f"{daypart.start:%H:%M}-{daypart.end:%H:%M}"
    days = ",".join(DAYS[day] for day in sorted(daypart.days))
    return hours if daypart.days == EVERY_DAY else f"{days} {hours}"


def _days(written: str) -> frozenset[int]:
    days: set[int] = set()
    for part in written.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        start, end = _day(first), _day(last or first)
        days.update((start + day) % 7 for day in range((end - start) % 7 + 1))
    return frozenset(days)


def _day(written: str) -> int:
    if written not in DAYS:
        raise wrong(f"{quoted(written)} is no day of the week", f"write {', '.join(DAYS)}")
    return DAYS.index(written)


DaypartText = Annotated[Daypart, PlainValidator(read_daypart), PlainSerializer(write_daypart)]
