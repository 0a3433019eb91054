"""What holds of presence whatever comes: every story whole, timers when they are looked at, fixes sent again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.index import GeofenceIndex
from geofences.presence import (
    Presence,
    TransitionKind,
    advance,
    expire,
    next_due,
)
from geofences.rings import Ring, RingPolicy
from tests.geofences.street import (
    CATCHMENT,
    DOOR,
    INSIDE,
    MINUTE,
    PROXIMITY,
    SECOND,
    START,
    a_zone,
    east_of_door,
    fix_at,
    follow,
    seen,
)

STEPS = st.lists(
    st.tuples(
        st.integers(-700, 700),  # metres
        st.one_of(st.integers(1, 90), st.sampled_from([179, 300, 1_799, 1_800, 4_000])),  # seconds since the last
        st.sampled_from([3.0, 12.0, 35.0, 90.0, 400.0]),
        st.sampled_from([None, 0.0, 1.4, 12.0]),
    ),
    max_size=25,
)
HOLDING = RingPolicy(enter_after=MINUTE, exit_margin=15.0, gone_after=2 * MINUTE)
RINGS = GeofenceIndex(
    [
        a_zone("haussmann", DOOR, {CATCHMENT: 400, PROXIMITY: 120, INSIDE: 40}),
        a_zone("cafe", east_of_door(300), {CATCHMENT: 250, PROXIMITY: 60}),
        a_zone("patient", east_of_door(-200), {PROXIMITY: 150}, HOLDING),
    ]
)


def walked(steps):
    after, fixes = 0, []
    for metres, seconds, accuracy, speed in steps:
        after += seconds * SECOND
        fixes.append(fix_at(metres, after, accuracy, speed))
    return fixes


@settings(max_examples=120)
@given(steps=STEPS)
def test_every_story_is_whole(steps):
    """Of each ring ENTER and EXIT alternate, DWELL is once between, inner rings are only held within outer ones."""
    _, transitions = follow(RINGS, walked(steps), until=10**8)
    held, dwelt, last_confirmed = set(), set(), 0
    for transition in transitions:
        key = (transition.store, transition.ring)
        outer = {(transition.store, ring) for ring in RINGS.zone(transition.store).rings if ring < transition.ring}
        inner = {(transition.store, ring) for ring in Ring if ring > transition.ring}
        assert transition.at <= transition.confirmed_at
        assert transition.confirmed_at >= last_confirmed
        last_confirmed = transition.confirmed_at
        if transition.kind is TransitionKind.ENTER:
            assert key not in held
            assert outer <= held
            held.add(key)
        elif transition.kind is TransitionKind.EXIT:
            assert key in held
            assert not inner & held
            held.discard(key)
            dwelt.discard(key)
        elif transition.kind is TransitionKind.DWELL:
            assert key in held
            assert key not in dwelt
            dwelt.add(key)
        else:
            assert key not in held
    assert not held


@settings(max_examples=80)
@given(steps=STEPS, data=st.data())
def test_when_the_timers_are_looked_at_changes_nothing(steps, data):
    fixes = walked(steps)
    _, expected = follow(RINGS, fixes, until=10**8)
    presence, transitions = Presence(), []
    for before, fix in zip([START, *(fix.at for fix in fixes)], fixes, strict=False):
        presence, fired = expire(presence, data.draw(st.integers(before, fix.at)), RINGS)
        presence, applied = follow(RINGS, [fix], presence)
        transitions += [*fired, *applied]
    _, fired = expire(presence, START + 10**8, RINGS)
    assert [*transitions, *fired] == expected


@settings(max_examples=60)
@given(steps=STEPS, data=st.data())
def test_fixes_sent_again_change_nothing(steps, data):
    fixes = walked(steps)
    again = [old for number, fix in enumerate(fixes) for old in (fix, fixes[data.draw(st.integers(0, number))])]
    assert follow(RINGS, again, until=10**8)[1] == follow(RINGS, fixes, until=10**8)[1]
    presence, _ = follow(RINGS, fixes)
    for fix in presence.fixes:
        assert advance(presence, fix, seen(RINGS, fix), RINGS) == (presence, ())


@settings(max_examples=60)
@given(steps=STEPS)
def test_no_timer_is_due_that_does_not_fire(steps):
    presence, _ = follow(RINGS, walked(steps))
    due = next_due(presence)
    if due is not None:
        assert due > presence.fixes[-1].at
        assert expire(presence, due, RINGS)[1]
