"""What may come of an occasion, before it is told: what speaks against each candidate, and which of them wins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from offers.campaigns import Campaign, Rules
from offers.candidates import Candidate
from offers.eligibility import Refusal, refusal
from offers.hearing import Hearing
from offers.members import Member, Purpose, Wish
from offers.occasions import Occasion, shadowed
from offers.products import Product
from offers.ranking import rank
from offers.recommendation import NOTHING_SOLD, Recommender
from offers.triggers import Trigger
from offers.withheld import Withheld


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

    def hearing(self, member: Member, at: int) -> Hearing:
        """`member` at a time."""
        return Hearing(member, at, self.rules, self.catalogue, self.recommender)


class Weighed(NamedTuple):
    """What was weighed at an occasion: candidates, best first, each with what speaks against it, and who won.

    `silent` are the ids of triggers that another one speaks for.
    """

    silent: frozenset[str]
    candidates: list[tuple[Candidate, Refusal | None]]
    winner: Candidate | None


def weigh(occasion: Occasion, member: Member | None, circumstances: Circumstances) -> Weighed | Refusal:
    """The decision before it is told: nothing is worded that can be said to everybody, and nothing named or signed.

    A refusal is what speaks against any offer at all.
    """
    if member is None:
        return Refusal(Withheld.NO_MEMBER, "nobody is known behind the device")
    general = _general(occasion, member, circumstances)
    if general is not None:
        return general
    silent = shadowed(occasion.triggers, circumstances.rules)
    return _ranked(silent, _candidates(occasion, silent, member, circumstances), occasion, circumstances)


def _general(occasion: Occasion, member: Member, circumstances: Circumstances) -> Refusal | None:
    """What speaks against any offer at all, whatever the campaigns."""
    if not member.consent.allows(Purpose.OFFERS):
        return Refusal(Withheld.NO_CONSENT, "no consent to offers")
    if member.consent.wish is Wish.STOP:
        return Refusal(Withheld.STOPPED, "the member said stop")
    if circumstances.now - occasion.at > circumstances.rules.max_trigger_age:
        return Refusal(Withheld.STALE_TRIGGER, "it happened too long ago to greet anybody now")
    return None


def _candidates(
    occasion: Occasion, silent: frozenset[str], member: Member, circumstances: Circumstances
) -> list[Candidate]:
    """All candidates of all triggers that may speak, best first; a campaign stands once, under its first trigger."""
    found: dict[str, Candidate] = {}
    hearing: Hearing | None = None
    for trigger in reversed(occasion.triggers):
        if trigger.id not in silent:
            if hearing is None or hearing.at != trigger.at:
                hearing = circumstances.hearing(member, trigger.at)
            for campaign in circumstances.rules.waiting(trigger):
                found[campaign.id] = candidate_at(trigger, campaign, hearing)
    return sorted(found.values(), key=rank)


def candidate_at(trigger: Trigger, campaign: Campaign, hearing: Hearing) -> Candidate:
    """`campaign` before a member, at the store of `trigger`, or the one the campaign speaks of."""
    return Candidate(campaign, hearing.rules.stores[trigger.store or campaign.store or ""], trigger, hearing)


OUTRANKED = Refusal(Withheld.OUTRANKED, "another campaign of this occasion came first")


def _ranked(
    silent: frozenset[str], candidates: Iterable[Candidate], occasion: Occasion, circumstances: Circumstances
) -> Weighed:
    """The first candidate that nothing speaks against wins; one held out wins nothing, and nor does anybody else."""
    weighed: list[tuple[Candidate, Refusal | None]] = []
    winner: Candidate | None = None
    settled = False
    for candidate in candidates:
        found = refusal(candidate)
        if found is None and settled:
            found = OUTRANKED
        elif found is None:
            found = _last_hurdles(candidate, occasion, circumstances)
            settled = found is None or found.reason is Withheld.HOLDOUT
            winner = candidate if found is None else None
        weighed.append((candidate, found))
    return Weighed(silent, weighed, winner)


def _last_hurdles(candidate: Candidate, occasion: Occasion, circumstances: Circumstances) -> Refusal | None:
    """The holdout, then what the claim refused; last a budget of which nobody can say what it would have to give."""
    campaign = candidate.campaign
    if held_out(occasion.retailer, candidate.member.id, campaign):
        return Refusal(Withheld.HOLDOUT, "the member is in the control group of this campaign")
    refused, limits = circumstances.refused.get(campaign.id), campaign.limits
    if refused is None and limits.budget is not None and limits.cost(candidate.worth) is None:
        return Refusal(Withheld.OUT_OF_BUDGET, "what it would cost is not known in the currency of the budget")
    return refused


def held_out(retailer: str, member: str, campaign: Campaign) -> bool:
    """Whether the member is in the campaign's control group: stable for good, and independent between campaigns."""
    if not campaign.holdout_percent:
        return False
    digest = hashlib.sha256("\0".join((retailer, campaign.id, member)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < campaign.holdout_percent
