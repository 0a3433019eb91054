"""Purchases and the contacts of other channels: the history that decisions rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from offers import history
from offers.history import Line
from offers.members import Contact
from offers.money import Money
from offers.products import Product
from offers.purchase_rules import store_day
from streams.deleting import is_deleted
from streams.held import card_owner, hand_over_cards, with_contacts
from streams.linking import link_by_coupon
from streams.merging import follow, member_named
from streams.messages import ContactMade, Purchase
from streams.records import Outgoing
from streams.retailers import Retailer, Retailers
from streams.tables.tables import Tables
from streams.times import to_milliseconds


async def add_purchase(purchase: Purchase, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """Add a purchase to its member's history, once; a card that nobody has may be found out by the coupon used."""
    told = await _linked(purchase, tables)
    owner = await owner_of(purchase, tables)
    if not await _is_forgotten(purchase, owner, tables):
        await _count(purchase, owner, tables, retailers[purchase.retailer])
        await _hand_over(purchase, owner, tables)
    return told


async def _count(purchase: Purchase, owner: str, tables: Tables, retailer: Retailer) -> None:
    before: history.History = (await tables.members.read("purchases", owner)).value
    if history.is_counted(before, purchase.id):
        return
    categories = await _categories(purchase, tables, retailer.rules.products)
    lines = tuple(_lines(purchase, categories))
    new = history.Purchase(purchase.id, to_milliseconds(purchase.at), _day(purchase, retailer), lines)
    # First the sale, which knows for a while what it counted: after a crash between the two it comes again.
    await tables.sales.count(purchase.retailer, purchase.id, [line.product for line in lines if line.product])
    await tables.members.revise("purchases", owner, lambda before: history.with_purchase(before, new))


async def _linked(purchase: Purchase, tables: Tables) -> list[Outgoing]:
    if purchase.member is not None or purchase.card is None or purchase.coupon is None:
        return []
    if await tables.links.member_of("card", f"{purchase.retailer}|{purchase.card}") is not None:
        return []
    at = to_milliseconds(purchase.at)
    return await link_by_coupon(purchase.retailer, purchase.coupon, purchase.card, at, tables)


async def add_contact(contact: ContactMade, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """Count a message of another channel, once."""
    owner = await owner_of(contact, tables)
    if await _is_forgotten(contact, owner, tables):
        return []
    ours = contact.campaign in {campaign.id for campaign in retailers[contact.retailer].rules.campaigns}
    campaign = contact.campaign or "" if ours else ""
    made = Contact(to_milliseconds(contact.at), campaign, contact.id, contact.channel)
    await tables.members.revise("contacts", owner, lambda before: with_contacts(before, [made]))
    await _hand_over(contact, owner, tables)
    return []


async def owner_of(said: Purchase | ContactMade, tables: Tables) -> str:
    """Whose history it is: the member's, or the card's own while nobody is known behind it."""
    member = said.member
    if member is None and said.card is not None:
        member = await tables.links.member_of("card", f"{said.retailer}|{said.card}")
    if member is None:
        return card_owner(said.retailer, said.card or "")
    return f"{said.retailer}|{await member_named(said.retailer, member, tables)}"


async def _hand_over(said: Purchase | ContactMade, owner: str, tables: Tables) -> None:
    """Of a card that was given to a member just now, or a member who was merged just now: it is that one's history."""
    if said.card is None or owner != card_owner(said.retailer, said.card):
        await follow(said.retailer, owner.partition("|")[2], tables)
    else:
        member = await tables.links.member_of("card", f"{said.retailer}|{said.card}")
        if member is not None:
            await hand_over_cards(said.retailer, [said.card], member, tables)


async def _is_forgotten(said: Purchase | ContactMade, owner: str, tables: Tables) -> bool:
    """Whether the member was deleted since, under that name or the one that is named."""
    at, member = to_milliseconds(said.at), owner.partition("|")[2]
    if await is_deleted(said.retailer, member, at, tables):
        return True
    return said.member not in (None, member) and await is_deleted(said.retailer, said.member or "", at, tables)


async def _categories(purchase: Purchase, tables: Tables, configured: Mapping[str, Product]) -> dict[str, str]:
    """The category of each product bought, of one that was taken out of the catalogue as well."""
    found = {}
    for name in {line.product for line in purchase.lines if line.product and not line.category}:
        changed = await tables.products.changed(purchase.retailer, name)
        known = changed.product if changed else configured.get(name)
        found[name] = known.category if known else ""
    return found


def _day(purchase: Purchase, retailer: Retailer) -> int:
    """The day of the purchase on the calendar of its store, or of the retailer where it names none that we know."""
    store = retailer.rules.stores.get(purchase.store or "")
    return store_day(to_milliseconds(purchase.at), store.zone if store else retailer.rules.zone)


def _lines(purchase: Purchase, categories: Mapping[str, str]) -> Iterator[Line]:
    """Its lines with their categories; `categories` by product, of those that name none."""
    for line in purchase.lines:
        category = line.category or categories.get(line.product or "", "")
        yield Line(category, line.product or "", Money.parse(line.amount).cents)
