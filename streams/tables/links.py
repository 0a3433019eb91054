"""Which device and which card is whose, and whether a device's positions may be looked at. Written here alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace
from streams.tables.presences import Admission, keys_of, unpack_admission

Linked = Literal["link", "card", "merged"]
"""What is linked to a member: a device, a card, or another member who is the same."""


class Link(NamedTuple):
    """Whose a device or card is, and since which word (milliseconds UTC); None: taken from the one it was."""

    at: int = -1
    member: str | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Link).decode


@dataclass(frozen=True, slots=True)
class Links:
    """Devices and cards by owner `retailer|device` and `retailer|card`."""

    keyspace: Keyspace

    async def admission(self, owner: str) -> Admission:
        """What holds for a device."""
        (packed,) = await self.keyspace.read([key("admission", owner)])
        return unpack_admission(packed)

    async def admissions(self, owners: Sequence[str]) -> list[Admission]:
        """What holds for each device, in one read."""
        return [unpack_admission(packed) for packed in await self.keyspace.read([keys_of(each)[1] for each in owners])]

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

    async def member_of(self, kind: Linked, owner: str) -> str | None:
        """Whose a device or card is."""
        return (await self.link(kind, owner)).member

    async def link(self, kind: Linked, owner: str) -> Link:
        """Whose it is, and since which word."""
        (packed,) = await self.keyspace.read([key(kind, owner)])
        return unpack_link(packed)

    async def members_of(self, owners: Sequence[str], kind: Linked = "card") -> dict[str, str | None]:
        """Whose each card is; or into whom each member was merged."""
        values = await self.keyspace.read([key(kind, owner) for owner in owners])
        return {owner: unpack_link(packed).member for owner, packed in zip(owners, values, strict=True)}

    async def give(self, kind: Linked, owner: str, member: str, at: int) -> None:
        """It is this member's by a word said at `at`, unless a later one made it somebody's."""

        def given(link: Link) -> Link:
            return Link(at, member) if (at, member) >= (link.at, link.member or "") else link

        await self._revise(kind, owner, given)

    async def give_unowned(self, kind: Linked, owner: str, member: str, at: int) -> bool:
        """It is this member's by what happened at `at`, if it is nobody's; whether it is theirs then."""

        def given(link: Link) -> Link:
            return Link(at, member) if link.member is None and at > link.at else link

        await self._revise(kind, owner, given)
        return await self.member_of(kind, owner) == member

    async def pass_on(self, kind: Linked, owner: str, member: str, other: str) -> None:
        """If it is this member's, it is the other's, as of the same word."""

        def passed(link: Link) -> Link:
            return link._replace(member=other) if link.member == member else link

        await self._revise(kind, owner, passed)

    async def take(self, kind: Linked, owner: str, member: str, at: int) -> None:
        """It is nobody's by a word said at `at`, if it was this member's then; who had it before does not get it."""

        def taken(link: Link) -> Link:
            return link._replace(member=None) if link.member == member and link.at <= at else link

        await self._revise(kind, owner, taken)

    async def _revise(self, kind: Linked, owner: str, change: Callable[[Link], Link]) -> None:
        named = key(kind, owner)
        while True:
            (packed,) = await self.keyspace.read([named])
            link = unpack_link(packed)
            changed = change(link)
            if changed == link:
                return
            if (await self.keyspace.replace([[Change(named, packed, _encode(changed), KEPT[kind])]]))[0]:
                return


def unpack_link(packed: bytes | None) -> Link:
    """What is kept of a link; None: there is none."""
    return Link() if packed is None else _decode(packed)
