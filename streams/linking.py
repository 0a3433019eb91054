"""A device that nobody has is the member's whose card a till saw together with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from streams.admitting import settle
from streams.arrivals import Arrival, check_in_rejection
from streams.messages import CheckIn
from streams.newest import deleted_at
from streams.records import Outgoing
from streams.tables.members import Fields
from streams.tables.tables import Tables
from streams.times import to_milliseconds

AT_THE_TILL = frozenset(("till", "card"))
"""Ways to check in that only a till sees."""

MOST_LINKED = 16
"""Devices of one member that are linked by a card shown with them: a till's own phone is not everybody's."""


async def link_by_cards(arrivals: Iterable[Arrival], cards: Mapping[str, str | None], tables: Tables) -> list[Outgoing]:
    """Link the devices of check-ins at a till; `cards` says whose each `retailer|card` is. What is to be told of it."""
    told = []
    for arrival in arrivals:
        said = arrival.message
        if not isinstance(said, CheckIn) or said.via not in AT_THE_TILL or said.device is None:
            continue
        member, at = cards.get(f"{said.retailer}|{said.card}"), to_milliseconds(said.at)
        if member is not None and check_in_rejection(arrival, at) is None:
            whole = await link_by_card(said.retailer, said.device, member, at, tables)
            told += [] if whole is None else [whole]
    return told


async def link_by_card(retailer: str, device: str, member: str, at: int, tables: Tables) -> Outgoing | None:
    """Let a device that nobody has be the member's whose card was shown with it, at a till, at `at` (milliseconds UTC).

    Returns the merged whole, for the topic `members`; None where the device is another's. Twice is once.
    """
    owner, named = f"{retailer}|{member}", f"{retailer}|{device}"
    fields: Fields = (await tables.members.read("profile", owner)).value
    if at <= deleted_at(fields) or device in fields.profile.devices:
        return None
    if await tables.links.member_of("link", named) not in (None, member):
        return None
    if len(fields.profile.linked_devices) >= MOST_LINKED and device not in fields.profile.linked_devices:
        return None

    def linked(known: Fields) -> Fields:
        devices = tuple(dict.fromkeys((*known.profile.linked_devices, device)))
        return Fields(replace(known.profile, linked_devices=devices), known.said)

    # First where a withdrawal finds it, then the link: what is listed and not linked does no harm.
    await tables.members.revise("profile", owner, linked)
    if not await tables.links.give_unowned("link", named, member, at):
        return None
    return await settle(retailer, member, tables)
