"""Positions of those who did not consent are not kept: they go no further than this."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.gateway.items import Item
from streams.messages import CheckIn, Ping
from streams.tables.tables import Tables

NO_POSITION = {"lat": None, "lon": None, "accuracy": None}


async def admitted(items: Sequence[Item], tables: Tables) -> list[Item]:
    """The items that may be kept: not the pings of devices without consent, nor check-ins that name nobody else.

    A check-in that names a member or a card as well is kept without its position. One read for all of them.
    """
    owners = list({item.key for item in items if _has_device(item)})
    admissions = await tables.links.admissions(owners) if owners else []
    granted = {owner for owner, admission in zip(owners, admissions, strict=True) if admission.granted}
    kept = (_kept(item, _has_device(item) and item.key in granted) for item in items)
    return [item for item in kept if item is not None]


def _kept(item: Item, granted: bool) -> Item | None:
    message = item.message
    if granted or not isinstance(message, Ping | CheckIn):
        return item
    if isinstance(message, Ping) or (message.member is None and message.card is None):
        return None
    return item._replace(message=msgspec.structs.replace(message, **NO_POSITION))


def _has_device(item: Item) -> bool:
    """Whether it is about a device; its key then is that device's."""
    return isinstance(item.message, Ping | CheckIn) and item.message.device is not None
