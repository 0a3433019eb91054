import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geofences.fixes import Fix, FixRejection
from geofences.index import GeofenceIndex
from geofences.presence import SILENCE, Pending, Presence, StorePresence, advance, screened
from geofences.presence_codec import PresenceFormatError, newest, pack, short_way, unpack
from geofences.rings import Ring
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

INDEX = GeofenceIndex(
    [
        a_zone("haussmann", DOOR, {CATCHMENT: 400, PROXIMITY: 120, INSIDE: 40}),
        a_zone("café-opéra", east_of_door(300), {CATCHMENT: 250, PROXIMITY: 60}),
    ]
)
FIXES = st.builds(
    Fix,
    st.floats(-180, 180),
    st.floats(-90, 90),
    st.floats(0, 5_000),
    st.integers(START, START + 10**9),
    st.none() | st.floats(-1, 700),
).map(Fix.quantised)
TIMES = st.integers(0, 2**48 - 1 - 2**32)
PENDINGS = st.builds(
    lambda ring, began, hold, evidence: Pending(ring, began, began + hold, evidence),
    st.sampled_from(list(Ring)[1:]),
    TIMES,
    st.integers(0, 2**32 - 1),
    st.integers(1, 2_000),
)
STORES = st.builds(
    StorePresence,
    st.integers(0, 2**32 - 1),
    st.sampled_from(list(Ring)),
    TIMES,
    TIMES,
    st.none() | TIMES,
    st.booleans(),
    st.lists(PENDINGS, max_size=3).map(tuple),
    st.lists(PENDINGS, max_size=3).map(tuple),
)


@st.composite
def presences(draw):
    fixes = tuple(draw(st.lists(FIXES, min_size=1, max_size=8, unique_by=lambda fix: fix.at)))
    stores = draw(st.dictionaries(st.text(min_size=1, max_size=30), STORES, max_size=4))
    stirred = st.sampled_from([0, *(fix.at for fix in fixes)])
    stores = {store: state._replace(stirred=draw(stirred)) for store, state in stores.items()}
    return Presence(fixes, draw(st.none() | FIXES), stores, draw(st.integers(0, START)))


@settings(max_examples=150)
@given(presence=presences())
@example(presence=Presence())
def test_what_is_packed_is_unpacked(presence):
    assert unpack(pack(presence)) == presence
    assert newest(pack(presence)) == presence.newest


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 30, 80, 150, 310, 480, 9_000, 9_000, 9_000, 90_000]),
        st.sampled_from([-5, 0, 1, 20, 20, 20, 60, 200, 1_800, 9_000]),
        st.sampled_from([5.0, 20.05, 20.25, 90.0, 9_999.0]),
        st.sampled_from([None, -1.0, 0.005, 1.4]),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(steps=STEPS)
def test_the_short_way_ends_where_the_long_way_does(steps):
    blob, after, short = b"", 0, 0
    for metres, seconds, accuracy, speed in steps:
        after += seconds * SECOND
        fix = fix_at(metres, after, accuracy, speed)
        sightings = seen(INDEX, fix)
        presence, rejection = screened(unpack(blob), fix, fix.at)
        if rejection is None:
            presence, transitions = advance(presence, fix, sightings, INDEX)
        step = short_way(blob, fix, sightings, fix.at)
        if isinstance(step, FixRejection):
            assert step is rejection
            assert pack(presence) == blob
        elif step is not None:
            assert rejection is None
            assert transitions == ()
            assert step == pack(presence)
        blob, short = pack(presence), short + (step is not None)


@pytest.mark.parametrize(("metres", "stores"), [(9_000, 0), (0, 1), (200, 2)])
def test_a_phone_to_which_nothing_happens_goes_the_short_way(metres, stores):
    presence, _ = follow(INDEX, [fix_at(metres, minute * MINUTE) for minute in range(10)])
    fix = fix_at(metres, 10 * MINUTE)
    assert (len(presence.stores), len(presence.fixes)) == (stores, 8)
    after, _ = advance(presence, fix, seen(INDEX, fix), INDEX)
    assert short_way(pack(presence), fix, seen(INDEX, fix), fix.at) == pack(after)


def test_a_timer_a_suspect_or_a_leave_needs_the_long_way():
    waiting, _ = follow(INDEX, [fix_at(0, 0)])
    suspicious, _ = follow(INDEX, [fix_at(9_000, 0), fix_at(90_000, SECOND)])
    leaving, _ = follow(INDEX, [fix_at(-350, 0), fix_at(-600, MINUTE)])
    for presence, metres in ((waiting, 0), (suspicious, 9_000), (leaving, -350)):
        fix = fix_at(metres, 2 * MINUTE)
        assert short_way(pack(presence), fix, seen(INDEX, fix), fix.at) is None


def test_after_a_silence_everything_near_a_store_goes_the_long_way():
    presence, _ = follow(INDEX, [fix_at(0, minute * MINUTE) for minute in range(10)])
    for silence, short in ((SILENCE - 1, True), (SILENCE, False)):
        fix = fix_at(0, 9 * MINUTE + silence)
        assert (short_way(pack(presence), fix, seen(INDEX, fix), fix.at) is not None) == short


def test_near_three_stores_in_doubt_with_a_suspect_it_is_320_bytes_at_most():
    zones = [
        a_zone(f"haussmann-{number}", east_of_door(20 * number), {CATCHMENT: 1_500, PROXIMITY: 250, INSIDE: 50})
        for number in range(3)
    ]
    index = GeofenceIndex(zones)
    fixes = [fix_at(0, number * 10 * SECOND, accuracy=10) for number in range(8)]
    presence, _ = follow(index, [*fixes, fix_at(90, 90 * SECOND, 10), fix_at(90_000, 91 * SECOND)])
    assert len(presence.stores) == 3
    assert presence.suspect
    assert sum(len(state.pendings) for state in presence.stores.values()) == 2
    assert len(pack(presence)) <= 320


def test_near_three_rings_of_a_store_it_is_320_bytes_whatever_is_pending():
    index = GeofenceIndex([a_zone("haussmann", DOOR, {CATCHMENT: 1_500, PROXIMITY: 250, INSIDE: 50})])
    presence, _ = follow(index, [fix_at(0, number * 10 * SECOND) for number in range(9)])
    (state,) = presence.stores.values()
    three = tuple(Pending(ring, START, START + MINUTE, 2_000) for ring in list(Ring)[1:])
    worst = state._replace(pendings=three, earlier=three, stirred=presence.fixes[-1].at, visit_due=START)
    assert len(pack(presence._replace(stores={"haussmann": worst}, suspect=presence.fixes[-1]))) <= 320


@pytest.mark.parametrize("cut", [1, 3, 19, 20, 40, -1])
def test_bytes_that_are_no_presence_are_refused(cut):
    presence, _ = follow(INDEX, [fix_at(0, 0)])
    with pytest.raises(PresenceFormatError):
        unpack(pack(presence)[:cut])
    with pytest.raises(PresenceFormatError, match="version 9"):
        unpack(b"\x09" + pack(presence)[1:])
