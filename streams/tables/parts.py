"""A retailer's values in 64 parts: a change writes a small one, and of what did not change nothing is read again.

Beside the parts, under the same tag, stand the digests of all of them: they are read each time, and a part only where
its digest is another than that of what was read last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Generic, NamedTuple, TypeVar
from zlib import crc32

from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace

Value = TypeVar("Value")

PARTS = 64
"""In how many values what belongs to a retailer stands."""

_DIGEST = 8


class Read(NamedTuple, Generic[Value]):
    """What was read of a retailer, and the digests that say whether it still holds; the same object while it does."""

    digests: bytes
    values: tuple[Value, ...]


def place_of(name: str) -> int:
    """In which part what is called `name` stands."""
    return crc32(name.encode()) % PARTS


@dataclass(frozen=True, slots=True)
class Parts(Generic[Value]):
    """The parts of each retailer under the keys of one `kind`; `absent` is what stands for one that is not there."""

    keyspace: Keyspace
    kind: str
    absent: Value
    encode: Callable[[Value], bytes]
    decode: Callable[[bytes], Value]
    _read: dict[str, Read[Value]] = field(default_factory=dict, init=False, repr=False, compare=False)

    async def read(self, retailer: str) -> Read[Value]:
        """All parts of a retailer now."""
        (packed,) = await self.keyspace.read([self._digests_key(retailer)])
        digests = _digests(packed)
        known = self._read.get(retailer)
        if known is None or known.digests != digests:
            known = await self._read_again(retailer, digests, known or Read(_digests(None), (self.absent,) * PARTS))
            self._read[retailer] = known
        return known

    async def part(self, retailer: str, place: int) -> Value:
        """One part now."""
        (packed,) = await self.keyspace.read([self._part_key(retailer, place)])
        return self._value(packed)

    async def revise(
        self, retailer: str, places: Collection[int], change: Callable[[Mapping[int, Value]], Mapping[int, Value]]
    ) -> Mapping[int, Value]:
        """Replace the parts at `places` by `change` of them, together, again until nobody came between; returns them.

        What `change` gives back as the very object it got is not written.
        """
        ordered = sorted(places)
        named = [self._digests_key(retailer), *(self._part_key(retailer, place) for place in ordered)]
        while True:
            digests, *packed = await self.keyspace.read(named)
            before = {place: self._value(value) for place, value in zip(ordered, packed, strict=True)}
            after, written = change(before), _digests(digests)
            group = []
            for place, name, value in zip(ordered, named[1:], packed, strict=True):
                if after[place] is not before[place]:
                    new = self.encode(after[place])
                    written = _with_digest(written, place, new)
                    group.append(Change(name, value, new, KEPT[self.kind]))
            if not group:
                return after
            group.insert(0, Change(named[0], digests, written, KEPT[self.kind]))
            if (await self.keyspace.replace([group]))[0]:
                return after

    async def _read_again(self, retailer: str, digests: bytes, known: Read[Value]) -> Read[Value]:
        places = [place for place in range(PARTS) if _at(digests, place) != _at(known.digests, place)]
        packed = await self.keyspace.read([self._part_key(retailer, place) for place in places])
        values, found = list(known.values), known.digests
        for place, each in zip(places, packed, strict=True):
            values[place] = self._value(each)
            found = _with_digest(found, place, each)
        return Read(found, tuple(values))

    def _value(self, packed: bytes | None) -> Value:
        return self.absent if packed is None else self.decode(packed)

    def _digests_key(self, retailer: str) -> str:
        return key(self.kind, f"{retailer}|")

    def _part_key(self, retailer: str, place: int) -> str:
        return f"{self._digests_key(retailer)}{place}"


def _digests(packed: bytes | None) -> bytes:
    return bytes(PARTS * _DIGEST) if packed is None else packed


def _at(digests: bytes, place: int) -> bytes:
    return digests[place * _DIGEST : (place + 1) * _DIGEST]


def _with_digest(digests: bytes, place: int, packed: bytes | None) -> bytes:
    new = bytes(_DIGEST) if packed is None else blake2b(packed, digest_size=_DIGEST).digest()
    return digests[: place * _DIGEST] + new + digests[(place + 1) * _DIGEST :]
