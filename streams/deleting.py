"""What is taken from a member: devices and cards that are theirs no longer, and all there is where they are deleted."""

from __future__ import annotations

from collections.abc import Iterable

from offers.members import Profile
from streams.admitting import admit, cards_of, devices_of
from streams.newest import deleted, deleted_at
from streams.tables.links import Linked
from streams.tables.members import Fields
from streams.tables.tables import Tables

_FOR_GOOD = 1 << 62


async def delete_member(retailer: str, member: str, at: int, tables: Tables, again: bool = False) -> None:
    """Let nothing be left of what was said of a member up to `at` (milliseconds UTC), nor of what they did.

    Twice is once: who was deleted since, or then already, stays as they are; `again` where something came meanwhile.
    """
    owner = f"{retailer}|{member}"
    before: Fields = (await tables.members.read("profile", owner)).value
    known = deleted_at(before)
    if at < known or (at == known and not again):
        return
    await take_away(retailer, member, before.profile, Profile(), at, tables)
    await tables.members.forget_history(owner)
    await tables.members.revise("profile", owner, lambda fields: deleted(fields, at))


async def is_deleted(retailer: str, member: str, at: int, tables: Tables) -> bool:
    """Whether what was said under that very name at `at`, or done then, is nothing: they were deleted since."""
    return at <= deleted_at((await tables.members.read("profile", f"{retailer}|{member}")).value)


async def take_away(retailer: str, member: str, before: Profile, after: Profile, at: int, tables: Tables) -> None:
    """Devices and cards that are no longer the member's; a device stands on its own consent again."""
    gone: tuple[tuple[Linked, Iterable[str]], ...] = (
        ("link", sorted(set(devices_of(before)) - set(devices_of(after)))),
        ("card", sorted(set(cards_of(before)) - set(cards_of(after)))),
    )
    for kind, names in gone:
        for name in names:
            linked = before.linked_devices if kind == "link" else before.linked_cards
            until = _FOR_GOOD if name in linked else at
            await tables.links.take(kind, f"{retailer}|{name}", member, until)
    for device in gone[0][1]:
        await admit(retailer, device, tables)
