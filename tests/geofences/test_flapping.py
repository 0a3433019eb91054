"""What goes wrong with geofences in the field, each as a phone that does it."""

import math
import re
from dataclasses import replace
from pathlib import Path
from random import Random

from geofences.fixes import Fix, FixRejection, screen
from geofences.index import GeofenceIndex
from geofences.presence import SILENCE, Presence, TransitionKind, next_due, screened, transition_id
from geofences.presence_codec import pack, unpack
from geofences.walks import walk
from tests.geofences.street import (
    CATCHMENT,
    DOOR,
    HOUR,
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
    told,
)

FAR = 5_000


def kinds(transitions):
    return [transition.kind for transition in transitions]


def test_a_phone_that_stands_still_at_an_edge_for_hours_enters_once_at_most():
    shop = a_store(proximity=100)
    for seed in range(8):
        edge = [east_of_door(100)] * 2
        fixes = list(walk(edge, pace=1, every=10_000, start=START, stay=7_200_000, accuracy=25, seed=seed))
        assert len(fixes) == 720
        _, transitions = follow(shop, fixes)
        assert [kind for kind in kinds(transitions) if kind is not TransitionKind.DWELL] in ([], [TransitionKind.ENTER])


def test_a_wild_fix_that_claims_to_be_accurate_moves_nobody():
    shop = a_store(proximity=100)
    fixes = [fix_at(0, second * SECOND) for second in range(10)]
    fixes[5] = fix_at(200, 5 * SECOND, accuracy=1.9)
    presence, transitions = follow(shop, fixes)
    assert told(transitions) == ["ENTER proximity first_seen"]
    assert presence.stores["haussmann"].pendings == ()


def test_one_wild_fix_between_good_ones_makes_no_exit_even_if_it_is_possible():
    shop = a_store(proximity=100)
    fixes = [fix_at(0, minute * MINUTE) for minute in range(10)]
    fixes[5] = fix_at(900, 5 * MINUTE, accuracy=1.9)
    _, transitions = follow(shop, fixes)
    assert told(transitions) == ["ENTER proximity first_seen", "DWELL proximity"]


def test_a_fix_with_an_accuracy_of_17_km_decides_nothing():
    shop = a_store(proximity=100)
    presence, _ = follow(shop, [fix_at(0, 0)])
    wide = fix_at(FAR, MINUTE, accuracy=17_000)
    assert screened(presence, wide, wide.at) == (presence, FixRejection.INACCURATE)
    believed = fix_at(600, MINUTE, accuracy=5_000)
    after, transitions = follow(shop, [believed], presence)
    assert (after.stores, transitions) == (presence.stores, [])


def test_a_stale_or_late_sample_makes_no_phantom_entry():
    shop = a_store(proximity=100)
    presence, _ = follow(shop, [fix_at(FAR, 0), fix_at(FAR, 10 * MINUTE)])
    for after in (-24 * 60 * MINUTE, 0, 5 * MINUTE, 10 * MINUTE):
        late = fix_at(0, after)
        unchanged, rejection = screened(presence, late, START + 10 * MINUTE)
        assert unchanged == presence
        assert rejection in (FixRejection.STALE, FixRejection.OUT_OF_ORDER, FixRejection.DUPLICATE)


def test_two_coarse_fixes_between_good_ones_end_no_stay():
    """As on the recorded phone day: 576 m off by 586 m, 412 m off by 644 m, and good fixes on both sides."""
    shop = a_store(proximity=100)
    fixes = [fix_at(58, 0, 36), fix_at(576, 2 * MINUTE, 586), fix_at(412, 4 * MINUTE, 644), fix_at(28, 5 * MINUTE, 36)]
    assert told(follow(shop, fixes)[1]) == ["ENTER proximity first_seen", "DWELL proximity"]


def test_a_cell_tower_that_repeats_itself_adds_no_evidence():
    """0.96 of an entry, five times over."""
    shop = a_store(proximity=240)
    presence, transitions = follow(shop, [fix_at(0, each * MINUTE, 200) for each in range(5)])
    assert transitions == []
    assert presence.stores["haussmann"].pendings[0].evidence == 960


def test_cell_towers_that_are_each_in_doubt_do_not_add_up_to_an_exit():
    """Day 22 of the field trial: 0.42, 0.38 and 0.33 of a leave by three towers, and good fixes in the ring around."""
    towers = [fix_at(857, MINUTE, 697), fix_at(746, 2 * MINUTE, 650), fix_at(664, 4 * MINUTE, 648)]
    fixes = [fix_at(30, 0, 36), *towers, fix_at(-20, 30 * MINUTE - SECOND, 36)]
    assert told(follow(a_store(proximity=250), fixes)[1]) == ["ENTER proximity first_seen", "DWELL proximity"]


