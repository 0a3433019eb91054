"""What was bought and said with a card that nobody had: it is the card's own, and its member's once the card is theirs.

Whoever gives a card to a member looks for it afterwards, and whoever adds to it looks afterwards whose the card is: so
nothing is left behind, in whatever order the two come.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from hashlib import blake2b

from offers.contact_policy import kept_contacts
from offers.history import with_history
from offers.members import Contact
from streams.tables.tables import Tables


def card_owner(retailer: str, card: str) -> str:
    """Whose it is while nobody has the card; no member's name begins like this."""
    return f"{retailer}|card|{card}"


async def hand_over_cards(retailer: str, cards: Iterable[str], member: str, tables: Tables) -> None:
    """Let the member have what is still their cards' own. Twice is once."""
    named = sorted(set(cards))
    if not named:
        return
    owners = await tables.links.members_of([f"{retailer}|{card}" for card in named])
    theirs = [card_owner(retailer, card) for card in named if owners[f"{retailer}|{card}"] == member]
    for own in await tables.members.holding(theirs):
        await hand_over_history(own, f"{retailer}|{member}", tables)


async def hand_over_history(own: str, owner: str, tables: Tables) -> None:
    """Purchases and contacts of `own` are the `owner`'s; each counts once."""
    await _hand_over_purchases(own, owner, tables)
    await _hand_over_contacts(own, owner, tables)


async def _hand_over_purchases(own: str, owner: str, tables: Tables) -> None:
    """First they are set aside, where nothing is added to them; then they are counted, once; then they are gone."""
    while (aside := await tables.members.set_aside(own)) is not None:
        purchases, packed = aside
        token = f"{own} {blake2b(packed, digest_size=16).hexdigest()}"

        await tables.members.revise("purchases", owner, partial(with_history, other=purchases, token=token))
        await tables.members.drop_aside(own, packed)


async def _hand_over_contacts(own: str, owner: str, tables: Tables) -> None:
    held: tuple[Contact, ...] = (await tables.members.read("contacts", own)).value
    while held:
        await tables.members.revise("contacts", owner, partial(with_contacts, made=held))
        held = await tables.members.revise("contacts", own, partial(_without, gone=held))


def _without(contacts: tuple[Contact, ...], gone: tuple[Contact, ...]) -> tuple[Contact, ...]:
    return tuple(contact for contact in contacts if contact not in gone)


def with_contacts(before: tuple[Contact, ...], made: Iterable[Contact]) -> tuple[Contact, ...]:
    """`before` with those of `made` that are not there."""
    known = {contact.id for contact in before}
    new = [contact for contact in made if contact.id not in known]
    return kept_contacts((*before, *new)) if new else before
