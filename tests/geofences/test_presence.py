"""The law of presence, rule by rule."""

from geofences.fixes import FixRejection
from geofences.index import GeofenceIndex
from geofences.presence import (
    SILENCE,
    advance,
    expire,
    next_due,
    screened,
    transition_id,
)
from geofences.rings import RingPolicy, Zone
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

SHOP = a_store(catchment=1_500, proximity=250, inside=50)
FAR = 5_000


def times(transitions):
    return [(t.at - START, t.confirmed_at - START) for t in transitions]


def test_one_good_fix_enters_every_ring_that_it_is_in_outermost_first():
    _, transitions = follow(SHOP, [fix_at(FAR, 0), fix_at(0, 10 * MINUTE)])
    assert told(transitions) == ["ENTER catchment", "ENTER proximity", "ENTER inside"]
    assert times(transitions) == [(10 * MINUTE, 10 * MINUTE)] * 3


def test_the_first_fix_says_first_seen():
    _, transitions = follow(SHOP, [fix_at(100, 0)])
    assert told(transitions) == ["ENTER catchment first_seen", "ENTER proximity first_seen"]


def test_a_fix_on_the_edge_decides_nothing():
    presence, transitions = follow(a_store(proximity=100), [fix_at(FAR, 0), fix_at(98, 5 * MINUTE, accuracy=40)])
    assert (transitions, presence.stores) == ([], {})


def test_evidence_adds_up_and_the_entry_happened_at_its_first():
    shop = a_store(proximity=50)
    presence, transitions = follow(shop, [fix_at(FAR, 0, 60), fix_at(10, 5 * MINUTE, 60)])
    assert transitions == []
    assert presence.stores["haussmann"].pendings[0].evidence == 667
    _, transitions = follow(shop, [fix_at(0, 6 * MINUTE, 60)], presence)
    assert told(transitions) == ["ENTER proximity"]
    assert times(transitions) == [(5 * MINUTE, 6 * MINUTE)]


def test_contrary_evidence_takes_away_and_a_certain_one_ends_it():
    shop = a_store(proximity=50)
    pending, _ = follow(shop, [fix_at(FAR, 0, 60), fix_at(10, 5 * MINUTE, 60)])
    doubted, _ = follow(shop, [fix_at(68, 6 * MINUTE, 60)], pending)
    assert doubted.stores["haussmann"].pendings[0].evidence == 367
    ended, transitions = follow(shop, [fix_at(200, 6 * MINUTE, 60)], pending)
    assert (ended.stores["haussmann"].pendings, transitions) == ((), [])


def test_a_ring_is_left_beyond_its_margin_only_and_after_its_hold_time():
    shop = a_store(proximity=100)
    fixes = [fix_at(0, 0), fix_at(112, MINUTE), fix_at(140, 2 * MINUTE), fix_at(140, 3 * MINUTE)]
    presence, transitions = follow(shop, fixes)
    assert told(transitions) == ["ENTER proximity first_seen"]
    _, transitions = follow(shop, [fix_at(140, 4 * MINUTE)], presence)
    assert told(transitions) == ["EXIT proximity pass_by"]
    assert times(transitions) == [(2 * MINUTE, 4 * MINUTE)]


def test_who_comes_back_within_the_hold_time_has_not_left():
    shop = a_store(proximity=100)
    steps = [(0, 0), (150, 1), (150, 2), (0, 2.5), (150, 4), (0, 5)]
    presence, transitions = follow(shop, [fix_at(metres, int(after * MINUTE)) for metres, after in steps])
    assert told(transitions) == ["ENTER proximity first_seen", "DWELL proximity"]
    assert presence.stores["haussmann"].pendings == ()


def test_exit_is_innermost_first_and_before_any_entry():
    index = GeofenceIndex(
        [
            a_zone("b-left", DOOR, {CATCHMENT: 400, PROXIMITY: 100}, RingPolicy(0, 40.0, 2 * MINUTE)),
            a_zone("a-entered", east_of_door(2_000), {CATCHMENT: 400, PROXIMITY: 100}),
        ]
    )
    # The last fix before has evidence of 0.99 for leaving: only the next one, two minutes later, confirms it.
    fixes = [fix_at(0, 0), fix_at(440 + 29.7, 2 * MINUTE, 30), fix_at(2_000, 4 * MINUTE, 30)]
    _, transitions = follow(index, fixes)
    assert [f"{t.kind} {t.geofence}" for t in transitions if t.confirmed_at == START + 4 * MINUTE] == [
        "EXIT b-left/proximity",
        "EXIT b-left/catchment",
        "ENTER a-entered/catchment",
        "ENTER a-entered/proximity",
    ]


