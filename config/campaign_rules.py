"""From a campaign as it is written to one that decides."""

from __future__ import annotations

from collections.abc import Mapping

from config import language
from config.consistency import chosen
from config.quantities import DAY
from offers import campaigns
from offers.attributes import Asked
from offers.contact_policy import Announcement
from offers.limits import Each, Limits
from offers.offer_rules import CameOf, Offered
from offers.purchase_rules import Bought, PurchaseCount, Spent
from offers.recommendation import Recommendation, Source
from offers.triggers import Happening, Scannable, TriggerKind, When, subject
from offers.visit_rules import Came, Coming, Usual


def campaign_rules(
    campaign: language.Campaign,
    place: int,
    stores: Mapping[str, language.Store],
    places: Mapping[str, language.Place],
    full: language.Description,
) -> campaigns.Campaign:
    """`campaign` as it decides; `place` is its order in the file, `stores` and `places` those of `full` by id."""
    per_member = campaign.limits.per_member
    templates = tuple(_offer(offer, full.locale.partition("-")[0], stores) for offer in campaign.offers)
    return campaigns.Campaign(
        id=campaign.id,
        place=place,
        when=_when(campaign.when, stores, places),
        offer=templates[0],
        series=templates if campaign.series else (),
        who=_who(campaign.who, stores),
        limits=_limits(campaign.limits),
        per_member=campaigns.PerMember(per_member.at_most, per_member.in_any) if per_member else None,
        priority=campaign.priority,
        holdout_percent=campaign.holdout,
        first_day=campaign.dates.first,
        last_day=campaign.dates.until,
        store=campaign.store,
        reward=campaign.kind == "reward",
        for_newcomers=campaign.for_newcomers,
        announces=_announcement(campaign),
    )


def _limits(limits: language.Limits) -> Limits:
    return Limits(limits.offers, limits.budget, frozenset(map(Each, limits.each)))


def notice_rules(
    notice: language.Notice,
    place: int,
    stores: Mapping[str, language.Store],
    places: Mapping[str, language.Place],
    full: language.Description,
) -> campaigns.Campaign:
    """`notice` as it decides: it waits and chooses as a campaign does, and reads the same to everybody."""
    text = campaigns.Text(notice.text, notice.text)
    return campaigns.Campaign(
        id=notice.id,
        place=place,
        when=_when(notice.when, stores, places),
        offer=campaigns.OfferTemplate({full.locale.partition("-")[0]: text}),
        who=_who(notice.who, stores),
        first_day=notice.dates.first,
        last_day=notice.dates.until,
        store=notice.store,
    )


def _announcement(campaign: language.Campaign) -> Announcement | None:
    """Where nothing is named, a campaign announces itself."""
    announce = campaign.announce
    return None if announce is None else Announcement(announce.every, announce.next or campaign.id)


def _when(when: language.When, stores: Mapping[str, language.Store], places: Mapping[str, language.Place]) -> When:
    steps = [happening(step, stores, places) for step in when.sequence or (when,)]
    return When(
        *steps[-1],
        nth=when.visit if isinstance(when.visit, int) else None,
        before=tuple(Happening(*step) for step in steps[:-1]),
        within=when.within or 0,
        not_seen_for=when.not_seen_for,
        dayparts=when.dayparts,
        even_closed=when.even_closed,
    )


KINDS = {
    "enters": TriggerKind.ENTER,
    "exits": TriggerKind.EXIT,
    "passes": TriggerKind.PASS_BY,
    "dwells": TriggerKind.DWELL,
    "checks_in": TriggerKind.CHECK_IN,
    "scans": TriggerKind.SCAN,
    "visit": TriggerKind.VISIT,
}


def happening(
    said: language.Happening, stores: Mapping[str, language.Store], places: Mapping[str, language.Place]
) -> tuple[TriggerKind, frozenset[str], str | None, frozenset[str]]:
    """What it is, at which stores or places, at which ring, and of what."""
    at = getattr(said, said.name)
    if said.places is not None:
        where = frozenset(place.id for place in chosen(said.places, places))
    else:
        choice = said.stores if said.visit is not None else at.stores
        where = frozenset(store.id for store in chosen(choice or language.ALL_STORES, stores))
    ring = at.ring if isinstance(at, language.AtRing) else None
    return KINDS[said.name], where, ring, _subjects(at) if isinstance(at, language.Scans) else frozenset()


def _subjects(scans: language.Scans) -> frozenset[str]:
    named = (("product", scans.product or ()), ("category", scans.category or ()))
    return frozenset(subject(kind, name) for kind, names in named for name in names)


