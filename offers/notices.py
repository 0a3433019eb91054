"""Notices: a retailer, or a partner, hears at once that a customer who agreed to it is at its door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from geofences.ids import timed_id
from offers.campaigns import Campaign
from offers.eligibility import refusal
from offers.members import SAME_VISIT, Consent, Member, Passage, Purpose, Visits, Wish
from offers.occasions import Occasion
from offers.sequences import with_passages
from offers.triggers import Trigger
from offers.weighing import Circumstances, candidate_at
from offers.withheld import Withheld

KIND = "NOTICE"
"""Of the passages by which it is remembered what was noticed."""

_CHECKS = frozenset(
    (
        *(Withheld.NOT_IN_DATES, Withheld.NOT_IN_DAYPART, Withheld.STORE_CLOSED),
        *(Withheld.TIER, Withheld.ATTRIBUTES, Withheld.HISTORY, Withheld.NO_TEXT),
    )
)
"""What may speak against a notice; how often the member hears of us is nothing to it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Who is at the door of `store`, for those who work there; never a position. `at` in milliseconds UTC."""

    id: str
    notice: str
    retailer: str
    store: str
    member: str
    tier: str | None
    kind: str
    at: int
    text: str


def lets_notices_out(consent: Consent) -> bool:
    """Whether others may be told that the member is there; one who said stop wants no attention."""
    return consent.allows(Purpose.NOTICES) and consent.wish is not Wish.STOP


def notices_of(occasion: Occasion, member: Member | None, circumstances: Circumstances) -> tuple[Notice, ...]:
    """The notices of an occasion; the same one at the same store is not given again within one visit's time."""
    late = circumstances.now - occasion.at > circumstances.rules.max_trigger_age
    if late or member is None or not circumstances.rules.notices or not lets_notices_out(member.consent):
        return ()
    read_by_others = replace(member, profile=replace(member.profile, locale=None, tone=None))
    found: dict[tuple[str, str], Notice] = {}
    for trigger in occasion.triggers:
        for notice in _given(trigger, occasion, read_by_others, circumstances):
            found.setdefault((notice.notice, notice.store), notice)
    return tuple(found.values())


def noticed(visits: Visits, notices: Iterable[Notice], longest: int) -> Visits:
    """`visits` with what was noticed, so that it is not noticed again at once."""
    return with_passages(visits, (Passage(each.at, KIND, each.store, each.notice) for each in notices), longest)


def _given(trigger: Trigger, occasion: Occasion, member: Member, circumstances: Circumstances) -> Iterator[Notice]:
    hearing = circumstances.hearing(member, trigger.at)
    for asked in circumstances.rules.notifying(trigger):
        candidate = candidate_at(trigger, asked, hearing)
        store = candidate.store.id
        if not _was_given(asked, store, trigger.at, member.visits) and refusal(candidate, _CHECKS) is None:
            named = timed_id(trigger.at, "notice", occasion.retailer, member.id, asked.id, occasion.id)
            yield Notice(
                named,
                asked.id,
                occasion.retailer,
                store,
                member.id,
                member.profile.tier,
                trigger.kind.value,
                trigger.at,
                candidate.worded.text,
            )


def _was_given(asked: Campaign, store: str, at: int, visits: Visits) -> bool:
    return any(
        (passage.kind, passage.where, passage.ring) == (KIND, store, asked.id) and abs(at - passage.at) < SAME_VISIT
        for passage in visits.trail
    )
