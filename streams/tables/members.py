"""What is known of each member, under keys of one hash tag: profile, consent, visits, purchases, contacts, outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from offers.history import NO_PURCHASES, History
from offers.members import Consent, Contact, Member, Profile, Visits
from offers.money import Money
from streams.tables import keys
from streams.tables.keys import KEPT
from streams.tables.keyspace import Change, Keyspace

Value = TypeVar("Value")

encoded = msgspec.msgpack.Encoder().encode
"""A value as it is kept."""


class Fields(msgspec.Struct, frozen=True):
    """A profile with the time at which each of its fields was last said (milliseconds UTC), so that the newest wins."""

    profile: Profile = Profile()
    said: dict[str, int] = msgspec.field(default_factory=dict)


_NO_FIELDS = Fields()


class Kept(NamedTuple):
    """One kind of value of a member: what stands for an absent one, and how it is read."""

    absent: Any
    decode: Callable[[bytes], Any]


KINDS = {
    "profile": Kept(_NO_FIELDS, msgspec.msgpack.Decoder(Fields).decode),
    "consent": Kept(Consent(), msgspec.msgpack.Decoder(Consent).decode),
    "visits": Kept(Visits(), msgspec.msgpack.Decoder(Visits).decode),
    "purchases": Kept(NO_PURCHASES, msgspec.msgpack.Decoder(History).decode),
    "contacts": Kept((), msgspec.msgpack.Decoder(tuple[Contact, ...]).decode),
}


HISTORY = ("visits", "purchases", "contacts")
"""What a member did, as against what was said of them."""


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What came of an occasion, as it was sent. `records` are (topic, key, value), to be sent again byte for byte.

    Of an offer of a limited campaign `share` says which share its place is of, and `worth` what it holds of the budget;
    `stores` is where its coupon holds, everywhere where it is empty.
    """

    records: list[tuple[str, bytes, bytes]]
    offer: str | None = None
    campaign: str | None = None
    limited: bool = False
    coupon: str | None = None
    expires_at: int = 0
    share: str = ""
    worth: Money | None = None
    stores: tuple[str, ...] = ()


_outcome = msgspec.msgpack.Decoder(Outcome).decode


