"""Times at the edges: RFC 3339 in UTC outside, integer milliseconds since 1970 inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

LAST_TIME = 32_503_679_999_999
"""The last millisecond of the year 2999: what is later is a mistake, and calendars still have room behind it."""


def to_milliseconds(moment: datetime | int) -> int:
    """Milliseconds since 1970, rounded down; an int is taken for milliseconds already."""
    return moment if isinstance(moment, int) else (moment - _EPOCH) // _MILLISECOND


@lru_cache(maxsize=1_024)  # one trigger writes the same few times a dozen times
def written(at: int) -> str:
    """`2026-11-20T12:00:03.250Z`"""
    return (_EPOCH + at * _MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_time(at: datetime | int) -> bool:
    """Whether `at` can be written, and stand in an id: from 1970 to 2999."""
    if isinstance(at, datetime) and 1970 < at.year < 2999:
        return True
    return 0 <= to_milliseconds(at) <= LAST_TIME