def shelves(full: language.Description) -> dict[str, Scannable]:
    """What can be scanned in one store alone, by its code."""
    categories = {product.id: product.category for product in full.products}
    found: dict[str, Scannable] = {}
    for store in full.stores:
        for shelf in store.shelves:
            category = shelf.category or categories.get(shelf.product or "")
            found[shelf.code] = Scannable(shelf.product, category, store.id)
    return found


def _who(who: language.Who, stores: Mapping[str, language.Store]) -> campaigns.Who:
    ever = [each for each in who.visits if each.within is None]
    return campaigns.Who(
        tiers=frozenset(who.tier) if who.tier is not None else None,
        bought=tuple(map(_bought, who.bought)),
        not_bought=tuple(map(_bought, who.not_bought)),
        spent=tuple(_spent(each) for each in who.spent),
        purchases=tuple(PurchaseCount(each.within // DAY, each.at_least, each.at_most) for each in who.purchases),
        least_visits=max((each.at_least for each in ever if each.at_least is not None), default=None),
        most_visits=min((each.at_most for each in ever if each.at_most is not None), default=None),
        attributes=tuple(_asked(name, said) for name, said in sorted(who.attributes.items())),
        came=tuple(_came(each, each.within, stores) for each in who.visits if each.within is not None),
        usual=tuple(_usual(each, stores) for each in who.usual),
        offered=tuple(_offered(each) for each in who.offers),
    )


def _came(visits: language.VisitCount, within: int, stores: Mapping[str, language.Store]) -> Came:
    return Came(_coming(visits, within, stores), visits.at_least, visits.at_most)


def _usual(usual: language.Usual, stores: Mapping[str, language.Store]) -> Usual:
    return Usual(_coming(usual, usual.within, stores), usual.at_least, usual.share)


def _coming(said: language.Coming, within: int, stores: Mapping[str, language.Store]) -> Coming:
    if isinstance(said.stores, language.Stores):
        return Coming(within, frozenset(store.id for store in chosen(said.stores, stores)), dayparts=said.dayparts)
    return Coming(within, here=said.stores is not None, dayparts=said.dayparts)


def _offered(said: language.Offered) -> Offered:
    came_of = None if said.came_of is None else CameOf(said.came_of)
    return Offered(said.at_least, said.at_most, came_of, frozenset(said.campaign or ()), said.within, said.last)


def _asked(name: str, said: language.Attribute) -> Asked:
    return Asked(name, said.any_of, said.at_least, said.at_most)


def _bought(bought: language.Bought) -> Bought:
    return Bought(bought.within, bought.category, bought.product)


def _spent(spent: language.Spent) -> Spent:
    return Spent(spent.within // DAY, spent.category, spent.at_least, spent.at_most)


def _offer(offer: language.Offer, own_language: str, stores: Mapping[str, language.Store]) -> campaigns.OfferTemplate:
    return campaigns.OfferTemplate(
        texts=_texts(offer, own_language),
        product=offer.product.id if offer.product else None,
        category=offer.product.category if offer.product else None,
        recommend=_recommendation(offer.product) if offer.product else None,
        scanned=offer.product is not None and offer.product.scanned is not None,
        service=offer.service,
        discount=offer.discount,
        coupon_valid_for=offer.coupon.valid_for if offer.coupon else None,
        coupon_stores=_coupon_stores(offer.coupon, stores),
        valid_for=offer.valid_for,
        link=offer.link,
        image=offer.image,
        stamp=offer.stamp,
        cost=offer.cost,
    )


def _recommendation(product: language.ProductChoice) -> Recommendation | None:
    if product.recommend is None:
        return None
    sources = dict.fromkeys((*product.recommend.source, *product.otherwise))
    return Recommendation(tuple(map(Source, sources)), product.recommend.category)


def _coupon_stores(coupon: language.Coupon | None, stores: Mapping[str, language.Store]) -> tuple[str, ...] | None:
    if coupon is None or coupon.stores is None:
        return None
    return () if coupon.stores.all else tuple(store.id for store in chosen(coupon.stores, stores))


def _texts(offer: language.Offer, own_language: str) -> dict[str, campaigns.Text]:
    """The retailer's own language first, the others by name: the order of keys in the YAML means nothing."""
    ordered = sorted(offer.text, key=lambda each: (each != own_language, each))
    return {each: _text(offer.text[each]) for each in ordered}


def _text(wordings: tuple[language.Wording, ...]) -> campaigns.Text:
    first, *others = wordings
    return campaigns.Text(first.tu, first.vous, _text(tuple(others)) if others else None)
