"""What compiled code makes of fixes and timers, against the law of `presence.py`: the same bytes and transitions."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.device_rows import ALONE, DONE, DUPLICATE, LEFT, OUT_OF_ORDER
from geofences.fixes import FixRejection
from geofences.index import GeofenceIndex
from geofences.presence import Presence, advance, expire, next_due, screened
from geofences.presence_codec import pack, unpack
from geofences.rings import RingPolicy, Zone, geodesic_circle
from geofences.settling import Settler, columns_of, fix_of
from geofences.shelf import Shelf
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
)

POLICIES = {"the defaults": None, "no patience": RingPolicy(0, 0.0, 0), "holds": RingPolicy(20_000, 15.0, 120_000)}


def a_street(policy):
    """A store of three rings, one of two that overlaps it, and one of a polygon that fires on creation."""
    zones = [
        a_zone("haussmann", DOOR, {CATCHMENT: 400, PROXIMITY: 120, INSIDE: 40}, policy),
        a_zone("café-opéra", east_of_door(300), {CATCHMENT: 250, PROXIMITY: 60}, policy),
    ]
    corner = a_zone("corner", east_of_door(-350), {PROXIMITY: 90}, policy)
    fence = corner.geofences[0]
    drawn = fence.__class__(fence.ring, geodesic_circle(fence.shape, 12), fence.policy)
    return GeofenceIndex([*zones, Zone("corner", (drawn,), fire_on_create=True)])


STREETS = {name: a_street(policy) for name, policy in POLICIES.items()}
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, -15, 15, 60, -60, 150, -300, 310, -480, 900, 9_000]),
        st.sampled_from([-70, -5, 0, 1, 5, 20, 20, 20, 60, 60, 200, 1_750, 1_900]),
        st.sampled_from([5.0, 10.0, 20.05, 40.0, 90.0, 300.0, 9_999.0]),
        st.sampled_from([None, -1.0, 1.0, 1.4, 5.0]),
        st.sampled_from([None, None, None, 0, 30, -30, -1_000]),
    ),
    max_size=40,
)


class Both:
    """One device, followed by the law and by compiled code."""

    def __init__(self, index):
        self.index, self.settler, self.shelf = index, Settler(index), Shelf([b""])
        self.presence, self.known, self.done, self.told = Presence(), None, 0, 0

    def take(self, fix):
        presence, rejection = screened(self.presence, fix, fix.at)
        transitions = ()
        if rejection is None:
            presence, transitions = advance(presence, fix, self.index.locate_one(fix.lon, fix.lat), self.index)
        settled = self.settler.apply(self.shelf, np.array([0]), columns_of([fix], fix.at))
        became = settled.became[0]
        if became == DONE:
            assert rejection is None
            self.agree(presence, transitions, settled)
        else:
            assert settled.told == []
            assert settled.news
            assert self.shelf[0] == pack(self.presence)
            assert rejection == REJECTED.get(became, rejection)
            assert became != ALONE or rejection is not None
            self.leave(presence)

    def wait(self, until):
        presence, transitions = expire(self.presence, until, self.index)
        settled = self.settler.expire(self.shelf, np.array([0]), until)
        if settled.became[0] == DONE:
            self.agree(presence, transitions, settled)
        else:
            self.leave(presence)
        self.known = next_due(presence)

    def agree(self, presence, transitions, settled):
        assert self.shelf[0] == pack(presence)
        assert settled.told == [(0, each) for each in transitions]
        assert settled.news or settled.dues[0] < 0
        if settled.dues[0] >= 0:
            self.known = min(self.known or settled.dues[0], settled.dues[0])
        due = next_due(presence)
        assert due is None or self.known <= due
        self.presence, self.done, self.told = presence, self.done + 1, self.told + len(transitions)

    def leave(self, presence):
        self.shelf[0] = pack(presence)
        self.presence, self.known = presence, next_due(presence)


REJECTED = {DUPLICATE: FixRejection.DUPLICATE, OUT_OF_ORDER: FixRejection.OUT_OF_ORDER}


def follow_steps(index, steps):
    both, after = Both(index), 0
    for metres, seconds, accuracy, speed, wait in steps:
        after += seconds * SECOND
        if wait is not None:
            both.wait(START + after + wait * SECOND)
        both.take(fix_at(metres, after, accuracy, speed))
    return both


@pytest.mark.parametrize("street", STREETS)
@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_compiled_code_ends_where_the_law_does_and_knows_every_timer(street, steps):
    follow_steps(STREETS[street], steps)


@pytest.mark.parametrize("street", STREETS)
def test_long_walks_to_and_fro_end_alike_and_are_seldom_left(street):
    done = told = fixes = 0
    for seed in range(12):
        random, steps, place = Random(seed), [], 0.0
        for _ in range(80):
            place = max(min(place + random.gauss(0, 60), 800), -800)
            wait = random.choice([None, None, 0, -60])
            steps.append((place, random.choice([5, 20, 60]), random.choice([5.0, 10.0, 40.0, 200.0]), 1.0, wait))
        both = follow_steps(STREETS[street], steps)
        done, told, fixes = done + both.done, told + both.told, fixes + len(steps)
    assert done > 0.9 * fixes
    assert told > 12


def settled(index, bodies, fixes, now=None, **limits):
    shelf = Shelf(bodies)
    settler = Settler(index, **limits)
    which = np.arange(len(bodies)).repeat(len(fixes) // len(bodies)) if bodies else np.zeros(0, np.int64)
    return shelf, settler.apply(shelf, which, columns_of(fixes, now or fixes[-1].at))


def test_after_one_fix_that_is_left_all_of_that_device_are():
    index = a_store(proximity=100)
    fixes = [fix_at(0, 0), fix_at(0, MINUTE), fix_at(9_000, 0), fix_at(9_000, MINUTE)]
    shelf, outcome = settled(index, [b"", b""], fixes)
    assert outcome.became.tolist() == [LEFT, LEFT, DONE, DONE]
    assert [len(unpack(shelf[number]).fixes) for number in (0, 1)] == [0, 2]


@pytest.mark.parametrize("metres", [0, 150])
def test_a_quiet_settler_leaves_what_tells_something_or_waits(metres):
    index = a_store(proximity=100)
    inside, _ = follow(index, [fix_at(0, minute * MINUTE) for minute in range(10)])
    assert settled(index, [pack(inside)], [fix_at(metres, 10 * MINUTE)])[1].became.tolist() == [DONE]
    quiet = settled(index, [pack(inside)], [fix_at(metres, 10 * MINUTE)], is_quiet=True)[1]
    assert quiet.became.tolist() == [DONE if metres == 0 else LEFT]


def test_bytes_that_are_no_presence_are_left_as_they_are():
    index = a_store(proximity=100)
    presence, _ = follow(index, [fix_at(0, minute * MINUTE) for minute in range(3)])
    whole = pack(presence)
    broken = [whole[:cut] for cut in range(1, len(whole))]
    random = Random(1)
    for _ in range(300):
        body = bytearray(whole)
        for place in random.sample(range(68, len(whole)), 3):
            body[place] = random.randrange(256)
        broken.append(bytes(body))
    shelf, outcome = settled(index, broken, [fix_at(0, 3 * MINUTE)] * len(broken))
    assert outcome.became[: len(whole) - 1].tolist() == [LEFT] * (len(whole) - 1)
    left = np.flatnonzero(outcome.became == LEFT)
    assert [shelf[number] for number in left] == [broken[number] for number in left]


def test_a_shelf_gives_back_what_was_put_on_it_wherever_it_must_move():
    random, shelf, bodies = Random(2), Shelf([b"abc", b""]), {0: b"abc", 1: b""}
    for _ in range(300):
        number = shelf.add() if random.random() < 0.2 else random.randrange(len(shelf))
        bodies[number] = shelf[number] = random.randbytes(random.randrange(700))
        shelf.widen(np.array([number, 0]))
    assert {number: shelf[number] for number in range(len(shelf))} == bodies


def test_columns_are_fixes_and_fixes_columns():
    fixes = [fix_at(0, 0, 12.5, None), fix_at(10, SECOND, 3.0, 1.5)._replace(mocked=True)]
    columns = columns_of(fixes, START)
    assert [fix_of(columns[:, number]) for number in range(2)] == fixes


def test_columns_may_lie_in_memory_as_they_like():
    index = a_store(proximity=100)
    columns = columns_of([fix_at(9_000 + metres, 0) for metres in range(4)], START)
    shelves = [Shelf([b""] * 4) for _ in range(3)]
    for shelf, fixes in zip(
        shelves, (columns, np.asfortranarray(columns), columns.repeat(2, axis=1)[:, ::2]), strict=True
    ):
        Settler(index).apply(shelf, np.arange(4), fixes)
    assert len({tuple(shelf[number] for number in range(4)) for shelf in shelves}) == 1
    assert unpack(shelves[1][3]).newest == fix_at(9_003, 0).quantised()
