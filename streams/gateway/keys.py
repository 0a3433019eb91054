"""Keys of the gateway: how they are made, and how the one that a request brings is recognised.

A key is `chalandise_` with its id, a dot and 256 random bits. Only the SHA-256 of those is kept: it cannot be undone,
and what nobody can guess needs no slow hash.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from streams.errors import InfrastructureError
from streams.tables.api_keys import ApiKey, ApiKeys

PREFIX = "chalandise_"
HELD = 2.0
"""Seconds for which a gateway trusts the keys it has read: a revoked one is refused everywhere after that."""

PATIENCE = 2.0
"""Seconds for which Redis is waited for."""


class Scope(StrEnum):
    """What a key is for."""

    DEVICE = "device"
    """Ships inside an app, so everybody can have it: only what concerns a device that its token proves."""
    TILL = "till"
    CRM = "crm"
    """The retailer's own systems: everything."""


def new_key(retailer: str, scope: Scope, now: int, name: str = "") -> tuple[str, ApiKey]:
    """A key, which is shown once, and what is kept of it; `now` is milliseconds UTC."""
    id_, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    return f"{PREFIX}{id_}.{secret}", ApiKey(id_, retailer, scope.value, _digest(secret), name, now)


async def sample_keys(retailer: str, table: ApiKeys, now: int) -> dict[Scope, str]:
    """A new key of each scope for those who try it out; ones made so before are revoked."""
    for old in [each for each in await table.all() if (each.retailer, each.name) == (retailer, SAMPLE)]:
        await table.revoke(old.id)
    made = {scope: new_key(retailer, scope, now, SAMPLE) for scope in Scope}
    await table.add(*(kept for _, kept in made.values()))
    return {scope: shown for scope, (shown, _) in made.items()}


SAMPLE = "sample"


@dataclass
class KeyRing:
    """The keys in force, as they were at most `HELD` seconds ago. No request reads them on its own account."""

    table: ApiKeys
    clock: Callable[[], float] = time.monotonic
    _keys: Mapping[str, ApiKey] = field(default_factory=dict)
    _until: float = 0.0
    _reading: asyncio.Task[None] | None = None

    async def recognise(self, shown: str) -> ApiKey | None:
        """What is kept of the key that was shown, or None. Raises `InfrastructureError` where Redis is away."""
        id_, _, secret = shown.partition(".")
        known = (await self._fresh()).get(id_.removeprefix(PREFIX)) if id_.startswith(PREFIX) else None
        digest = known.digest if known is not None else _NOBODYS
        return known if hmac.compare_digest(_digest(secret), digest) else None

    async def _fresh(self) -> Mapping[str, ApiKey]:
        """One read for all who wait for it; where it fails, it fails for all of them."""
        if self.clock() >= self._until:
            if self._reading is None:
                self._reading = asyncio.create_task(self._read())
            await asyncio.shield(self._reading)
        return self._keys

    async def _read(self) -> None:
        try:
            asked = self.clock()
            async with asyncio.timeout(PATIENCE):
                self._keys = {each.id: each for each in await self.table.all()}
            self._until = asked + HELD
        except TimeoutError:
            raise InfrastructureError("Redis does not answer") from None
        finally:
            self._reading = None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


_NOBODYS = bytes(32)
