"""Visits of a device before it had a member: each counts once, whoever hands them over, and however often."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.handing_over import handed_over, without_handed
from offers.members import SAME_VISIT, Passage, Progress, Visits
from offers.visits import MOST_VISITS, with_visit
from tests.offers.samples import DAY, HOUR, NOON


def visits(*moments: int, store: str = "haussmann") -> Visits:
    found = Visits()
    for moment in moments:
        found, _ = with_visit(found, store, moment)
    return found


@pytest.mark.parametrize(("apart", "count"), [(SAME_VISIT - 1, 1), (SAME_VISIT, 2), (1 - SAME_VISIT, 1), (0, 1)])
def test_two_phones_in_one_bag_made_one_visit(apart: int, count: int) -> None:
    assert handed_over(visits(NOON), visits(NOON + apart), "phone").count == count
    assert handed_over(visits(NOON), visits(NOON, store="rivoli"), "phone").count == 2


@given(
    st.lists(st.integers(0, 400).map(lambda hours: NOON + hours * HOUR), max_size=60),
    st.lists(st.integers(0, 400).map(lambda hours: NOON + hours * HOUR), max_size=60),
    st.booleans(),
)
def test_handed_over_again_they_count_no_more(first: list[int], more: list[int], emptied: bool) -> None:
    own = visits(*first)
    member = handed_over(visits(NOON - DAY), own, "phone")
    assert member.count == 1 + own.count
    assert handed_over(member, own, "phone") == member
    kept = without_handed(own, "phone") if emptied else own
    assert handed_over(member, kept, "phone") == member
    for moment in more:
        kept, _ = with_visit(kept, "rivoli", moment)
    again = handed_over(member, kept, "phone")
    assert again.count == member.count + kept.count - own.count
    assert handed_over(again, own, "phone") == again  # by a worker that read it before


def test_a_second_owner_does_not_get_what_was_handed_to_the_first() -> None:
    own = without_handed(visits(NOON, NOON + DAY), "phone")
    assert handed_over(Visits(), own, "phone") == Visits()
    later, _ = with_visit(own, "haussmann", NOON + 2 * DAY)
    assert handed_over(Visits(), later, "phone").count == 1


def test_more_visits_than_are_kept_are_counted_all_the_same() -> None:
    own = visits(*(NOON + day * DAY for day in range(MOST_VISITS + 8)))
    member = handed_over(visits(NOON - DAY), own, "phone")
    assert (member.count, len(member.recent)) == (MOST_VISITS + 9, MOST_VISITS)
    assert replace(member, recent=()) == replace(handed_over(member, own, "phone"), recent=())


def test_what_sequences_and_series_rest_on_goes_over_as_well() -> None:
    left, entered = Passage(NOON, "EXIT", "station", ""), Passage(NOON + 1, "ENTER", "kiosk", "inside")
    own = replace(
        visits(NOON), trail=(left,), series={"a": Progress(2, "x"), "b": Progress(1, "y")}, handed={"phone": 3}
    )
    known = replace(visits(NOON), trail=(entered,), series={"a": Progress(1, "z"), "c": Progress(4, "w")})
    merged = handed_over(known, own, "member|max")
    assert merged.trail == (left, entered)
    assert merged.series == {"a": Progress(2, "x"), "b": Progress(1, "y"), "c": Progress(4, "w")}
    assert merged.handed == {"phone": 3, "member|max": 1}
    assert handed_over(merged, own, "member|max") == merged
