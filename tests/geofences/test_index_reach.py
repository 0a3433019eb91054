"""What the index leaves out changes nothing: presence comes to the same as if every distance were exact."""

from math import cos, radians
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.evidence import ENOUGH, bound, weight
from geofences.fixes import Fix, tenths
from geofences.index import GeofenceIndex
from geofences.presence import Presence, advance
from geofences.presence_codec import pack, short_way, unpack
from geofences.rings import Circle, Geofence, Zone, default_policy, geodesic_circle
from tests.geofences.street import CATCHMENT, DOOR, INSIDE, PROXIMITY, START, east_of_door


def a_town(random: Random) -> GeofenceIndex:
    """Stores with rings of many sizes, round and drawn."""
    zones = []
    for number in range(6):
        fences = []
        for ring, radius in ((CATCHMENT, 600.0), (PROXIMITY, 180.0), (INSIDE, 60.0)):
            circle = Circle(*east_of_door(random.uniform(-900, 900)), radius)
            shape = geodesic_circle(circle, 12) if random.random() < 0.5 else circle
            fences.append(Geofence(ring, shape, default_policy(ring, circle)))
        zones.append(Zone(f"store-{number}", tuple(fences[random.randrange(3) :])))
    return GeofenceIndex(zones)


def a_walk(random: Random, fixes: int) -> list[Fix]:
    """To and fro, with good and bad fixes and a few late ones."""
    lon, lat, at, walk = *DOOR, START, []
    for _ in range(fixes):
        lon += random.gauss(0, 120) / 111_000 / cos(radians(lat))
        lat += random.gauss(0, 40) / 111_000
        at += random.choice([1_000, 20_000, 60_000, 600_000])
        accuracy = random.choice([0.0, 4.0, 12.04, 31.97, 40.0, 65.0, 149.99, 150.01, 400.0, 4_000.0])
        late = random.choice([0, 0, 0, 30_000])
        walk.append(Fix(lon, lat, accuracy, at - late, random.choice([None, 1.0, 9.0])))
    return walk


def told(index: GeofenceIndex, walk: list[Fix], reaches: list[float] | None) -> list[object]:
    """The stored bytes after each fix, and what it told, the short way and the long way."""
    places = np.array([(fix.lon, fix.lat) for fix in walk]).T
    found = index.locate(*places, None if reaches is None else np.array(reaches))
    presence, came = Presence(), []
    for fix, sightings in zip(walk, found, strict=True):
        came.append(short_way(pack(presence), fix, sightings, fix.at))
        presence, transitions = advance(unpack(pack(presence)), fix, sightings, index)
        came += [pack(presence), transitions]
    return came


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_presence_comes_to_the_same_bytes_with_the_reach_of_each_fix_as_with_exact_distances(seed):
    random = Random(seed)
    index, walk = a_town(random), a_walk(random, 60)
    reaches = [bound(fix.accuracy) for fix in walk]
    assert told(index, walk, reaches) == told(index, walk, None)


def test_a_reach_that_is_too_short_is_noticed():
    """So that the test above is able to fail: half the reach makes fixes certain that are not."""
    random = Random(5)
    index, walk = a_town(random), a_walk(random, 400)
    reaches = [bound(fix.accuracy) / 4 for fix in walk]
    assert told(index, walk, reaches) != told(index, walk, None)


@pytest.mark.parametrize("accuracy", [0.0, 14.96, 15.04, 149.96, 150.04, 6_000.0])
def test_the_reach_is_where_a_fix_weighs_all_it_can(accuracy):
    kept = tenths(accuracy) / 10
    assert weight(bound(accuracy), kept) == ENOUGH == -weight(-bound(accuracy), kept)
    assert weight(bound(accuracy) * 0.97, kept) < ENOUGH