def test_a_visit_is_a_dwell_in_the_innermost_ring_at_its_due_time():
    presence, _ = follow(SHOP, [fix_at(0, 0)])
    assert next_due(presence) == START + 3 * MINUTE
    assert expire(presence, START + 3 * MINUTE - 1, SHOP) == (presence, ())
    after, (dwell,) = expire(presence, START + 9 * MINUTE, SHOP)
    assert told([dwell]) == ["DWELL inside"]
    assert times([dwell]) == [(3 * MINUTE, 3 * MINUTE)]
    assert after.stores["haussmann"].visited
    assert next_due(after) == START + SILENCE


def test_a_certain_leave_is_confirmed_in_silence_and_there_is_no_dwell():
    shop = a_store(proximity=100)
    _, transitions = follow(shop, [fix_at(0, 0), fix_at(300, 150 * SECOND)], until=10 * MINUTE)
    assert told(transitions) == ["ENTER proximity first_seen", "EXIT proximity pass_by"]
    assert times(transitions)[1] == (150 * SECOND, 270 * SECOND)


def test_an_uncertain_leave_is_not_confirmed_in_silence():
    shop = a_store(proximity=100)
    presence, transitions = follow(shop, [fix_at(0, 0), fix_at(130, MINUTE, 40)], until=10 * MINUTE)
    assert presence.stores["haussmann"].pendings[0].evidence < 1_000
    assert told(transitions) == ["ENTER proximity first_seen", "DWELL proximity"]


def test_a_leave_in_doubt_at_the_dwell_never_happened_before_it():
    shop = a_store(proximity=100)
    presence, _ = follow(shop, [fix_at(0, 0), fix_at(130, MINUTE, 40)])
    _, transitions = follow(shop, [fix_at(300, 4 * MINUTE), fix_at(300, 7 * MINUTE)], presence)
    assert told(transitions) == ["DWELL proximity", "EXIT proximity"]
    assert times(transitions) == [(3 * MINUTE, 3 * MINUTE), (3 * MINUTE, 4 * MINUTE)]


def test_a_fast_phone_that_goes_silent_makes_no_visit_but_one_that_has_stopped_does():
    arriving = [fix_at(-1_000, 0, speed=15.0), fix_at(-150, MINUTE, speed=14.0)]
    shop = a_store(proximity=200)
    presence, transitions = follow(shop, arriving, until=9 * MINUTE)
    assert told(transitions) == ["ENTER proximity"]
    assert next_due(presence) == START + MINUTE + SILENCE
    _, transitions = follow(shop, [fix_at(0, 10 * MINUTE, speed=0.0)], presence)
    assert told(transitions) == ["DWELL proximity"]
    assert times(transitions) == [(4 * MINUTE, 10 * MINUTE)]


def test_without_a_speed_the_last_minute_tells_it():
    shop = a_store(proximity=200)
    _, transitions = follow(shop, [fix_at(-1_000, 0), fix_at(-150, 50 * SECOND)], until=9 * MINUTE)
    assert told(transitions) == ["ENTER proximity"]
    _, transitions = follow(shop, [fix_at(-220, 0), fix_at(-150, 50 * SECOND)], until=9 * MINUTE)
    assert told(transitions) == ["ENTER proximity", "DWELL proximity"]


def test_silence_ends_everything_innermost_first_and_the_next_fix_is_the_first_again():
    presence, transitions = follow(SHOP, [fix_at(0, 0)], until=SILENCE)
    timeouts = ["EXIT inside timeout", "EXIT proximity timeout", "EXIT catchment timeout"]
    assert told(transitions)[3:] == ["DWELL inside", *timeouts]
    assert times(transitions)[-1] == (SILENCE, SILENCE)
    assert next_due(presence) is None
    _, transitions = follow(SHOP, [fix_at(100, SILENCE)], presence)
    assert told(transitions) == ["ENTER catchment first_seen", "ENTER proximity first_seen"]


def test_a_fix_just_before_silence_ends_it_keeps_everything():
    _, transitions = follow(SHOP, [fix_at(1_000, 0), fix_at(1_000, SILENCE - 1)])
    assert told(transitions) == ["ENTER catchment first_seen"]


HOLDING = RingPolicy(enter_after=MINUTE, exit_margin=15.0, gone_after=2 * MINUTE)


def test_an_entry_waits_for_its_hold_time_by_fix_time():
    index = GeofenceIndex([a_zone("haussmann", DOOR, {PROXIMITY: 100}, HOLDING)])
    presence, transitions = follow(index, [fix_at(FAR, -2 * MINUTE), fix_at(0, 0), fix_at(0, MINUTE - 1)])
    assert transitions == []
    _, transitions = follow(index, [fix_at(0, MINUTE)], presence)
    assert times(transitions) == [(0, MINUTE)]


def test_an_entry_with_enough_evidence_that_ends_before_its_hold_time_is_a_pass_by():
    index = GeofenceIndex([a_zone("haussmann", DOOR, {PROXIMITY: 100}, HOLDING)])
    presence, transitions = follow(index, [fix_at(0, 0), fix_at(300, 30 * SECOND)])
    assert told(transitions) == ["PASS_BY proximity"]
    assert times(transitions) == [(0, 30 * SECOND)]
    assert held(presence) == {}
    _, transitions = follow(index, [fix_at(0, 0, 150), fix_at(300, 30 * SECOND)])
    assert transitions == []


