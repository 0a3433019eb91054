"""The catalogue: what the configuration says, with what changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from offers.products import Product
from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace


class Changed(msgspec.Struct, frozen=True):
    """One product as patches made it, the time of each field's newest word, and whether it was taken out."""

    product: Product
    said: dict[str, int]
    deleted: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Changed]).decode


@dataclass(frozen=True, slots=True)
class Products:
    """What changed in each retailer's catalogue, in one value a retailer: it is read with every round of decisions."""

    keyspace: Keyspace

    async def catalogue(self, retailer: str, configured: Mapping[str, Product]) -> Mapping[str, Product]:
        """The products of a retailer now."""
        _, changes = await self._read(retailer)
        if not changes:
            return configured
        merged = dict(configured) | {name: each.product for name, each in changes.items()}
        return {name: product for name, product in merged.items() if name not in changes or not changes[name].deleted}

    async def revise(self, retailer: str, change: Callable[[dict[str, Changed]], dict[str, Changed]]) -> None:
        """Replace the changes by `change` of them, again and again until nobody came between."""
        while True:
            packed, changes = await self._read(retailer)
            written = Change(key("product", f"{retailer}|"), packed, _encode(change(changes)), KEPT["product"])
            if (await self.keyspace.replace([[written]]))[0]:
                return

    async def _read(self, retailer: str) -> tuple[bytes | None, dict[str, Changed]]:
        (packed,) = await self.keyspace.read([key("product", f"{retailer}|")])
        return packed, {} if packed is None else _decode(packed)
