"""Whether a campaign may speak to a member now: one ordered table of checks, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from offers.candidates import Candidate
from offers.contact_policy import against_announcement, against_limit, against_rest
from offers.members import last_seen
from offers.offer_rules import against_offers
from offers.opening_hours import is_open
from offers.purchase_rules import against
from offers.sequences import missing_step
from offers.series import given
from offers.triggers import When
from offers.visit_rules import Looked, against_visits
from offers.withheld import Withheld
from offers.wording import Unsayable

DAY = 86_400_000
ALL = frozenset(Withheld)


class Refusal(NamedTuple):
    """Why a candidate is out, and in words what stood against it."""

    reason: Withheld
    detail: str


Check = Callable[[Candidate], str | None]
"""What stands against a candidate, in words; None where nothing does."""


def refusal(candidate: Candidate, reasons: frozenset[Withheld] = ALL) -> Refusal | None:
    """The first check that fails, in the order of `Withheld`, of those for `reasons`; None where none does."""
    for reason, check in _checks(candidate.campaign.asks, candidate.hearing.rules.asks, reasons):
        detail = check(candidate)
        if detail is not None:
            return Refusal(reason, detail)
    return None


@lru_cache(maxsize=4_096)
def _checks(*reasons: frozenset[Withheld]) -> tuple[tuple[Withheld, Check], ...]:
    """Those for reasons that are among all of `reasons`: campaigns ask for few things, and mostly for the same."""
    return tuple((reason, check) for reason, check in CHECKS if all(reason in among for among in reasons))


def _dates(candidate: Candidate) -> str | None:
    campaign = candidate.campaign
    today = candidate.hearing.clock(candidate.store.zone).date()
    if campaign.first_day and today < campaign.first_day:
        return f"begins on {campaign.first_day}"
    if campaign.last_day and today > campaign.last_day:
        return f"ended on {campaign.last_day}"
    return None


def _dayparts(candidate: Candidate) -> str | None:
    moment = candidate.hearing.clock(candidate.store.zone)
    if any(daypart.covers(moment) for daypart in candidate.campaign.when.dayparts):
        return None
    return f"it is {moment:%a %H:%M} at the store"


def _closed(candidate: Candidate) -> str | None:
    store = candidate.store
    if store.hours is None or is_open(store.hours, candidate.at, store.zone):
        return None
    return f"closed at {candidate.hearing.clock(store.zone):%a %H:%M}"


def _tier(candidate: Candidate) -> str | None:
    tiers, tier = candidate.campaign.who.tiers, candidate.hearing.member.profile.tier
    if tiers is None or tier in tiers:
        return None
    return f"tier is {tier or 'not known'}, asked for: {', '.join(sorted(tiers))}"


def _attributes(candidate: Candidate) -> str | None:
    known = candidate.member.profile.attributes
    found = (asked.against(known) for asked in candidate.campaign.who.attributes)
    return next((against for against in found if against is not None), None)


def _purchases(candidate: Candidate) -> str | None:
    who, hearing = candidate.campaign.who, candidate.hearing
    if not who.asks_for_purchases:
        return None
    return next(against(who, hearing.member.purchases, hearing.at, candidate.store.zone), None)


def _visits(candidate: Candidate) -> str | None:
    who, visits = candidate.campaign.who, candidate.hearing.member.total_visits
    if who.least_visits is not None and visits < who.least_visits:
        return f"came {visits} times, at least {who.least_visits} asked for"
    if who.most_visits is not None and visits > who.most_visits:
        return f"came {visits} times, at most {who.most_visits} asked for"
    return None


def _of_late(candidate: Candidate) -> str | None:
    who = candidate.campaign.who
    if who.came or who.usual or who.offered:
        return next(_against_of_late(candidate), None)
    return None


def _against_of_late(candidate: Candidate) -> Iterator[str]:
    who, member, at = candidate.campaign.who, candidate.member, candidate.at
    looked = Looked(member, at, candidate.store.id, candidate.rules.zone_of)
    yield from against_visits(who.came, who.usual, looked)
    yield from against_offers(who.offered, member.contacts, at)


def _past(candidate: Candidate) -> str | None:
    campaign = candidate.campaign
    if campaign.series or campaign.when.asks_for_a_past:
        return next(_against_past(candidate, campaign.when), None)
    return None


def _against_past(candidate: Candidate, when: When) -> Iterator[str]:
    member, series = candidate.member, candidate.campaign.series
    if when.nth not in (None, member.total_visits):
        yield f"this is visit {member.total_visits}, not {when.nth}"
    if series and given(candidate.campaign, member.visits) >= len(series):
        yield f"all {len(series)} steps of the series were given"
    if when.before:
        missing = missing_step(when, member.visits.trail, candidate.trigger)
        yield from () if missing is None else (missing,)
    if when.not_seen_for is not None:
        yield from _against_absence(candidate, when.not_seen_for)


def _against_absence(candidate: Candidate, asked: int) -> Iterator[str]:
    """Away exactly as long as asked is away; who never came is not away."""
    seen = last_seen(candidate.member, candidate.at)
    if seen is None:
        yield "was never seen before"
    elif candidate.at - seen < asked:
        days = (candidate.at - seen) // DAY
        yield f"was seen {days} day{'s' * (days != 1)} ago, away for {asked // DAY} asked for"


def _newcomer(candidate: Candidate) -> str | None:
    hearing, ramp = candidate.hearing, candidate.rules.contact.newcomers
    if ramp is None or not hearing.is_newcomer:
        return None
    if not candidate.campaign.for_newcomers:
        visits = hearing.member.total_visits
        return f"came {visits} times, and until {ramp.first_visits} only campaigns for newcomers speak"
    return hearing.against_a_newcomer


def _quiet_hours(candidate: Candidate) -> str | None:
    return candidate.hearing.quiet


def _cap(candidate: Candidate) -> str | None:
    return candidate.hearing.capped or _announced(candidate)


def _announced(candidate: Candidate) -> str | None:
    hearing, name = candidate.hearing, candidate.campaign.id
    for announcer, every in hearing.rules.announced.get(name, ()):
        against = against_announcement(name, announcer, every, hearing.member.contacts, hearing.at)
        if against is not None:
            return against
    return None


def _spacing(candidate: Candidate) -> str | None:
    return candidate.hearing.spaced


def _per_member(candidate: Candidate) -> str | None:
    hearing, campaign = candidate.hearing, candidate.campaign
    if campaign.id not in hearing.heard:
        return None
    name, limit, contacts = campaign.id, campaign.per_member, hearing.member.contacts
    against = against_rest(name, contacts, hearing.at)
    if against is None and limit is not None:
        return against_limit(name, limit.at_most, limit.window, contacts, hearing.at)
    return against


def _product(candidate: Candidate) -> str | None:
    if candidate.product is not None:
        return None
    offer = candidate.template
    if not offer.names_a_product:
        return None
    if offer.scanned:
        return "what was scanned is no product for sale"
    category = offer.recommend.category if offer.recommend is not None else offer.category
    return f"nothing of {offer.product or category or 'all products'} to offer"


def _text(candidate: Candidate) -> str | None:
    try:
        _ = candidate.worded
    except Unsayable as unsayable:
        return str(unsayable)
    return None


CHECKS: tuple[tuple[Withheld, Check], ...] = (
    (Withheld.NOT_IN_DATES, _dates),
    (Withheld.NOT_IN_DAYPART, _dayparts),
    (Withheld.STORE_CLOSED, _closed),
    (Withheld.TIER, _tier),
    (Withheld.ATTRIBUTES, _attributes),
    (Withheld.HISTORY, _purchases),
    (Withheld.HISTORY, _visits),
    (Withheld.HISTORY, _of_late),
    (Withheld.HISTORY, _past),
    (Withheld.NEWCOMER, _newcomer),
    (Withheld.QUIET_HOURS, _quiet_hours),
    (Withheld.CAP, _cap),
    (Withheld.SPACING, _spacing),
    (Withheld.PER_MEMBER, _per_member),
    (Withheld.NO_PRODUCT, _product),
    (Withheld.NO_TEXT, _text),
)
"""In the order of `Withheld`; the ranking, the holdout and the stock come after these, in `decisions`."""
