"""What an index says of its size is what its arrays, lists and dictionaries take."""

from sys import getsizeof

import numpy as np
import pytest
from shapely.geometry import Polygon

from geofences.index import GeofenceIndex
from geofences.rings import Geofence, Zone, default_policy
from tests.geofences.street import CATCHMENT, DOOR, INSIDE, PROXIMITY, a_zone, east_of_door


def arrays_within(thing: object, seen: dict[int, int]) -> int:
    """Bytes of all arrays that hang on it, each once; views of another's memory are not counted again."""
    if isinstance(thing, np.ndarray):
        seen[id(thing)] = thing.nbytes
    elif isinstance(thing, tuple) and not isinstance(thing, Zone):
        for each in thing:
            arrays_within(each, seen)
    elif type(thing).__module__.startswith("geofences") and hasattr(thing, "__dict__") and not isinstance(thing, Zone):
        for each in vars(thing).values():
            arrays_within(each, seen)
    return sum(seen.values())


def drawn(store, lon, lat):
    shape = Polygon([(lon, lat), (lon + 0.01, lat), (lon + 0.012, lat + 0.008), (lon, lat + 0.01)])
    return Zone(store, (Geofence(CATCHMENT, shape, default_policy(CATCHMENT, shape)),))


CIRCLES = [a_zone(f"s{n}", east_of_door(300 * n), {CATCHMENT: 1_500, PROXIMITY: 200, INSIDE: 50}) for n in range(40)]
OUTLINES = [drawn(f"d{n}", DOOR[0] + n / 50, DOOR[1]) for n in range(40)]


@pytest.mark.parametrize("zones", [CIRCLES, OUTLINES, CIRCLES + OUTLINES], ids=["circles", "outlines", "both"])
def test_an_index_says_what_it_takes(zones):
    index = GeofenceIndex(zones)
    objects = (
        getsizeof(index._by_store)
        + getsizeof(index._answers)
        + sum(getsizeof(one) + getsizeof(one[0]) for one in index._alone if one)
    )
    assert index.size_in_bytes == arrays_within(index, {}) + objects


def test_the_distances_to_all_rings_of_a_store_are_those_of_a_sighting():
    index = GeofenceIndex(CIRCLES + OUTLINES)
    for place in (DOOR, east_of_door(40), east_of_door(1_234), east_of_door(7_000)):
        for sighting in index.locate(np.array([place[0]]), np.array([place[1]]))[0]:
            assert index.distances(sighting.zone.store, *place) == sighting.distances
            assert len(sighting.distances) == len(sighting.zone.rings)
