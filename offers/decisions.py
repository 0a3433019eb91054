"""The verdict on one occasion: at most one offer, and for each trigger the record of why this one, or why none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from geofences.ids import timed_id
from offers.candidates import Candidate
from offers.coupons import coupon_code
from offers.eligibility import Refusal
from offers.members import Member
from offers.money import Money
from offers.occasions import Occasion
from offers.stopping import stop_url
from offers.triggers import Trigger
from offers.weighing import Circumstances, Weighed, weigh
from offers.withheld import Withheld


class OfferCoupon(NamedTuple):
    """The coupon of an offer: its code, and the first millisecond in which it no longer holds."""

    code: str
    expires_at: int


class Offer(NamedTuple):
    """One personalised offer; times in milliseconds UTC."""

    id: str
    retailer: str
    member: str
    campaign: str
    store: str
    ring: str | None
    text: str
    locale: str
    created_at: int
    expires_at: int
    rules: str
    trigger: Trigger
    stop_url: str
    product: str | None = None
    service: str | None = None
    link: str | None = None
    image: str | None = None
    stamp: int | None = None
    cost: Money | None = None
    """Of sending it; told in the decision, never to the member."""
    discount: str | None = None
    coupon: OfferCoupon | None = None


class Considered(NamedTuple):
    """One campaign as it was considered at one trigger; `refusal` is None for the one that won."""

    campaign: str
    refusal: Refusal | None


class Decision(NamedTuple):
    """The record of one trigger."""

    id: str
    rules: str
    trigger: Trigger
    retailer: str
    member: str | None
    at: int
    considered: tuple[Considered, ...]
    reason: Withheld | None = None
    detail: str | None = None
    campaign: str | None = None
    offer: str | None = None
    cost: Money | None = None


class Verdict(NamedTuple):
    """What comes of an occasion: a decision for each trigger, and the offer with its candidate where there is one."""

    decisions: tuple[Decision, ...]
    offer: Offer | None = None
    winner: Candidate | None = None


def decide(occasion: Occasion, member: Member | None, circumstances: Circumstances) -> Verdict:
    """The verdict on `occasion`; `member` is None where nobody is known behind the device."""
    weighed = weigh(occasion, member, circumstances)
    if isinstance(weighed, Refusal):
        return withhold(occasion, weighed, circumstances)
    offer = None if weighed.winner is None else _offer(weighed.winner, occasion, circumstances)
    told = [_told(trigger, occasion, weighed, offer, circumstances) for trigger in occasion.triggers]
    return Verdict(tuple(told), offer, weighed.winner)


def withhold(occasion: Occasion, refused: Refusal, circumstances: Circumstances) -> Verdict:
    """The verdict where one reason holds for all triggers."""
    return Verdict(tuple([_decision(each, occasion, circumstances, (), refused) for each in occasion.triggers]))


def _told(
    trigger: Trigger, occasion: Occasion, weighed: Weighed, offer: Offer | None, circumstances: Circumstances
) -> Decision:
    own = [each for each in weighed.candidates if each[0].trigger.id == trigger.id]
    considered = tuple([Considered(candidate.campaign.id, against) for candidate, against in own])
    if offer is not None and offer.trigger.id == trigger.id:
        return _decision(trigger, occasion, circumstances, considered, None, offer)
    refused = _why_not(trigger, considered, weighed.silent, circumstances)
    return _decision(trigger, occasion, circumstances, considered, refused)


def _why_not(
    trigger: Trigger, considered: Iterable[Considered], silent: frozenset[str], circumstances: Circumstances
) -> Refusal:
    if trigger.id in silent:
        return Refusal(Withheld.SHADOWED, "another ring of the store speaks for it")
    first = next((each.refusal for each in considered if each.refusal is not None), None)
    if first is not None:
        return first
    if circumstances.rules.waiting(trigger):
        return Refusal(Withheld.OUTRANKED, "its campaigns were weighed at another trigger of this occasion")
    return Refusal(Withheld.NO_CAMPAIGN, "no campaign waits for this")


def _decision(
    trigger: Trigger,
    occasion: Occasion,
    circumstances: Circumstances,
    considered: tuple[Considered, ...],
    refused: Refusal | None,
    offer: Offer | None = None,
) -> Decision:
    """The record of `trigger`: why nothing came of it, or the offer that did."""
    reason, detail = refused or (None, None)
    campaign, named, cost = (None, None, None) if offer is None else (offer.campaign, offer.id, offer.cost)
    return Decision(
        decision_id(trigger),
        circumstances.rules.hash,
        trigger,
        occasion.retailer,
        occasion.member,
        trigger.at,
        considered,
        reason,
        detail,
        campaign,
        named,
        cost,
    )


def decision_id(trigger: Trigger) -> str:
    """One decision a trigger; it begins with the trigger's time."""
    return timed_id(trigger.at, "decision", trigger.id)


def _offer(candidate: Candidate, occasion: Occasion, circumstances: Circumstances) -> Offer:
    trigger, template, retailer = candidate.trigger, candidate.template, occasion.retailer
    campaign, member, secret = candidate.campaign.id, candidate.member.id, circumstances.secret
    offer_id = timed_id(trigger.at, "offer", retailer, member, campaign, occasion.id)
    until, product = candidate.coupon_until, candidate.product
    return Offer(
        offer_id,
        retailer,
        member,
        campaign,
        candidate.store.id,
        trigger.ring,
        candidate.worded.text,
        candidate.worded.locale,
        trigger.at,
        until if until is not None else trigger.at + template.valid_for,
        circumstances.rules.hash,
        trigger,
        stop_url(circumstances.public_url, retailer, member, secret),
        product=product.id if product else None,
        service=template.service,
        link=template.link,
        image=template.image,
        stamp=template.stamp,
        cost=template.cost,
        discount=_discount(candidate),
        coupon=None if until is None else OfferCoupon(coupon_code(secret, offer_id), until),
    )


def _discount(candidate: Candidate) -> str | None:
    """What the till takes off, as money; the share where no price is known."""
    value = candidate.template.discount
    if value is None:
        return None
    return f"{value.percent}%" if candidate.worth is None else str(candidate.worth)
