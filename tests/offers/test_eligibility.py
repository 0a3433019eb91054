"""Whether a campaign may speak: each check at its boundary, and the first that fails in the order of `Withheld`."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.campaigns import Campaign, OfferTemplate, PerMember, Text
from offers.candidates import Candidate
from offers.contact_policy import Cap, ContactPolicy, QuietHours
from offers.eligibility import CHECKS, refusal
from offers.history import Line
from offers.members import Contact, Member, Profile, Visits
from offers.purchase_rules import Bought
from offers.recommendation import RECENTLY
from offers.withheld import ORDER, Withheld
from tests.offers.samples import (
    CATALOGUE,
    DAY,
    HELLO,
    HOUR,
    NOON,
    at,
    campaign,
    candidate,
    member,
    purchases,
    rules,
    who,
)

CONTRACT = """
NO_MEMBER NO_CONSENT STOPPED STALE_TRIGGER SHADOWED NO_CAMPAIGN NOT_IN_DATES NOT_IN_DAYPART STORE_CLOSED TIER ATTRIBUTES
HISTORY NEWCOMER QUIET_HOURS CAP SPACING PER_MEMBER NO_PRODUCT NO_TEXT OUTRANKED HOLDOUT OUT_OF_STOCK OUT_OF_BUDGET
"""
NIGHT = ContactPolicy(quiet_hours=QuietHours(time(22, 30), time(8)))


def reason(asked: Candidate) -> Withheld | None:
    refused = refusal(asked)
    return None if refused is None else refused.reason


def bought(moment: int, category: str = "skincare", product: str = "serum") -> Member:
    return member(purchases=purchases(Line(category, product, 3_900), moment=moment))


def spoken_to(*moments: int, campaign: str = "welcome") -> tuple[Contact, ...]:
    return tuple(Contact(moment, campaign, str(moment)) for moment in moments)


def test_reasons_stand_in_the_order_of_the_contract() -> None:
    assert [reason.value for reason in Withheld] == CONTRACT.split()
    assert sorted(Withheld, key=ORDER.__getitem__) == list(Withheld)


def test_checks_run_in_the_order_of_the_reasons() -> None:
    checked = [ORDER[reason] for reason, _ in CHECKS]
    assert checked == sorted(checked)


def test_nothing_stands_against_a_plain_campaign_and_a_plain_member() -> None:
    assert reason(candidate(campaign())) is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-19T23:59:59.999", Withheld.NOT_IN_DATES),
        ("2026-11-20T00:00", None),
        ("2026-11-22T23:59:59.999", None),
        ("2026-11-23T00:00", Withheld.NOT_IN_DATES),
    ],
)
def test_dates_hold_from_the_first_day_to_the_end_of_the_last_on_the_clock_of_the_store(
    moment: str, expected: Withheld | None
) -> None:
    dated = campaign(first_day=date(2026, 11, 20), last_day=date(2026, 11, 22))
    abroad = member(profile=Profile(time_zone="Pacific/Auckland"))
    assert reason(candidate(dated, abroad, at(moment))) is expected


@pytest.mark.parametrize(("tier", "expected"), [("gold", None), ("silver", Withheld.TIER), (None, Withheld.TIER)])
def test_tier_is_one_of_those_asked_for(tier: str | None, expected: Withheld | None) -> None:
    assert reason(candidate(who(tiers=frozenset({"gold", "black"})), member(profile=Profile(tier=tier)))) is expected


@pytest.mark.parametrize(("ago", "counts"), [(30 * DAY, True), (30 * DAY + 1, False), (0, True), (-1, False)])
def test_a_purchase_exactly_within_ago_counts_and_one_yet_to_come_does_not(ago: int, counts: bool) -> None:
    asked = Bought(30 * DAY, category="skincare")
    buyer = bought(NOON - ago)
    assert reason(candidate(who(bought=(asked,)), buyer)) is (None if counts else Withheld.HISTORY)
    assert reason(candidate(who(not_bought=(asked,)), buyer)) is (Withheld.HISTORY if counts else None)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (Bought(DAY, category="skincare"), True),
        (Bought(DAY, category="perfume"), False),
        (Bought(DAY, product="serum"), True),
        (Bought(DAY, product="cream"), False),
    ],
)
def test_a_purchase_is_of_the_category_or_the_product_asked_for(asked: Bought, fits: bool) -> None:
    assert (reason(candidate(who(bought=(asked,)), bought(NOON))) is None) is fits


def test_all_that_is_asked_of_the_history_must_hold() -> None:
    both = who(bought=(Bought(DAY, product="serum"), Bought(DAY, product="cream")))
    assert reason(candidate(both, bought(NOON))) is Withheld.HISTORY


@pytest.mark.parametrize(("count", "expected"), [(1, Withheld.HISTORY), (2, None), (4, None), (5, Withheld.HISTORY)])
@pytest.mark.parametrize("earlier", [0, 1])
def test_visits_lie_between_least_and_most_those_from_before_included(
    count: int, earlier: int, expected: Withheld | None
) -> None:
    visitor = member(profile=Profile(visits=earlier), visits=Visits(count - earlier))
    assert reason(candidate(who(least_visits=2, most_visits=4), visitor)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T22:29:59.999", None),
        ("2026-11-20T22:30", Withheld.QUIET_HOURS),
        ("2026-11-21T00:00", Withheld.QUIET_HOURS),
        ("2026-11-21T07:59:59.999", Withheld.QUIET_HOURS),
        ("2026-11-21T08:00", None),
    ],
)
def test_quiet_hours_reach_past_midnight(moment: str, expected: Withheld | None) -> None:
    assert reason(candidate(campaign(), moment=at(moment), contact=NIGHT)) is expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (None, None),
        ("Asia/Tokyo", None),
        ("Asia/Kathmandu", None),
        ("America/Los_Angeles", Withheld.QUIET_HOURS),
        ("Pacific/Auckland", Withheld.QUIET_HOURS),
        ("Nowhere/At_All", None),
        ("../etc/passwd", None),
        ("Europe", None),
        ("\0", None),
        ("x" * 5_000, None),
    ],
)
def test_quiet_hours_are_those_of_the_member_wherever_that_is(zone: str | None, expected: Withheld | None) -> None:
    sleeper = member(profile=Profile(time_zone=zone))
    assert reason(candidate(campaign(), sleeper, contact=NIGHT)) is expected


def test_a_cap_comes_before_the_campaigns_own_limit() -> None:
    contact = ContactPolicy(caps=(Cap(1, DAY),))
    heard = member(contacts=spoken_to(NOON - 1))
    assert reason(candidate(campaign(), heard, contact=contact)) is Withheld.CAP
    assert reason(candidate(campaign(), heard)) is Withheld.PER_MEMBER


@pytest.mark.parametrize("apart", [-DAY, DAY])
def test_a_cap_ends_to_the_millisecond(apart: int) -> None:
    contact, inside = ContactPolicy(caps=(Cap(1, DAY),)), apart - (1 if apart > 0 else -1)
    for moment, expected in ((apart, None), (inside, Withheld.CAP)):
        heard = member(contacts=spoken_to(NOON + moment, campaign="another"))
        assert reason(candidate(campaign(), heard, contact=contact)) is expected


def test_a_cap_a_day_is_a_day_of_the_member() -> None:
    contact = ContactPolicy(caps=(Cap(1, None),))
    yesterday_in_paris = spoken_to(at("2026-11-19T23:30"), campaign="another")
    for zone, expected in (("Europe/Paris", None), ("Europe/London", Withheld.CAP), ("Asia/Tokyo", Withheld.CAP)):
        heard = member(profile=Profile(time_zone=zone), contacts=yesterday_in_paris)
        assert reason(candidate(campaign(), heard, at("2026-11-20T00:30"), contact)) is expected, zone


@pytest.mark.parametrize(("ago", "expected"), [(4 * HOUR, None), (4 * HOUR - 1, Withheld.PER_MEMBER)])
def test_every_campaign_rests_four_hours(ago: int, expected: Withheld | None) -> None:
    assert reason(candidate(campaign(), member(contacts=spoken_to(NOON - ago)))) is expected


def test_a_limit_shorter_than_the_rest_does_not_shorten_it() -> None:
    often = campaign(per_member=PerMember(5, HOUR))
    assert reason(candidate(often, member(contacts=spoken_to(NOON - 2 * HOUR)))) is Withheld.PER_MEMBER


@pytest.mark.parametrize(
    ("limit", "ago", "expected"),
    [
        (PerMember(1, 7 * DAY), 7 * DAY, None),
        (PerMember(1, 7 * DAY), 7 * DAY - 1, Withheld.PER_MEMBER),
        (PerMember(2, 7 * DAY), 7 * DAY - 1, None),
        (PerMember(1), 300 * DAY, Withheld.PER_MEMBER),
    ],
)
def test_per_member_counts_in_its_window(limit: PerMember, ago: int, expected: Withheld | None) -> None:
    assert reason(candidate(campaign(per_member=limit), member(contacts=spoken_to(NOON - ago)))) is expected


def of_category(category: str) -> Campaign:
    return campaign(offer=OfferTemplate(HELLO, category=category))


def test_a_category_offers_its_first_product_that_was_not_bought_of_late() -> None:
    assert getattr(candidate(of_category("skincare")).product, "id", None) == "serum"
    assert getattr(candidate(of_category("skincare"), bought(NOON - RECENTLY + 1)).product, "id", None) == "cream"
    assert getattr(candidate(of_category("skincare"), bought(NOON - RECENTLY)).product, "id", None) == "serum"


@pytest.mark.parametrize("offer", [OfferTemplate(HELLO, product="gone"), OfferTemplate(HELLO, category="perfume")])
def test_no_product_where_nothing_in_the_catalogue_fits(offer: OfferTemplate) -> None:
    assert reason(candidate(campaign(offer=offer))) is Withheld.NO_PRODUCT


def test_no_product_where_everything_of_the_category_was_bought() -> None:
    lines = (Line("skincare", name, 1) for name in CATALOGUE)
    everything = member(purchases=purchases(*lines, moment=NOON - 1))
    assert reason(candidate(of_category("skincare"), everything)) is Withheld.NO_PRODUCT


@pytest.mark.parametrize(
    ("name", "expected"), [("Anna", None), (None, Withheld.NO_TEXT), ("", Withheld.NO_TEXT), (" ", Withheld.NO_TEXT)]
)
def test_no_text_where_the_name_is_missing(name: str | None, expected: Withheld | None) -> None:
    named = campaign(offer=OfferTemplate({"fr": Text("Salut $first_name", "Bonjour $first_name")}))
    assert reason(candidate(named, member(profile=Profile(first_name=name)))) is expected


def test_a_refusal_says_in_words_what_stood_against_it() -> None:
    refused = refusal(candidate(who(tiers=frozenset({"gold", "black"})), member(profile=Profile(tier="silver"))))
    assert refused is not None
    assert refused.detail == "tier is silver, asked for: black, gold"


FAILING: dict[Withheld, dict[str, Any]] = {
    Withheld.NOT_IN_DATES: {"first_day": date(2027, 1, 1)},
    Withheld.TIER: {"tiers": frozenset({"gold"})},
    Withheld.HISTORY: {"least_visits": 9},
    Withheld.QUIET_HOURS: {"quiet_hours": QuietHours(time(11), time(13))},
    Withheld.CAP: {"caps": (Cap(1, DAY),)},
    Withheld.PER_MEMBER: {"contacts": spoken_to(NOON - 1)},
    Withheld.NO_PRODUCT: {"product": "gone"},
    Withheld.NO_TEXT: {"texts": {"fr": Text("$points", "$points")}},
}


def failing(reasons: set[Withheld]) -> Candidate:
    """A candidate that fails just the checks of `reasons`."""
    changed: dict[str, Any] = {}
    for each in reasons:
        changed |= FAILING[each]

    def among(*names: str) -> dict[str, Any]:
        return {name: changed[name] for name in names if name in changed}

    asked = who(**among("tiers", "least_visits"))
    offer = OfferTemplate(**({"texts": HELLO} | among("texts", "product")))
    asked = campaign(who=asked.who, offer=offer, **among("first_day"))
    other = spoken_to(NOON - 1, campaign="another") if Withheld.CAP in reasons else ()
    heard = member(contacts=(*other, *changed.get("contacts", ())))
    decided_by = rules(asked, contact=ContactPolicy(**among("quiet_hours", "caps")))
    return candidate(asked, heard, decided_by=decided_by)


@given(reasons=st.sets(st.sampled_from(list(FAILING))))
def test_of_all_that_stands_against_it_the_first_in_order_is_the_reason(reasons: set[Withheld]) -> None:
    assert reason(failing(reasons)) is min(reasons, key=ORDER.__getitem__, default=None)
