"""The catalogue: what the configuration says, with what changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
    by_code: Mapping[str, Product]


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
        return (await self._now(retailer, configured)).products

    async def by_code(self, retailer: str, configured: Mapping[str, Product]) -> Mapping[str, Product]:
        """What each code stands for: a product that was taken out is still scanned, though there is none to offer."""
        return (await self._now(retailer, configured)).by_code

    async def _now(self, retailer: str, configured: Mapping[str, Product]) -> _Catalogue:
        changes, known = await self._parts.read(retailer), self._known.get(retailer)
        if known is None or known.changes is not changes or known.configured is not configured:
            known = self._known[retailer] = _read(configured, changes)
        return known

    async def revise(self, retailer: str, product: str, change: Callable[[Changed | None], Changed]) -> Changed:
        """Replace what changed of a product by `change` of it, again until nobody came between; returns the new."""
        place = place_of(product)

        def changed(parts: Mapping[int, Changes]) -> Mapping[int, Changes]:
            return {place: parts[place] | {product: change(parts[place].get(product))}}

        return (await self._parts.revise(retailer, [place], changed))[place][product]

    async def changed(self, retailer: str, product: str) -> Changed | None:
        """What changed of one product."""
        return (await self._parts.part(retailer, place_of(product))).get(product)


def _read(configured: Mapping[str, Product], read: Read[Changes]) -> _Catalogue:
    """New products stand after the configured ones by their id: the same in whatever order patches came."""
    changes = {name: changed for part in read.values for name, changed in part.items()}
    merged = dict(configured) | {name: _merged(changes[name], configured.get(name)) for name in sorted(changes)}
    for_sale = {name: product for name, product in merged.items() if name not in changes or not changes[name].deleted}
    return _Catalogue(read, configured, for_sale, _by_code(merged, changes))


def _merged(changed: Changed, configured: Product | None) -> Product:
    """What was never said of a configured product is as it is configured now."""
    if configured is None:
        return changed.product
    said = {name: getattr(changed.product, name) for name in changed.said if name != "deleted"}
    return replace(configured, **said)


def _by_code(products: Mapping[str, Product], changes: Changes) -> dict[str, Product]:
    """A code said of two products is that of which it was said last."""
    said = {name: changes[name].said.get("codes", 0) for name in products if name in changes}
    ordered = sorted(products.values(), key=lambda product: (said.get(product.id, 0), product.id))
    return {code: product for product in ordered for code in product.codes}
