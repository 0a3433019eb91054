"""Newcomers, spacing, cool-down, announcements, rewards, `less`, tu and vous: how often, at the boundary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offers.campaigns import OfferTemplate, PerMember, Text
from offers.candidates import Candidate
from offers.contact_policy import Announcement, Cap, ContactPolicy, Newcomers
from offers.eligibility import refusal
from offers.members import ESTABLISHED_AFTER, Contact, Member, Profile, Visits, Wish
from offers.withheld import Withheld
from tests.offers.samples import DAY, HOUR, NOON, at, campaign, candidate, consent, member, rules

RAMP = ContactPolicy(newcomers=Newcomers(5, Cap(1, 7 * DAY)))
APART = ContactPolicy(spacing={"email": 24 * HOUR, "till": HOUR})
NEWCOMERS_TOO = campaign(for_newcomers=True)
REWARD = campaign(reward=True)
MAIL = Contact(NOON - HOUR, "", "mail-1", "email")
LESS = consent(wish=Wish.LESS)


def reason(asked: Candidate) -> Withheld | None:
    refused = refusal(asked)
    return None if refused is None else refused.reason


def came(times: int, **profile: Any) -> Member:
    return member(visits=Visits(times), profile=Profile(**profile))


def heard(*contacts: Contact, **changed: Any) -> Member:
    return member(contacts=tuple(sorted(contacts)), **changed)


def offered(moment: int, name: str = "other", **more: Any) -> Contact:
    return Contact(moment, name, f"offer-{moment}", **more)


@pytest.mark.parametrize(("visits", "expected"), [(0, Withheld.NEWCOMER), (5, Withheld.NEWCOMER), (6, None)])
def test_in_the_first_visits_only_campaigns_for_newcomers_speak(visits: int, expected: Withheld | None) -> None:
    assert reason(candidate(campaign(), came(visits), contact=RAMP)) is expected
    assert reason(candidate(NEWCOMERS_TOO, came(visits), contact=RAMP)) is None


def test_visits_from_before_count_towards_the_first_ones() -> None:
    assert reason(candidate(campaign(), came(1, visits=5), contact=RAMP)) is None
    assert reason(candidate(campaign(), came(1, visits=4), contact=RAMP)) is Withheld.NEWCOMER


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (Profile(joined=NOON - ESTABLISHED_AFTER), Withheld.NEWCOMER),
        (Profile(joined=NOON - ESTABLISHED_AFTER - 1), None),
        (Profile(joined=NOON - ESTABLISHED_AFTER - 1, visits=2), Withheld.NEWCOMER),
        (Profile(), Withheld.NEWCOMER),
    ],
)
def test_one_who_joined_more_than_90_days_ago_is_no_newcomer_unless_visits_were_told(
    profile: Profile, expected: Withheld | None
) -> None:
    assert ESTABLISHED_AFTER == 90 * DAY
    assert reason(candidate(campaign(), member(profile=profile), contact=RAMP)) is expected


@pytest.mark.parametrize(("ago", "expected"), [(7 * DAY - 1, Withheld.NEWCOMER), (7 * DAY, None)])
def test_a_newcomer_hears_no_more_than_the_ramp_allows(ago: int, expected: Withheld | None) -> None:
    known = replace(came(3), contacts=(offered(NOON - ago),))
    assert reason(candidate(NEWCOMERS_TOO, known, contact=RAMP)) is expected
    assert reason(candidate(NEWCOMERS_TOO, replace(known, visits=Visits(6)), contact=RAMP)) is None


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (Contact(NOON - 24 * HOUR, "", "m", "email"), None),
        (Contact(NOON - 24 * HOUR + 1, "", "m", "email"), Withheld.SPACING),
        (Contact(NOON, "", "m", "email"), Withheld.SPACING),
        (Contact(NOON + 1, "", "m", "email"), None),
        (Contact(NOON - HOUR, "", "m", "till"), None),
        (Contact(NOON - HOUR + 1, "", "m", "till"), Withheld.SPACING),
        (Contact(NOON - 1, "", "m", "post"), None),
        (Contact(NOON - 1, "other", "o"), None),
    ],
)
def test_an_offer_keeps_its_distance_from_messages_of_each_channel(contact: Contact, expected: Withheld | None) -> None:
    assert reason(candidate(campaign(), heard(contact), contact=APART)) is expected


def test_a_cap_comes_before_the_spacing_and_the_spacing_before_the_own_limit() -> None:
    known = heard(MAIL, offered(NOON - HOUR, "welcome"))
    assert reason(candidate(campaign(), known, contact=replace(APART, caps=(Cap(1, DAY),)))) is Withheld.CAP
    assert reason(candidate(campaign(), known, contact=APART)) is Withheld.SPACING
    assert reason(candidate(campaign(), known)) is Withheld.PER_MEMBER


@pytest.mark.parametrize(("ago", "expected"), [(2 * DAY - 1, Withheld.SPACING), (2 * DAY, None)])
def test_after_a_coupon_was_used_nothing_is_offered_for_a_while(ago: int, expected: Withheld | None) -> None:
    policy = ContactPolicy(cool_down=2 * DAY)
    known = heard(offered(NOON - 9 * DAY, redeemed=NOON - ago))
    assert reason(candidate(campaign(), known, contact=policy)) is expected
    assert reason(candidate(campaign(), heard(offered(NOON - HOUR)), contact=policy)) is None


@pytest.mark.parametrize("days", [3, 6])
def test_of_several_caps_each_holds_over_its_own_time_whatever_came_long_before(days: int) -> None:
    policy = ContactPolicy(caps=(Cap(1, DAY), Cap(1, 7 * DAY), Cap(9, 2 * DAY)))
    known = heard(offered(NOON - 90 * DAY), offered(NOON - days * DAY))
    assert reason(candidate(campaign(), known, contact=policy)) is Withheld.CAP
    assert reason(candidate(campaign(), heard(offered(NOON - 90 * DAY)), contact=policy)) is None


@pytest.mark.parametrize(
    ("rest", "words"), [(2 * DAY, "2 days"), (DAY, "1 days"), (DAY + HOUR // 2, "1470 min"), (90_000, "1.5 min")]
)
def test_a_rest_is_told_in_days_or_in_minutes(rest: int, words: str) -> None:
    used = heard(offered(NOON - 9 * DAY, redeemed=NOON - 1))
    refused = refusal(candidate(campaign(), used, contact=ContactPolicy(cool_down=rest)))
    assert refused is not None
    assert refused.detail == f"a coupon was used less than {words} before"


@pytest.mark.parametrize("announcer", ["hello", "monthly"])
@pytest.mark.parametrize(("ago", "expected"), [(30 * DAY - 1, Withheld.CAP), (30 * DAY, None)])
def test_what_is_announced_comes_no_sooner_and_no_more_often(
    announcer: str, ago: int, expected: Withheld | None
) -> None:
    hello = campaign("hello", announces=Announcement(30 * DAY, "monthly"))
    monthly = campaign("monthly", 1)
    known = heard(offered(NOON - ago, announcer))
    for asked, found in ((monthly, expected), (hello, None)):
        assert reason(candidate(asked, known, decided_by=rules(hello, monthly))) is found


def test_the_text_says_the_day_that_is_announced_on_the_stores_calendar() -> None:
    text = OfferTemplate({"fr": Text("À bientôt, le $next_contact.", "À bientôt, le $next_contact.")})
    hello = campaign(offer=text, announces=Announcement(30 * DAY, "welcome"))
    assert candidate(hello, moment=at("2026-11-20T23:59")).worded.text == "À bientôt, le 20 décembre."
    assert reason(candidate(campaign(offer=text))) is Withheld.NO_TEXT


TIGHT = replace(APART, caps=(Cap(1, DAY),), newcomers=Newcomers(5, Cap(1, DAY)), cool_down=DAY)


def test_a_reward_stands_outside_all_that_says_how_often() -> None:
    known = heard(MAIL, offered(NOON - HOUR, redeemed=NOON - 1))
    assert reason(candidate(campaign(), known, contact=TIGHT)) is Withheld.NEWCOMER
    assert reason(candidate(REWARD, known, contact=TIGHT)) is None


def test_a_reward_uses_nothing_up() -> None:
    decided_by = rules(campaign(), campaign("earned", 1, reward=True), contact=ContactPolicy((Cap(1, DAY),)))
    for name, expected in (("earned", None), ("other", Withheld.CAP)):
        known = heard(offered(NOON - HOUR, name))
        assert reason(candidate(campaign(), known, decided_by=decided_by)) is expected


def test_a_reward_keeps_its_own_limit_and_its_rest() -> None:
    once = campaign(reward=True, per_member=PerMember(1))
    assert reason(candidate(once, heard(offered(0, "welcome")))) is Withheld.PER_MEMBER
    assert reason(candidate(REWARD, heard(offered(NOON - 4 * HOUR + 1, "welcome")))) is Withheld.PER_MEMBER


@pytest.mark.parametrize(
    ("cap", "half"),
    [
        (Cap(4, DAY), Cap(2, DAY)),
        (Cap(3, DAY), Cap(1, DAY)),
        (Cap(1, 4 * HOUR), Cap(1, 8 * HOUR)),
        (Cap(2, None), Cap(1, None)),
        (Cap(1, None), Cap(1, None, days=2)),
    ],
)
def test_less_halves_what_a_cap_allows_and_never_to_nothing(cap: Cap, half: Cap) -> None:
    halved = cap.halved()
    assert (halved.at_most, halved.window, halved.window is None and halved.days) == (
        half.at_most,
        half.window,
        half.window is None and half.days,
    )


@pytest.mark.parametrize(
    ("caps", "last", "expected"),
    [
        (Cap(1, 4 * HOUR), NOON - 8 * HOUR, None),
        (Cap(1, 4 * HOUR), NOON - 8 * HOUR + 1, Withheld.CAP),
        (Cap(2, 4 * HOUR), NOON - 4 * HOUR, None),
        (Cap(2, 4 * HOUR), NOON - 4 * HOUR + 1, Withheld.CAP),
        (Cap(1, None), at("2026-11-19T00:00"), Withheld.CAP),
        (Cap(1, None), at("2026-11-19T00:00") - 1, None),
        (Cap(1, None), at("2026-11-21T23:59:59.999"), Withheld.CAP),
        (Cap(1, None), at("2026-11-22T00:00"), None),
    ],
)
def test_one_who_wants_less_hears_half(caps: Cap, last: int, expected: Withheld | None) -> None:
    policy = ContactPolicy((caps,))
    assert reason(candidate(campaign(), heard(offered(last), consent=LESS), contact=policy)) is expected


def test_less_halves_the_ramp_of_newcomers_too() -> None:
    known = replace(came(1), contacts=(offered(NOON - 10 * DAY),))
    assert reason(candidate(NEWCOMERS_TOO, known, contact=RAMP)) is None
    assert reason(candidate(NEWCOMERS_TOO, replace(known, consent=LESS), contact=RAMP)) is Withheld.NEWCOMER


@pytest.mark.parametrize(
    ("wish", "before", "expected"),
    [("tu", "vous", "tu"), (None, "vous", "vous"), (None, "", "tu"), ("vous", "", "vous")],
)
def test_the_tone_is_the_members_wish_else_that_of_the_first_contact_else_the_default(
    wish: str | None, before: str, expected: str
) -> None:
    known = heard(offered(NOON - DAY, tone=before), MAIL, profile=Profile(tone=wish))
    asked = candidate(campaign(), known, contact=ContactPolicy(address="tu"))
    assert asked.tone == expected
    assert asked.worded.text == ("Passe à Haussmann !" if expected == "tu" else "Passez à Haussmann !")
