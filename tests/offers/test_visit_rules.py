"""How often a member came in a time, where and when, and what is usual for them: exact at each boundary."""

from __future__ import annotations

from datetime import time

import pytest

from offers.campaigns import Who
from offers.dayparts import Daypart
from offers.eligibility import refusal
from offers.members import Member, OlderVisits, Profile, Visits
from offers.visit_rules import Came, Coming, Usual
from offers.visits import with_visit
from offers.withheld import Withheld
from tests.offers.samples import DAY, HOUR, NOON, at, campaign, candidate, member

MINUTE = HOUR // 60
EVENINGS = (Daypart(frozenset(range(5)), time(17), time(20)),)
HERE = Coming(90 * DAY, here=True)


def visitor(*moments: int, store: str = "haussmann", profile: Profile | None = None) -> Member:
    visits = Visits()
    for moment in moments:
        visits, _ = with_visit(visits, store, moment)
    return member(visits=visits, profile=profile or Profile())


def against(who: Who, found: Member) -> str | None:
    """What is said against `found` at Haussmann at noon."""
    refused = refusal(candidate(campaign(who=who), found))
    assert refused is None or refused.reason is Withheld.HISTORY
    return refused and refused.detail


def came(least: int | None = None, most: int | None = None, coming: Coming = Coming(90 * DAY)) -> Who:  # noqa: B008
    return Who(came=(Came(coming, least, most),))


@pytest.mark.parametrize(
    ("moment", "counts"),
    [(NOON - 90 * DAY, True), (NOON - 90 * DAY - 1, False), (NOON, True), (NOON + 1, False)],
)
def test_a_visit_counts_from_exactly_so_long_ago_up_to_the_trigger(moment: int, counts: bool) -> None:
    found = visitor(moment)
    words = "came 0 times in 90 days, at least 1 asked for"
    assert against(came(least=1), found) == (None if counts else words)
    words = "came 1 times in 90 days, at most 0 asked for"
    assert against(came(most=0), found) == (words if counts else None)


@pytest.mark.parametrize(
    ("coming", "store", "counts"),
    [
        (HERE, "haussmann", True),
        (HERE, "rivoli", False),
        (Coming(90 * DAY, frozenset({"rivoli"})), "rivoli", True),
        (Coming(90 * DAY, frozenset({"rivoli"})), "haussmann", False),
    ],
)
def test_only_visits_of_the_stores_asked_for_count(coming: Coming, store: str, counts: bool) -> None:
    assert (against(came(least=1, coming=coming), visitor(NOON - DAY, store=store)) is None) is counts


@pytest.mark.parametrize(
    ("written", "counts"),
    [
        ("2026-11-19T16:59:59.999", False),
        ("2026-11-19T17:00", True),
        ("2026-11-19T19:59:59.999", True),
        ("2026-11-19T20:00", False),
        ("2026-11-14T18:00", False),  # a Saturday
        ("2026-10-20T17:00", True),  # before the clock was put back
        ("2026-10-20T16:59", False),
    ],
)
def test_a_visit_is_of_the_part_of_the_week_in_which_it_began_on_the_stores_clock(written: str, counts: bool) -> None:
    asked = came(least=1, coming=Coming(90 * DAY, dayparts=EVENINGS))
    assert (against(asked, visitor(at(written))) is None) is counts


OFTEN = [NOON - (half + 1) * DAY // 2 for half in range(500)][::-1]


def test_of_what_is_not_known_any_more_nobody_says_that_it_was_little() -> None:
    found = visitor(*OFTEN)
    year = Coming(365 * DAY)
    assert against(came(least=200, coming=year), found) is None
    words = against(came(most=500, coming=year), found)
    assert words is not None
    assert "that are known in 365 days" in words
    assert against(came(most=180), found) is None
    assert against(Who(usual=(Usual(year),)), found) == "not all visits of 365 days are known any more"


@pytest.mark.parametrize(
    ("profile", "known"),
    [
        (Profile(visits=4), False),
        (Profile(visits=4, last_visit=NOON - 90 * DAY), False),
        (Profile(visits=4, last_visit=NOON - 90 * DAY - 1), True),
        (Profile(visits=0), True),
        (Profile(last_visit=NOON), True),
    ],
)
def test_visits_that_were_told_without_their_times_may_have_been_in_the_window(profile: Profile, known: bool) -> None:
    found = visitor(NOON - DAY, profile=profile)
    words = "came 1 times that are known in 90 days, at most 2 asked for"
    assert against(came(most=2), found) == (None if known else words)
    assert against(came(least=1), found) is None


def usual(*seen: tuple[str, int], asked: Usual = Usual(HERE)) -> str | None:  # noqa: B008
    visits = Visits()
    for store, days in seen:
        visits, _ = with_visit(visits, store, NOON - days * DAY)
    return against(Who(usual=(asked,)), member(visits=visits))


THREE = [("haussmann", 1), ("haussmann", 2), ("haussmann", 3)]


def test_usual_is_what_half_of_the_visits_were_and_at_least_three() -> None:
    words = "{} of {} visits in 90 days were like this, at least 3 and 50% asked for"
    assert usual(*THREE) is None
    assert usual(*THREE[:2]) == words.format(2, 2)
    assert usual(*THREE, *(("rivoli", 10 + day) for day in range(3))) is None
    assert usual(*THREE, *(("rivoli", 10 + day) for day in range(4))) == words.format(3, 7)
    assert usual() == words.format(0, 0)


def test_the_visit_that_begins_now_is_not_usual_yet_and_one_exactly_so_long_ago_still_is() -> None:
    assert usual(*THREE[:2], ("haussmann", 0)) is not None
    assert usual(*THREE[:2], ("haussmann", 90)) is None
    assert usual(*THREE[:2], ("haussmann", 91)) is not None


def test_what_is_usual_may_be_a_part_of_the_week_and_a_share_of_ones_own() -> None:
    asked = Usual(Coming(30 * DAY, dayparts=EVENINGS), least=2, percent=60)
    evenings = [at(f"2026-11-{day}T18:30") for day in (16, 17, 18)]
    assert against(Who(usual=(asked,)), visitor(*evenings, NOON - DAY, NOON - 9 * DAY)) is None
    assert against(Who(usual=(asked,)), visitor(*evenings, NOON - DAY, NOON - 8 * DAY, NOON - 9 * DAY)) is not None


@pytest.mark.parametrize(("lost", "is_doubtful"), [(NOON - 90 * DAY, True), (NOON - 90 * DAY - 1, False)])
def test_a_visit_forgotten_at_the_very_beginning_of_the_time_may_have_counted(lost: int, is_doubtful: bool) -> None:
    found = member(visits=Visits(3, (), older=OlderVisits(lost=lost)))
    words = "came 0 times that are known in 90 days, at most 2 asked for"
    assert against(came(most=2), found) == (words if is_doubtful else None)
