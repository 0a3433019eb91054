"""Zones as retailers mean them: partitions, nested rings, stores that overlap, and an index that is swapped."""

import json
import warnings
from pathlib import Path
from random import Random

import numpy as np
import pytest
from shapely.geometry import Polygon
from shapely.geometry import shape as shapely_shape

from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Zone, default_policy
from tests.geofences.street import (
    CATCHMENT,
    DOOR,
    INSIDE,
    MINUTE,
    PROXIMITY,
    a_zone,
    east_of_door,
    fix_at,
    follow,
    told,
)

DISTRICTS = Path(__file__).parents[3] / "shared" / "data" / "paris_arrondissements.geojson"


def zone_of(store, shape):
    return Zone(store, (Geofence(CATCHMENT, shape, default_policy(CATCHMENT, shape)),))


def stores_at(index, places):
    lons, lats = np.array([lon for lon, _ in places]), np.array([lat for _, lat in places])
    return [[sighting.zone.store for sighting in found] for found in index.locate(lons, lats)]


@pytest.mark.parametrize("seed", range(5))
def test_each_place_of_a_partition_is_in_one_part_on_its_edges_and_corners_too(seed):
    """A net of triangles with ragged corners; places at each corner and at exact halves of each edge."""
    random, across = Random(seed), 6
    corner = {
        (i, j): (
            2_0000000 + i * 20_000 + 2 * random.randrange(6_000),
            48_0000000 + j * 20_000 + 2 * random.randrange(6_000),
        )
        for i in range(across + 1)
        for j in range(across + 1)
    }
    triangles = []
    for i in range(across):
        for j in range(across):
            a, b, c, d = corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]
            triangles += [(a, b, c), (a, c, d)]
    index = GeofenceIndex(
        [zone_of(f"t{n}", Polygon([(x / 1e7, y / 1e7) for x, y in t])) for n, t in enumerate(triangles)]
    )
    inner = [corner[i, j] for i in range(1, across) for j in range(1, across)]
    halves = [
        ((corner[i, j][0] + corner[k, m][0]) // 2, (corner[i, j][1] + corner[k, m][1]) // 2)
        for i in range(1, across)
        for j in range(1, across)
        for k, m in ((i + 1, j), (i, j + 1), (i + 1, j + 1))
    ]
    owners = stores_at(index, [(x / 1e7, y / 1e7) for x, y in inner + halves])
    assert [len(each) for each in owners] == [1] * len(owners)


@pytest.mark.recorded
def test_a_place_in_paris_is_in_one_district_its_borders_included():
    if not DISTRICTS.exists():
        warnings.warn(f"{DISTRICTS} is not there: the districts were not looked at", stacklevel=1)
        return
    features = json.loads(DISTRICTS.read_text("utf-8"))["features"]
    shapes = [shapely_shape(feature["geometry"]) for feature in features]
    index = GeofenceIndex([zone_of(f"district-{number}", shape) for number, shape in enumerate(shapes)])
    corners = [point for shape in shapes for part in getattr(shape, "geoms", [shape]) for point in part.exterior.coords]
    counts = {place: len(owners) for place, owners in zip(corners, stores_at(index, corners), strict=True)}
    shared = [place for place in set(corners) if sum(place in set(s.exterior.coords) for s in shapes) >= 3]
    assert max(counts.values()) == 1
    assert shared
    assert all(counts[place] == 1 for place in shared)


@pytest.mark.parametrize("metres", [2.0, 0.5])
def test_a_ring_of_a_few_metres_holds_its_middle_and_nothing_beside_it(metres):
    index = GeofenceIndex([zone_of("kiosk", Circle(*DOOR, metres))])
    assert stores_at(index, [DOOR, east_of_door(metres * 0.9), east_of_door(metres * 1.1)]) == [
        ["kiosk"],
        ["kiosk"],
        [],
    ]


def test_a_sliver_holds_what_lies_on_it():
    """A strip of 3 km by 2 cm."""
    sliver = Polygon([(2.0, 48.0), (2.04, 48.0), (2.04, 48.0000002), (2.0, 48.0000002)])
    index = GeofenceIndex([zone_of("sliver", sliver)])
    places = [(2.02, 48.0), (2.02, 48.0000001), (2.02, 48.0000002), (2.02, 47.9999999)]
    assert stores_at(index, places) == [["sliver"], ["sliver"], [], []]


def test_between_two_stores_a_person_is_near_both_and_the_order_is_that_of_the_zones():
    """Near is not nearest: who stands in two rings is in both, and leaves each for itself."""
    zones = [a_zone("rivoli", east_of_door(150), {PROXIMITY: 100}), a_zone("opera", DOOR, {PROXIMITY: 100})]
    index = GeofenceIndex(zones)
    assert stores_at(index, [east_of_door(75), east_of_door(10), east_of_door(140)]) == [
        ["rivoli", "opera"],
        ["opera"],
        ["rivoli"],
    ]


def test_who_walks_from_one_store_to_another_through_both_enters_and_leaves_each_once():
    index = GeofenceIndex(
        [a_zone("opera", DOOR, {PROXIMITY: 100}), a_zone("rivoli", east_of_door(150), {PROXIMITY: 100})]
    )
    steps = [0, 20, 75, 80, 130, 150, 160, 160, 170, 170]
    _, transitions = follow(index, [fix_at(metres, number * MINUTE) for number, metres in enumerate(steps)])
    kinds = [(each.kind.value, each.store) for each in transitions if each.kind.value in ("ENTER", "EXIT")]
    assert kinds == [("ENTER", "opera"), ("ENTER", "rivoli"), ("EXIT", "opera")]


def test_of_two_stores_entered_at_once_the_transitions_stand_in_order_of_their_ids():
    """So it is the first by id that a campaign waiting at both speaks for (tests/offers says the rest)."""
    zones = [a_zone(store, DOOR, {PROXIMITY: 100}) for store in ("rivoli", "opera")]
    _, transitions = follow(GeofenceIndex(zones), [fix_at(0, 0)])
    assert [each.store for each in transitions] == ["opera", "rivoli"]


def test_entering_the_inner_ring_is_not_leaving_the_outer_one():
    index = GeofenceIndex([a_zone("opera", DOOR, {CATCHMENT: 1_000, PROXIMITY: 200, INSIDE: 40})])
    steps = [800, 500, 150, 100, 5, 5, 5]
    _, transitions = follow(index, [fix_at(metres, number * MINUTE) for number, metres in enumerate(steps)])
    assert [each for each in told(transitions) if "EXIT" in each] == []


def test_an_index_built_beside_another_takes_its_place_and_changes_nothing_of_it():
    before = GeofenceIndex([a_zone("opera", DOOR, {PROXIMITY: 100})])
    after = GeofenceIndex([a_zone("opera", east_of_door(5_000), {PROXIMITY: 100})])
    assert stores_at(before, [DOOR]) == [["opera"]]
    assert stores_at(after, [DOOR]) == [[]]
    assert before.zones[0].version != after.zones[0].version
