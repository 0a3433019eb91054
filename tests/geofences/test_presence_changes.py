"""Rings left together, and fences that change under a device: at the boundary."""

from dataclasses import replace

import pytest

from geofences.index import GeofenceIndex
from geofences.presence import SILENCE, expire
from geofences.rings import Circle, Geofence, RingPolicy, Zone
from tests.geofences.street import (
    CATCHMENT,
    DOOR,
    INSIDE,
    MINUTE,
    PROXIMITY,
    START,
    a_store,
    a_zone,
    east_of_door,
    fix_at,
    follow,
    held,
    told,
)

FAR = 5_000


def a_patient_store():
    """The inner ring is left after ten minutes, the outer one after two."""
    rings = [
        Geofence(ring, Circle(*DOOR, radius), RingPolicy(0, 15.0, minutes * MINUTE))
        for ring, radius, minutes in ((PROXIMITY, 250, 2), (INSIDE, 50, 10))
    ]
    return GeofenceIndex([Zone("haussmann", tuple(rings))])


def test_silence_is_half_an_hour():
    assert SILENCE == 30 * MINUTE


def test_rings_left_together_were_each_left_at_their_own_first_evidence():
    fixes = [fix_at(0, 0), fix_at(120, MINUTE), fix_at(400, 2 * MINUTE), fix_at(500, 5 * MINUTE)]
    _, transitions = follow(a_patient_store(), fixes)
    assert told(transitions)[-2:] == ["EXIT inside pass_by", "EXIT proximity"]
    assert [(each.at - START, each.confirmed_at - START) for each in transitions[-2:]] == [
        (MINUTE, 4 * MINUTE),
        (2 * MINUTE, 4 * MINUTE),
    ]


def test_rings_entered_together_were_each_entered_at_their_own_first_evidence():
    index = GeofenceIndex([a_zone("haussmann", DOOR, {CATCHMENT: 400, PROXIMITY: 100})])
    fixes = [fix_at(FAR, -20 * MINUTE), fix_at(370, 0, 100), fix_at(350, MINUTE, 100), fix_at(0, 2 * MINUTE, 100)]
    _, transitions = follow(index, fixes)
    assert told(transitions) == ["ENTER catchment", "ENTER proximity"]
    assert [each.at - START for each in transitions] == [0, 2 * MINUTE]


def test_what_was_passed_by_is_told_before_what_is_entered_by_the_same_fix():
    patient = RingPolicy(5 * MINUTE, 15.0, MINUTE)
    passed = a_zone("z-passed", east_of_door(-500), {PROXIMITY: 100}, patient)
    index = GeofenceIndex([a_zone("a-entered", DOOR, {PROXIMITY: 100}), passed])
    _, transitions = follow(index, [fix_at(-500, 0), fix_at(0, 2 * MINUTE)])
    assert [(each.kind, each.store) for each in transitions] == [("PASS_BY", "z-passed"), ("ENTER", "a-entered")]


def test_the_first_fix_of_all_passes_nothing_by():
    zone = replace(a_zone("haussmann", DOOR, {PROXIMITY: 100}), tells_crossings=True)
    _, transitions = follow(GeofenceIndex([zone]), [fix_at(0, 0, speed=15.0)])
    assert told(transitions) == ["ENTER proximity first_seen"]


def a_small_store_that_tells_of_rides():
    return GeofenceIndex([replace(a_zone("haussmann", DOOR, {PROXIMITY: 60}), tells_crossings=True)])


def test_two_fixes_are_enough_for_a_ride():
    _, transitions = follow(
        a_small_store_that_tells_of_rides(), [fix_at(-225, 0, speed=15.0), fix_at(225, MINUTE // 2, speed=15.0)]
    )
    assert told(transitions) == ["PASS_BY proximity"]


@pytest.mark.parametrize(("first", "late", "last"), [(-225, 225, 675), (-675, -225, 225)])
def test_a_late_fix_shows_the_ride_to_it_and_the_ride_from_it(first, late, last):
    index = a_small_store_that_tells_of_rides()
    presence, transitions = follow(index, [fix_at(first, 0, speed=15.0), fix_at(last, MINUTE + 1, speed=15.0)])
    assert transitions == []
    _, transitions = follow(index, [fix_at(late, MINUTE // 2, speed=15.0)], presence)
    assert told(transitions) == ["PASS_BY proximity"]


@pytest.mark.parametrize(("metres", "stays"), [(80, True), (89, True), (91, False)])
def test_who_held_a_ring_that_changed_holds_it_until_certainly_out(metres, stays):
    """40 m of accuracy: from 50 to 90 m nobody can say."""
    presence, _ = follow(a_store(proximity=500), [fix_at(metres, 0, 40)])
    after, transitions = expire(presence, START + 1, a_store(proximity=50))
    assert (held(after) == {"haussmann": PROXIMITY}, transitions) == (stays, ())


def test_a_fence_that_went_is_forgotten_at_once_and_one_that_moved_once_no_fix_can_come_late():
    moved = GeofenceIndex([a_zone("haussmann", east_of_door(9_000), {PROXIMITY: 500})])
    presence, _ = follow(a_store(proximity=500), [fix_at(0, 0), fix_at(0, MINUTE // 2)])
    later, _ = follow(a_store(proximity=500), [fix_at(0, 5 * MINUTE)], presence)
    assert [*expire(presence, START + MINUTE, moved)[0].stores] == ["haussmann"]
    for before, index in ((presence, GeofenceIndex([])), (later, GeofenceIndex([])), (later, moved)):
        assert expire(before, before.fixes[-1].at, index)[0].stores == {}
