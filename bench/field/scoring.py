"""What was told held against what was true.

The rules for stays and for each DWELL were committed before the first run; `as_visits`, the contract's rule for visits,
after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from bench.field.believed import Entry
from bench.field.phones import Measured
from bench.field.truth import Interval

STAY = 300.0
"""Seconds: whoever was truly in the ring for so long stayed, and a visit must be told."""
PASS = 120.0
"""Seconds: whoever was in the ring for less did not stay, and none may be told. What lies between counts neither way: a
visit is 3 minutes, and with fixes a minute apart nobody can tell 2 from 3."""
SAME_VISIT = 7_200.0
"""Seconds: the same store again within them is the same visit (docs/messages.md)."""


@dataclass
class Score:
    """Of one method over many days. A stay could be seen if two fixes came of it that were no cell tower's."""

    days: int = 0
    stays: int = 0
    found: int = 0
    seen: int = 0
    seen_and_found: int = 0
    visits: int = 0
    false_visits: int = 0
    false_dwells: int = 0
    false_entries: int = 0
    delays: list[float] = field(default_factory=list)

    def add(self, entries: Sequence[Entry], inside: Sequence[Interval], fixes: Sequence[Measured]) -> list[Interval]:
        """One more day; returns the stays that could be seen and were missed."""
        seen = {stay for stay in inside if stay.length >= STAY and is_seen(stay, fixes)}
        dwells, longer = [entry for entry in entries if entry.visit], [each for each in inside if each.length >= PASS]
        matched = pairs(dwells, longer)
        found = [stay for stay in matched if stay.length >= STAY]
        self.days += 1
        self.stays += sum(each.length >= STAY for each in inside)
        self.found += len(found)
        self.seen += len(seen)
        self.seen_and_found += len(seen.intersection(found))
        self.false_dwells += len(dwells) - len(matched)
        self.false_entries += len(entries) - len(pairs(entries, inside))
        self.delays += [matched[stay].confirmed_at - stay.begin for stay in found]
        self._add_visits(as_visits([entry.interval for entry in dwells]), as_visits(longer))
        return sorted(seen.difference(found))

    def _add_visits(self, told: Sequence[Interval], true: Sequence[Interval]) -> None:
        self.visits += len(told)
        self.false_visits += len(told) - len(
            pairs([Entry(each.begin, each.begin, each.end, True) for each in told], true)
        )

    @property
    def recall(self) -> float:
        """Of all stays."""
        return self.found / self.stays

    @property
    def recall_of_seen(self) -> float:
        """Of those that could be seen."""
        return self.seen_and_found / self.seen

    @property
    def precision(self) -> float:
        """How many of the visits told were any."""
        return 1 - self.false_visits / self.visits if self.visits else 1.0

    @property
    def delay(self) -> tuple[float, float]:
        """Median and 95th percentile (seconds) from the true crossing to the moment in which ENTER was believed."""
        return median(self.delays), quantiles(self.delays, n=20)[-1]

    def a_hundred_days(self, count: int) -> float:
        """So many in a hundred days of one device."""
        return 100 * count / self.days


def is_seen(stay: Interval, fixes: Sequence[Measured]) -> bool:
    """Whether two fixes of a phone that knew its place came of it."""
    return sum(fix.known and stay.begin <= fix.at <= stay.end for fix in fixes) >= 2


def pairs(entries: Sequence[Entry], inside: Sequence[Interval]) -> dict[Interval, Entry]:
    """Each entry, by time, with the interval that it shares most with, if no earlier one has it. So a stay that is told
    twice has a false one, and of two that are told as one the second is missed."""
    found: dict[Interval, Entry] = {}
    for entry in entries:
        free = [each for each in inside if each not in found and each.overlap(entry.interval) > 0]
        if free:
            found[max(free, key=entry.interval.overlap)] = entry
    return found


def as_visits(intervals: Sequence[Interval]) -> list[Interval]:
    """The same store again, within two hours of leaving it, is the same visit."""
    found: list[Interval] = []
    for each in intervals:
        if found and each.begin - found[-1].end < SAME_VISIT:
            found[-1] = Interval(found[-1].begin, each.end)
        else:
            found.append(each)
    return found
