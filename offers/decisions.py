"""The verdict on one occasion: at most one offer, and for each trigger the record of why this one, or why none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from geofences.ids import timed_id
from offers.campaigns import Campaign, Rules
from offers.coupons import coupon_code
from offers.eligibility import Candidate, Refusal, refusal
from offers.hearing import Hearing
from offers.members import Member, Purpose, Wish
from offers.money import Money
from offers.occasions import Occasion, shadowed
from offers.products import Product
from offers.ranking import rank
from offers.recommendation import NOTHING_SOLD, Recommender
from offers.stopping import stop_url
from offers.triggers import Trigger
from offers.withheld import Withheld


@dataclass(frozen=True, slots=True)
class OfferCoupon:
    """The coupon of an offer: its code, and the first millisecond in which it no longer holds."""

    code: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Offer:
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


@dataclass(frozen=True, slots=True)
class Considered:
    """One campaign as it was considered at one trigger; `refusal` is None for the one that won."""

    campaign: str
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Decision:
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of an occasion: a decision for each trigger, and the offer with its candidate where there is one."""

    decisions: tuple[Decision, ...]
    offer: Offer | None = None
    winner: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision rests on beside the occasion and the member. `now` and times are milliseconds UTC.

    `refused` holds what the claim already refused in this occasion, by campaign; coupon codes rest on `secret`, the
    retailer's own.
    """

    rules: Rules
    catalogue: Mapping[str, Product]
    now: int
    secret: bytes
    public_url: str
    refused: Mapping[str, Refusal]
    recommender: Recommender = NOTHING_SOLD


def decide(occasion: Occasion, member: Member | None, circumstances: Circumstances) -> Verdict:
    """The verdict on `occasion`; `member` is None where nobody is known behind the device."""
    if member is None:
        return withhold(occasion, Refusal(Withheld.NO_MEMBER, "nobody is known behind the device"), circumstances)
    general = _general(occasion, member, circumstances)
    if general is not None:
        return withhold(occasion, general, circumstances)
    return _best(occasion, _candidates(occasion, member, circumstances), circumstances)


def withhold(occasion: Occasion, refused: Refusal, circumstances: Circumstances) -> Verdict:
    """The verdict where one reason holds for all triggers."""
    return Verdict(tuple(_decision(each, occasion, circumstances, refused) for each in occasion.triggers))


def _general(occasion: Occasion, member: Member, circumstances: Circumstances) -> Refusal | None:
    """What speaks against any offer at all, whatever the campaigns."""
    if not member.consent.allows(Purpose.OFFERS):
        return Refusal(Withheld.NO_CONSENT, "no consent to offers")
    if member.consent.wish is Wish.STOP:
        return Refusal(Withheld.STOPPED, "the member said stop")
    if circumstances.now - occasion.at > circumstances.rules.max_trigger_age:
        return Refusal(Withheld.STALE_TRIGGER, "it happened too long ago to greet anybody now")
    return None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A candidate in the ranking of its occasion, with the trigger that brought it."""

    trigger: Trigger
    candidate: Candidate


def _candidates(occasion: Occasion, member: Member, circumstances: Circumstances) -> list[_Entry]:
    """All candidates of all triggers that may speak, best first; a campaign stands once, under its first trigger."""
    silent = shadowed(occasion.triggers, circumstances.rules)
    hearings = {at: Hearing(member, at, circumstances.rules) for at in {trigger.at for trigger in occasion.triggers}}
    entries = {
        campaign.id: _Entry(trigger, _candidate(campaign, trigger, hearings[trigger.at], circumstances))
        for trigger in reversed(occasion.triggers)
        if trigger.id not in silent
        for campaign in waiting(trigger, circumstances.rules)
    }
    return sorted(entries.values(), key=lambda entry: rank(entry.candidate))


def waiting(trigger: Trigger, rules: Rules) -> tuple[Campaign, ...]:
    """The campaigns that wait for `trigger`, best first."""
    return rules.waiting(trigger)


def candidate_at(trigger: Trigger, campaign: Campaign, member: Member, circumstances: Circumstances) -> Candidate:
    """`campaign` before `member`, at the store of `trigger`, or the one the campaign speaks of."""
    return _candidate(campaign, trigger, Hearing(member, trigger.at, circumstances.rules), circumstances)


def _candidate(campaign: Campaign, trigger: Trigger, hearing: Hearing, circumstances: Circumstances) -> Candidate:
    store = circumstances.rules.stores[trigger.store or campaign.store or ""]
    rules, catalogue, recommender = circumstances.rules, circumstances.catalogue, circumstances.recommender
    return Candidate(campaign, hearing.member, trigger.at, store, rules, catalogue, trigger, recommender, hearing)


