"""Steps 6 to 8: occasions to outcomes, each decided on what is known, claimed at once, and then final.

A batch is worked in rounds. A round takes the occasions in their order up to the first whose member already has one in
it, so that each sees what the one before did, and nothing depends on where a batch was cut.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from offers.campaigns import Campaign
from offers.contact_policy import kept_contacts
from offers.decisions import Verdict, decide
from offers.eligibility import Refusal
from offers.members import Consent, Contact, Purpose, Visits
from offers.notices import Notice, noticed, notices_of
from offers.occasions import Occasion
from offers.sequences import remembered
from offers.series import with_step
from offers.triggers import Trigger
from offers.visits import with_visit
from offers.weighing import Circumstances
from offers.withheld import Withheld
from streams.assortments import assortments
from streams.errors import InfrastructureError
from streams.outputs import offer_record
from streams.retailers import Retailers
from streams.settled import Settled, decisions_told, notices_told
from streams.steps import Gate, Step
from streams.tables.members import Claim, Loaded, Outcome
from streams.tables.places import DEADLINE, Asked, Token
from streams.tables.tables import Tables
from streams.voiding import found

MOST_ROUND = 256
"""Occasions worked together."""

_OUT = {
    Withheld.OUT_OF_STOCK: Refusal(Withheld.OUT_OF_STOCK, "all offers of this campaign are given"),
    Withheld.OUT_OF_BUDGET: Refusal(Withheld.OUT_OF_BUDGET, "what is left of the budget is too little"),
}


@dataclass(slots=True)
class _Pending:
    """An occasion on its way, and what its claim already refused."""

    occasion: Occasion
    place: int
    refused: dict[str, Refusal] = field(default_factory=dict)
    held: set[tuple[str, Token]] = field(default_factory=set)
    """Places reserved for it, by campaign; those that its outcome does not hold are given back once it is final."""

    @property
    def owner(self) -> str:
        return f"{self.occasion.retailer}|{self.occasion.subject}"


@dataclass(frozen=True, slots=True)
class _Drafted:
    """What would come of an occasion, if its claim stands."""

    pending: _Pending
    loaded: Loaded
    verdict: Verdict
    visits: Visits
    notices: tuple[Notice, ...] = ()

    @property
    def winner(self) -> Campaign:
        if self.verdict.winner is None:
            raise ValueError("nothing won")
        return self.verdict.winner.campaign

    @property
    def limited(self) -> bool:
        return self.verdict.winner is not None and bool(self.winner.limits)


async def settle(
    occasions: Sequence[Occasion], tables: Tables, retailers: Retailers, now: int, gate: Gate
) -> list[Settled]:
    """The outcomes of `occasions`, in their order. `now` is in milliseconds."""
    waiting_line = deque(_Pending(occasion, place) for place, occasion in enumerate(occasions))
    settled: dict[int, Settled] = {}
    while waiting_line:
        round_ = _next_round(waiting_line)
        done, again = await _work(round_, tables, retailers, now, gate)
        for pending, outcome in done:
            settled[pending.place] = outcome
        waiting_line.extendleft(reversed(again))
    return [settled[place] for place in range(len(occasions))]


def _next_round(waiting_line: deque[_Pending]) -> list[_Pending]:
    """The longest beginning of the line in which no member stands twice."""
    round_: list[_Pending] = []
    owners: set[str] = set()
    while waiting_line and waiting_line[0].owner not in owners and len(round_) < MOST_ROUND:
        owners.add(waiting_line[0].owner)
        round_.append(waiting_line.popleft())
    return round_


Done = list[tuple[_Pending, Settled]]


async def _work(
    round_: list[_Pending], tables: Tables, retailers: Retailers, now: int, gate: Gate
) -> tuple[Done, list[_Pending]]:
    """What is settled of a round, and what must be worked again, in order."""
    gate(Step.LOAD)
    loaded = await tables.members.load([(pending.owner, pending.occasion.id) for pending in round_])
    offered = await assortments([pending.occasion for pending in round_], tables, retailers)
    gate(Step.DECIDE)
    done: Done = []
    drafts: list[_Drafted] = []
    for pending, member in zip(round_, loaded, strict=True):
        retailer = retailers[pending.occasion.retailer]
        if member.outcome is not None:
            done.append((pending, await found(pending.occasion, member, member.outcome, tables, retailer, now)))
            continue
        catalogue, recommender = offered[retailer.name]
        circumstances = retailer.circumstances(catalogue, now, pending.refused, recommender)
        drafts.append(_draft(pending, member, circumstances))
    gate(Step.CLAIM)
    claimed, again = await _claim(drafts, tables, now)
    done += claimed
    await _give_back_unused(done, tables)
    return done, again


def _draft(pending: _Pending, loaded: Loaded, circumstances: Circumstances) -> _Drafted:
    """The verdict on an occasion, its own visit counted first."""
    occasion, visits, consent = pending.occasion, loaded.member.visits, loaded.member.consent
    if occasion.visits and consent.lets_positions_in:
        visits, new = _with_visits(visits, occasion)
        occasion = occasion if new else occasion.without_visits()
    if occasion.steps:
        steps = [step for step in occasion.steps if _may_remember(step, consent)]
        visits = remembered(visits, steps, circumstances.rules.trail_kept)
    known = replace(loaded.member, visits=visits) if occasion.member is not None else None
    notices = notices_of(occasion, known, circumstances)
    if notices:
        visits = noticed(visits, notices, circumstances.rules.trail_kept)
    return _Drafted(pending, loaded, decide(occasion, known, circumstances), visits, notices)


def _may_remember(step: Trigger, consent: Consent) -> bool:
    return consent.lets_positions_in if step.place is None else consent.allows(Purpose.LOCATION_HISTORY)


def _with_visits(visits: Visits, occasion: Occasion) -> tuple[Visits, bool]:
    """`visits` with those of `occasion`, and whether any of them is new."""
    any_new = False
    for store in occasion.visits:
        visits, new = with_visit(visits, store, occasion.at)
        any_new = any_new or new
    return visits, any_new


async def _claim(drafts: list[_Drafted], tables: Tables, now: int) -> tuple[Done, list[_Pending]]:
    """Reserve places, then make the outcomes final.

    The first that is refused a place goes to its next candidate, which may be one that others after it hold already: so
    those give their places back, and all of them are worked again in their order.
    """
    limited = [draft for draft in drafts if draft.limited]
    began = time.monotonic()
    asked = [_place(draft) for draft in limited]
    got = await tables.places.reserve(asked, now)
    refused = [draft for draft, out in zip(limited, got, strict=True) if out is not None]
    for draft, place, out in zip(limited, asked, got, strict=True):
        if out is None:
            draft.pending.held.add((place.owner, place.token))
        else:
            draft.pending.refused[draft.winner.id] = _OUT[out]
    cut = drafts.index(refused[0]) if refused else len(drafts)
    await _give_back([draft for draft in drafts[cut:] if draft.limited and draft not in refused], tables)
    if limited and (time.monotonic() - began) * 1_000 > DEADLINE / 2:
        raise InfrastructureError("too long between reserving places and claiming them; a sweep may look after them")
    done, changed = await _make_final(drafts[:cut], tables)
    return done, changed + [draft.pending for draft in drafts[cut:]]


async def _make_final(drafts: list[_Drafted], tables: Tables) -> tuple[Done, list[_Pending]]:
    outcomes = [_outcome(draft) for draft in drafts]
    claims = [
        Claim(draft.loaded, draft.pending.occasion.id, _visits(draft), _contacts(draft), outcome)
        for draft, outcome in zip(drafts, outcomes, strict=True)
    ]
    claimed = await tables.members.claim(claims)
    changed = [draft for draft, final in zip(drafts, claimed, strict=True) if not final]
    done = [
        (draft.pending, Settled(draft.pending.occasion, outcome, draft.verdict))
        for draft, outcome, final in zip(drafts, outcomes, claimed, strict=True)
        if final
    ]
    return done, [draft.pending for draft in changed]


async def _give_back(drafts: Sequence[_Drafted], tables: Tables) -> None:
    for draft in drafts:
        owner, token = _place(draft)[:2]
        draft.pending.held.discard((owner, token))
        await tables.places.release(owner, token)


async def _give_back_unused(done: Done, tables: Tables) -> None:
    """Only now, because another worker may have worked the same occasion, and its outcome hold the same place."""
    for pending, settled in done:
        kept = settled.place_held[:2] if settled.outcome.limited else None
        for owner, token in pending.held - {kept}:
            await tables.places.release(owner, token)


def _place(draft: _Drafted) -> Asked:
    offer, winner, occasion = draft.verdict.offer, draft.verdict.winner, draft.pending.occasion
    if offer is None or winner is None:
        raise ValueError("only an offer asks for a place")
    limits = winner.campaign.limits
    token = Token(offer.id, occasion.subject, occasion.id, winner.share)
    budget = None if limits.budget is None else limits.budget.cents
    owner, cost = f"{occasion.retailer}|{offer.campaign}", limits.cost(winner.worth)
    return Asked(owner, token, limits.offers, cost or 0, budget)


def _visits(draft: _Drafted) -> Visits:
    if draft.verdict.offer is None:
        return draft.visits
    return with_step(draft.visits, draft.winner, draft.pending.occasion.id)


def _contacts(draft: _Drafted) -> tuple[Contact, ...]:
    offer, winner, member = draft.verdict.offer, draft.verdict.winner, draft.loaded.member
    if offer is None or winner is None:
        return member.contacts
    tone, until = member.tone or winner.tone, offer.coupon.expires_at if offer.coupon else 0
    made = Contact(offer.created_at, offer.campaign, offer.id, tone=tone, expires_at=until)
    return kept_contacts((*member.contacts, made))


def _outcome(draft: _Drafted) -> Outcome:
    offer, winner, key = draft.verdict.offer, draft.verdict.winner, draft.pending.owner
    records = [*decisions_told(draft.verdict.decisions, key), *notices_told(draft.notices, key)]
    if offer is None or winner is None:
        return Outcome(records)
    sent = offer_record(offer, key)
    records.append((sent.topic, sent.key, sent.value or b""))
    coupon = offer.coupon.code if offer.coupon else None
    worth = winner.worth if winner.campaign.limits.budget is not None else None
    stores = winner.coupon_stores if coupon is not None else ()
    made = (records, offer.id, offer.campaign, draft.limited, coupon, offer.expires_at)
    return Outcome(*made, winner.share, worth, stores)
