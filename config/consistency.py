"""Whether a campaign can ever do what it says: a trigger that can happen, a text whose words are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from config.findings import Path, Problem
from config.language import ALL_STORES, AtRing, Campaign, Happening, Notice, Offer, Place, Product, Scans, Store, Stores
from config.quantities import write_duration
from config.references import placeholders
from config.texts import text_problems
from offers.money import Money
from offers.wording import PLACEHOLDERS

Sited = TypeVar("Sited", Store, Place)


def campaign_problems(
    campaign: Campaign, path: Path, stores: Mapping[str, Store], products: Mapping[str, Product]
) -> Iterator[Problem]:
    """Contradictions inside a campaign that is sound in its parts; what names an unknown thing is told elsewhere."""
    yield from _beginning_problems(campaign, path, stores)
    yield from _bought_problems(campaign, (*path, "who", "not_bought"), products)
    for number, offer in enumerate(campaign.offers):
        place: Path = ("series", number) if campaign.series else ("offer",)
        offered = offered_products(campaign, offer, products)
        yield from _scan_problems(campaign, offer, (*path, *place, "product"))
        if offered is not None:
            yield from _discount_problems(offer, (*path, *place, "discount"), offered)
            yield from _budget_problems(campaign.limits.budget, offer, (*path, "limits", "budget"), offered)
            yield from text_problems(
                campaign, offer, (*path, *place, "text"), offered, reached_stores(campaign, stores)
            )


def notice_problems(notice: Notice, path: Path, stores: Mapping[str, Store]) -> Iterator[Problem]:
    """Contradictions inside a notice, as in a campaign; and what it cannot speak of."""
    yield from _beginning_problems(notice, path, stores)
    for name in placeholders(notice.text):
        if name in PLACEHOLDERS and name not in OF_MEMBERS:
            named = ", ".join(f"${each}" for each in OF_MEMBERS)
            yield Problem((*path, "text"), f"a notice cannot speak of `${name}`", f"it knows {named}")


OF_MEMBERS = ("first_name", "store", "points")
"""Placeholders that stand for something without an offer."""


def _beginning_problems(said: Campaign | Notice, path: Path, stores: Mapping[str, Store]) -> Iterator[Problem]:
    steps = said.when.sequence
    for step, place in zip(steps or (said.when,), _places_of_steps(steps), strict=True):
        yield from _trigger_problems(step, (*path, "when", *place), stores)
    yield from _store_problems(said, path)
    yield from _visit_problems(said, path)


def _places_of_steps(steps: Sequence[Happening] | None) -> list[Path]:
    """Where each step stands in `when`."""
    return [()] if steps is None else [("sequence", number) for number in range(len(steps))]


def chosen(choice: Stores, stores: Mapping[str, Sited]) -> list[Sited]:
    """The stores, or places, that `choice` means."""
    if choice.tag is not None:
        return [store for store in stores.values() if choice.tag in store.tags]
    return [store for store in stores.values() if choice.all or store.id in choice.ids]


def reached_stores(campaign: Campaign, stores: Mapping[str, Store]) -> list[Store]:
    """The stores that the campaign's offers may speak of."""
    trigger = campaign.when.trigger
    if campaign.store is not None:
        return [store for store in stores.values() if store.id == campaign.store]
    choice = trigger.stores if trigger.visit is not None else getattr(trigger, trigger.name).stores
    return chosen(choice or ALL_STORES, stores)


def offered_products(campaign: Campaign, offer: Offer, products: Mapping[str, Product]) -> list[Product] | None:
    """The products that `offer` may speak of: none where it has none; None where it names one that does not exist."""
    if offer.product is None:
        return []
    if offer.product.id is not None:
        return [products[offer.product.id]] if offer.product.id in products else None
    if offer.product.scanned:
        return to_be_scanned(campaign.when.trigger.scans, products) or None
    category = offer.product.of_category
    fitting = [each for each in products.values() if category in (None, each.category)]
    if offer.product.only_picks:
        fitting = [each for each in fitting if each.staff_pick is not None] or fitting
    return fitting or None


def to_be_scanned(scans: Scans | None, products: Mapping[str, Product]) -> list[Product]:
    """The products that a scan may be of: one without a code may get it from a message."""
    named, categories = (None, None) if scans is None else (scans.product, scans.category)
    if named is None and categories is None:
        return list(products.values())
    return [each for each in products.values() if each.id in (named or ()) or each.category in (categories or ())]


def _scan_problems(campaign: Campaign, offer: Offer, path: Path) -> Iterator[Problem]:
    if offer.product is not None and offer.product.scanned and campaign.when.trigger.scans is None:
        what = "the product that was scanned, but the campaign waits for no scan"
        yield Problem(path, what, "write `when: {scans: {}}`, or name a product")