def test_a_cell_tower_that_is_certain_ends_a_stay():
    """Of an accuracy of 650 m 1,150 m are needed, from an edge of 100 m and its margin of 15."""
    for metres, leaves in ((1_250, False), (1_280, True)):
        _, transitions = follow(a_store(proximity=100), [fix_at(0, 0), fix_at(metres, 10 * MINUTE, 650)], until=HOUR)
        assert (transitions[-1].reason is None) is leaves


def test_cell_towers_that_are_each_in_doubt_add_up_to_an_entry():
    """A ring smaller than what the phone knows is still entered: half of an entry twice."""
    fixes = [fix_at(0, 0, 200), fix_at(10, MINUTE, 199)]
    _, transitions = follow(a_store(proximity=140), fixes)
    assert told(transitions) == ["ENTER proximity first_seen"]


def test_who_drives_through_and_is_placed_by_cell_towers_then_is_no_visit():
    """Days 432, 480, 531 and 995 of the field trial: a good fix on the way through, then towers, for however long."""
    through = [fix_at(-1_491, 0, 37), fix_at(-770, MINUTE, 38), fix_at(-133, 2 * MINUTE, 19)]
    towers = [fix_at(250 + each, (3 + each) * MINUTE, 697) for each in range(12)]
    for silent_after in range(len(towers) + 1):
        _, transitions = follow(a_store(proximity=250), [*through, *towers[:silent_after]], until=2 * HOUR)
        assert told(transitions) == ["ENTER proximity", "EXIT proximity timeout"]


def test_who_drove_there_and_stays_is_a_visit_once_a_good_fix_says_so():
    through = [fix_at(-770, MINUTE, 38), fix_at(-133, 2 * MINUTE, 19)]
    towers = [fix_at(250 + each, (3 + each) * MINUTE, 697) for each in range(12)]
    _, transitions = follow(a_store(proximity=250), [*through, *towers, fix_at(-100, 20 * MINUTE, 30)])
    assert told(transitions) == ["ENTER proximity", "DWELL proximity"]
    assert (transitions[1].at, transitions[1].confirmed_at) == (START + 5 * MINUTE, START + 20 * MINUTE)


def test_who_came_slowly_and_is_placed_by_cell_towers_then_is_a_visit_in_time():
    fixes = [
        fix_at(-330, 0),
        fix_at(-133, 2 * MINUTE),
        *(fix_at(250 + each, (2 + each) * MINUTE, 697) for each in (1, 2)),
    ]
    _, transitions = follow(a_store(proximity=250), fixes, until=6 * MINUTE)
    assert told(transitions) == ["ENTER proximity", "DWELL proximity"]
    assert transitions[1].at == transitions[1].confirmed_at == START + 5 * MINUTE


def test_buffered_fixes_that_arrive_late_are_applied_in_their_place():
    presence, _ = follow(a_store(proximity=100), [fix_at(900, 0), fix_at(900, MINUTE)])
    after, transitions = follow(a_store(proximity=100), [fix_at(0, 30 * SECOND)], presence)
    assert told(transitions) == ["ENTER proximity"]
    assert transitions[0].at == START + 30 * SECOND
    assert screened(after, fix_at(0, -MINUTE), START)[1] is FixRejection.OUT_OF_ORDER


def test_there_are_as_many_exits_as_entries_whatever_is_missed():
    shop = a_store(catchment=1_500, proximity=250, inside=50)
    fixes = [fix_at(0, 0), fix_at(0, 2 * SILENCE), fix_at(9_000, 3 * SILENCE + MINUTE), fix_at(100, 4 * SILENCE)]
    _, transitions = follow(shop, fixes, until=10 * SILENCE)
    assert kinds(transitions).count(TransitionKind.ENTER) == kinds(transitions).count(TransitionKind.EXIT) == 8
    assert {t.reason for t in transitions if t.kind is TransitionKind.EXIT} == {"timeout"}


def test_a_burst_of_the_same_fix_is_one_fix():
    shop = a_store(proximity=100)
    _, once = follow(shop, [fix_at(0, 0)])
    _, often = follow(shop, [fix_at(0, 0)] * 1_500)
    assert [transition_id("g", "d", t) for t in often] == [transition_id("g", "d", t) for t in once]


def test_a_restart_between_any_two_fixes_fires_nothing():
    shop = a_store(catchment=700, proximity=150)
    path = [east_of_door(-1_200), DOOR, east_of_door(2_000)]
    fixes = list(walk(path, pace=1.4, every=20_000, start=START, stay=240_000, accuracy=40, seed=4))
    presence, transitions = Presence(), []
    for fix in fixes:
        presence, fired = follow(shop, [fix], unpack(pack(presence)))
        transitions += fired
    assert transitions == follow(shop, fixes)[1]
    assert len(transitions) == 5


