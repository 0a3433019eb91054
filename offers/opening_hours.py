"""When a store is open, on its own clock, and when it closes next."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from offers.contact_policy import local, milliseconds

MOST_CHANGES = 1_000
"""Changes that are looked through for a closing."""


class OpeningHours(Protocol):
    """Opening hours by the clock on the wall: moments are without a zone."""

    def is_open(self, moment: datetime) -> bool:
        """Whether it is certain that the store is open."""

    def next_change(self, moment: datetime) -> datetime | None:
        """When that may change next, after `moment`; None where it never does."""


def is_open(hours: OpeningHours, at: int, zone: ZoneInfo) -> bool:
    """Whether the store is open `at` (milliseconds UTC). An hour that comes twice is the same hour twice."""
    return hours.is_open(local(at, zone).replace(tzinfo=None))


def closes_after(hours: OpeningHours, at: int, zone: ZoneInfo) -> int | None:
    """The first millisecond after `at` in which the store is closed and was open before; None where there is none."""
    here = local(at, zone)
    moment, was_open = here.replace(tzinfo=None, fold=0), is_open(hours, at, zone)
    for _ in range(MOST_CHANGES):
        following = hours.next_change(moment)
        if following is None:
            return None
        now_open = hours.is_open(following)
        if was_open and not now_open:
            return _first_at(following, at, zone)
        moment, was_open = following, now_open
    return None


def _first_at(wall: datetime, after: int, zone: ZoneInfo) -> int:
    """The first moment after `after` at which the clock shows `wall`, or has jumped over it."""
    first, second = (milliseconds(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if second < first:  # the clock jumps over it: somewhere between these two
        return _jump(second, first, zone)
    return first if first > after else second


def _jump(before: int, after: int, zone: ZoneInfo) -> int:
    """The millisecond in which the clock was put forward, between these two."""
    offset = local(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if local(middle, zone).utcoffset() == offset else (before, middle)
    return after
