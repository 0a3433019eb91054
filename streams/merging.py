"""Two members that are one: the one keeps the history of both, and whoever names the other means them.

First the name leads to the member who stays, then what was the other's goes over, each piece once, however often it is
tried; whoever adds something to a member looks afterwards whether their name leads elsewhere by now. So nothing is left
behind, in whatever order words come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import blake2b
from typing import Any

from offers.handing_over import handed_over
from offers.members import Consent, Visits
from streams.admitting import cards_of, devices_of
from streams.deleting import delete_member
from streams.held import hand_over_history
from streams.newest import deleted_at, joined, joined_fields, merging, without_words
from streams.records import Outgoing
from streams.tables.members import Fields
from streams.tables.tables import Tables
from streams.topics import MEMBERS


async def member_named(retailer: str, name: str, tables: Tables) -> str:
    """Who is meant by the name of a member: the one into whom they were merged, else themselves.

    Where two were merged into each other at once, it is the first of them by name.
    """
    names = await _ways(retailer, name, tables)
    return names[-1]


async def members_meant(names: Iterable[str], tables: Tables) -> dict[str, str]:
    """Of those `retailer|member` who were merged into another: who is meant by each."""
    asked = sorted(set(names))
    merged = await tables.links.members_of(asked, "merged") if asked else {}
    others = [each.split("|", 1) for each, other in merged.items() if other is not None]
    return {f"{retailer}|{name}": await member_named(retailer, name, tables) for retailer, name in others}


async def _ways(retailer: str, name: str, tables: Tables) -> list[str]:
    """The names that lead from this one to who is meant, in order."""
    names = [name]
    while (other := await tables.links.member_of("merged", f"{retailer}|{names[-1]}")) is not None:
        if other in names:
            circle = names[names.index(other) :]
            return [*(each for each in names if each != min(circle)), min(circle)]
        names.append(other)
    return names


async def follow(retailer: str, member: str, tables: Tables) -> str:
    """Who is meant by `member` by now, to whom something was just added: it goes along."""
    meant = await member_named(retailer, member, tables)
    if meant != member:
        await _hand_over(retailer, member, meant, tables)
    return meant


async def absorb(retailer: str, member: str, others: Iterable[str], at: int, tables: Tables) -> list[Outgoing]:
    """Let `others` be the `member`, by a word said at `at` (milliseconds UTC); what is told of who is no more."""
    gone: dict[str, None] = {}
    for other in others:
        for name in await _ways(retailer, other, tables):
            stays = await member_named(retailer, member, tables)
            if name != stays:
                if await member_named(retailer, name, tables) != stays:  # Else it was said before.
                    await tables.members.revise("profile", f"{retailer}|{member}", lambda fields: merging(fields, at))
                await tables.links.give("merged", f"{retailer}|{name}", member, at)
                stays = await member_named(retailer, member, tables)
                gone |= dict.fromkeys(each for each in (name, member) if each != stays)
    for name in gone:
        await follow(retailer, name, tables)
    return [Outgoing(MEMBERS.name, f"{retailer}|{name}".encode(), None) for name in gone]


async def _hand_over(retailer: str, gone: str, stays: str, tables: Tables) -> None:
    """All that is `gone`'s is the one's who `stays`; consent first, so that nothing is decided for `gone` any more."""
    own, owner = f"{retailer}|{gone}", f"{retailer}|{stays}"
    before = await _deleted_at(owner, tables)
    await _move("consent", own, owner, lambda _: Consent(), joined, tables)
    fields: Fields = (await tables.members.read("profile", own)).value
    for device in devices_of(fields.profile):
        await tables.links.pass_on("link", f"{retailer}|{device}", gone, stays)
    for card in cards_of(fields.profile):
        await tables.links.pass_on("card", f"{retailer}|{card}", gone, stays)
    await _move("profile", own, owner, without_words, joined_fields, tables)
    await hand_over_history(own, owner, tables)
    await _hand_over_visits(own, owner, gone, tables)
    await tables.offers.forget(own)
    await _delete_with(retailer, gone, stays, before, tables)


async def _delete_with(retailer: str, gone: str, stays: str, before: int, tables: Tables) -> None:
    """Who was deleted under either name when both were one already, is deleted; `before`: the one was until then."""
    own, owner = f"{retailer}|{gone}", f"{retailer}|{stays}"
    at = max(await _deleted_at(own, tables), await _deleted_at(owner, tables))
    if at > max(before, (await tables.links.link("merged", own)).at):
        await delete_member(retailer, stays, at, tables, again=True)


async def _deleted_at(owner: str, tables: Tables) -> int:
    return deleted_at((await tables.members.read("profile", owner)).value)


Joined = Callable[[Any, Any], Any]


async def _move(kind: str, own: str, owner: str, rest: Callable[[Any], Any], both: Joined, tables: Tables) -> None:
    """What can be joined twice and comes to the same; the `rest` of it stays."""
    while (value := (await tables.members.read(kind, own)).value) != rest(value):
        await tables.members.revise(kind, owner, partial(_joined_with, both=both, other=value))
        await tables.members.revise(kind, own, partial(_replaced, old=value, new=rest(value)))


def _joined_with(before: Any, both: Joined, other: Any) -> Any:
    return both(before, other)


def _replaced(now: Any, old: Any, new: Any) -> Any:
    return new if now == old else now


async def _hand_over_visits(own: str, owner: str, gone: str, tables: Tables) -> None:
    """Visits that are both's count once; they are known by their bytes to have been counted."""
    while (read := await tables.members.read("visits", own)).value != Visits():
        named = f"member|{gone}|{blake2b(read.packed or b'', digest_size=8).hexdigest()}"
        await tables.members.revise("visits", owner, partial(handed_over, own=read.value, device=named))
        await tables.members.revise("visits", own, partial(_replaced, old=read.value, new=Visits()))
