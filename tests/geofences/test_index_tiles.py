"""Polygons of any size, form and place: cut into tiles or not, alone or in a batch, the answer is the plain one."""

from math import cos, pi, radians, sin
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon

from geofences.index import GeofenceIndex
from geofences.meridian import unwrapped
from geofences.rings import Circle, Geofence, Zone, default_policy, geodesic_circle
from tests.geofences.oracle import Place, flat_metres_to_edges, is_inside, metres, metres_to_edges
from tests.geofences.street import CATCHMENT, INSIDE, PROXIMITY


def zone_of(*shapes, store="a"):
    rings = (CATCHMENT, PROXIMITY, INSIDE)[: len(shapes)]
    fences = zip(rings, shapes, strict=True)
    return Zone(store, tuple(Geofence(ring, shape, default_policy(ring, shape)) for ring, shape in fences))


def star(random: Random, middle: Place, size: float, corners: int, depth: float) -> list[Place]:
    """An outline round a middle, in and out by up to `depth` of its size (degrees of latitude)."""
    lon, lat = middle
    outline = []
    for corner in range(corners):
        out, angle = size * (1 - depth * random.random()), 2 * pi * corner / corners
        outline.append((lon + out * cos(angle) / cos(radians(lat)), lat + out * sin(angle)))
    return outline


def located(index, places, accuracy=None):
    lons, lats = np.array([lon for lon, _ in places]), np.array([lat for _, lat in places])
    return index.locate(lons, lats, None if accuracy is None else np.full(len(places), accuracy))


STARS = st.builds(
    lambda seed, lat, size, corners, depth, hole: (
        lines := [star(Random(seed), (seed % 300 - 150.0, lat), size, corners, depth)],
        lines.append(star(Random(seed + 1), (seed % 300 - 150.0, lat), size * 0.05, hole, 0.4)) if hole > 2 else None,
    )[0],
    seed=st.integers(0, 10_000),
    lat=st.floats(-84, 84),
    size=st.sampled_from([2e-6, 1e-4, 0.003, 0.1, 0.8]),
    corners=st.sampled_from([3, 4, 9, 64, 400]),
    depth=st.sampled_from([0.0, 0.3, 0.9]),
    hole=st.sampled_from([0, 3, 30]),
)
SHARES = st.lists(st.tuples(st.floats(-0.3, 1.3), st.floats(-0.3, 1.3)), min_size=1, max_size=20)


