"""The index against plain geometry that shares no code with it: geographiclib for metres, fractions for the side."""

from fractions import Fraction
from math import cos, radians

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon

from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Zone, default_policy
from tests.geofences.street import CATCHMENT, DOOR, INSIDE, PROXIMITY, a_zone, east_of_door


def metres(lon1, lat1, lon2, lat2):
    return Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)["s12"]


def exact(degrees):
    """A position as the index takes it: a whole number of 1e-7 degree."""
    return Fraction(round(degrees * 10**7), 10**7)


def is_inside(lon, lat, rings):
    """Crossing number over outlines and holes, in exact arithmetic; whoever owns an edge owns its lower end."""
    x, y, inside = exact(lon), exact(lat), False
    for ring in rings:
        corners = [(exact(a), exact(b)) for a, b in ring]
        for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (y1 <= y) != (y2 <= y) and x < x1 + (x2 - x1) * (y - y1) / (y2 - y1):
                inside = not inside
    return inside


def metres_to_edges(lon, lat, rings):
    """The nearest of many points on each edge, refined once."""

    def nearest(begin, end, low, high):
        shares = [low + (high - low) * step / 40 for step in range(41)]
        best = min(shares, key=lambda s: metres(lon, lat, *(a + (b - a) * s for a, b in zip(begin, end, strict=True))))
        return best, metres(lon, lat, *(a + (b - a) * best for a, b in zip(begin, end, strict=True)))

    found = []
    for ring in rings:
        for begin, end in zip(ring, [*ring[1:], ring[0]], strict=True):
            low, high = 0.0, 1.0
            for _ in range(4):
                share, apart = nearest(begin, end, low, high)
                width = (high - low) / 40
                low, high = max(0.0, share - width), min(1.0, share + width)
            found.append(apart)
    return min(found)


def zone_of(shape, store="a", ring=CATCHMENT):
    return Zone(store, (Geofence(ring, shape, default_policy(ring, shape)),))


def located(index, places):
    lons, lats = np.array([lon for lon, _ in places]), np.array([lat for _, lat in places])
    return index.locate(lons, lats)


@settings(max_examples=60)
@given(
    lat=st.floats(-70, 70),
    radius=st.floats(5, 20_000),
    east=st.floats(-1.5, 1.5),
    north=st.floats(-1.5, 1.5),
)
def test_the_distance_to_a_circle_is_that_along_the_ellipsoid(lat, radius, east, north):
    circle = Circle(5.0, lat, radius)
    lon, there = 5.0 + east * radius / 111_320 / cos(radians(lat)), lat + north * radius / 111_000
    (distance,) = GeofenceIndex([zone_of(circle)]).distances("a", lon, there)
    assert distance == pytest.approx(radius - metres(5.0, lat, lon, there), abs=0.03 + 0.0005 * radius)


DRAWN = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda p: (2.0 + p[0] / 1_000, 48.0 + p[1] / 1_000)),
    min_size=3,
    max_size=8,
    unique=True,
).filter(lambda corners: Polygon(corners).is_valid and Polygon(corners).area > 0)
PLACE = st.tuples(st.integers(-4, 48), st.integers(-4, 48)).map(lambda p: (2.0 + p[0] / 2_000, 48.0 + p[1] / 2_000))


@settings(max_examples=150)
@given(corners=DRAWN, place=PLACE)
def test_which_side_of_an_outline_a_place_is_on_is_exact(corners, place):
    """Places on corners and edges included: the grid of places is twice as fine as that of corners."""
    index = GeofenceIndex([zone_of(Polygon(corners))])
    (distance,) = index.distances("a", *place)
    assert (not np.signbit(distance)) == is_inside(*place, [corners])
    assert bool(located(index, [place])[0]) == (not np.signbit(distance))


@settings(max_examples=15)
@given(corners=DRAWN, place=PLACE)
def test_the_distance_to_an_outline_is_that_to_its_nearest_edge(corners, place):
    (distance,) = GeofenceIndex([zone_of(Polygon(corners))]).distances("a", *place)
    assert abs(distance) == pytest.approx(metres_to_edges(*place, [corners]), abs=0.05, rel=0.001)


OUTLINE = [(2.0, 48.0), (2.02, 48.0), (2.02, 48.02), (2.0, 48.02)]
HOLE = [(2.005, 48.005), (2.015, 48.005), (2.015, 48.015), (2.005, 48.015)]
ISLAND = [(2.03, 48.0), (2.04, 48.0), (2.04, 48.01)]
WITH_HOLE = MultiPolygon([Polygon(OUTLINE, [HOLE]), Polygon(ISLAND)])