@dataclass(frozen=True, slots=True)
class Loaded:
    """A member as read, with the bytes that a claim rests on, and the stored outcome of the occasion asked for."""

    owner: str
    member: Member
    packed: tuple[bytes | None, ...]
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Claim:
    """What an occasion does to a member: the visit it counts, the contact it makes, and the outcome to keep.

    It rests on the consent, visits and contacts that were loaded.
    """

    loaded: Loaded
    occasion: str
    visits: Visits
    contacts: tuple[Contact, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Revision(Generic[Value]):
    """A value as read, to be replaced if nobody else has meanwhile."""

    key: str
    packed: bytes | None
    value: Value
    kind: str


@dataclass(frozen=True, slots=True)
class Members:
    """Members by owner `retailer|member`; the subject of an occasion without a member is `retailer|device|…`."""

    keyspace: Keyspace

    async def load(self, asked: Sequence[tuple[str, str]]) -> list[Loaded]:
        """For each (owner, occasion id) the member and the stored outcome, in one read."""
        width = len(KINDS) + 1
        named = [name for owner, occasion in asked for name in _named(owner, occasion)]
        values = await self.keyspace.read(named)
        return [_loaded(owner, values[place * width : (place + 1) * width]) for place, (owner, _) in enumerate(asked)]

    async def claim(self, claims: Sequence[Claim]) -> list[bool]:
        """Make each outcome final; False where what it rests on has changed, or the occasion already has an outcome."""
        return await self.keyspace.replace([_claimed(claim) for claim in claims])

    async def void(self, loaded: Loaded, occasion: str, outcome: Outcome) -> bool:
        """Put `outcome` in the place of one that no longer holds."""
        if loaded.outcome is None:
            return False
        stored = encoded(loaded.outcome)
        change = Change(keys.outcome(loaded.owner, occasion), stored, encoded(outcome), KEPT["outcome"])
        return (await self.keyspace.replace([[change]]))[0]

    async def outcome(self, owner: str, occasion: str) -> Outcome | None:
        """The stored outcome of an occasion."""
        (packed,) = await self.keyspace.read([keys.outcome(owner, occasion)])
        return None if packed is None else _outcome(packed)

    async def revise(self, kind: str, owner: str, change: Callable[[Any], Any]) -> Any:
        """Replace one kind of value by `change` of it, again and again until nobody came between; returns the new."""
        while True:
            revision = await self.read(kind, owner)
            changed = change(revision.value)
            if changed == revision.value and revision.packed is not None:
                return changed
            written = Change(revision.key, revision.packed, encoded(changed), KEPT[kind])
            if (await self.keyspace.replace([[written]]))[0]:
                return changed

    async def holding(self, owners: Sequence[str]) -> list[str]:
        """Those of `owners` of whom purchases or contacts are kept."""
        if not owners:
            return []
        kinds = ("purchases", "contacts", "aside")
        values = await self.keyspace.read([keys.key(kind, owner) for owner in owners for kind in kinds])
        return [owner for place, owner in enumerate(owners) if any(values[place * 3 : place * 3 + 3])]

    async def set_aside(self, owner: str) -> tuple[History, bytes] | None:
        """An owner's purchases, put where nothing is added to them, and their bytes; first what is there already."""
        named, aside = keys.key("purchases", owner), keys.key("aside", owner)
        while True:
            packed, before = await self.keyspace.read([named, aside])
            found = before or packed
            if found is None:
                return None
            group = [Change(named, packed, None, 0), Change(aside, None, packed, KEPT["aside"])]
            if before is not None or (await self.keyspace.replace([group]))[0]:
                return KINDS["purchases"].decode(found), found

    async def drop_aside(self, owner: str, packed: bytes) -> None:
        """Forget what was set aside, if it is still this."""
        await self.keyspace.replace([[Change(keys.key("aside", owner), packed, None, 0)]])

    async def forget_history(self, owner: str) -> None:
        """Delete what a member did; outcomes run out by themselves."""
        named = [keys.key(kind, owner) for kind in HISTORY]
        while True:
            values = await self.keyspace.read(named)
            group = [Change(name, value, None, 0) for name, value in zip(named, values, strict=True)]
            if (await self.keyspace.replace([group]))[0]:
                return

    async def read(self, kind: str, owner: str) -> Revision[Any]:
        """One kind of value of one owner."""
        named = keys.key(kind, owner)
        (packed,) = await self.keyspace.read([named])
        value = KINDS[kind].absent if packed is None else KINDS[kind].decode(packed)
        return Revision(named, packed, value, kind)


def _named(owner: str, occasion: str) -> list[str]:
    return [*(keys.key(kind, owner) for kind in KINDS), keys.outcome(owner, occasion)]


def _loaded(owner: str, values: Sequence[bytes | None]) -> Loaded:
    profile, consent, visits, purchases, contacts = (
        kept.absent if packed is None else kept.decode(packed)
        for kept, packed in zip(KINDS.values(), values, strict=False)
    )
    name = owner.partition("|")[2]
    member = Member(name, profile.profile, consent, visits, purchases, contacts)
    stored = values[len(KINDS)]
    return Loaded(owner, member, tuple(values), None if stored is None else _outcome(stored))


def _claimed(claim: Claim) -> list[Change]:
    owner, before = claim.loaded.owner, claim.loaded.member
    _, consent, visits, _, contacts, outcome = claim.loaded.packed
    return [
        Change(keys.outcome(owner, claim.occasion), outcome, encoded(claim.outcome), KEPT["outcome"]),
        Change(keys.key("consent", owner), consent, consent, 0),
        Change(keys.key("visits", owner), visits, _kept(visits, before.visits, claim.visits), KEPT["visits"]),
        Change(
            keys.key("contacts", owner), contacts, _kept(contacts, before.contacts, claim.contacts), KEPT["contacts"]
        ),
    ]


def _kept(packed: bytes | None, before: object, after: object) -> bytes | None:
    """The bytes of `after`; the very bytes that were read where nothing changed, so that nothing is written."""
    return packed if after == before else encoded(after)
