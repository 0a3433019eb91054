"""Coupons, under their own key, for the till; and the places of limited campaigns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from offers.coupons import Coupon, Redemption, TillAnswer, redeem, take_back
from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, FirstValue, GivenPlace, Keyspace, Note, Reservation

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Coupon).decode

DEADLINE = 60_000
"""Milliseconds after which a sweep looks after a place that was reserved and neither given nor given back."""


@dataclass(frozen=True, slots=True)
class Coupons:
    """Coupons by owner `retailer|code`."""

    keyspace: Keyspace

    async def put(self, coupons: Sequence[tuple[str, Coupon]]) -> None:
        """Write each coupon that is not there yet; one that is there stays as it is."""
        await self.keyspace.note(self.notes(coupons))

    @staticmethod
    def notes(coupons: Iterable[tuple[str, Coupon]]) -> list[Note]:
        """The same, to be written together with other notes."""
        return [FirstValue(key("coupon", owner), _encode(coupon), KEPT["coupon"]) for owner, coupon in coupons]

    async def redeem(self, owner: str, redemption: Redemption) -> tuple[TillAnswer, Coupon | None]:
        """Use a coupon: of any number of tills at once, one wins."""
        while True:
            packed, coupon = await self._read(owner)
            if coupon is None:
                return TillAnswer.UNKNOWN, None
            after, answer = redeem(coupon, redemption)
            if await self._write(owner, packed, coupon, after):
                return answer, after

    async def take_back(self, owner: str, redemption: str) -> tuple[TillAnswer, Coupon | None]:
        """Take a redemption back, by its id."""
        while True:
            packed, coupon = await self._read(owner)
            if coupon is None:
                return TillAnswer.UNKNOWN, None
            after, answer = take_back(coupon, redemption)
            if await self._write(owner, packed, coupon, after):
                return answer, after

    async def void(self, owner: str) -> bool:
        """Take a coupon out of use; False where it was used before."""
        while True:
            packed, coupon = await self._read(owner)
            if coupon is None:
                return True
            if coupon.redemption is not None:
                return False
            if (await self.keyspace.replace([[Change(key("coupon", owner), packed, None, 0)]]))[0]:
                return True

    async def _read(self, owner: str) -> tuple[bytes | None, Coupon | None]:
        (packed,) = await self.keyspace.read([key("coupon", owner)])
        return packed, None if packed is None else _decode(packed)

    async def _write(self, owner: str, packed: bytes | None, before: Coupon, after: Coupon) -> bool:
        if after == before:
            return True
        change = Change(key("coupon", owner), packed, _encode(after), KEPT["coupon"])
        return (await self.keyspace.replace([[change]]))[0]


@dataclass(frozen=True, slots=True)
class Token:
    """Who holds a place: the offer, with the member and the occasion by which a sweep finds its claim."""

    offer: str
    member: str
    occasion: str

    def __str__(self) -> str:
        return f"{self.offer} {self.occasion} {self.member}"

    @classmethod
    def parse(cls, written: str) -> Token:
        """The token behind its written form; the member stands last, because it may hold spaces."""
        offer, occasion, member = written.split(" ", 2)
        return cls(offer, member, occasion)


@dataclass(frozen=True, slots=True)
class Places:
    """The places of limited campaigns, by owner `retailer|campaign`; every call may come twice."""

    keyspace: Keyspace

    async def reserve(self, asked: Sequence[tuple[str, Token, int]], now: int) -> list[bool]:
        """Whether each (owner, token, limit) got a place, in order."""
        return await self.keyspace.reserve(
            [
                Reservation(key("places", owner), str(token), limit, now, now + DEADLINE)
                for owner, token, limit in asked
            ],
        )

    async def confirm(self, given: Sequence[tuple[str, Token, int]]) -> None:
        """Give each (owner, token) its reserved place for good; it comes back unused at `until`."""
        await self.keyspace.note(self.notes(given))

    @staticmethod
    def notes(given: Iterable[tuple[str, Token, int]]) -> list[Note]:
        """The same, to be written together with other notes."""
        return [GivenPlace(key("places", owner), str(token), until) for owner, token, until in given]

    async def release(self, owner: str, token: Token) -> None:
        """Give a reserved place back; one that was given stays given."""
        await self.keyspace.release(key("places", owner), str(token))

    async def void(self, owner: str, token: Token) -> None:
        """Give a place back, reserved or given: its offer no longer holds."""
        await self.release(owner, token)
        await self.unuse(owner, token, 0)

    async def use(self, owner: str, token: Token) -> None:
        """The coupon was redeemed: the place never comes back."""
        await self.keyspace.spend(key("places", owner), str(token), math.inf)

    async def unuse(self, owner: str, token: Token, until: int) -> None:
        """The redemption was taken back."""
        await self.keyspace.spend(key("places", owner), str(token), until)

    async def overdue(self, owner: str, now: int) -> list[Token]:
        """Places reserved whose deadline has passed."""
        return [Token.parse(written) for written in await self.keyspace.overdue(key("places", owner), now)]
