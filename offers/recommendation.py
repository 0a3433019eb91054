"""Which product an offer recommends to a member: from what sources, and never what was bought just now.

Where a source knows several they stand best first, equal ones by their id: the same history gives the same product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from offers.history import History
from offers.once import once
from offers.products import Product
from offers.recency import digest

DAY = 86_400_000
RECENTLY = 60 * DAY
"""Milliseconds for which a product that was bought is not recommended again."""

FAR = 1 << 48
"""Milliseconds UTC: after all times."""

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


class Recommendation(NamedTuple):
    """Asked of each source in turn, until one has something that fits; of one category, or of all."""

    sources: tuple[Source, ...]
    category: str | None = None


class Recommender(Protocol):
    """What is known of how products sell. It may name products that are no longer sold."""

    def bestsellers(self) -> Sequence[str]:
        """Ids of what was bought at all, best first."""

    def bought_together(self, history: History, sold: Container[str]) -> Sequence[str]:
        """Ids of what others bought together with those of the products `sold` that `history` holds, best first."""


@dataclass(frozen=True)
class Counts:
    """A recommender that counts: how often each product was bought, and how often with each other one."""

    sold: Mapping[str, int]
    together: Mapping[str, Mapping[str, int]]

    def bestsellers(self) -> Sequence[str]:
        """See `Recommender`."""
        return self._bestsellers

    @once
    def _bestsellers(self) -> tuple[str, ...]:
        return best_first(self.sold)

    def bought_together(self, history: History, sold: Container[str]) -> Sequence[str]:
        """See `Recommender`."""
        bought = [name for name in history.bought_of(self._by_digest) if name in sold]
        if not bought:
            return ()
        with_them: Counter[str] = Counter()
        for product in bought:
            with_them.update(self.together[product])
        return best_first(with_them)

    @once
    def _by_digest(self) -> dict[bytes, str]:
        return {digest(name): name for name in self.together}


NOTHING_SOLD = Counts({}, {})


def best_first(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The names in `counts`, the highest count first, equal ones by name."""
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))


def recommend(
    asked: Recommendation,
    history: History,
    at: int,
    catalogue: Mapping[str, Product],
    recommender: Recommender,
) -> Product | None:
    """The product for a member with that history, at `at` (milliseconds UTC); None where nothing fits."""
    for source in asked.sources:
        for name in _named(source, history, catalogue, recommender):
            product = catalogue.get(name)
            if product is None or asked.category not in (None, product.category):
                continue
            if not bought_lately(history, name, at):
                return product
    return None


def first_of(category: str, history: History, at: int, catalogue: Mapping[str, Product]) -> Product | None:
    """The first of `category` in the order of the catalogue that was not bought lately."""
    fitting = (product for product in catalogue.values() if product.category == category)
    return next((product for product in fitting if not bought_lately(history, product.id, at)), None)


def bought_lately(history: History, product: str, at: int) -> bool:
    """Whether it was, or may have been, bought less than `RECENTLY` before `at`, and not again and again."""
    lately = history.bought(at - RECENTLY + 1, FAR, product=product) is not False
    return lately and history.days_bought(product, at - A_YEAR) < AGAIN_AND_AGAIN


def _named(
    source: Source, history: History, catalogue: Mapping[str, Product], recommender: Recommender
) -> Iterator[str]:
    match source:
        case Source.BOUGHT_TOGETHER:
            yield from recommender.bought_together(history, catalogue)
        case Source.BESTSELLER:
            yield from recommender.bestsellers()
            yield from sorted(catalogue)
        case Source.STAFF_PICK:
            yield from (name for name in recommender.bestsellers() if name in catalogue and catalogue[name].staff_pick)
            yield from sorted(name for name, product in catalogue.items() if product.staff_pick)
