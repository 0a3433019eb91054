"""Coupons, under their own key, for the till."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from offers.coupons import Coupon, Redemption, TillAnswer, redeem, take_back
from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, FirstValue, Keyspace, Note

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Coupon).decode


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

    async def find(self, owner: str) -> Coupon | None:
        """The coupon of that code, used or not."""
        return (await self._read(owner))[1]

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
