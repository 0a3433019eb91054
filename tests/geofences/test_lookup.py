"""The loops that look up: the same for one place and for many, for few zones and for hundreds, and exact throughout."""

from concurrent.futures import ThreadPoolExecutor
from math import cos, pi, sin
from random import Random

import numpy as np
import pytest
from shapely.geometry import Polygon

from geofences.index import ROOM, GeofenceIndex
from geofences.rings import Circle, Geofence, Zone, default_policy, geodesic_circle
from tests.geofences.oracle import flat_metres_to_edges, is_inside
from tests.geofences.street import CATCHMENT, INSIDE, PROXIMITY

RINGS = (CATCHMENT, PROXIMITY, INSIDE)


def zone_of(store, *shapes):
    fences = zip(RINGS[: len(shapes)], shapes, strict=True)
    return Zone(store, tuple(Geofence(ring, shape, default_policy(ring, shape)) for ring, shape in fences))


def a_town(random, lon, zones=40):
    """Zones of one to three rings, round and drawn, about a place at 48 degrees north."""
    town = []
    for number in range(zones):
        middle = ((lon + random.uniform(-0.05, 0.05) + 180) % 360 - 180, 48 + random.uniform(-0.05, 0.05))
        radius = 10 ** random.uniform(1.5, 3.7)
        circles = [Circle(*middle, radius * 0.6**depth) for depth in range(random.choice([1, 1, 2, 3]))]
        drawn = random.random() < 0.5
        town.append(zone_of(f"s{number}", *(geodesic_circle(each, 20) if drawn else each for each in circles)))
    return GeofenceIndex(town)


def places_about(random, lon, count):
    return [
        ((lon + random.uniform(-0.08, 0.08) + 180) % 360 - 180, 48 + random.uniform(-0.08, 0.08)) for _ in range(count)
    ]


@pytest.mark.parametrize("lon", [2.0, 180.0, -179.99])
def test_a_batch_has_the_answers_of_its_places_one_by_one_whatever_their_reach(lon):
    random = Random(1)
    index, places = a_town(random, lon), places_about(random, lon, 700)
    reaches = [random.choice([0.0, 5.0, 32.0, 33.0, 400.0, float("inf")]) for _ in places]
    together = index.locate(*np.array(places).T, np.array(reaches))
    assert together == [index.locate_one(*place, reach) for place, reach in zip(places, reaches, strict=True)]
    assert sum(map(len, together)) > 700


@pytest.mark.parametrize("lon", [2.0, 180.0])
def test_every_zone_is_held_against_every_place_on_both_sides_of_the_180th_meridian(lon):
    random = Random(2)
    index, places = a_town(random, lon), places_about(random, lon, 150)
    for place, found in zip(places, index.locate(*np.array(places).T), strict=True):
        every = [(zone, index.distances(zone.store, *place)) for zone in index.zones]
        assert [tuple(each) for each in found] == [each for each in every if not np.signbit(each[1][0])]


@pytest.mark.parametrize("zones", [1, ROOM - 1, ROOM, ROOM + 1, 3 * ROOM])
def test_a_place_in_more_zones_than_there_is_room_for_is_in_all_of_them(zones):
    index = GeofenceIndex([zone_of(f"s{n}", Circle(2.0, 48.0, 300.0 + n)) for n in range(zones)])
    for lon in (2.0, 2.0039):
        for reach in (float("inf"), 20.0):
            (found,) = index.locate(np.array([lon]), np.array([48.0]), np.array([reach]))
            assert found == index.locate_one(lon, 48.0, reach)
            held = [zone for zone in index.zones if index.distances(zone.store, lon, 48.0)[0] >= 0]
            assert [sighting.zone for sighting in found] == held
    many = index.locate(np.full(9, 2.0), np.full(9, 48.0), np.full(9, 20.0))
    assert many == [index.locate_one(2.0, 48.0, 20.0)] * 9


