"""Member changes and preferences: who somebody is, which devices and cards are theirs, what they consented to.

The newest word wins, field by field and purpose by purpose, so that it does not matter how often or in which order
messages come. What is taken away is taken from the devices first, what is given is given to them last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

import msgspec
import orjson

from offers.members import Consent, Grant, Profile, Wish
from streams import topics
from streams.messages import ConsentSaid, MemberChange, Preference
from streams.records import Outgoing
from streams.retailers import Retailers
from streams.tables.members import Fields
from streams.tables.presences import Admission
from streams.tables.tables import Tables
from streams.times import to_milliseconds, written

PATCHED = tuple(Profile.__dataclass_fields__)
_TIMES = frozenset({"joined", "last_visit"})


async def change_member(change: MemberChange, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """Merge a patch; the merged whole goes to the topic `members`."""
    retailer, owner = change.retailer, f"{change.retailer}|{change.member}"
    if change.deleted:
        return await _forget(change, owner, tables)
    before: Fields = (await tables.members.read("profile", owner)).value
    lost = set(before.profile.devices) - set(merged(before, change).profile.devices)
    await _unlink(retailer, change.member, lost, tables)
    consent = await _revise_consent(owner, change.consent, to_milliseconds(change.at), tables)
    fields: Fields = await tables.members.revise("profile", owner, lambda fields: merged(fields, change))
    named = () if change.devices is msgspec.UNSET else change.devices
    await _admit(retailer, change.member, fields.profile.devices, named, consent, tables)
    for card in fields.profile.cards:
        await tables.links.give_card(f"{retailer}|{card}", change.member)
    return [_whole(retailer, change.member, fields.profile, consent)]


async def change_preference(preference: Preference, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """A wish to hear less or nothing, or consent: the member's, or the device's while that has no member."""
    retailer, device, member = preference.retailer, preference.device, preference.member
    if member is None and device is not None:
        member = (await tables.links.admission(f"{retailer}|{device}")).member
    owner = f"{retailer}|{member}" if member is not None else f"{retailer}|device|{device}"
    at = to_milliseconds(preference.at)
    said = msgspec.UNSET if preference.consent is None else preference.consent
    consent = await _revise_consent(owner, said, at, tables)
    if preference.contact is not None:
        wish = Wish(preference.contact)
        consent = await tables.members.revise("consent", owner, lambda before: wished(before, wish, at))
    if member is None:
        await tables.links.admit(f"{retailer}|{device}", Admission.of(consent, None))
        return []
    fields: Fields = (await tables.members.read("profile", owner)).value
    await _admit(retailer, member, fields.profile.devices, (), consent, tables)
    return [_whole(retailer, member, fields.profile, consent)]


def merged(fields: Fields, change: MemberChange) -> Fields:
    """`fields` with what `change` says, where it is the newest word."""
    at = to_milliseconds(change.at)
    news = {name: _plain(name, getattr(change, name)) for name in PATCHED if _says(change, name)}
    newest = {name: value for name, value in news.items() if at >= fields.said.get(name, at)}
    if not newest:
        return fields
    return Fields(replace(fields.profile, **newest), fields.said | dict.fromkeys(newest, at))


def granted(consent: Consent, said: Mapping[str, Grant]) -> Consent:
    """`consent` with the grants of `said` that are the newest word on their purpose."""
    newest = {
        purpose: grant
        for purpose, grant in said.items()
        if purpose not in consent.grants or grant.at >= consent.grants[purpose].at
    }
    return replace(consent, grants={**consent.grants, **newest}) if newest else consent


def wished(consent: Consent, wish: Wish, at: int) -> Consent:
    """`consent` with the wish, where it is the newest."""
    return replace(consent, wish=wish, wish_at=at) if at >= consent.wish_at else consent


def _says(change: MemberChange, name: str) -> bool:
    return getattr(change, name) is not msgspec.UNSET


def _plain(name: str, value: Any) -> Any:
    if name in _TIMES and value is not None:
        return to_milliseconds(value)
    return tuple(dict.fromkeys(value)) if isinstance(value, list) else value


def _grants(said: ConsentSaid, at: int) -> dict[str, Grant]:
    if isinstance(said, list):
        return {purpose: Grant(True, at) for purpose in said}
    return {purpose: Grant(each.granted, to_milliseconds(each.at), each.version) for purpose, each in said.items()}


async def _revise_consent(owner: str, said: ConsentSaid | msgspec.UnsetType, at: int, tables: Tables) -> Consent:
    if said is msgspec.UNSET or not said:
        consent: Consent = (await tables.members.read("consent", owner)).value
        return consent
    grants = _grants(said, at)
    revised: Consent = await tables.members.revise("consent", owner, lambda before: granted(before, grants))
    return revised


async def _admit(
    retailer: str, member: str, devices: Iterable[str], named: Iterable[str], consent: Consent, tables: Tables
) -> None:
    """Let the member's consent hold for their devices; one that went to somebody else comes back only if `named`."""
    admission = Admission.of(consent, member)
    for device in devices:
        owner = f"{retailer}|{device}"
        if device in named or (await tables.links.admission(owner)).member in (None, member):
            await tables.links.admit(owner, admission)


async def _unlink(retailer: str, member: str, devices: Iterable[str], tables: Tables) -> None:
    """Devices that are no longer the member's stand on their own consent again."""
    for device in devices:
        owner = f"{retailer}|{device}"
        if (await tables.links.admission(owner)).member == member:
            own: Consent = (await tables.members.read("consent", f"{retailer}|device|{device}")).value
            await tables.links.admit(owner, Admission.of(own, None))


async def _forget(change: MemberChange, owner: str, tables: Tables) -> list[Outgoing]:
    fields: Fields = (await tables.members.read("profile", owner)).value
    await _unlink(change.retailer, change.member, fields.profile.devices, tables)
    for card in fields.profile.cards:
        await tables.links.take_card(f"{change.retailer}|{card}", change.member)
    await tables.members.forget(owner)
    return [Outgoing(topics.MEMBERS.name, owner.encode(), None)]


def _whole(retailer: str, member: str, profile: Profile, consent: Consent) -> Outgoing:
    grants = {
        purpose: {"granted": grant.granted, "at": written(grant.at), "version": grant.version}
        for purpose, grant in consent.grants.items()
    }
    told = {name: value for name, value in asdict(profile).items() if value not in (None, ())}
    told |= {name: written(told[name]) for name in _TIMES if name in told}
    whole = {"retailer": retailer, "member": member, **told, "consent": grants, "contact": consent.wish}
    return Outgoing(topics.MEMBERS.name, f"{retailer}|{member}".encode(), orjson.dumps(whole))
