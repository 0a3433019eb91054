"""The visits of a member, one by one, in a size that does not grow with the years.

The most recent ones stand as they are, the older ones packed, newest first, at some nine bytes a visit: exact to the
millisecond. Of those that found no room it is known when the last began, so that a window that begins later is known to
hold none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from sys import maxsize

from offers.members import SAME_VISIT, OlderVisits, Visit, Visits
from offers.whole_numbers import append_number, numbers_of

MOST_VISITS = 32
"""Visits kept as they are; the count of all of them is kept for good."""

MOST_BYTES = 2_048
"""Room for the older ones: two hundred and more."""

LONGEST = 366 * 86_400_000
"""Milliseconds before the newest visit that one is kept: as far back as may be asked, and a day."""


def with_visit(visits: Visits, store: str, at: int) -> tuple[Visits, bool]:
    """`visits` with one at `store` at `at`, and whether it is new: the same store within 2 h is the same visit."""
    new = Visit(store, at, at)
    among_recent = with_sign(visits.recent, new)
    if among_recent is not None:
        return replace(visits, recent=among_recent), False
    if visits.older.packed and at < visits.recent[0].first:
        among_all = with_sign(all_visits(visits), new)
        if among_all is not None:
            return with_known(visits, among_all), False
    known = (*visits.recent, new)
    if len(known) > MOST_VISITS:
        known = (*older_visits(visits.older), *known)
    return with_known(replace(visits, count=visits.count + 1), known), True


def all_visits(visits: Visits) -> tuple[Visit, ...]:
    """All that are kept, oldest first."""
    return (*older_visits(visits.older), *visits.recent) if visits.older.packed else visits.recent


def lost_until(visits: Visits, kept: Sequence[Visit]) -> int:
    """When the last visit began that is counted and not `kept`, as far as may be; -1: all are kept."""
    if visits.older.lost >= 0 or visits.count <= len(kept):
        return visits.older.lost
    return kept[0].first if kept else maxsize


def with_sign(known: Sequence[Visit], new: Visit) -> tuple[Visit, ...] | None:
    """`known` where `new` is one of them, which then lasts as long as both; None where it is not."""
    for place, visit in enumerate(known):
        apart = visit.first - SAME_VISIT < new.last and new.first < visit.last + SAME_VISIT
        if visit.store == new.store and apart:
            longer = Visit(visit.store, min(visit.first, new.first), max(visit.last, new.last))
            return (*known[:place], longer, *known[place + 1 :])
    return None


def with_known(visits: Visits, known: Iterable[Visit]) -> Visits:
    """`visits` with as many of `known`, which are all of them, as find room: the newest."""
    ordered = sorted(known, key=lambda visit: visit.first)
    recent, rest = tuple(ordered[-MOST_VISITS:]), ordered[:-MOST_VISITS]
    older = _older(rest, recent[-1].first, visits.older.lost) if rest else visits.older
    return replace(visits, recent=recent, older=older)


def older_visits(older: OlderVisits) -> list[Visit]:
    """Those that are packed, oldest first."""
    return list(_unpacked(older))[::-1]


def _older(visits: Sequence[Visit], newest: int, lost: int) -> OlderVisits:
    """As many of `visits`, which come oldest first, as find room: the newest."""
    room, stores, packed, before = MOST_BYTES, dict[str, int](), bytearray(), None
    for place in range(len(visits) - 1, -1, -1):
        visit, one = visits[place], bytearray()
        room -= 0 if visit.store in stores else len(visit.store.encode())
        ago = visit.first if before is None else before - visit.first
        for number in (ago, visit.last - visit.first, stores.get(visit.store, len(stores))):
            append_number(one, number)
        room -= len(one)
        if room < 0 or visit.first <= newest - LONGEST:
            return OlderVisits(tuple(stores), bytes(packed), max(lost, visit.first))
        stores.setdefault(visit.store, len(stores))
        packed += one
        before = visit.first
    return OlderVisits(tuple(stores), bytes(packed), lost)


def _unpacked(older: OlderVisits) -> Iterator[Visit]:
    """Newest first: each is how long it began before the one after it, how long it lasted, and which store it was."""
    numbers, before = numbers_of(older.packed), None
    for ago in numbers:
        first = ago if before is None else before - ago
        lasted, place = next(numbers), next(numbers)
        yield Visit(older.stores[place], first, first + lasted)
        before = first
