"""Moments of a scenario: `2026-11-20T12:00:00+01:00`; `2026-11-20 12:00` on the clock of the place; `12:40` alone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

from config.quantities import quoted, wrong

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NOON = time(12)
_EXAMPLES = 'write a day and a time, as in "2026-11-20 12:40", or the time alone: "12:40"'


class Moment(NamedTuple):
    """A time as it was written: without `day`, of the day in question; without `zone`, on the clock of the place."""

    clock: time
    day: date | None = None
    zone: tzinfo | None = None

    def at(self, zone: ZoneInfo, day: date | None) -> int | None:
        """Milliseconds UTC, on the clock of `zone` where the moment names none; None where it has no day, nor we."""
        on = self.day or day
        if on is None:
            return None
        moment = datetime.combine(on, self.clock, self.zone or zone)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    def __str__(self) -> str:
        clock = self.clock.isoformat("minutes" if not self.clock.second else "seconds")
        return clock if self.day is None else f"{self.day} {clock}"


def read_moment(value: Any) -> Moment:
    """A day and a time, with or without an offset, or a time alone."""
    text = value.strip() if isinstance(value, str) else ""
    found = _CLOCK.fullmatch(text)
    if found is not None:
        return Moment(_time(found, value))
    if _DAY.fullmatch(text):
        raise wrong(f"{quoted(value)} has no time", f'write it with one, as in "{text} 12:40"')
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise wrong(f"{quoted(value)} is no time", _EXAMPLES) from None
    return Moment(moment.time(), moment.date(), moment.tzinfo)


def read_day_or_moment(value: Any) -> Moment:
    """A moment with its day, or a day alone, which stands for its noon."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        moment = Moment(_NOON, date.fromisoformat(text)) if _DAY.fullmatch(text) else read_moment(value)
    except (ValueError, PydanticCustomError):
        raise wrong(f"{quoted(value)} is no day", "write year, month and day, as in 2026-11-20") from None
    if moment.day is None:
        raise wrong(f"{quoted(value)} has no day", f'write it with one, as in 2026-11-20 or "2026-11-20 {text}"')
    return moment


def _time(found: re.Match[str], value: Any) -> time:
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        raise wrong(f"{quoted(value)}: there is no such time", "write it from 00:00 to 23:59") from None


At = Annotated[Moment, PlainValidator(read_moment), PlainSerializer(str)]
OnDay = Annotated[Moment, PlainValidator(read_day_or_moment), PlainSerializer(str)]


def local_day(at: int, zone: ZoneInfo) -> date:
    """The day of `at` (ms UTC) on the calendar of `zone`."""
    return datetime.fromtimestamp(at / 1_000, UTC).astimezone(zone).date()