def test_an_inner_ring_takes_the_outer_ones_along():
    patient, quick = HOLDING, RingPolicy(enter_after=0, exit_margin=15.0, gone_after=MINUTE)
    outer = a_zone("haussmann", DOOR, {CATCHMENT: 500}, patient).geofences
    inner = a_zone("haussmann", DOOR, {INSIDE: 50}, quick).geofences
    index = GeofenceIndex([Zone("haussmann", outer + inner)])
    _, transitions = follow(index, [fix_at(0, 0)])
    assert told(transitions) == ["ENTER catchment first_seen", "ENTER inside first_seen"]


def test_an_impossible_jump_is_believed_when_a_second_fix_confirms_it():
    shop = a_store(proximity=100)
    presence, _ = follow(shop, [fix_at(FAR, 0)])
    suspicious, rejection = screened(presence, fix_at(0, 10 * SECOND), START + 10 * SECOND)
    assert rejection is FixRejection.IMPOSSIBLE_SPEED
    assert suspicious._replace(suspect=None) == presence
    again, rejection = screened(suspicious, fix_at(0, 10 * SECOND), START + 10 * SECOND)
    assert (again, rejection) == (suspicious, FixRejection.IMPOSSIBLE_SPEED)
    believed, rejection = screened(suspicious, fix_at(20, 20 * SECOND), START + 20 * SECOND)
    assert rejection is None
    after, transitions = advance(believed, fix_at(20, 20 * SECOND), seen(shop, fix_at(20, 20 * SECOND)), shop)
    assert told(transitions) == ["ENTER proximity"]
    assert after.suspect is None


def test_a_suspect_is_forgotten_when_the_phone_is_where_it_was():
    presence, transitions = follow(a_store(proximity=100), [fix_at(FAR, 0), fix_at(0, 10_000), fix_at(FAR, 20_000)])
    assert (presence.suspect, transitions) == (None, [])
    assert len(presence.fixes) == 2


def test_the_same_transition_has_the_same_id_and_no_other_has_it():
    _, transitions = follow(SHOP, [fix_at(0, 0)], until=SILENCE)
    ids = [transition_id("galerie", "phone", transition) for transition in transitions]
    assert len(set(ids)) == 7
    assert ids == [transition_id("galerie", "phone", transition) for transition in transitions]
    assert transition_id("galerie", "other", transitions[0]) != ids[0]


def test_a_faint_fix_adds_nothing_and_takes_nothing():
    shop = a_store(proximity=50)
    pending, _ = follow(shop, [fix_at(FAR, 0, 60), fix_at(10, 5 * MINUTE, 60)])
    for metres in (45, 55):
        after, _ = follow(shop, [fix_at(metres, 6 * MINUTE, 60)], pending)
        assert after.stores["haussmann"].pendings == pending.stores["haussmann"].pendings
    after, _ = follow(shop, [fix_at(43, 6 * MINUTE, 60)], pending)
    assert after.stores["haussmann"].pendings[0].evidence == 784


def test_a_contrary_fix_never_confirms_what_had_enough():
    index = GeofenceIndex([a_zone("haussmann", DOOR, {PROXIMITY: 100}, HOLDING)])
    presence, _ = follow(index, [fix_at(FAR, -2 * MINUTE), fix_at(0, 0), fix_at(0, 30 * SECOND)])
    doubted, transitions = follow(index, [fix_at(120, MINUTE, 40)], presence)
    assert transitions == []
    assert doubted.stores["haussmann"].pendings[0].evidence == 1_500
    _, transitions = follow(index, [fix_at(100, 90 * SECOND, 40)], doubted)
    assert told(transitions) == ["ENTER proximity"]


def test_evidence_for_an_inner_ring_is_kept_when_an_outer_one_is_entered():
    shop = a_store(catchment=200, proximity=50)
    fixes = [fix_at(FAR, 0, 60), fix_at(10, 5 * MINUTE, 60), fix_at(20, 6 * MINUTE, 60)]
    _, transitions = follow(shop, fixes)
    assert told(transitions) == ["ENTER catchment", "ENTER proximity"]
    assert times(transitions) == [(5 * MINUTE, 5 * MINUTE), (5 * MINUTE, 6 * MINUTE)]


def test_in_silence_each_ring_is_left_when_its_own_hold_time_is_over():
    shop = a_store(catchment=400, proximity=100)
    _, transitions = follow(shop, [fix_at(0, 0), fix_at(250, MINUTE), fix_at(600, 2 * MINUTE)], until=10 * MINUTE)
    assert told(transitions)[2:] == ["EXIT proximity pass_by", "EXIT catchment"]
    assert times(transitions)[2:] == [(MINUTE, 3 * MINUTE), (2 * MINUTE, 2 * MINUTE + 320 * SECOND)]
