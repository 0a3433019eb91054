"""Which device and which card is whose, and whether a device's positions may be looked at. Written here alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace
from streams.tables.presences import Admission, unpack_admission


@dataclass(frozen=True, slots=True)
class Links:
    """Devices and cards by owner `retailer|device` and `retailer|card`."""

    keyspace: Keyspace

    async def admission(self, owner: str) -> Admission:
        """What holds for a device."""
        (packed,) = await self.keyspace.read([key("admission", owner)])
        return unpack_admission(packed)

    async def admit(self, owner: str, admission: Admission) -> None:
        """Let `admission` hold for a device.

        Its presence goes with the consent, and where the device now belongs to another member: that one starts anew.
        """
        named = key("admission", owner), key("presence", owner)
        while True:
            before, presence = await self.keyspace.read(named)
            member = unpack_admission(before).member
            starts_anew = not admission.granted or member not in (None, admission.member)
            group = [
                Change(named[0], before, admission.pack(), KEPT["admission"]),
                Change(named[1], presence, None if starts_anew else presence, KEPT["presence"]),
            ]
            if (await self.keyspace.replace([group]))[0]:
                return

    async def members_of(self, cards: Sequence[str]) -> dict[str, str | None]:
        """Whose each card is."""
        values = await self.keyspace.read([key("card", card) for card in cards])
        return {card: None if packed is None else packed.decode() for card, packed in zip(cards, values, strict=True)}

    async def give_card(self, card: str, member: str) -> None:
        """The card is this member's from now on."""
        named = key("card", card)
        while True:
            (before,) = await self.keyspace.read([named])
            if (await self.keyspace.replace([[Change(named, before, member.encode(), KEPT["card"])]]))[0]:
                return

    async def take_card(self, card: str, member: str) -> None:
        """The card is nobody's, if it was this member's."""
        named = key("card", card)
        packed = member.encode()
        await self.keyspace.replace([[Change(named, packed, None, 0)]])
