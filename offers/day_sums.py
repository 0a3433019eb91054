"""What was spent by day of the store and category, at three or four bytes each: exact or not known, and never wrong.

The newest sums are kept; what had to go is of days before `since`. A sum is three numbers of seven bits a byte: how
many days it is before the last one, with its category and its purchases, more purchases than one, and cents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from offers.recency import DIGEST
from offers.whole_numbers import append_number, numbers_of

MOST_SUMS = 400
"""Sums kept of one member; a category's name takes the room of two."""

LONGEST_DAYS = 365
"""Days that may be asked about."""

SEVERAL = 2
"""From so many on, how many purchases there were stands by itself."""


class DaySum(NamedTuple):
    """What was spent on one category on one day (days since 1970), and the purchases that began with it."""

    day: int
    category: bytes
    cents: int
    purchases: int


class DaySums(NamedTuple):
    """The digests of the categories, in order; the sums, newest first; and the first day of which all are known."""

    categories: bytes = b""
    packed: bytes = b""
    since: int = 0


NOTHING = DaySums()


class Total(NamedTuple):
    """What was spent in a time, and how many purchases; `whole` says that none of it was forgotten."""

    cents: int
    purchases: int
    whole: bool


def with_sums(sums: DaySums, new: Iterable[DaySum]) -> DaySums:
    """`sums` with `new` added, in any order."""
    known: defaultdict[int, dict[bytes, tuple[int, int]]] = defaultdict(dict)
    for each in (*read(sums), *new):
        if each.day >= sums.since:
            cents, purchases = known[each.day].get(each.category, (0, 0))
            known[each.day][each.category] = cents + each.cents, purchases + each.purchases
    return _write(known, _first_day(known, sums.since))


def joined(sums: DaySums, other: DaySums) -> DaySums:
    """Both added, as far back as both are whole."""
    return with_sums(sums._replace(since=max(sums.since, other.since)), read(other))


def total(sums: DaySums, first: int, last: int, category: bytes | None = None) -> Total:
    """All of the days `first` to `last`, of one category or of all."""
    cents = purchases = 0
    for each in read(sums):
        if each.day < first:
            break
        if each.day <= last and category in (None, each.category):
            cents, purchases = cents + each.cents, purchases + each.purchases
    return Total(cents, purchases, sums.since <= max(first, 0))


def read(sums: DaySums) -> Iterator[DaySum]:
    """All that is kept, newest first."""
    categories, numbers = _names(sums.categories), numbers_of(sums.packed)
    day = None
    for head in numbers:
        ago, place = divmod(head // (SEVERAL + 1), len(categories))
        purchases = head % (SEVERAL + 1)
        if purchases == SEVERAL:
            purchases += next(numbers)
        day = ago if day is None else day - ago
        yield DaySum(day, categories[place], next(numbers), purchases)


def _first_day(known: Mapping[int, Mapping[bytes, object]], since: int) -> int:
    """The first day from which on all sums find room."""
    room, named = MOST_SUMS, set[bytes]()
    for day in sorted(known, reverse=True):
        named |= known[day].keys()
        room -= len(known[day])
        if room < 2 * len(named):
            return day + 1
    return since


def _write(known: Mapping[int, Mapping[bytes, tuple[int, int]]], since: int) -> DaySums:
    days = [day for day in sorted(known, reverse=True) if day >= since]
    categories = sorted({category for day in days for category in known[day]})
    places = {category: place for place, category in enumerate(categories)}
    packed, before = bytearray(), None
    for day in days:
        for category, (cents, purchases) in sorted(known[day].items()):
            ago = day if before is None else before - day
            before = day
            head = (ago * len(categories) + places[category]) * (SEVERAL + 1) + min(purchases, SEVERAL)
            for number in (head, *((purchases - SEVERAL,) if purchases >= SEVERAL else ()), cents):
                append_number(packed, number)
    return DaySums(b"".join(categories), bytes(packed), since)


def _names(categories: bytes) -> list[bytes]:
    return [categories[place : place + DIGEST] for place in range(0, len(categories), DIGEST)]
