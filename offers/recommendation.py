"""Which product an offer recommends to a member: from what sources, and never what was bought just now.

Where a source knows several they stand best first, equal ones by their id: the same history gives the same product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol
from zoneinfo import ZoneInfo

from offers.contact_policy import local
from offers.members import PurchaseLine
from offers.products import Product

DAY = 86_400_000
RECENTLY = 60 * DAY
"""Milliseconds for which a product that was bought is not recommended again."""

AGAIN_AND_AGAIN = 3
"""On so many days within `A_YEAR` a product was bought that is recommended however lately it was bought."""
A_YEAR = 365 * DAY


class Source(StrEnum):
    """What a recommendation rests on."""

    BOUGHT_TOGETHER = "bought_together"
    """What others bought together with what the member bought."""
    BESTSELLER = "bestseller"
    """What was bought most often; before anything was, all that there is."""
    STAFF_PICK = "staff_pick"
    """What the staff picked, what sells best first."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Asked of each source in turn, until one has something that fits; of one category, or of all."""

    sources: tuple[Source, ...]
    category: str | None = None


class Recommender(Protocol):
    """What is known of how products sell. It may name products that are no longer sold."""

    def bestsellers(self) -> Sequence[str]:
        """Ids of what was bought at all, best first."""

    def bought_together(self, bought: frozenset[str]) -> Sequence[str]:
        """Ids of what was bought together with any of `bought`, best first."""


@dataclass(frozen=True)
class Counts:
    """A recommender that counts: how often each product was bought, and how often with each other one."""

    sold: Mapping[str, int]
    together: Mapping[str, Mapping[str, int]]

    def bestsellers(self) -> Sequence[str]:
        """See `Recommender`."""
        return self._bestsellers

    @cached_property
    def _bestsellers(self) -> tuple[str, ...]:
        return best_first(self.sold)

    def bought_together(self, bought: frozenset[str]) -> Sequence[str]:
        """See `Recommender`."""
        with_them: Counter[str] = Counter()
        for product in bought:
            with_them.update(self.together.get(product, {}))
        return best_first(with_them)


NOTHING_SOLD = Counts({}, {})


def best_first(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The names in `counts`, the highest count first, equal ones by name."""
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))


def recommend(
    asked: Recommendation,
    lines: Sequence[PurchaseLine],
    at: int,
    zone: ZoneInfo,
    catalogue: Mapping[str, Product],
    recommender: Recommender,
) -> Product | None:
    """The product for a member who bought `lines`, at `at` (milliseconds UTC); None where nothing fits.

    `zone` is the clock by which days of purchases are counted.
    """
    unwanted = bought_lately(lines, at, zone)
    for source in asked.sources:
        for name in _named(source, lines, catalogue, recommender):
            product = catalogue.get(name)
            if product is not None and asked.category in (None, product.category) and name not in unwanted:
                return product
    return None


def first_of(
    category: str, lines: Sequence[PurchaseLine], at: int, zone: ZoneInfo, catalogue: Mapping[str, Product]
) -> Product | None:
    """The first of `category` in the order of the catalogue that was not bought lately."""
    unwanted = bought_lately(lines, at, zone)
    fitting = (product for product in catalogue.values() if product.category == category)
    return next((product for product in fitting if product.id not in unwanted), None)


def bought_lately(lines: Iterable[PurchaseLine], at: int, zone: ZoneInfo) -> frozenset[str]:
    """Products bought less than `RECENTLY` before `at`, without those that are bought again and again."""
    known = [line for line in lines if line.product]
    lately = {line.product for line in known if line.at > at - RECENTLY}
    return frozenset(name for name in lately if _days(name, known, at, zone) < AGAIN_AND_AGAIN)


def _days(product: str, lines: Iterable[PurchaseLine], at: int, zone: ZoneInfo) -> int:
    bought = (line.at for line in lines if line.product == product and line.at > at - A_YEAR)
    return len({local(moment, zone).date() for moment in bought})


def _named(
    source: Source, lines: Iterable[PurchaseLine], catalogue: Mapping[str, Product], recommender: Recommender
) -> Iterator[str]:
    match source:
        case Source.BOUGHT_TOGETHER:
            yield from recommender.bought_together(frozenset(line.product for line in lines if line.product))
        case Source.BESTSELLER:
            yield from recommender.bestsellers()
            yield from sorted(catalogue)
        case Source.STAFF_PICK:
            picked = {name for name, product in catalogue.items() if product.staff_pick}
            yield from (name for name in recommender.bestsellers() if name in picked)
            yield from sorted(picked)