def _trigger_problems(when: Happening, path: Path, stores: Mapping[str, Store]) -> Iterator[Problem]:
    at = getattr(when, when.name)
    if not isinstance(at, AtRing) or at.stores is None:
        return
    waiting = chosen(at.stores, stores)
    if waiting and not any(at.ring in store.rings for store in waiting):
        have = sorted({ring for store in waiting for ring in store.rings})
        what = f"none of its stores has the ring `{at.ring}`, so it can never happen"
        yield Problem((*path, when.name, "ring"), what, f"they have {', '.join(have)}")


def _store_problems(campaign: Campaign | Notice, path: Path) -> Iterator[Problem]:
    """A place is no store: who is met there must be told of one; at a store it is that one."""
    trigger = campaign.when.trigger
    if trigger.places is not None and campaign.store is None:
        what = "it begins at places, and the offer needs a store to speak of"
        place = _places_of_steps(campaign.when.sequence)[-1]
        yield Problem((*path, "when", *place, trigger.name, "places"), what, "add `store: …` to the campaign")
    elif trigger.places is None and campaign.store is not None:
        yield Problem((*path, "store"), "the offer speaks of the store where it begins", "leave `store` out", True)


def _visit_problems(campaign: Campaign | Notice, path: Path) -> Iterator[Problem]:
    nth = campaign.when.visit
    if not isinstance(nth, int):
        return
    for number, visits in enumerate(campaign.who.visits):
        too_many = visits.within is None and nth > (visits.at_most if visits.at_most is not None else nth)
        if too_many or nth < (visits.at_least or 0):
            what = f"nobody on visit {nth} has as many visits as this"
            yield Problem((*path, "who", "visits", number), what, "change one of them")


def _bought_problems(campaign: Campaign, path: Path, products: Mapping[str, Product]) -> Iterator[Problem]:
    """Nobody bought within a time what they did not buy within a longer one."""
    for number, refused in enumerate(campaign.who.not_bought):
        for asked in campaign.who.bought:
            product = products.get(asked.product or "")
            category = asked.category if product is None else product.category
            same = (refused.product or refused.category) in (asked.product, category)
            if same and refused.within >= asked.within:
                spans = write_duration(asked.within), write_duration(refused.within)
                what = f"who bought it within {spans[0]} did buy it within {spans[1]}: this is for nobody"
                yield Problem((*path, number, "within"), what, "write a shorter time here, or a longer one in `bought`")


def _discount_problems(offer: Offer, path: Path, offered: Sequence[Product]) -> Iterator[Problem]:
    discount = offer.discount
    if discount is None:
        return
    if discount.percent is not None and offer.product is None:
        yield Problem(path, "a share of the product, but the offer has no product", "add `product`, or write an amount")
    elif discount.percent is not None and not _some_price(offered):
        yield Problem(path, f"a share of {_named(offered)}, which has no price", "give the product a `price`")
    for product in offered:
        if discount.amount is None or product.price is None:
            continue
        if discount.amount.currency != product.price.currency:
            yield Problem(
                path, f"{discount.amount} off `{product.id}`, which costs {product.price}", "use one currency"
            )
        elif discount.amount.cents > product.price.cents:
            yield Problem(
                path, f"{discount.amount} off `{product.id}`, which costs {product.price}", "write a smaller amount"
            )


def _budget_problems(budget: Money | None, offer: Offer, path: Path, offered: Sequence[Product]) -> Iterator[Problem]:
    if budget is None:
        return
    if offer.discount is None:
        yield Problem(path, "a budget, but the offer takes nothing off", "add `discount`, or leave it out")
    elif offer.coupon is None:
        yield Problem(path, "a budget, but without a coupon nothing says what was spent", "add `coupon: …`")
    elif offer.discount.amount is not None and offer.discount.amount.currency != budget.currency:
        yield Problem(path, f"a budget of {budget} for {offer.discount.amount} off", "use one currency")
    elif offer.discount.amount is not None and offer.discount.amount.cents > budget.cents:
        yield Problem(path, f"{budget} does not pay for one, at {offer.discount.amount} off", "write a larger budget")
    elif offer.discount.percent is not None:
        for product in offered:
            if product.price is not None and product.price.currency != budget.currency:
                yield Problem(path, f"a budget of {budget} for `{product.id}`, at {product.price}", "use one currency")


def _some_price(offered: Sequence[Product]) -> bool:
    return any(product.price is not None for product in offered)


def _named(offered: Sequence[Product]) -> str:
    if len(offered) == 1:
        return f"`{offered[0].id}`"
    categories = {product.category for product in offered}
    return f"the category `{offered[0].category}`" if len(categories) == 1 else "any product"
