"""The keys with which apps, tills and shops come to the gateway. Only what a key hashes to is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace


class ApiKey(NamedTuple):
    """One key in force. `id` is the part of it that may be said aloud; `digest` the SHA-256 of the part that may not.

    `created` is milliseconds UTC.
    """

    id: str
    retailer: str
    scope: str
    digest: bytes
    name: str
    created: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[ApiKey]).decode
_ALL = key("api_keys", "all")


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """All keys of all retailers, in one value: there are few, each gateway reads them every few seconds."""

    keyspace: Keyspace

    async def all(self) -> list[ApiKey]:
        """The keys in force, oldest first."""
        (packed,) = await self.keyspace.read([_ALL])
        return _unpack(packed)

    async def add(self, *made: ApiKey) -> None:
        """Let keys be in force."""
        await self._revise(lambda before: [*before, *made])

    async def revoke(self, id_: str) -> bool:
        """Whether there was a key of that id; there is none any more."""
        before = await self._revise(lambda before: [each for each in before if each.id != id_])
        return any(each.id == id_ for each in before)

    async def _revise(self, change: Callable[[list[ApiKey]], list[ApiKey]]) -> list[ApiKey]:
        """Replace the keys; returns those that were there before."""
        while True:
            (packed,) = await self.keyspace.read([_ALL])
            before = _unpack(packed)
            change_ = Change(_ALL, packed, _encode(change(before)), KEPT["api_keys"])
            if (await self.keyspace.replace([[change_]]))[0]:
                return before


def _unpack(packed: bytes | None) -> list[ApiKey]:
    return [] if packed is None else _decode(packed)
