"""What nobody has becomes a member's by what happened: a device by a card shown with it, a card by a used coupon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from streams.admitting import settle, told_cards
from streams.arrivals import Arrival, check_in_rejection
from streams.merging import member_named
from streams.messages import CheckIn
from streams.newest import deleted_at
from streams.records import Outgoing
from streams.tables.links import Linked
from streams.tables.members import Fields
from streams.tables.tables import Tables
from streams.times import to_milliseconds

AT_THE_TILL = frozenset(("till", "card"))
"""Ways to check in that only a till sees."""

MOST_LINKED = 16
"""Devices of one member that are linked by a card shown with them, and cards: a till's own phone is not everybody's."""


async def link_by_cards(arrivals: Iterable[Arrival], cards: Mapping[str, str | None], tables: Tables) -> list[Outgoing]:
    """Link the devices of check-ins at a till; `cards` says whose each `retailer|card` is. What is to be told of it."""
    told = []
    for arrival in arrivals:
        said = arrival.message
        if not isinstance(said, CheckIn) or said.via not in AT_THE_TILL or said.device is None:
            continue
        member, at = cards.get(f"{said.retailer}|{said.card}"), to_milliseconds(said.at)
        if member is not None and said.card is not None and check_in_rejection(arrival, at) is None:
            whole = await link_by_card(said.retailer, said.device, said.card, member, at, tables)
            told += [] if whole is None else [whole]
    return told


async def link_by_card(retailer: str, device: str, card: str, member: str, at: int, tables: Tables) -> Outgoing | None:
    """Let a device that nobody has be the member's whose card was shown with it, at a till, at `at` (milliseconds UTC).

    Only a card that the retailer said is theirs opens the account to a phone. Returns the merged whole, for the topic
    `members`; None where the device is another's. Twice is once.
    """
    profile = (await tables.members.read("profile", f"{retailer}|{member}")).value.profile
    if device in profile.devices or card not in told_cards(profile):
        return None
    return await _link("link", device, retailer, member, at, tables)


async def link_by_coupon(retailer: str, code: str, card: str, at: int, tables: Tables) -> list[Outgoing]:
    """Let a card that nobody has be the member's on whose coupon something was bought with it, at `at` (milliseconds).

    What is bought with the card counts for them from then on; it opens nothing to a phone. Twice is once.
    """
    coupon = await tables.coupons.find(f"{retailer}|{code}")
    if coupon is None or (coupon.redemption is None and at >= coupon.expires_at):
        return []
    member = await member_named(retailer, coupon.member, tables)
    whole = await _link("card", card, retailer, member, at, tables)
    return [] if whole is None else [whole]


async def _link(kind: Linked, name: str, retailer: str, member: str, at: int, tables: Tables) -> Outgoing | None:
    owner, named = f"{retailer}|{member}", f"{retailer}|{name}"
    fields: Fields = (await tables.members.read("profile", owner)).value
    before = fields.profile.linked_devices if kind == "link" else fields.profile.linked_cards
    if at <= deleted_at(fields) or await tables.links.member_of(kind, named) not in (None, member):
        return None
    if len(before) >= MOST_LINKED and name not in before:
        return None

    def linked(known: Fields) -> Fields:
        profile = known.profile
        if kind == "link":
            profile = replace(profile, linked_devices=_with(profile.linked_devices, name))
        else:
            profile = replace(profile, linked_cards=_with(profile.linked_cards, name))
        return Fields(profile, known.said)

    # First where a withdrawal finds it, then the link: what is listed and not linked does no harm.
    await tables.members.revise("profile", owner, linked)
    if not await tables.links.give_unowned(kind, named, member, at):
        return None
    return await settle(retailer, member, tables)


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, name)))
