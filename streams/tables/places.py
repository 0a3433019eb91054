"""The places and the money of limited campaigns: reserved, given, used, or given back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from offers.limits import is_of_each_member
from offers.withheld import Withheld
from streams.tables.keys import key
from streams.tables.keyspace import NO_MONEY, NO_PLACE, GivenPlace, Keyspace, Note, Reservation

DEADLINE = 60_000
"""Milliseconds after which a sweep looks after a place that was reserved and neither given nor given back."""

REFUSED = {NO_PLACE: Withheld.OUT_OF_STOCK, NO_MONEY: Withheld.OUT_OF_BUDGET}


@dataclass(frozen=True, slots=True)
class Token:
    """Who holds a place of which share: the offer, with member and occasion by which a sweep finds its claim."""

    offer: str
    member: str
    occasion: str
    share: str = ""

    def __str__(self) -> str:
        return f"{self.offer} {self.occasion} {self.share} {self.member}"

    @classmethod
    def parse(cls, written: str) -> Token:
        """The token behind its written form; the member stands last, because it may hold spaces."""
        offer, occasion, share, member = written.split(" ", 3)
        return cls(offer, member, occasion, share)

    @property
    def counted_with(self) -> str:
        """The name under which its place is counted."""
        return f"{self.share}:{self.member}" if is_of_each_member(self.share) else self.share


class Asked(NamedTuple):
    """A place asked for: whose it would be, how many there are, what it costs and how much there is (cents)."""

    owner: str
    token: Token
    limit: int | None
    cents: int = 0
    budget: int | None = None


class Given(NamedTuple):
    """A place that is given until its coupon ends (milliseconds UTC), with the cents that it holds."""

    owner: str
    token: Token
    until: int
    cents: int = 0


@dataclass(frozen=True, slots=True)
class Places:
    """The places of limited campaigns, by owner `retailer|campaign`; every call may come twice."""

    keyspace: Keyspace

    async def reserve(self, asked: Sequence[Asked], now: int) -> list[Withheld | None]:
        """For each, in order: None where it got a place, else what is out."""
        reservations = [
            Reservation(
                key("places", each.owner),
                str(each.token),
                each.limit,
                now,
                now + DEADLINE,
                each.token.counted_with,
                each.cents,
                each.budget,
            )
            for each in asked
        ]
        return [REFUSED.get(reply) for reply in await self.keyspace.reserve(reservations)]

    async def confirm(self, given: Sequence[Given]) -> None:
        """Give each its reserved place for good; it comes back unused at its end."""
        await self.keyspace.note(self.notes(given))

    @staticmethod
    def notes(given: Iterable[Given]) -> list[Note]:
        """The same, to be written together with other notes."""
        return [_given(each) for each in given]

    async def release(self, owner: str, token: Token, overdue: int | None = None) -> None:
        """Give a reserved place back; one that was given stays given, and one asked for again after `overdue`."""
        await self.keyspace.release(key("places", owner), str(token), token.counted_with, overdue)

    async def void(self, owner: str, token: Token) -> None:
        """Give a place back, reserved or given: its offer no longer holds."""
        await self.release(owner, token)
        await self._spend(Given(owner, token, 0), 0)

    async def use(self, given: Given, cents: int | None = None) -> None:
        """The coupon was redeemed: the place never comes back, and `cents` are spent of what it holds (None: all).

        One that came back already, because the till says so after its end, is taken again: what was spent is spent.
        """
        await self.keyspace.note([_given(given)])
        await self._spend(given._replace(cents=given.cents if cents is None else cents), math.inf)

    async def unuse(self, given: Given) -> None:
        """The redemption was taken back."""
        await self._spend(given, given.until)

    async def _spend(self, given: Given, until: float) -> None:
        places, token = key("places", given.owner), given.token
        await self.keyspace.spend(places, str(token), until, token.counted_with, given.cents)

    async def overdue(self, owner: str, now: int) -> list[Token]:
        """Places reserved whose deadline has passed."""
        return [Token.parse(written) for written in await self.keyspace.overdue(key("places", owner), now)]


def _given(given: Given) -> GivenPlace:
    token = given.token
    return GivenPlace(key("places", given.owner), str(token), given.until, token.counted_with, given.cents)