def test_what_is_far_from_all_edges_is_told_by_what_was_made_before():
    index = GeofenceIndex(
        [zone_of("a", Circle(2.0, 48.0, 1_000.0), Circle(2.0, 48.0, 300.0)), zone_of("b", Circle(9.0, 48.0, 1_000.0))]
    )
    assert index.locate_one(2.0, 48.0, 20.0) is index.locate_one(2.001, 48.0, 5.0)
    assert index.locate(np.array([2.0]), np.array([48.0]), np.array([20.0]))[0] is index.locate_one(2.0, 48.0, 20.0)
    ((_, deeper),), ((_, outer),) = index.locate_one(2.0, 48.0, 20.0), index.locate_one(2.009, 48.0, 20.0)
    assert deeper == (32.0, 32.0)
    assert outer == (32.0, -32.0 - index.zones[0].exit_margins[1])


def test_an_answer_that_is_kept_is_not_written_over_by_the_next():
    index = GeofenceIndex([zone_of(f"s{n}", Circle(2.0, 48.0, 300.0 + n)) for n in range(5)])
    first = index.locate_one(2.0, 48.0)
    again = [tuple(sighting) for sighting in first]
    index.locate_one(2.002, 48.0)
    index.locate(np.full(50, 2.001), np.full(50, 48.0))
    assert [tuple(sighting) for sighting in first] == again


def test_two_threads_may_look_up_at_once():
    random = Random(3)
    index, places = a_town(random, 2.0), places_about(random, 2.0, 2_000)
    alone = [index.locate_one(*place, 20.0) for place in places]
    columns = *np.array(places).T, np.full(len(places), 20.0)
    with ThreadPoolExecutor(4) as threads:
        batches = [threads.submit(index.locate, *columns) for _ in range(8)]
        singles = [threads.submit(lambda: [index.locate_one(*place, 20.0) for place in places]) for _ in range(2)]
        assert all(each.result() == alone for each in batches + singles)


PARTS = [(2.0, 48.0), (2.004, 48.001), (2.008, 48.0), (2.008, 48.008), (2.0, 48.008)]


@pytest.mark.parametrize("east", [0.0, 177.996])
def test_every_place_of_a_partition_edges_and_corners_included_is_in_one_part(east):
    """Also where the partition lies across the 180th meridian; places on edges and a unit beside them."""
    middle, corners = (2.004 + east, 48.004), [(lon + east, lat) for lon, lat in PARTS]
    parts = [Polygon([middle, a, b]) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
    index = GeofenceIndex([zone_of(f"part-{number}", part) for number, part in enumerate(parts)])
    places = []
    for corner in corners:
        for step in range(10):
            lon, lat = (a + (b - a) * step / 10 for a, b in zip(middle, corner, strict=True))
            places += [(lon, lat), (lon + 1e-7, lat), (lon, lat - 1e-7)]
    places = [((lon + 180) % 360 - 180, lat) for lon, lat in places]
    assert {len(found) for found in index.locate(*np.array(places).T)} == {1}
    assert {len(index.locate_one(*place, 20.0)) for place in places} == {1}


def test_which_side_of_an_edge_half_round_the_earth_a_place_is_on_is_exact():
    outline = [(-80.0, -40.0), (91.3, 7.7), (60.0, 61.0)]
    index = GeofenceIndex([zone_of("a", Polygon(outline))])
    random, (a, b) = Random(4), outline[:2]
    for _ in range(200):
        share = random.random()
        lon, lat = a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
        for off in (-1e-7, 0.0, 1e-7):
            assert bool(index.locate_one(lon, lat + off)) == is_inside((lon, lat + off), [outline])


def test_edges_in_long_runs_and_in_holes_are_all_measured():
    angles = [2 * pi * corner / 5_000 for corner in range(5_000)]
    outline = [(2.0 + 0.02 * cos(angle), 48.0 + 0.014 * sin(angle)) for angle in angles]
    hole = [(2.0 + 0.002 * cos(angle), 48.0 + 0.0014 * sin(angle)) for angle in angles[::-100]]
    index = GeofenceIndex([zone_of("a", Polygon(outline, [hole]))])
    for place in ((2.0, 48.0), (2.001, 48.0), (2.01, 48.003), (2.0199, 48.0), (2.05, 48.01), (1.9, 47.8), (2.0, 48.5)):
        (distance,) = index.distances("a", *place)
        assert (not np.signbit(distance)) == is_inside(place, [outline, hole])
        assert abs(distance) == pytest.approx(flat_metres_to_edges(place, [outline, hole]), abs=0.05, rel=1e-3)
