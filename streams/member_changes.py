"""Member changes and preferences: who somebody is, which devices and cards are theirs, what they consented to.

The newest word wins, field by field and purpose by purpose, so that it does not matter how often or in which order
messages come. What is taken away is taken from the devices first, what is given is given to them last.
"""

from __future__ import annotations

import msgspec
from msgspec import structs

from offers.members import Consent, Grant, Wish
from streams.admitting import admit, device_owner, settle
from streams.decoding import Fault, NotAMessage
from streams.deleting import delete_member, is_deleted, take_away
from streams.merging import absorb, follow, member_named
from streams.messages import ConsentSaid, MemberChange, Preference
from streams.newest import deleted_at, granted, merged, merged_at, wished
from streams.records import Outgoing
from streams.retailers import Retailers
from streams.tables.links import Linked
from streams.tables.members import Fields
from streams.tables.tables import Tables
from streams.times import to_milliseconds


async def change_member(change: MemberChange, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """Merge a patch; the merged whole goes to the topic `members`."""
    retailer, named, at = change.retailer, change.member, to_milliseconds(change.at)
    change = structs.replace(change, member=await member_named(retailer, named, tables))
    told: list[Outgoing] = []
    if change.deleted or named != change.member:
        await follow(retailer, named, tables)  # Who merged them may have died on the way.
    if named != change.member and await is_deleted(retailer, named, at, tables):
        pass  # It is of somebody who was deleted, and only later turned out to be this one.
    elif change.deleted:
        await delete_member(retailer, change.member, at, tables)
    else:
        told += await _patch(change, at, tables)
    member = await follow(retailer, change.member, tables)
    return [*told, await settle(retailer, member, tables)]


async def _patch(change: MemberChange, at: int, tables: Tables) -> list[Outgoing]:
    owner = f"{change.retailer}|{change.member}"
    before: Fields = (await tables.members.read("profile", owner)).value
    await take_away(change.retailer, change.member, before.profile, merged(before, change).profile, at, tables)
    await _hear(owner, change.consent, None, at, tables)
    fields = await tables.members.revise("profile", owner, lambda fields: merged(fields, change))
    await _give(change, fields, tables)
    if change.merges and at > deleted_at(fields):
        return await absorb(change.retailer, change.member, change.merges, at, tables)
    return []


async def change_preference(preference: Preference, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """A wish to hear less or nothing, or consent: the member's, or the device's while that has no member."""
    retailer, device = preference.retailer, preference.device
    member = await _member_behind(preference, tables)
    if member is None and device is None:
        raise NotAMessage(Fault.UNKNOWN_MEMBER, "nobody is known behind this card")
    owner = f"{retailer}|{member}" if member is not None else device_owner(retailer, device or "")
    said = msgspec.UNSET if preference.consent is None else preference.consent
    await _hear(owner, said, preference.contact, to_milliseconds(preference.at), tables)
    member = member or await _member_behind(preference, tables)  # it may have been linked meanwhile
    if member is not None:
        return [await settle(retailer, await follow(retailer, member, tables), tables)]
    await admit(retailer, device or "", tables)
    return []


async def _member_behind(preference: Preference, tables: Tables) -> str | None:
    member, links = preference.member, tables.links
    if member is None and preference.card is not None:
        member = await links.member_of("card", f"{preference.retailer}|{preference.card}")
    if member is None and preference.device is not None:
        member = await links.member_of("link", f"{preference.retailer}|{preference.device}")
    return None if member is None else await member_named(preference.retailer, member, tables)


def _grants(said: ConsentSaid, at: int) -> dict[str, Grant]:
    if isinstance(said, list):
        return {purpose: Grant(True, at) for purpose in said}
    return {purpose: Grant(each.granted, to_milliseconds(each.at), each.version) for purpose, each in said.items()}


async def _hear(
    owner: str, said: ConsentSaid | msgspec.UnsetType, contact: str | None, at: int, tables: Tables
) -> None:
    grants = {} if said is msgspec.UNSET else _grants(said, at)

    def heard(before: Consent) -> Consent:
        consent = granted(before, grants)
        return consent if contact is None else wished(consent, Wish(contact), at)

    if grants or contact is not None:
        await tables.members.revise("consent", owner, heard)


async def _give(change: MemberChange, fields: Fields, tables: Tables) -> None:
    """Devices and cards that this patch names, where it is the newest word on what the member has."""
    at = to_milliseconds(change.at)
    said: tuple[tuple[Linked, str, list[str] | msgspec.UnsetType], ...] = (
        ("link", "devices", change.devices),
        ("card", "cards", change.cards),
        ("card", "emails_hashed", change.emails_hashed),
        ("card", "phones_hashed", change.phones_hashed),
    )
    for kind, field, names in said:
        if names is not msgspec.UNSET and (fields.said.get(field) == at or at <= merged_at(fields)):
            for name in names:
                await tables.links.give(kind, f"{change.retailer}|{name}", change.member, at)
