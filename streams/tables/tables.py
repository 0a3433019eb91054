"""All tables over one keyspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.tables.api_keys import ApiKeys
from streams.tables.coupons import Coupons
from streams.tables.keys import KEPT
from streams.tables.keyspace import Keyspace, Note
from streams.tables.links import Links
from streams.tables.member_offers import MemberOffers
from streams.tables.members import Members
from streams.tables.places import Places
from streams.tables.presences import Presences
from streams.tables.products import Products
from streams.tables.recipients import Recipients
from streams.tables.sales import Sales
from streams.tables.timers import Timers


@dataclass(frozen=True, slots=True)
class Tables:
    """What the engine knows, in domain words."""

    presences: Presences
    timers: Timers
    members: Members
    links: Links
    coupons: Coupons
    places: Places
    products: Products
    sales: Sales
    offers: MemberOffers
    recipients: Recipients
    api_keys: ApiKeys
    keyspace: Keyspace

    async def note(self, notes: Sequence[Note]) -> None:
        """Write all `notes` of the tables together."""
        if notes:
            await self.keyspace.note(notes)

    @classmethod
    def over(cls, keyspace: Keyspace, presence_ttl: int = KEPT["presence"]) -> Tables:
        """The tables in `keyspace`; the presence of a silent device is kept for `presence_ttl` milliseconds."""
        return cls(
            Presences(keyspace, presence_ttl),
            Timers(keyspace),
            Members(keyspace),
            Links(keyspace),
            Coupons(keyspace),
            Places(keyspace),
            Products(keyspace),
            Sales(keyspace),
            MemberOffers(keyspace),
            Recipients(keyspace),
            ApiKeys(keyspace),
            keyspace,
        )
