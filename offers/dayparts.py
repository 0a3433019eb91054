"""Parts of the week, on a clock: so many hours on some days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Daypart:
    """From `start` up to, not including, `end` on `days` (Monday is 0).

    Past midnight where `end` is not after `start`: the hours after midnight belong to the day on which they began.
    """

    days: frozenset[int]
    start: time
    end: time

    def covers(self, moment: datetime) -> bool:
        """Whether `moment`, on the clock that counts, lies in it. An hour that comes twice is in it twice."""
        today, clock = moment.weekday(), moment.time()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        return (today in self.days and clock >= self.start) or ((today - 1) % 7 in self.days and clock < self.end)
