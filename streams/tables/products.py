"""The catalogue: what the configuration says, with what changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

import msgspec

from offers.products import Product
from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace

PARTS = 64
"""In how many values a retailer's changes stand, so that a patch writes a small one."""

_DIGEST = 8


class Changed(msgspec.Struct, frozen=True):
    """One product as patches made it, the time of each field's newest word, and whether it was taken out."""

    product: Product
    said: dict[str, int]
    deleted: bool = False


class _Part(NamedTuple):
    """Some of a retailer's changes, by product, with the bytes they were read from."""

    packed: bytes | None
    changes: dict[str, Changed]


class _Catalogue(NamedTuple):
    """What was read of a retailer, and the digests that say whether it still holds."""

    digests: bytes
    parts: tuple[_Part, ...]
    configured: Mapping[str, Product]
    products: Mapping[str, Product]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Changed]).decode
_NOTHING = _Part(None, {})


@dataclass(frozen=True, slots=True)
class Products:
    """What changed in each retailer's catalogue, in parts by product.

    Beside them, under the same tag, the digests of all parts: they are read with every round of decisions, and a part
    only where its digest is another than that of what was read last.
    """

    keyspace: Keyspace
    _read: dict[str, _Catalogue] = field(default_factory=dict, init=False, repr=False, compare=False)

    async def catalogue(self, retailer: str, configured: Mapping[str, Product]) -> Mapping[str, Product]:
        """The products of a retailer now."""
        (packed,) = await self.keyspace.read([_digests_key(retailer)])
        digests = _digests(packed)
        known = self._read.get(retailer) or _Catalogue(_digests(None), (_NOTHING,) * PARTS, {}, {})
        if known.digests != digests or known.configured is not configured:
            parts = await self._parts(retailer, digests, known)
            found = b"".join(map(_digest, (part.packed for part in parts)))
            known = _Catalogue(found, parts, configured, _merged(configured, parts))
            self._read[retailer] = known
        return known.products

    async def revise(self, retailer: str, product: str, change: Callable[[Changed | None], Changed]) -> Changed:
        """Replace what changed of a product by `change` of it, again until nobody came between; returns the new."""
        place = _place(product)
        named = _digests_key(retailer), _part_key(retailer, place)
        while True:
            digests, packed = await self.keyspace.read(named)
            changes = {} if packed is None else _decode(packed)
            changed = change(changes.get(product))
            written = _encode(changes | {product: changed})
            group = [
                Change(named[0], digests, _with_digest(_digests(digests), place, written), KEPT["product"]),
                Change(named[1], packed, written, KEPT["product"]),
            ]
            if (await self.keyspace.replace([group]))[0]:
                return changed

    async def changed(self, retailer: str, product: str) -> Changed | None:
        """What changed of one product."""
        (packed,) = await self.keyspace.read([_part_key(retailer, _place(product))])
        return None if packed is None else _decode(packed).get(product)

    async def _parts(self, retailer: str, digests: bytes, known: _Catalogue) -> tuple[_Part, ...]:
        places = [place for place in range(PARTS) if _at(digests, place) != _at(known.digests, place)]
        values = await self.keyspace.read([_part_key(retailer, place) for place in places])
        read = {
            place: _Part(packed, {} if packed is None else _decode(packed))
            for place, packed in zip(places, values, strict=True)
        }
        return tuple(read.get(place, part) for place, part in enumerate(known.parts))


def _merged(configured: Mapping[str, Product], parts: tuple[_Part, ...]) -> Mapping[str, Product]:
    """New products stand after the configured ones by their id: the same in whatever order patches came."""
    changes = {name: changed for part in parts for name, changed in part.changes.items()}
    merged = dict(configured) | {name: changes[name].product for name in sorted(changes)}
    return {name: product for name, product in merged.items() if name not in changes or not changes[name].deleted}


def _digests_key(retailer: str) -> str:
    return key("product", f"{retailer}|")


def _part_key(retailer: str, place: int) -> str:
    return f"{_digests_key(retailer)}{place}"


def _place(product: str) -> int:
    return crc32(product.encode()) % PARTS


def _digest(packed: bytes | None) -> bytes:
    return bytes(_DIGEST) if packed is None else blake2b(packed, digest_size=_DIGEST).digest()


def _digests(packed: bytes | None) -> bytes:
    return bytes(PARTS * _DIGEST) if packed is None else packed


def _at(digests: bytes, place: int) -> bytes:
    return digests[place * _DIGEST : (place + 1) * _DIGEST]


def _with_digest(digests: bytes, place: int, written: bytes) -> bytes:
    return digests[: place * _DIGEST] + _digest(written) + digests[(place + 1) * _DIGEST :]
