"""The catalogue: what the configuration says, with what changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from offers.products import Product
from streams.tables.keyspace import Keyspace
from streams.tables.parts import Parts, Read, place_of


class Changed(msgspec.Struct, frozen=True):
    """One product as patches made it, the time of each field's newest word, and whether it was taken out."""

    product: Product
    said: dict[str, int]
    deleted: bool = False


Changes = dict[str, Changed]


class _Catalogue(NamedTuple):
    """What the configuration and the changes came to."""

    changes: Read[Changes]
    configured: Mapping[str, Product]
    products: Mapping[str, Product]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Changes).decode


@dataclass(frozen=True, slots=True)
class Products:
    """What changed in each retailer's catalogue, in parts by product."""

    keyspace: Keyspace
    _parts: Parts[Changes] = field(init=False, repr=False, compare=False)
    _known: dict[str, _Catalogue] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", Parts(self.keyspace, "product", {}, _encode, _decode))

    async def catalogue(self, retailer: str, configured: Mapping[str, Product]) -> Mapping[str, Product]:
        """The products of a retailer now; the same object while nothing changes."""
        changes, known = await self._parts.read(retailer), self._known.get(retailer)
        if known is None or known.changes is not changes or known.configured is not configured:
            known = _Catalogue(changes, configured, _merged(configured, changes))
            self._known[retailer] = known
        return known.products

    async def revise(self, retailer: str, product: str, change: Callable[[Changed | None], Changed]) -> Changed:
        """Replace what changed of a product by `change` of it, again until nobody came between; returns the new."""
        place = place_of(product)

        def changed(parts: Mapping[int, Changes]) -> Mapping[int, Changes]:
            return {place: parts[place] | {product: change(parts[place].get(product))}}

        return (await self._parts.revise(retailer, [place], changed))[place][product]

    async def changed(self, retailer: str, product: str) -> Changed | None:
        """What changed of one product."""
        return (await self._parts.part(retailer, place_of(product))).get(product)


def _merged(configured: Mapping[str, Product], read: Read[Changes]) -> Mapping[str, Product]:
    """New products stand after the configured ones by their id: the same in whatever order patches came."""
    changes = {name: changed for part in read.values for name, changed in part.items()}
    merged = dict(configured) | {name: changes[name].product for name in sorted(changes)}
    return {name: product for name, product in merged.items() if name not in changes or not changes[name].deleted}
