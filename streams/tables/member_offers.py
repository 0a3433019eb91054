"""The offers of each member that have not expired: how `GET /v1/offers` finds what was made while nobody listened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Keyspace, Listed, Note

MOST_OFFERS = 32
"""Offers kept for one member; of more, those that expire last."""


@dataclass(frozen=True, slots=True)
class MemberOffers:
    """Offers by owner `retailer|member`, each the very bytes of its record. Times are milliseconds UTC.

    A worker may write one just as its member says stop: whoever reads must look at the consent, too.
    """

    keyspace: Keyspace

    async def put(self, offers: Iterable[tuple[str, bytes, int]], now: int) -> None:
        """Keep each (owner, record, expires_at) until it expires; again is the same."""
        await self.keyspace.note(self.notes(offers, now))

    @staticmethod
    def notes(offers: Iterable[tuple[str, bytes, int]], now: int) -> list[Note]:
        """The same, to be written together with other notes."""
        kept = KEPT["offers"]
        return [Listed(key("offers", owner), value, ends, now, MOST_OFFERS, kept) for owner, value, ends in offers]

    async def unexpired(self, owner: str, now: int) -> list[bytes]:
        """The records of one member's offers that expire after `now`, those that expire soonest first."""
        (found,) = await self.keyspace.listed([key("offers", owner)], now)
        return found

    async def remove(self, owner: str, value: bytes) -> None:
        """One offer no longer holds."""
        await self.keyspace.strike(key("offers", owner), value)

    async def forget(self, owner: str) -> None:
        """Nothing is offered to them any more: they said stop, took consent back, or were deleted."""
        await self.keyspace.drop(key("offers", owner))
