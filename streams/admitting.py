"""What a member's words come to: which of their devices may be looked at, and the merged whole that is told.

Another worker may change a link or a consent at any time. So whoever changes one lets the admissions follow afterwards,
and reads again after each write: the last to write has read what holds.
"""

from __future__ import annotations

from dataclasses import asdict

import orjson

from offers.handing_over import handed_over, without_handed
from offers.members import Consent, Profile, Visits
from streams import topics
from streams.held import hand_over_cards
from streams.newest import TIMES, deleted_at, is_gone, joined, since
from streams.records import Outgoing
from streams.tables.members import Fields
from streams.tables.presences import Admission
from streams.tables.tables import Tables
from streams.times import written


def device_owner(retailer: str, device: str) -> str:
    """Whose a device's own words are, said while it has no member; no member's name begins like this."""
    return f"{retailer}|device|{device}"


def devices_of(profile: Profile) -> tuple[str, ...]:
    """All devices of a member, however they came to be theirs."""
    return tuple(dict.fromkeys((*profile.devices, *profile.linked_devices)))


def cards_of(profile: Profile) -> tuple[str, ...]:
    """All that names a member as a card does: cards, and the hashes of e-mail addresses and phone numbers."""
    return (*told_cards(profile), *profile.linked_cards)


def told_cards(profile: Profile) -> tuple[str, ...]:
    """Those of them that the retailer said are theirs."""
    return (*profile.cards, *profile.emails_hashed, *profile.phones_hashed)


async def settle(retailer: str, member: str, tables: Tables) -> Outgoing:
    """Let what was said of a member hold for their devices; the merged whole, for the topic `members`."""
    owner = f"{retailer}|{member}"
    fields: Fields = (await tables.members.read("profile", owner)).value
    devices = devices_of(fields.profile)
    for device in devices:
        await _share(retailer, device, deleted_at(fields), tables)
    await _drop_deleted(owner, deleted_at(fields), tables)
    for device in devices:
        await _hand_over(retailer, device, tables)
        await admit(retailer, device, tables)
        # Only now: until here a batch may have counted a visit on what the device said, and saved; later ones cannot.
        await _fold(retailer, device, deleted_at(fields), tables)
        await _hand_over(retailer, device, tables)
    await hand_over_cards(retailer, cards_of(fields.profile), member, tables)
    fields = (await tables.members.read("profile", owner)).value
    consent: Consent = (await tables.members.read("consent", owner)).value
    if not consent.lets_offers_out:
        await tables.offers.forget(owner)
    if is_gone(fields) and consent == Consent():
        return Outgoing(topics.MEMBERS.name, owner.encode(), None)
    return _whole(retailer, member, fields.profile, consent)


async def admit(retailer: str, device: str, tables: Tables) -> None:
    """Let hold for a device what its link and the consent behind it come to, until they stand still."""
    stands = await _admission(retailer, device, tables)
    held: Admission | None = None
    while held != stands:
        held = stands
        await tables.links.admit(f"{retailer}|{device}", held)
        stands = await _admission(retailer, device, tables)


async def _admission(retailer: str, device: str, tables: Tables) -> Admission:
    member = await tables.links.member_of("link", f"{retailer}|{device}")
    owner = device_owner(retailer, device) if member is None else f"{retailer}|{member}"
    return Admission.of((await tables.members.read("consent", owner)).value, member)


async def _share(retailer: str, device: str, deleted: int, tables: Tables) -> Consent:
    """What a device said before its link was known is its member's word, too, but for what it said up to `deleted`."""
    own: Consent = (await tables.members.read("consent", device_owner(retailer, device))).value
    member = await tables.links.member_of("link", f"{retailer}|{device}")
    if member is None or own == Consent():
        return Consent()
    await tables.members.revise("consent", f"{retailer}|{member}", lambda before: joined(before, since(own, deleted)))
    return own


async def _fold(retailer: str, device: str, deleted: int, tables: Tables) -> None:
    """The same, and then the device does not say it any more: it does not go to a later member as well."""
    own = await _share(retailer, device, deleted, tables)
    if own != Consent():
        owner = device_owner(retailer, device)
        await tables.members.revise("consent", owner, lambda now: Consent() if now == own else now)


async def _hand_over(retailer: str, device: str, tables: Tables) -> None:
    """Visits of a device before it had a member are its member's, once: first they are counted, then they are gone.

    Without consent of the member they are not looked at, and run out by themselves.
    """
    owner = device_owner(retailer, device)
    own: Visits = (await tables.members.read("visits", owner)).value
    member = await tables.links.member_of("link", f"{retailer}|{device}")
    if member is None or not (own.recent or own.trail):
        return
    consent: Consent = (await tables.members.read("consent", f"{retailer}|{member}")).value
    if consent.lets_positions_in:
        await tables.members.revise("visits", f"{retailer}|{member}", lambda before: handed_over(before, own, device))
        await tables.members.revise("visits", owner, lambda now: without_handed(now, device) if now == own else now)


async def _drop_deleted(owner: str, at: int, tables: Tables) -> None:
    consent: Consent = (await tables.members.read("consent", owner)).value
    if since(consent, at) != consent:
        await tables.members.revise("consent", owner, lambda now: since(now, at))


def _whole(retailer: str, member: str, profile: Profile, consent: Consent) -> Outgoing:
    grants = {
        purpose: {"granted": grant.granted, "at": written(grant.at), "version": grant.version}
        for purpose, grant in consent.grants.items()
    }
    told = {name: value for name, value in asdict(profile).items() if value not in (None, (), {})}
    told |= {name: written(told[name]) for name in TIMES if name in told}
    whole = {"retailer": retailer, "member": member, **told, "consent": grants, "contact": consent.wish}
    return Outgoing(topics.MEMBERS.name, f"{retailer}|{member}".encode(), orjson.dumps(whole))