@settings(max_examples=80)
@given(place=st.tuples(st.floats(1.999, 2.041), st.floats(47.999, 48.021)))
def test_holes_are_outside_and_every_part_is_inside(place):
    (distance,) = GeofenceIndex([zone_of(WITH_HOLE)]).distances("a", *place)
    assert (not np.signbit(distance)) == is_inside(*place, [OUTLINE, HOLE, ISLAND])


def test_in_a_hole_the_distance_is_that_to_its_rim():
    (distance,) = GeofenceIndex([zone_of(WITH_HOLE)]).distances("a", 2.006, 48.01)
    assert distance == pytest.approx(-metres(2.006, 48.01, 2.005, 48.01), rel=0.001)


@pytest.mark.parametrize("step", range(9))
def test_a_place_on_a_shared_edge_or_corner_is_in_one_part_only(step):
    corners = [(2.0, 48.0), (2.004, 48.001), (2.008, 48.0), (2.008, 48.008), (2.0, 48.008)]
    middle = (2.004, 48.004)
    parts = [Polygon([middle, a, b]) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
    index = GeofenceIndex([zone_of(part, f"part-{number}") for number, part in enumerate(parts)])
    for corner in corners:
        place = tuple(a + (b - a) * step / 10 for a, b in zip(middle, corner, strict=True))
        owners = [zone.store for zone in index.zones if not np.signbit(index.distances(zone.store, *place)[0])]
        assert len(owners) == 1


STORES = st.lists(
    st.tuples(st.floats(1.9, 2.1), st.floats(47.9, 48.1), st.floats(20, 4_000), st.booleans()), min_size=1, max_size=12
)


@settings(max_examples=40)
@given(stores=STORES, places=st.lists(st.tuples(st.floats(1.8, 2.2), st.floats(47.8, 48.2)), min_size=1, max_size=30))
def test_locate_finds_all_that_distances_finds_and_the_very_same_numbers(stores, places):
    """The oracle is the whole list of zones, one by one: no cell may lose a zone."""
    zones = []
    for number, (lon, lat, radius, drawn) in enumerate(stores):
        circle = Circle(lon, lat, radius)
        square = Polygon([(lon, lat), (lon + 0.01, lat), (lon + 0.01, lat + radius / 50_000), (lon, lat + 0.01)])
        zones.append(zone_of(square if drawn else circle, f"store-{number}"))
    index = GeofenceIndex(zones)
    for place, sightings in zip(places, located(index, places), strict=True):
        every = [(zone, index.distances(zone.store, *place)) for zone in zones]
        assert [tuple(sighting) for sighting in sightings] == [found for found in every if not np.signbit(found[1][0])]


@settings(max_examples=20)
@given(places=st.lists(st.tuples(st.floats(2.30, 2.36), st.floats(48.86, 48.89)), min_size=1, max_size=40))
def test_the_answer_does_not_depend_on_where_a_batch_is_cut(places):
    zones = [a_zone(f"s{number}", east_of_door(300 * number), {CATCHMENT: 1_500, INSIDE: 50}) for number in range(4)]
    zones.append(zone_of(Polygon([(2.3, 48.86), (2.35, 48.861), (2.34, 48.88)]), "drawn"))
    index = GeofenceIndex(zones)
    assert located(index, places) == [located(index, [place])[0] for place in places]


def test_each_ring_has_its_distance_outermost_first_and_stores_may_have_fewer():
    index = GeofenceIndex(
        [a_zone("all", DOOR, {CATCHMENT: 1_000, PROXIMITY: 200, INSIDE: 50}), a_zone("one", DOOR, {PROXIMITY: 150})]
    )
    (sightings,) = located(index, [east_of_door(100)])
    assert [sighting.zone.store for sighting in sightings] == ["all", "one"]
    assert sightings[0].distances == pytest.approx((900, 100, -50), abs=0.02)
    assert sightings[1].distances == pytest.approx((50,), abs=0.02)


def test_an_index_of_nothing_finds_nothing_and_one_store_stands_once():
    assert located(GeofenceIndex([]), [DOOR]) == [()]
    assert located(GeofenceIndex([zone_of(Circle(*DOOR, 50.0))]), []) == []
    assert GeofenceIndex([]).zone("a") is None
    with pytest.raises(ValueError, match="same store"):
        GeofenceIndex([zone_of(Circle(*DOOR, 50.0)), zone_of(Circle(*DOOR, 60.0))])
    with pytest.raises(KeyError):
        GeofenceIndex([]).distances("a", *DOOR)


def test_one_large_zone_among_small_ones_does_not_fill_the_memory():
    small = [a_zone(f"s{number}", (number / 100, 10.0), {INSIDE: 5}) for number in range(200)]
    index = GeofenceIndex([*small, a_zone("large", (1.0, 10.0), {CATCHMENT: 200_000})])
    assert [s.zone.store for s in located(index, [(0.5, 10.0)])[0]] == ["s50", "large"]
    assert located(index, [(9.0, 10.0)]) == [()]