def places_about(lines: list[list[Place]], shares: list[Place]) -> list[Place]:
    """Places in and about the box of an outline, some of its corners, and middles of edges."""
    west, south, east, north = Polygon(lines[0]).bounds
    somewhere = [(west + a * (east - west), south + b * (north - south)) for a, b in shares]
    corners = [corner for line in lines for corner in line[:: len(line) // 3]]
    halfway = [((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in zip(lines[0], lines[0][1:4], strict=False)]
    return somewhere + corners + halfway


@settings(max_examples=60, deadline=None)
@given(lines=STARS, shares=SHARES)
def test_which_side_a_place_is_on_is_exact_for_any_outline(lines, shares):
    index = GeofenceIndex([zone_of(Polygon(lines[0], lines[1:]))])
    places = places_about(lines, shares)
    expected = [is_inside(place, lines) for place in places]
    assert [not np.signbit(index.distances("a", *place)[0]) for place in places] == expected
    assert [bool(sightings) for sightings in located(index, places)] == expected
    assert [bool(sightings) for sightings in located(index, places, 20.0)] == expected


@settings(max_examples=60, deadline=None)
@given(lines=STARS, shares=SHARES, accuracy=st.sampled_from([None, 5.0, 300.0]))
def test_one_at_a_time_and_all_at_once_give_the_very_same_numbers(lines, shares, accuracy):
    index = GeofenceIndex([zone_of(Polygon(lines[0]), Polygon(lines[0], lines[1:]))])
    places = places_about(lines, shares) * 3
    assert located(index, places, accuracy) == [located(index, [place], accuracy)[0] for place in places]


@settings(max_examples=60, deadline=None)
@given(lines=STARS, shares=SHARES, reach=st.one_of(st.floats(1, 40), st.floats(1, 5_000)))
def test_a_bound_lies_between_the_reach_and_the_distance(lines, shares, reach):
    zone = zone_of(Polygon(lines[0]), Polygon(lines[0], lines[1:]))
    index = GeofenceIndex([zone])
    for place in places_about(lines, shares):
        exact = index.distances("a", *place)
        told = [sighting.distances for sighting in located(index, [place], reach)[0]]
        assert len(told) == (not np.signbit(exact[0]))
        for distances in (index.distances("a", *place, reach), *told):
            are_bounds(zone, reach, exact, distances)


def are_bounds(zone, reach, exact, told):
    """Each the same, or of the same sign, at least what presence asks for, and at most what it is."""
    for margin, distance, bound in zip(zone.exit_margins, exact, told, strict=True):
        if bound != distance:
            assert np.signbit(bound) == np.signbit(distance)
            assert reach + margin * bool(np.signbit(bound)) <= abs(bound) <= abs(distance)


@settings(max_examples=25, deadline=None)
@given(lines=STARS.filter(lambda lines: len(lines[0]) < 10), shares=SHARES)
def test_the_distance_is_that_of_the_nearest_edge_along_the_ellipsoid(lines, shares):
    """One flat metric for each place is wrong by more, the farther the edge and the nearer the pole."""
    index = GeofenceIndex([zone_of(Polygon(lines[0], lines[1:]))])
    west, south, east, north = Polygon(lines[0]).bounds
    for a, b in shares[:3]:
        place = (west + a * (east - west), south + b * (north - south))
        (distance,) = index.distances("a", *place)
        steep = abs(np.tan(radians(place[1]))) * radians(north - south + abs(place[1] - (north + south) / 2))
        assert abs(distance) == pytest.approx(metres_to_edges(place, lines), abs=0.03, rel=0.002 + 2 * steep)


@settings(max_examples=80, deadline=None)
@given(lines=STARS, shares=SHARES)
def test_no_tile_loses_the_nearest_of_many_edges(lines, shares):
    index = GeofenceIndex([zone_of(Polygon(lines[0], lines[1:]))])
    for place in places_about(lines, shares):
        (distance,) = index.distances("a", *place)
        assert abs(distance) == pytest.approx(flat_metres_to_edges(place, lines), abs=0.05, rel=1e-4)


def test_the_circle_of_a_point_is_the_polygon_of_it_within_what_corners_cut_off():
    circle = Circle(2.0, 46.0, 1_500.0)
    index = GeofenceIndex([zone_of(circle, store="round"), zone_of(geodesic_circle(circle, 2_000), store="drawn")])
    for lon in (2.0, 2.005, 2.019, 2.0193, 2.0195, 2.03):
        assert index.distances("drawn", lon, 46.001)[0] == pytest.approx(
            index.distances("round", lon, 46.001)[0], abs=0.3
        )


@pytest.mark.parametrize("lat", [84.0, -84.9, 70.0])
def test_near_the_poles_a_ring_of_metres_is_one(lat):
    index = GeofenceIndex([zone_of(Circle(5.0, lat, 2_000.0))])
    for east, north in ((0.05, 0.0), (0.0, 0.01), (0.1, 0.008)):
        there = metres(5.0, lat, 5.0 + east, lat + north)
        (distance,) = index.distances("a", 5.0 + east, lat + north)
        assert 2_000 - distance == pytest.approx(there, 1e-3)


ACROSS = [(179.99, 10.0), (-179.99, 10.0), (-179.99, 10.02), (179.99, 10.02)]
CUT = MultiPolygon(
    [
        Polygon([(179.99, 10.0), (180.0, 10.0), (180.0, 10.02), (179.99, 10.02)]),
        Polygon([(-180.0, 10.0), (-179.99, 10.0), (-179.99, 10.02), (-180.0, 10.02)]),
    ]
)


@pytest.mark.parametrize("shape", [Polygon(ACROSS), CUT, Circle(-179.999, 10.01, 1_200.0), Circle(180.0, 10.01, 1_200)])
@pytest.mark.parametrize("lon", [179.991, 179.9999, 180.0, -180.0, -179.9999, -179.991, 179.98, -179.98, 0.0])
def test_a_zone_across_the_180th_meridian_is_one_zone(shape, lon):
    """Its like, moved to Greenwich, says what is right; an edge along the meridian is none."""
    beside = (lon % 360) - 180
    if isinstance(shape, Circle):
        like = Circle(shape.lon % 360 - 180, shape.lat, shape.radius)
    else:
        shape, like = unwrapped(shape), Polygon([(-0.01, 10.0), (0.01, 10.0), (0.01, 10.02), (-0.01, 10.02)])
    here, there = GeofenceIndex([zone_of(shape)]), GeofenceIndex([zone_of(like)])
    (expected,) = there.distances("a", beside, 10.007)
    if lon != 0.0:
        assert here.distances("a", lon, 10.007) == pytest.approx((expected,), abs=1e-6)
    told = [distance for sighting in located(here, [(lon, 10.007)])[0] for distance in sighting.distances]
    assert told == pytest.approx([expected] * (expected > 0), abs=1e-6)
    assert located(here, [(lon, 10.007)] * 20) == located(here, [(lon, 10.007)]) * 20


def test_a_large_zone_far_from_greenwich_holds_nothing_of_europe():
    index = GeofenceIndex([zone_of(unwrapped(Polygon([(170, -20), (-170, -20), (-170, 20), (170, 20)])))])
    assert [bool(found) for found in located(index, [(0.0, 0.0), (2.3, 48.9), (175.0, 0.0), (-175.0, 0.0)])] == [
        False,
        False,
        True,
        True,
    ]