def test_a_moved_shrunk_or_removed_fence_is_forgotten_without_a_word():
    presence, _ = follow(a_store(proximity=500), [fix_at(400, 0)])
    moved = GeofenceIndex([a_zone("haussmann", east_of_door(9_000), {PROXIMITY: 500})])
    for index in (moved, a_store(proximity=50), a_store(inside=50), GeofenceIndex([])):
        after, transitions = follow(index, [], presence, until=10 * SILENCE)
        assert (held(after), transitions, next_due(after)) == ({}, [], None)
        after, transitions = follow(index, [fix_at(400, MINUTE), fix_at(400, 9 * MINUTE)], presence)
        assert (after.stores, transitions) == ({}, [])


def test_who_is_in_a_changed_fence_stays_in_it_without_a_word_and_leaves_it_once():
    presence, _ = follow(a_store(proximity=500), [fix_at(0, 0)])
    for radius in (50, 450, 800):
        changed = a_store(proximity=radius)
        after, transitions = follow(changed, [fix_at(0, MINUTE)], presence)
        assert (held(after), transitions) == ({"haussmann": PROXIMITY}, [])
        _, transitions = follow(changed, [fix_at(FAR, 10 * MINUTE), fix_at(FAR, 20 * MINUTE)], after)
        assert told(transitions) == ["DWELL proximity", "EXIT proximity"]


def test_a_device_that_is_silent_after_its_fence_changed_still_leaves_by_silence():
    presence, _ = follow(a_store(proximity=500), [fix_at(0, 0)])
    _, transitions = follow(a_store(proximity=300), [], presence, until=2 * SILENCE)
    assert told(transitions) == ["DWELL proximity", "EXIT proximity timeout"]


def test_who_is_in_a_new_fence_is_in_it_without_a_word_unless_it_asks_for_one():
    presence, _ = follow(GeofenceIndex([]), [fix_at(FAR, -9 * MINUTE), fix_at(0, 0)])
    zone = a_zone("haussmann", DOOR, {PROXIMITY: 100})
    after, transitions = follow(GeofenceIndex([zone]), [fix_at(3, MINUTE)], presence)
    assert (held(after), transitions) == ({"haussmann": PROXIMITY}, [])
    _, transitions = follow(GeofenceIndex([replace(zone, fire_on_create=True)]), [fix_at(3, MINUTE)], presence)
    assert told(transitions) == ["ENTER proximity"]


def test_who_comes_into_a_new_fence_enters_it():
    presence, _ = follow(GeofenceIndex([]), [fix_at(FAR, -9 * MINUTE), fix_at(140, 0)])
    _, transitions = follow(a_store(proximity=100), [fix_at(0, MINUTE)], presence)
    assert told(transitions) == ["ENTER proximity"]


def test_a_bus_that_drives_by_is_no_visit():
    shop = a_store(proximity=150)
    path = [east_of_door(-2_000), DOOR, east_of_door(2_000)]
    _, transitions = follow(shop, walk(path, pace=12, every=5_000, start=START, accuracy=8, seed=1), until=10 * SILENCE)
    assert told(transitions) == ["ENTER proximity", "EXIT proximity pass_by"]


def test_a_bus_that_stops_at_the_door_is_no_visit_and_a_phone_that_stays_is_one():
    """Stop detection: the bus stands 40 s in the ring, the phone that gets off it five minutes."""
    shop, there = a_store(proximity=150), [fix_at(-900, 0, speed=12.0), fix_at(-450, 40 * SECOND, speed=12.0)]
    stop = [fix_at(0, after * SECOND, speed=0.0) for after in (80, 100, 120)]
    on = [fix_at(450, 160 * SECOND, speed=12.0), fix_at(900, 200 * SECOND, speed=12.0)]
    _, transitions = follow(shop, [*there, *stop, *on], until=10 * SILENCE)
    assert told(transitions) == ["ENTER proximity", "EXIT proximity pass_by"]
    _, transitions = follow(shop, [*there, *stop, fix_at(20, 6 * MINUTE, speed=0.5)], until=7 * MINUTE)
    assert told(transitions) == ["ENTER proximity", "DWELL proximity"]


def test_a_fast_mover_that_jumps_over_a_small_ring_between_two_fixes_is_a_pass_by_where_the_store_asks():
    """15 m/s, a fix every 30 s, a ring of 60 m: neither fix is in it, and no ENTER comes of it."""
    ride = [fix_at(-1_000 + 450 * each, each * 30 * SECOND, speed=15.0) for each in range(6)]
    zone = a_zone("haussmann", DOOR, {PROXIMITY: 60})
    assert follow(GeofenceIndex([zone]), ride, until=10 * SILENCE)[1] == []
    _, (passed,) = follow(GeofenceIndex([replace(zone, tells_crossings=True)]), ride, until=10 * SILENCE)
    assert told([passed]) == ["PASS_BY proximity"]
    assert START + 60 * SECOND < passed.at < passed.confirmed_at == START + 90 * SECOND


