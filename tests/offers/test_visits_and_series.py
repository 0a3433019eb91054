"""What rests on visits: a series of one step each, and who has not been seen for long."""

from __future__ import annotations

import pytest

from offers.campaigns import OfferTemplate, Text
from offers.decisions import decide
from offers.eligibility import refusal
from offers.history import Line, Purchase, with_purchase
from offers.members import Member, Profile, Progress, Visit, Visits, last_seen
from offers.occasions import visit_trigger
from offers.series import next_template, with_step, without_step
from offers.triggers import TriggerKind, When
from offers.withheld import Withheld
from tests.offers.samples import (
    DAY,
    HOUR,
    NOON,
    campaign,
    candidate,
    circumstances,
    member,
    occasion,
    purchases,
    rules,
)

STEPS = tuple(OfferTemplate({"fr": Text(word, word)}, service=word) for word in ("parking", "retouches", "café"))
DISCOVER = campaign("discover", when=When(TriggerKind.VISIT, frozenset({"haussmann"})), offer=STEPS[0], series=STEPS)
LINE = Line("a", "b", 1)
JUST_NOW = Purchase("2", NOON, NOON // DAY, (LINE,))
AWAY = campaign(when=When(TriggerKind.ENTER, frozenset({"haussmann"}), "proximity", not_seen_for=60 * DAY))


def at_step(given: int) -> Member:
    return member(visits=Visits(given + 1, series={"discover": Progress(given, "earlier")} if given else {}))


@pytest.mark.parametrize(("given", "said"), [(0, "parking"), (1, "retouches"), (2, "café")])
def test_a_series_says_its_next_step(given: int, said: str) -> None:
    visit = occasion(visit_trigger("galerie", "phone", "haussmann", NOON))
    offer = decide(visit, at_step(given), circumstances(rules(DISCOVER))).offer
    assert offer is not None
    assert (offer.text, offer.service) == (said, said)


def test_a_series_that_is_over_keeps_silent() -> None:
    found = refusal(candidate(DISCOVER, at_step(3)))
    assert found is not None
    assert (found.reason, found.detail) == (Withheld.HISTORY, "all 3 steps of the series were given")


def test_a_step_is_counted_once_and_taken_back_once() -> None:
    visits = Visits(1)
    after = with_step(visits, DISCOVER, "one")
    assert (after.series["discover"], next_template(DISCOVER, after)) == (Progress(1, "one"), STEPS[1])
    back = without_step(after, "discover", "one")
    assert next_template(DISCOVER, back) == STEPS[0]
    assert without_step(back, "discover", "one") == back
    assert without_step(after, "discover", "another") == after
    assert with_step(visits, campaign(), "one") is visits


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, None),
        ({"profile": Profile(last_visit=NOON - DAY)}, NOON - DAY),
        ({"profile": Profile(last_visit=NOON)}, None),
        ({"visits": Visits(1, (Visit("rivoli", NOON - HOUR, NOON - 1),))}, NOON - 1),
        ({"visits": Visits(1, (Visit("rivoli", NOON - HOUR, NOON + HOUR),))}, NOON),
        ({"visits": Visits(1, (Visit("haussmann", NOON, NOON),))}, None),
        ({"purchases": with_purchase(purchases(LINE, moment=NOON - 2), JUST_NOW)}, NOON - 2),
    ],
)
def test_seen_is_who_came_or_bought_before_this(known: dict[str, object], expected: int | None) -> None:
    assert last_seen(member(**known), NOON) == expected


@pytest.mark.parametrize(
    ("ago", "reason"),
    [(60 * DAY, None), (60 * DAY + 1, None), (60 * DAY - 1, Withheld.HISTORY), (None, Withheld.HISTORY)],
)
def test_away_is_who_was_seen_but_not_for_so_long(ago: int | None, reason: Withheld | None) -> None:
    found = refusal(candidate(AWAY, member(profile=Profile(last_visit=None if ago is None else NOON - ago))))
    assert (found and found.reason) is reason


@pytest.mark.parametrize(
    ("ago", "days"), [(60 * DAY - 1, 59), (59 * DAY, 59), (DAY - 1, 0)], ids=["a millisecond", "a day", "today"]
)
def test_who_was_seen_too_lately_is_told_in_whole_days(ago: int, days: int) -> None:
    found = refusal(candidate(AWAY, member(profile=Profile(last_visit=NOON - ago))))
    assert found is not None
    assert found.detail == f"was seen {days} days ago, away for 60 asked for"
