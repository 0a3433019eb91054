"""Late fixes: those that take their place among the last, and those that come too late."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geofences.fixes import FixRejection
from geofences.index import GeofenceIndex
from geofences.presence import Presence, advance, screened
from geofences.rings import RingPolicy
from tests.geofences.street import (
    CATCHMENT,
    DOOR,
    INSIDE,
    MINUTE,
    PROXIMITY,
    SECOND,
    START,
    a_store,
    a_zone,
    east_of_door,
    fix_at,
    follow,
    held,
    seen,
    told,
)

SHOP = a_store(proximity=100)
FAR = 3_000


def test_a_late_fix_inside_enters_at_its_own_time_and_is_believed_now():
    presence, transitions = follow(SHOP, [fix_at(1_000, 0), fix_at(900, 40 * SECOND)])
    assert transitions == []
    after, (entered,) = follow(SHOP, [fix_at(0, 20 * SECOND)], presence)
    assert told([entered]) == ["ENTER proximity"]
    assert (entered.at - START, entered.confirmed_at - START) == (20 * SECOND, 40 * SECOND)
    assert [fix.at - START for fix in after.fixes] == [0, 20 * SECOND, 40 * SECOND]
    assert [p.began - START for p in after.stores["haussmann"].pendings] == [40 * SECOND]
    _, (left,) = follow(SHOP, [], after, until=10 * MINUTE)
    assert (left.kind, left.at - START) == ("EXIT", 40 * SECOND)


def test_a_late_fix_adds_its_evidence():
    shop = a_store(proximity=50)
    presence, _ = follow(shop, [fix_at(FAR, -5 * MINUTE, 60), fix_at(10, 0, 60), fix_at(49, 40 * SECOND, 60)])
    assert presence.stores["haussmann"].pendings[0].evidence == 667
    _, transitions = follow(shop, [fix_at(11, 20 * SECOND, 60)], presence)
    assert told(transitions) == ["ENTER proximity"]
    assert transitions[0].at == START


def test_a_late_fix_begins_a_change_earlier_and_refutes_one_in_its_place():
    presence, _ = follow(SHOP, [fix_at(0, 0), fix_at(300, 50 * SECOND)])
    earlier, transitions = follow(SHOP, [fix_at(300, 20 * SECOND)], presence)
    assert (earlier.stores["haussmann"].pendings[0].began - START, transitions) == (20 * SECOND, [])
    back, _ = follow(SHOP, [fix_at(0, 40 * SECOND)], earlier)
    assert back.stores["haussmann"].pendings[0].began - START == 50 * SECOND


def test_what_was_told_stands():
    leaving = [fix_at(0, 0), fix_at(300, MINUTE), fix_at(300, 2 * MINUTE), fix_at(300, 3 * MINUTE)]
    presence, transitions = follow(SHOP, leaving)
    assert told(transitions)[-1].startswith("EXIT")
    late = fix_at(0, 2 * MINUTE + 30 * SECOND)
    after, transitions = follow(SHOP, [late], presence)
    assert (held(after), transitions) == ({}, [])
    assert late.quantised() in after.fixes


def test_what_was_told_and_forgotten_since_is_not_told_again():
    patient = RingPolicy(enter_after=MINUTE, exit_margin=15.0, gone_after=MINUTE)
    index = GeofenceIndex([a_zone("haussmann", DOOR, {PROXIMITY: 100}, patient)])
    passing = [fix_at(0, 4 * SECOND), fix_at(150, 6 * SECOND), fix_at(150, 67 * SECOND)]
    presence, transitions = follow(index, passing)
    assert (told(transitions), presence.stores) == (["PASS_BY proximity"], {})
    after, transitions = follow(index, [fix_at(95, 30 * SECOND, 40)], presence)
    assert (len(after.fixes), transitions) == (4, [])


def test_the_evidence_of_a_fix_that_a_late_one_pushed_out_still_counts():
    fixes = [fix_at(70, 0, 100), *(fix_at(99, each * SECOND, 100) for each in range(5, 40, 5))]
    presence, _ = follow(SHOP, [*fixes, fix_at(99, 7 * SECOND, 100)])
    assert [fix.at - START for fix in presence.fixes] == [each * SECOND for each in (5, 7, 10, 15, 20, 25, 30, 35)]
    assert presence.stores["haussmann"].pendings[0].evidence == 300
    _, transitions = follow(SHOP, [fix_at(29, 12 * SECOND, 100)], presence)
    assert told(transitions) == ["ENTER proximity first_seen"]
    assert transitions[0].at == START


@pytest.mark.parametrize(("gone_after", "leaves"), [(20, True), (21, False)])
def test_a_leave_that_a_late_fix_began_is_due_before_the_fix_of_its_last_moment(gone_after, leaves):
    hasty = RingPolicy(0, 15.0, gone_after * SECOND)
    index = GeofenceIndex([a_zone("haussmann", DOOR, {PROXIMITY: 100}, hasty)])
    presence, _ = follow(index, [fix_at(0, 0), fix_at(0, 40 * SECOND)])
    _, transitions = follow(index, [fix_at(300, 20 * SECOND)], presence)
    assert told(transitions) == (["EXIT proximity pass_by", "ENTER proximity"] if leaves else [])


def test_a_change_that_ended_is_forgotten_with_the_fix_that_ended_it():
    fixes = [fix_at(70, 0, 100), *(fix_at(300, each * SECOND) for each in range(5, 50, 5))]
    presence, _ = follow(SHOP, fixes[:9])
    assert presence.stores["haussmann"].stirred == START + 5 * SECOND
    presence, _ = follow(SHOP, fixes[9:], presence)
    assert (len(presence.fixes), presence.stores) == (8, {})


def two_shops(first, second, policy=None):
    """Each so many metres east of the door, and so wide."""
    placed = zip(("a-shop", "z-shop"), (first, second), strict=True)
    return GeofenceIndex([a_zone(name, east_of_door(at), {PROXIMITY: radius}, policy) for name, (at, radius) in placed])


def test_what_a_late_fix_tells_of_several_stores_comes_in_the_order_in_which_it_would_have_been_believed():
    index = two_shops((0, 100), (150, 100))
    presence, transitions = follow(index, [fix_at(-1_000, -MINUTE), fix_at(70, 20 * SECOND, 50)])
    assert transitions == []
    _, transitions = follow(index, [fix_at(80, 10 * SECOND, 30)], presence)
    assert [each.store for each in transitions] == ["z-shop", "a-shop"]
    assert {each.confirmed_at - START for each in transitions} == {20 * SECOND}


def test_what_a_late_fix_ends_is_told_before_what_it_begins():
    index = two_shops((0, 100), (200, 180), RingPolicy(0, 0.0, 0))
    presence, transitions = follow(index, [fix_at(85, -MINUTE, 50), fix_at(0, 20 * SECOND, 4_000)])
    assert [(each.kind, each.store) for each in transitions] == [("ENTER", "z-shop")]
    assert [*presence.stores] == ["a-shop", "z-shop"]
    _, transitions = follow(index, [fix_at(-30, 10 * SECOND)], presence)
    assert [(each.kind, each.store) for each in transitions] == [("EXIT", "z-shop"), ("ENTER", "a-shop")]


@pytest.mark.parametrize(("seconds", "rejection"), [(60, None), (61, FixRejection.OUT_OF_ORDER)])
def test_the_bound_of_lateness_is_a_minute(seconds, rejection):
    presence, _ = follow(SHOP, [fix_at(FAR, -9 * MINUTE), fix_at(FAR, 0)])
    unchanged, found = screened(presence, fix_at(FAR, -seconds * SECOND), START)
    assert (unchanged, found) == (presence, rejection)


def test_only_among_the_last_eight_is_there_a_place():
    presence, _ = follow(SHOP, [fix_at(FAR, second * SECOND) for second in range(0, 40, 2)])
    assert screened(presence, fix_at(FAR, 25 * SECOND), START + MINUTE)[1] is None
    assert screened(presence, fix_at(FAR, 23 * SECOND), START + MINUTE)[1] is FixRejection.OUT_OF_ORDER
    assert screened(presence, fix_at(FAR, 26 * SECOND), START + MINUTE)[1] is FixRejection.DUPLICATE
    late = fix_at(FAR, 25 * SECOND)
    after, _ = follow(SHOP, [late], presence)
    assert [fix.at - START for fix in after.fixes] == [each * SECOND for each in (25, 26, 28, 30, 32, 34, 36, 38)]


def test_a_late_fix_must_be_reachable_from_both_its_neighbours():
    presence, _ = follow(SHOP, [fix_at(FAR, 0), fix_at(FAR, 20 * SECOND)])
    for after in (1, 19):
        assert screened(presence, fix_at(0, after * SECOND), START)[1] is FixRejection.IMPOSSIBLE_SPEED
    assert screened(presence, fix_at(FAR + 500, 10 * SECOND), START)[1] is None


ZONES = GeofenceIndex(
    [
        a_zone("haussmann", DOOR, {CATCHMENT: 400, PROXIMITY: 120, INSIDE: 40}),
        a_zone("cafe", east_of_door(300), {CATCHMENT: 250, PROXIMITY: 60}),
    ]
)
STEPS = st.lists(
    st.tuples(st.integers(-700, 700), st.integers(2, 25), st.sampled_from([3.0, 12.0, 35.0, 90.0, 400.0])),
    min_size=2,
    max_size=8,
)


def walked(steps):
    after, fixes = 0, []
    for metres, seconds, accuracy in steps:
        after += seconds * SECOND
        fixes.append(fix_at(metres, after, accuracy, 0.0))
    return fixes


ALONE = GeofenceIndex([a_zone("haussmann", DOOR, {PROXIMITY: 100}), a_zone("cafe", east_of_door(80), {INSIDE: 40})])


def by_store(transitions):
    return sorted(((t.store, t.kind, t.at) for t in transitions), key=lambda one: one[0])


@settings(max_examples=150)
@given(steps=STEPS, data=st.data())
def test_a_late_fix_ends_as_if_it_had_come_in_time_where_nothing_was_told_since(steps, data):
    fixes = walked(steps)
    place = data.draw(st.integers(0, len(fixes) - 2))
    late = fixes.pop(place)
    presence, transitions = follow(ALONE, fixes)
    assume(fixes[-1].at - late.at <= MINUTE)
    assume(all(transition.confirmed_at < late.at for transition in transitions))
    assume(screened(presence, late, START)[1] is None and late.quantised() not in presence.fixes)
    after, added = advance(presence, late, seen(ALONE, late), ALONE)
    in_time, all_told = follow(ALONE, sorted([*fixes, late], key=lambda fix: fix.at))
    assume(len(in_time.fixes) == len(after.fixes))
    assert by_store([*transitions, *added]) == by_store(all_told)
    assert held(after) == held(in_time)
    assert {store: state.pendings for store, state in after.stores.items()} == {
        store: state.pendings for store, state in in_time.stores.items()
    }


@settings(max_examples=100)
@given(steps=STEPS, data=st.data())
def test_whatever_comes_late_every_story_is_whole_and_no_id_comes_twice(steps, data):
    fixes = data.draw(st.permutations(walked(steps)))
    _, transitions = follow(ZONES, fixes, until=10**8)
    inside = set()
    for transition in transitions:
        if transition.kind == "DWELL":
            assert transition.geofence in inside
        elif transition.kind != "PASS_BY":
            assert (transition.geofence in inside) == (transition.kind == "EXIT")
            inside ^= {transition.geofence}
        assert transition.at <= transition.confirmed_at
    assert not inside
    names = [(t.kind, t.geofence, t.at) for t in transitions]
    assert len(set(names)) == len(names)


@settings(max_examples=60)
@given(steps=STEPS, data=st.data())
def test_in_any_order_the_rings_held_are_the_same_after_the_longest_hold_time_in_order(steps, data):
    fixes = walked(steps)
    mixed = data.draw(st.permutations(fixes))
    calm = [fix_at(metres, 300 * SECOND + second * SECOND) for metres in (5,) for second in range(0, 400, 20)]
    assert held(follow(ZONES, [*mixed, *calm])[0]) == held(follow(ZONES, [*fixes, *calm])[0])


def test_presence_without_a_fix_has_no_late_ones():
    assert screened(Presence(), fix_at(0, 0), START) == (Presence(), None)