def test_a_wild_fix_on_the_other_side_of_a_ring_passes_nothing_by():
    index = GeofenceIndex([replace(a_zone("haussmann", DOOR, {PROXIMITY: 60}), tells_crossings=True)])
    fixes = [fix_at(-200, each * 10 * SECOND, speed=0.4) for each in range(5)]
    fixes[3] = fix_at(200, 30 * SECOND, accuracy=1.9, speed=21.0)
    assert follow(index, fixes, until=10 * SILENCE)[1] == []


def test_a_phone_that_shops_is_one_visit():
    shop = a_store(catchment=900, proximity=150)
    path = [east_of_door(-2_000), DOOR, east_of_door(2_000)]
    for seed in range(10):
        fixes = walk(path, pace=1.4, every=30_000, start=START, stay=600_000, accuracy=25, seed=seed)
        _, transitions = follow(shop, fixes)
        assert told(transitions) == [
            "ENTER catchment",
            "ENTER proximity",
            "DWELL proximity",
            "EXIT proximity",
            "EXIT catchment",
        ]


def test_a_ring_smaller_than_the_usual_accuracy_is_entered_by_nearly_all_who_stay():
    """Noise of 60 m puts half of the fixes out of a ring of 50 m, so evidence comes and goes."""
    shop = a_store(proximity=50)
    random, entered = Random(7), 0
    for _ in range(20):
        fixes = walk(
            [east_of_door(-2_000), DOOR, east_of_door(-2_000)],
            pace=1.4,
            every=60_000,
            start=START,
            stay=900_000,
            accuracy=60,
            seed=random,
        )
        _, transitions = follow(shop, fixes, until=10 * SILENCE)
        entered += TransitionKind.ENTER in kinds(transitions)
    assert entered >= 17


def test_a_lying_clock_position_or_accuracy_changes_no_state():
    good = fix_at(0, 0)
    presence, _ = follow(a_store(proximity=100), [good])
    for bad in (
        Fix(math.nan, 48.0, 5.0, START + 1),
        Fix(2.0, 48.0, math.inf, START + 1),
        Fix(0.0, 0.0, 5.0, START + 1),
        Fix(2.0, 91.0, 5.0, START + 1),
        good._replace(at=START + MINUTE + 1),
        good._replace(accuracy=-5.0, at=START + 1),
    ):
        assert screen(bad, good, START) is not None
        assert screened(presence, bad, START)[0] == presence


def test_the_same_positions_with_10_40_and_120_metres_end_differently():
    """Fixes a minute apart, 60, 110, 60, 60 and 45 m from a door with rings of 75 and 400 m.

    10 m: the first is certainly within 75 m, so proximity is entered at once; the one at 110 m begins a leave that the
    next one ends; after three minutes it is a visit. 40 m: the one at 60 m weighs 0.375, the one at 110 m takes it
    away; 0.375 twice and 0.75 then are enough, and it began at the third. 120 m: an eighth, nothing, two eighths and a
    quarter are half of what it takes. The catchment, 290 m deep or more there, is entered by the first, whatever it is.
    """
    index = GeofenceIndex([a_zone("haussmann", DOOR, {CATCHMENT: 400, PROXIMITY: 75})])
    outcomes = {}
    for accuracy in (10.0, 40.0, 120.0):
        fixes = [fix_at(FAR, -20 * MINUTE, accuracy)]
        fixes += [fix_at(metres, number * MINUTE, accuracy) for number, metres in enumerate((60, 110, 60, 60, 45))]
        presence, transitions = follow(index, fixes)
        pendings = [(p.ring, p.evidence) for p in presence.stores["haussmann"].pendings]
        outcomes[accuracy] = ([(t.kind, t.ring, t.at - START) for t in transitions], pendings)
    catchment, proximity = (TransitionKind.ENTER, CATCHMENT, 0), (TransitionKind.ENTER, PROXIMITY, 0)
    dwell = (TransitionKind.DWELL, PROXIMITY, 3 * MINUTE)
    assert outcomes[10.0] == ([catchment, proximity, dwell], [])
    assert outcomes[40.0] == ([catchment, (TransitionKind.ENTER, PROXIMITY, 2 * MINUTE)], [])
    assert outcomes[120.0] == ([catchment], [(PROXIMITY, 500)])


def test_every_test_that_the_page_names_is_here():
    page = (Path(__file__).parents[2] / "docs" / "geofences-presence.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) >= 16
    assert set(named) <= globals().keys()
