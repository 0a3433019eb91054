"""From a campaign as it is written to one that decides."""

from __future__ import annotations

from config import language
from config.consistency import chosen
from offers import campaigns


def campaign_rules(
    campaign: language.Campaign, place: int, stores: dict[str, language.Store], full: language.Description
) -> campaigns.Campaign:
    """`campaign` as it decides; `place` is its order in the file, `stores` those of the filled description by id."""
    per_member = campaign.limits.per_member
    return campaigns.Campaign(
        id=campaign.id,
        place=place,
        when=_when(campaign.when, stores),
        offer=_offer(campaign.offer, full.locale.partition("-")[0]),
        who=_who(campaign.who),
        places=campaign.limits.offers,
        per_member=campaigns.PerMember(per_member.at_most, per_member.in_any) if per_member else None,
        priority=campaign.priority,
        holdout_percent=campaign.holdout,
        first_day=campaign.dates.first,
        last_day=campaign.dates.until,
    )


def _when(when: language.When, stores: dict[str, language.Store]) -> campaigns.When:
    def ids(choice: language.Stores | None) -> frozenset[str]:
        return frozenset(store.id for store in chosen(choice or language.ALL_STORES, stores))

    if when.enters is not None:
        return campaigns.When(campaigns.TriggerKind.ENTER, ids(when.enters.stores), ring=when.enters.ring)
    if when.checks_in is not None:
        return campaigns.When(campaigns.TriggerKind.CHECK_IN, ids(when.checks_in.stores))
    nth = when.visit if isinstance(when.visit, int) else None
    return campaigns.When(campaigns.TriggerKind.VISIT, ids(when.stores), nth=nth)


def _who(who: language.Who) -> campaigns.Who:
    visits = who.visits or language.VisitCount.model_construct()
    return campaigns.Who(
        tiers=frozenset(who.tier) if who.tier is not None else None,
        bought=tuple(map(_bought, who.bought)),
        not_bought=tuple(map(_bought, who.not_bought)),
        least_visits=visits.at_least,
        most_visits=visits.at_most,
    )


def _bought(bought: language.Bought) -> campaigns.Bought:
    return campaigns.Bought(bought.within, bought.category, bought.product)


def _offer(offer: language.Offer, own_language: str) -> campaigns.OfferTemplate:
    return campaigns.OfferTemplate(
        texts=_texts(offer, own_language),
        product=offer.product.id if offer.product else None,
        category=offer.product.category if offer.product else None,
        service=offer.service,
        discount=offer.discount,
        coupon_valid_for=offer.coupon.valid_for if offer.coupon else None,
        valid_for=offer.valid_for,
        link=offer.link,
        image=offer.image,
    )


def _texts(offer: language.Offer, own_language: str) -> dict[str, campaigns.Text]:
    """The retailer's own language first, the others by name: the order of keys in the YAML means nothing."""
    ordered = sorted(offer.text, key=lambda each: (each != own_language, each))
    return {each: campaigns.Text(offer.text[each].tu, offer.text[each].vous) for each in ordered}
