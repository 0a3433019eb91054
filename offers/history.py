"""What a member bought, in a size that does not grow with the years.

The last time of each category and product to the millisecond, sums by day of the store, and the purchases that were
counted, so that one that comes twice counts once. Whatever is asked is answered exactly, or with None: not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from struct import Struct
from typing import NamedTuple

from offers import day_sums, habits, recency
from offers.day_sums import NOTHING, DaySum, DaySums, Total, total, with_sums
from offers.habits import days_since, with_day
from offers.recency import NEVER, Recency, digest, digests, in_window, times, with_times

MOST_CATEGORIES, MOST_PRODUCTS = 32, 64
"""Of how many it is known when they were last bought."""

COUNTED_FOR = 7
"""Days for which a purchase is known by its id."""

MOST_IDS, NEWEST_IDS = 96, 32
"""Ids kept at most; so many of them are the last that came, whenever the purchase was."""

_DAY = 86_400_000
_ID = Struct(">6sI")


class Line(NamedTuple):
    """One line of a purchase; an empty category or product is none."""

    category: str
    product: str
    cents: int


class Purchase(NamedTuple):
    """What was bought at `at` (milliseconds UTC), on `day` of the store's calendar (days since 1970)."""

    id: str
    at: int
    day: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What is known of all purchases of one member; `count` and `cents` of all there ever were."""

    count: int = 0
    cents: int = 0
    last: int = -1
    """When the newest was, milliseconds UTC; -1: never."""
    categories: Recency = NEVER
    products: Recency = NEVER
    habits: bytes = b""
    sums: DaySums = NOTHING
    counted: bytes = b""
    """Digests of the ids of purchases, each with its day, in the order in which they came."""

    def bought(self, start: int, end: int, *, category: str | None = None, product: str | None = None) -> bool | None:
        """Whether a category or product was bought from `start` to `end`, both included; None: not known any more."""
        if product is not None:
            return in_window(self.products, digest(product), start, end)
        return in_window(self.categories, digest(category or ""), start, end)

    def days_bought(self, product: str, start: int) -> int:
        """On how many days a product was bought after `start`, as far as is known; three at most."""
        return days_since(self.habits, digest(product), start)

    def bought_of(self, products: Mapping[bytes, str]) -> list[str]:
        """Those of `products`, by digest, that were bought, as far as is known."""
        return [products[each] for each in digests(self.products) if each in products]

    def times_before(self, at: int) -> Iterator[int]:
        """Times at which something was bought before `at`; among them the last one, as far as is known."""
        return (time for time in times(self.categories) if time < at)

    def total(self, first: int, last: int, category: str | None = None) -> Total:
        """What was spent on the days `first` to `last` of the store's calendar (days since 1970)."""
        return total(self.sums, first, last, None if category is None else digest(category))


NO_PURCHASES = History()


def with_purchase(history: History, new: Purchase) -> History:
    """`history` with `new`, unless it was counted."""
    if is_counted(history, new.id):
        return history
    categories = [digest(line.category) for line in new.lines]
    products = [digest(line.product) for line in new.lines if line.product]
    return replace(
        history,
        count=history.count + 1,
        cents=history.cents + sum(line.cents for line in new.lines),
        last=max(history.last, new.at),
        categories=with_times(history.categories, categories, new.at, MOST_CATEGORIES),
        products=with_times(history.products, products, new.at, MOST_PRODUCTS),
        habits=with_day(history.habits, products, new.at, new.day),
        sums=with_sums(history.sums, _sums(new)),
        counted=_with_id(history.counted, digest(new.id), new.at // _DAY),
    )


def with_history(history: History, other: History, token: str) -> History:
    """`history` with all of `other`, unless that was added under this `token`, or is in it purchase by purchase."""
    if is_counted(history, token) or _holds(history, other):
        return history
    return History(
        count=history.count + other.count,
        cents=history.cents + other.cents,
        last=max(history.last, other.last),
        categories=recency.joined(history.categories, other.categories, MOST_CATEGORIES),
        products=recency.joined(history.products, other.products, MOST_PRODUCTS),
        habits=habits.joined(history.habits, other.habits),
        sums=day_sums.joined(history.sums, other.sums),
        counted=_with_id(history.counted + other.counted, digest(token), max(other.last, 0) // _DAY),
    )


def is_counted(history: History, purchase: str) -> bool:
    """Whether the purchase with that id was added, as far as is known."""
    named = digest(purchase)
    return any(known == named for known, _ in _ID.iter_unpack(history.counted))


def _holds(history: History, other: History) -> bool:
    """Whether each purchase of `other` is known to be counted in `history`; not where `other` forgot the id of one."""
    ids, known = ({named for named, _ in _ID.iter_unpack(each.counted)} for each in (other, history))
    return len(ids) == other.count <= NEWEST_IDS and ids <= known


def _sums(new: Purchase) -> list[DaySum]:
    """A purchase counts once, with the first of its categories by digest."""
    cents: dict[bytes, int] = {}
    for line in new.lines:
        named = digest(line.category)
        cents[named] = cents.get(named, 0) + line.cents
    first = min(cents, default=digest(""))
    return [DaySum(new.day, each, spent, each == first) for each, spent in (cents or {first: 0}).items()]


def _with_id(ids: bytes, named: bytes, day: int) -> bytes:
    """Of those that are not the last that came, the ones of the last seven days stay."""
    known = [*_ID.iter_unpack(ids), (named, day)]
    newest = max(each for _, each in known)
    recent = [each for each in known[:-NEWEST_IDS] if each[1] >= newest - COUNTED_FOR]
    return b"".join(_ID.pack(*each) for each in (*recent[NEWEST_IDS - MOST_IDS :], *known[-NEWEST_IDS:]))