def _best(occasion: Occasion, entries: list[_Entry], circumstances: Circumstances) -> Verdict:
    """The first candidate that nothing speaks against wins; one held out wins nothing, and nor does anybody else."""
    refusals: dict[str, Refusal | None] = {}
    winner: _Entry | None = None
    settled = False
    for entry in entries:
        found = refusal(entry.candidate)
        if found is None and settled:
            found = Refusal(Withheld.OUTRANKED, "another campaign of this occasion came first")
        elif found is None:
            found = _last_hurdles(entry, occasion, circumstances)
            settled = found is None or found.reason is Withheld.HOLDOUT
            winner = entry if found is None else None
        refusals[entry.candidate.campaign.id] = found
    offer = _offer(occasion, winner, circumstances) if winner else None
    decisions = _decisions(occasion, entries, refusals, offer, circumstances)
    return Verdict(tuple(decisions), offer, winner.candidate if winner else None)


def _last_hurdles(entry: _Entry, occasion: Occasion, circumstances: Circumstances) -> Refusal | None:
    """The holdout, then what the claim refused; last a budget of which nobody can say what it would have to give."""
    campaign = entry.candidate.campaign
    if held_out(occasion.retailer, entry.candidate.member.id, campaign):
        return Refusal(Withheld.HOLDOUT, "the member is in the control group of this campaign")
    refused = circumstances.refused.get(campaign.id)
    if refused is None and campaign.limits.cost(entry.candidate.worth) is None:
        return Refusal(Withheld.OUT_OF_BUDGET, "what it would cost is not known in the currency of the budget")
    return refused


def held_out(retailer: str, member: str, campaign: Campaign) -> bool:
    """Whether the member is in the campaign's control group: stable for good, and independent between campaigns."""
    if not campaign.holdout_percent:
        return False
    digest = hashlib.sha256("\0".join((retailer, campaign.id, member)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < campaign.holdout_percent


def _decisions(
    occasion: Occasion,
    entries: list[_Entry],
    refusals: Mapping[str, Refusal | None],
    offer: Offer | None,
    circumstances: Circumstances,
) -> Iterator[Decision]:
    silent = shadowed(occasion.triggers, circumstances.rules)
    for trigger in occasion.triggers:
        own = [entry.candidate.campaign.id for entry in entries if entry.trigger.id == trigger.id]
        considered = tuple(Considered(campaign, refusals[campaign]) for campaign in own)
        refused = _why_not(trigger, considered, silent, circumstances)
        decision = _decision(trigger, occasion, circumstances, refused, considered)
        yield _offered(decision, offer) if offer is not None and offer.trigger.id == trigger.id else decision


def _why_not(
    trigger: Trigger, considered: Iterable[Considered], silent: frozenset[str], circumstances: Circumstances
) -> Refusal:
    if trigger.id in silent:
        return Refusal(Withheld.SHADOWED, "another ring of the store speaks for it")
    first = next((each.refusal for each in considered if each.refusal is not None), None)
    if first is not None:
        return first
    if waiting(trigger, circumstances.rules):
        return Refusal(Withheld.OUTRANKED, "its campaigns were weighed at another trigger of this occasion")
    return Refusal(Withheld.NO_CAMPAIGN, "no campaign waits for this")


def _decision(
    trigger: Trigger,
    occasion: Occasion,
    circumstances: Circumstances,
    refused: Refusal,
    considered: tuple[Considered, ...] = (),
) -> Decision:
    return Decision(
        decision_id(trigger),
        circumstances.rules.hash,
        trigger,
        occasion.retailer,
        occasion.member,
        trigger.at,
        considered,
        reason=refused.reason,
        detail=refused.detail,
    )


def _offered(decision: Decision, offer: Offer) -> Decision:
    """The same decision, where the offer came of it."""
    return replace(decision, reason=None, detail=None, campaign=offer.campaign, offer=offer.id, cost=offer.cost)


def decision_id(trigger: Trigger) -> str:
    """One decision a trigger; it begins with the trigger's time."""
    return timed_id(trigger.at, "decision", trigger.id)


def _offer(occasion: Occasion, winner: _Entry, circumstances: Circumstances) -> Offer:
    candidate, trigger, template = winner.candidate, winner.trigger, winner.candidate.template
    offer_id = timed_id(trigger.at, "offer", occasion.retailer, candidate.member.id, candidate.campaign.id, occasion.id)
    until, product = candidate.coupon_until, candidate.product
    return Offer(
        offer_id,
        occasion.retailer,
        candidate.member.id,
        candidate.campaign.id,
        candidate.store.id,
        trigger.ring,
        candidate.worded.text,
        candidate.worded.locale,
        trigger.at,
        until if until is not None else trigger.at + template.valid_for,
        circumstances.rules.hash,
        trigger,
        stop_url(circumstances.public_url, occasion.retailer, candidate.member.id, circumstances.secret),
        product=product.id if product else None,
        service=template.service,
        link=template.link,
        image=template.image,
        stamp=template.stamp,
        cost=template.cost,
        discount=_discount(candidate),
        coupon=None if until is None else OfferCoupon(coupon_code(circumstances.secret, offer_id), until),
    )


def _discount(candidate: Candidate) -> str | None:
    """What the till takes off, as money; the share where no price is known."""
    value = candidate.template.discount
    if value is None:
        return None
    return f"{value.percent}%" if candidate.worth is None else str(candidate.worth)
