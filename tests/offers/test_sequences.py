"""Sequences: steps in their order, the first of them not too long ago, and a trail that stays small."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.members import Passage, Visits
from offers.sequences import MOST_PASSAGES, missing_step, remembered
from offers.triggers import Happening, Trigger, TriggerKind, When
from tests.offers.samples import HOUR, NOON, campaign, rules

MINUTE = 60_000
STATION = Happening(TriggerKind.EXIT, frozenset({"station"}))
DOOR = Trigger("door", TriggerKind.ENTER, NOON, "cafe", "proximity")
AFTER_WORK = When(TriggerKind.ENTER, frozenset({"cafe"}), "proximity", before=(STATION,), within=90 * MINUTE)


def left_station(at: int) -> Passage:
    return Passage(at, "EXIT", "station", "")


@pytest.mark.parametrize(
    ("ago", "lacks"), [(0, False), (1, False), (90 * MINUTE, False), (90 * MINUTE + 1, True), (-1, True)]
)
def test_a_step_counts_up_to_and_with_the_end_of_its_time(ago: int, lacks: bool) -> None:
    assert (missing_step(AFTER_WORK, [left_station(NOON - ago)], DOOR) is not None) is lacks


def test_each_step_is_looked_for_as_late_as_possible() -> None:
    twice = [left_station(NOON - 3 * HOUR), left_station(NOON - HOUR)]
    assert missing_step(AFTER_WORK, twice, DOOR) is None


def test_steps_must_come_in_their_order() -> None:
    lunch = Happening(TriggerKind.VISIT, frozenset({"bakery"}))
    when = When(TriggerKind.ENTER, frozenset({"cafe"}), "proximity", before=(STATION, lunch), within=HOUR)
    station, bakery = left_station(NOON - 2 * MINUTE), Passage(NOON - MINUTE, "VISIT", "bakery", "")
    assert missing_step(when, [station, bakery], DOOR) is None
    swapped = [bakery._replace(at=NOON - 3 * MINUTE), station]
    assert missing_step(when, swapped, DOOR) == "step 1 of 3 did not happen before"


def test_with_one_fix_who_leaves_has_left_before_they_enter_and_goes_from_the_outside_in() -> None:
    catchment = Happening(TriggerKind.ENTER, frozenset({"cafe"}), "catchment")
    inward = When(TriggerKind.ENTER, frozenset({"cafe"}), "proximity", before=(catchment,), within=HOUR)
    outward = When(TriggerKind.ENTER, frozenset({"cafe"}), "catchment", before=(_ring("proximity"),), within=HOUR)
    entered = [Passage(NOON, "ENTER", "cafe", ring) for ring in ("catchment", "proximity")]
    assert missing_step(inward, entered, DOOR) is None
    assert missing_step(outward, entered, Trigger("d", TriggerKind.ENTER, NOON, "cafe", "catchment")) is not None


def _ring(name: str) -> Happening:
    return Happening(TriggerKind.ENTER, frozenset({"cafe"}), name)


def test_a_trigger_is_no_step_before_itself() -> None:
    again = When(TriggerKind.ENTER, frozenset({"cafe"}), "proximity", before=(_ring("proximity"),), within=HOUR)
    own = Passage(NOON, "ENTER", "cafe", "proximity")
    assert missing_step(again, [own], DOOR) is not None
    assert missing_step(again, [own._replace(at=NOON - 1), own], DOOR) is None


def test_the_index_holds_a_sequence_under_its_last_step_and_remembers_the_others() -> None:
    decided_by = rules(campaign(when=AFTER_WORK))
    assert set(decided_by.by_trigger) == {(TriggerKind.ENTER, "cafe", "proximity")}
    assert decided_by.steps == {(TriggerKind.EXIT, "station", None)}
    assert decided_by.longest_sequence == 90 * MINUTE


STEPS = st.builds(
    lambda at, kind, where: Trigger(f"{kind}-{where}-{at}", kind, NOON + at, where, "proximity"),
    st.integers(0, 3 * HOUR),
    st.sampled_from([TriggerKind.ENTER, TriggerKind.EXIT]),
    st.sampled_from(["cafe", "bakery"]),
)


@given(st.lists(STEPS, max_size=12), st.randoms())
def test_a_trail_is_the_same_in_whatever_order_its_steps_become_known(steps: list[Trigger], random: object) -> None:
    shuffled = list(steps)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = Visits(), Visits()
    for step in steps:
        one = remembered(one, [step], 10 * HOUR)
    for step in shuffled:
        other = remembered(other, [step], 10 * HOUR)
    assert one.trail == other.trail
    assert remembered(one, steps, 10 * HOUR) == one


def test_a_trail_stays_small_and_lets_go_of_what_no_sequence_rests_on() -> None:
    visits = Visits()
    for minute in range(500):
        visits = remembered(visits, [Trigger("", TriggerKind.EXIT, minute * MINUTE, None, place="station")], HOUR)
    assert [passage.at for passage in visits.trail] == [minute * MINUTE for minute in range(439, 500)]
    crowd = [Trigger("", TriggerKind.EXIT, second, None, place="station") for second in range(500)]
    assert len(remembered(Visits(), crowd, HOUR).trail) == MOST_PASSAGES


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (91 * MINUTE, "91 min"),
        (119 * MINUTE, "119 min"),
        (150 * MINUTE, "2.5 h"),
        (47 * HOUR, "47 h"),
        (60 * 24 * HOUR, "60 days"),
    ],
)
def test_how_long_ago_the_first_step_was_is_told_in_a_unit_that_is_read_easily(ago: int, told: str) -> None:
    assert missing_step(AFTER_WORK, [left_station(NOON - ago)], DOOR) == (
        f"its first step was {told} ago, at most 90 min asked for"
    )
