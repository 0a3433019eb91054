"""What is sound and may yet not be what was meant: whom a campaign never reaches, and what can never begin it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from config.consistency import chosen, reached_stores, to_be_scanned
from config.findings import Path, Problem
from config.language import Campaign, Description, Newcomers, Offer, Product, Scans, Store
from config.opening_hours import WrittenHours
from offers.templates import names

NOT_OF_EVERYBODY = {"first_name": "without a first name on file", "points": "whose points were never told"}
"""Names that are not known of every member, and of whom they are not."""

_STEP = timedelta(minutes=5)
_WEEK = tuple(datetime(2026, 2, 2) + place * _STEP for place in range(7 * 24 * 12))
"""A week without a public holiday anywhere that matters, from its Monday on."""


def advice(description: Description) -> Iterator[Problem]:
    """All that is to be said of a description without findings."""
    stores = {store.id: store for store in description.stores}
    for number, campaign in enumerate(description.campaigns):
        path: Path = ("campaigns", number)
        yield from _codes(campaign, path, stores, description.products)
        yield from _hours(campaign, path, stores, description)
        yield from _newcomers(campaign, path, description.contact.newcomers)
        for step, offer in enumerate(campaign.offers):
            place: Path = ("series", step) if campaign.series else ("offer",)
            yield from _texts(offer, (*path, *place, "text"))
    for number, notice in enumerate(description.notices):
        for name in dict.fromkeys(_personal(notice.text)):
            what = f"nobody hears of members {NOT_OF_EVERYBODY[name]}"
            yield Problem(("notices", number, "text"), what, f"write it without `${name}`, if they are to")


def _texts(offer: Offer, path: Path) -> Iterator[Problem]:
    """Languages in which some members hear nothing, because all texts name what is not known of them."""
    for language, wordings in offer.text.items():
        for tone in ("tu", "vous"):
            personal = [_personal(getattr(wording, tone)) for wording in wordings]
            if all(personal):
                name = personal[-1][0]
                what = f"members {NOT_OF_EVERYBODY[name]} hear nothing of this"
                yield Problem((*path, language), what, f"add a text without `${name}` after it, if they are to")
                break


def _personal(text: str) -> list[str]:
    return [named.name for named in names(text) if named.name in NOT_OF_EVERYBODY]


def _codes(
    campaign: Campaign, path: Path, stores: Mapping[str, Store], products: Sequence[Product]
) -> Iterator[Problem]:
    scans = campaign.when.trigger.scans
    if scans is None or _can_be_scanned(scans, stores, products):
        return
    named = ", ".join(f"`{each}`" for each in (*(scans.product or ()), *(scans.category or ()))) or "any product"
    what = f"there is no code of {named} to be scanned"
    yield Problem((*path, "when"), what, "give products `codes` or stores `shelves`, if no product message does")


def _can_be_scanned(scans: Scans, stores: Mapping[str, Store], products: Sequence[Product]) -> bool:
    asked = {each.id: each for each in to_be_scanned(scans, {product.id: product for product in products})}
    shelves = [shelf for store in chosen(scans.stores, stores) for shelf in store.shelves]
    of_all = scans.product is None and scans.category is None
    return any(product.codes for product in asked.values()) or any(
        of_all or shelf.product in asked or shelf.category in (scans.category or ()) for shelf in shelves
    )


def _hours(campaign: Campaign, path: Path, stores: Mapping[str, Store], description: Description) -> Iterator[Problem]:
    """Parts of the week in which nobody can hear of it: the stores are closed, or the hours are quiet."""
    covered = [moment for moment in _WEEK if any(part.covers(moment) for part in campaign.when.dayparts)]
    quiet = description.contact.quiet_hours
    if not covered:
        return
    place = (*path, "when", "dayparts")
    if quiet is not None and all(quiet.cover(moment.time()) for moment in covered):
        yield Problem(place, "these are quiet hours, in which nobody hears anything", "choose other hours")
    elif not campaign.when.even_closed and not any(
        store.hours is None or any(moment in _open(store.hours) for moment in covered)
        for store in reached_stores(campaign, stores)
    ):
        yield Problem(place, "its stores are closed at these hours", "choose others, or add `even_closed: true`")


def _newcomers(campaign: Campaign, path: Path, ramp: Newcomers | None) -> Iterator[Problem]:
    """Visits at which most members are newcomers, to whom it does not speak."""
    nth = campaign.when.visit
    if ramp is None or campaign.for_newcomers or campaign.kind == "reward":
        return
    if isinstance(nth, int) and nth <= ramp.first_visits:
        what = f"until visit {ramp.first_visits} only campaigns for newcomers speak"
        yield Problem((*path, "when", "visit"), what, "add `for_newcomers: true`, or `kind: reward` if it is earned")


@lru_cache(maxsize=1_024)
def _open(hours: str) -> frozenset[datetime]:
    written = WrittenHours(hours, None)
    return frozenset(moment for moment in _WEEK if written.is_open(moment))
