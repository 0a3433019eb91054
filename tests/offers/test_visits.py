"""Visits one by one, in a bounded size: whatever is said of a window is what one who keeps everything would say."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offers.handing_over import handed_over
from offers.members import SAME_VISIT, OlderVisits, Visit, Visits
from offers.visits import LONGEST, MOST_BYTES, MOST_VISITS, all_visits, lost_until, with_visit
from tests.offers.samples import DAY, HOUR, NOON


def came(*moments: int, store: str = "haussmann", before: Visits | None = None) -> Visits:
    visits = before or Visits()
    for moment in moments:
        visits, _ = with_visit(visits, store, moment)
    return visits


def size(older: OlderVisits) -> int:
    return len(older.packed) + sum(len(each.encode()) for each in older.stores)


signs = st.lists(st.tuples(st.sampled_from(["haussmann", "rivoli"]), st.integers(0, 300 * 24)), max_size=120)


@settings(max_examples=60)
@given(signs)
def test_every_visit_is_known_to_the_millisecond_however_many_there_were_before_the_last(
    seen: list[tuple[str, int]],
) -> None:
    visits, oracle = Visits(), list[Visit]()
    for store, hours in sorted(seen, key=lambda sign: sign[1]):
        at = NOON + hours * HOUR + hours % 7
        visits, _ = with_visit(visits, store, at)
        last = next((each for each in reversed(oracle) if each.store == store), None)
        if last is not None and at < last.last + SAME_VISIT:
            oracle[oracle.index(last)] = last._replace(last=at)
        else:
            oracle.append(Visit(store, at, at))
    assert all_visits(visits) == tuple(sorted(oracle, key=lambda visit: visit.first))
    assert (visits.count, lost_until(visits, all_visits(visits))) == (len(oracle), -1)


@given(st.permutations(range(50)))
def test_the_order_in_which_visits_become_known_does_not_matter(days: list[int]) -> None:
    assert came(*(NOON + day * DAY for day in days)) == came(*(NOON + day * DAY for day in range(50)))


def test_a_late_sign_of_an_older_visit_makes_it_longer_and_is_no_new_one() -> None:
    visits = came(*(NOON + day * DAY for day in range(MOST_VISITS + 5)))
    later, new = with_visit(visits, "haussmann", NOON + DAY - HOUR)
    assert not new
    assert all_visits(later)[1] == Visit("haussmann", NOON + DAY - HOUR, NOON + DAY)
    assert (len(all_visits(later)), later.count) == (MOST_VISITS + 5, MOST_VISITS + 5)
    assert with_visit(later, "haussmann", NOON + DAY - HOUR) == (later, False)


def test_a_member_who_comes_twice_a_day_for_years_takes_no_more_room_than_one_of_a_year() -> None:
    year = came(*(NOON + half * DAY // 2 + half for half in range(730)))
    years = came(*(NOON + half * DAY // 2 + half for half in range(730, 1_500)), before=year)
    for visits in (year, years):
        assert size(visits.older) <= MOST_BYTES
        assert len(msgspec.msgpack.encode(visits)) < MOST_BYTES + MOST_VISITS * 40
        kept = all_visits(visits)
        assert len(kept) > 300
        assert lost_until(visits, kept) == kept[0].first - DAY // 2 - 1
    assert years.count == 1_500


def test_a_visit_a_day_is_known_for_a_whole_year() -> None:
    visits = came(*(NOON + day * DAY for day in range(367)))
    assert lost_until(visits, all_visits(visits)) <= NOON + 366 * DAY - 365 * DAY


def test_long_names_of_stores_take_no_more_room() -> None:
    visits = Visits()
    for day in range(300):
        visits, _ = with_visit(visits, f"{day}" * 20, NOON + day * DAY)
    assert size(visits.older) <= MOST_BYTES


@pytest.mark.parametrize(("ago", "kept"), [(365 * DAY, True), (LONGEST - 1, True), (LONGEST, False)])
def test_older_than_may_be_asked_for_is_forgotten(ago: int, kept: bool) -> None:
    visits = came(NOON - ago, *(NOON - hours * HOUR for hours in range(3 * MOST_VISITS, 0, -3)), NOON)
    assert (all_visits(visits)[0].first == NOON - ago) is kept
    assert lost_until(visits, all_visits(visits)) == (-1 if kept else NOON - ago)


def test_visits_counted_by_an_earlier_version_that_kept_32_are_not_known_before_those() -> None:
    recent = [["haussmann", NOON + day * DAY, NOON + day * DAY] for day in range(MOST_VISITS)]
    packed = msgspec.msgpack.encode({"count": 40, "recent": recent, "trail": [], "series": {}, "handed": {}})
    visits = msgspec.msgpack.decode(packed, type=Visits)
    assert lost_until(visits, all_visits(visits)) == NOON
    later = came(NOON + 40 * DAY, before=visits)
    assert (len(all_visits(later)), lost_until(later, all_visits(later))) == (MOST_VISITS + 1, NOON)


def test_what_is_handed_over_is_known_one_by_one_and_what_was_lost_is_lost() -> None:
    own = came(*(NOON + day * DAY for day in range(50)), store="rivoli")
    visits = handed_over(came(*(NOON + day * DAY for day in range(50))), own, "phone")
    assert (visits.count, len(all_visits(visits)), lost_until(visits, all_visits(visits))) == (100, 100, -1)
    assert handed_over(visits, own, "phone") == visits
    long_ago = came(*(NOON + day * DAY for day in range(400)), store="rivoli")
    lost = long_ago.older.lost
    assert lost > 0
    after = handed_over(came(NOON + 399 * DAY), long_ago, "phone")
    assert (after.count, after.older.lost) == (401, lost)
