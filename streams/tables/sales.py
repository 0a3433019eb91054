"""How often each product was bought, and how often with each other one: what recommendations rest on for now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from offers.recommendation import Counts
from streams.tables.keyspace import Keyspace
from streams.tables.parts import Parts, Read, place_of

MOST_PRODUCTS = 64
"""Products counted in each of the 64 parts."""
MOST_COMPANIONS = 16
"""Products counted with each product."""
MOST_LINES = 32
"""Products of one purchase that are counted, the first by their id."""
MOST_IDS = 64
"""Purchases known by id in each part, the last ones: one that comes again after a crash is not counted again."""


class Sold(msgspec.Struct, frozen=True, array_like=True):
    """One product: in how many purchases it was, and with what in how many."""

    count: int = 0
    companions: dict[str, int] = msgspec.field(default_factory=dict)


class Part(msgspec.Struct, frozen=True, array_like=True):
    """Some of a retailer's products by id, and the purchases counted last, newest last."""

    sold: dict[str, Sold] = msgspec.field(default_factory=dict)
    purchases: list[bytes] = msgspec.field(default_factory=list)


class _Counted(NamedTuple):
    read: Read[Part]
    counts: Counts


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Part).decode


@dataclass(frozen=True, slots=True)
class Sales:
    """The counts of each retailer, in parts by product; bounded, whatever is bought.

    Where there is no room the least frequent gives way, and what takes its place starts from its count, so that
    whatever is frequent is in (Space-Saving: Metwally, Agrawal and El Abbadi, 2005).
    """

    keyspace: Keyspace
    _parts: Parts[Part] = field(init=False, repr=False, compare=False)
    _known: dict[str, _Counted] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", Parts(self.keyspace, "sales", Part(), _encode, _decode))

    async def counts(self, retailer: str) -> Counts:
        """What was counted so far; the same object while nothing is bought."""
        read, known = await self._parts.read(retailer), self._known.get(retailer)
        if known is None or known.read is not read:
            known = _Counted(read, _counts(read))
            self._known[retailer] = known
        return known.counts

    async def count(self, retailer: str, purchase: str, products: Collection[str]) -> None:
        """Count the different `products` of a purchase, once."""
        bought = sorted(set(products))[:MOST_LINES]
        named = blake2b(purchase.encode(), digest_size=8).digest()
        by_place: dict[int, list[str]] = {}
        for product in bought:
            by_place.setdefault(place_of(product), []).append(product)

        def counted(parts: Mapping[int, Part]) -> Mapping[int, Part]:
            return {place: with_purchase(parts[place], named, own, bought) for place, own in by_place.items()}

        if bought:
            await self._parts.revise(retailer, by_place, counted)


def with_purchase(part: Part, purchase: bytes, own: Collection[str], bought: Collection[str]) -> Part:
    """`part` with those products of a purchase that are its `own`, each with all that were `bought` with it."""
    if purchase in part.purchases:
        return part
    sold = dict(part.sold)
    for product in own:
        if product not in sold and len(sold) >= MOST_PRODUCTS:
            sold[product] = Sold(sold.pop(_least({name: each.count for name, each in sold.items()})).count)
        before = sold.get(product, Sold())
        sold[product] = Sold(before.count + 1, _with_companions(before.companions, bought, product))
    return Part(sold, [*part.purchases, purchase][-MOST_IDS:])


def _with_companions(before: Mapping[str, int], bought: Collection[str], product: str) -> dict[str, int]:
    companions = dict(before)
    for name in bought:
        if name == product:
            continue
        if name not in companions and len(companions) >= MOST_COMPANIONS:
            companions[name] = companions.pop(_least(companions))
        companions[name] = companions.get(name, 0) + 1
    return companions


def _least(counts: Mapping[str, int]) -> str:
    """The least frequent; of equal ones the last by name."""
    least = min(counts.values())
    return max(name for name, count in counts.items() if count == least)


def _counts(read: Read[Part]) -> Counts:
    sold = {name: each for part in read.values for name, each in part.sold.items()}
    return Counts(
        {name: each.count for name, each in sold.items()}, {name: each.companions for name, each in sold.items()}
    )
