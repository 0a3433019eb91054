"""Purchases and the contacts of other channels: the history that decisions rest on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from offers.contact_policy import kept_contacts
from offers.members import Contact, PurchaseLine, Purchases
from offers.money import Money
from offers.products import Product
from streams.decoding import Fault, NotAMessage
from streams.messages import ContactMade, Purchase
from streams.newest import deleted_at
from streams.records import Outgoing
from streams.retailers import Retailers
from streams.tables.tables import Tables
from streams.times import to_milliseconds

MOST_LINES = 256
MOST_IDS = 256
LONGEST = 800 * 86_400_000
"""Milliseconds before a member's newest purchase that lines are kept."""


async def add_purchase(purchase: Purchase, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """Add a purchase to its member's history, once."""
    owner = await owner_of(purchase.retailer, purchase.member, purchase.card, tables)
    if await _is_forgotten(owner, purchase.at, tables):
        return []
    categories = await _categories(purchase, tables, retailers[purchase.retailer].rules.products)

    def added(before: Purchases) -> Purchases:
        return with_purchase(before, purchase, categories)

    before: Purchases = (await tables.members.read("purchases", owner)).value
    if added(before) is not before:
        # First the sale, which knows for a while what it counted: after a crash between the two it comes again.
        products = [line.product for line in purchase.lines if line.product]
        await tables.sales.count(purchase.retailer, purchase.id, products)
        await tables.members.revise("purchases", owner, added)
    return []


async def add_contact(contact: ContactMade, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """Count a message of another channel, once."""
    owner = await owner_of(contact.retailer, contact.member, contact.card, tables)
    if await _is_forgotten(owner, contact.at, tables):
        return []
    ours = contact.campaign in {campaign.id for campaign in retailers[contact.retailer].rules.campaigns}
    campaign = contact.campaign or "" if ours else ""
    made = Contact(to_milliseconds(contact.at), campaign, contact.id, contact.channel)
    await tables.members.revise("contacts", owner, lambda before: with_contact(before, made))
    return []


async def owner_of(retailer: str, member: str | None, card: str | None, tables: Tables) -> str:
    """Whose history it is; raises NotAMessage where nobody is known behind the card."""
    if member is None and card is not None:
        member = await tables.links.member_of("card", f"{retailer}|{card}")
    if member is None:
        raise NotAMessage(Fault.UNKNOWN_MEMBER, "nobody is known behind this card")
    return f"{retailer}|{member}"


async def _is_forgotten(owner: str, at: datetime | int, tables: Tables) -> bool:
    """Whether the member was deleted since."""
    return to_milliseconds(at) <= deleted_at((await tables.members.read("profile", owner)).value)


async def _categories(purchase: Purchase, tables: Tables, configured: Mapping[str, Product]) -> dict[str, str]:
    """The category of each product bought, of one that was taken out of the catalogue as well."""
    found = {}
    for name in {line.product for line in purchase.lines if line.product and not line.category}:
        changed = await tables.products.changed(purchase.retailer, name)
        known = changed.product if changed else configured.get(name)
        found[name] = known.category if known else ""
    return found


def with_purchase(before: Purchases, purchase: Purchase, categories: Mapping[str, str]) -> Purchases:
    """`before` with the lines of `purchase`, unless they are there; `categories` by product."""
    if purchase.id in before.ids:
        return before
    at = to_milliseconds(purchase.at)
    bought = (
        PurchaseLine(
            at, line.category or categories.get(line.product or "", ""), line.product or "", _cents(line.amount)
        )
        for line in purchase.lines
    )
    lines = sorted((*before.lines, *bought))
    kept = [line for line in lines if line.at > lines[-1].at - LONGEST][-MOST_LINES:]
    return Purchases(tuple(kept), (*before.ids, purchase.id)[-MOST_IDS:])


def with_contact(before: tuple[Contact, ...], made: Contact) -> tuple[Contact, ...]:
    """`before` with `made`, unless it is there."""
    if any(contact.id == made.id for contact in before):
        return before
    return kept_contacts((*before, made))


def _cents(amount: str) -> int:
    return Money.parse(amount).cents
