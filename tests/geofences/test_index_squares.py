"""What squares say is true of every place in them, and nothing is certain that only seems so."""

from math import cos, pi, radians, sin
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Zone, default_policy, geodesic_circle
from geofences.squares import ACROSS, CERTAIN, OUT, UNSURE
from tests.geofences.oracle import flat_metres_to_edges, is_inside, metres
from tests.geofences.street import CATCHMENT, INSIDE, PROXIMITY
from tests.geofences.test_index_tiles import are_bounds

LAT, LON = 46.0, 2.0


def zone_of(store, *shapes):
    fences = zip((CATCHMENT, PROXIMITY, INSIDE), shapes, strict=False)
    return Zone(store, tuple(Geofence(ring, shape, default_policy(ring, shape)) for ring, shape in fences))


def around(lon, lat, size, steps):
    """Places on a fine grid over twice a size (metres) about a middle."""
    up, across = size / 111_000, size / 111_000 / cos(radians(lat))
    shares = np.linspace(-1.2, 1.2, steps)
    return [(lon + a * across, lat + b * up) for a in shares for b in shares]


def answers(index, places, reach):
    return [index.locate_one(*place, reach) for place in places]


@settings(max_examples=25, deadline=None)
@given(
    lat=st.floats(-80, 80),
    radius=st.sampled_from([20.0, 60.0, 300.0, 1_500.0, 40_000.0]),
    inner=st.sampled_from([0.1, 0.5, 0.95]),
    drawn=st.booleans(),
    reach=st.sampled_from([0.0, 15.0, CERTAIN, 33.0]),
)
def test_whatever_is_said_without_measuring_bounds_what_is_measured(lat, radius, inner, drawn, reach):
    circles = [Circle(LON, lat, radius), Circle(LON, lat, radius * inner), Circle(LON, lat, radius * inner / 2)]
    zone = zone_of("a", *(geodesic_circle(circle, 64) if drawn else circle for circle in circles))
    index = GeofenceIndex([zone])
    for place in around(LON, lat, radius, 25):
        exact, told = index.distances("a", *place), index.locate_one(*place, reach)
        assert bool(told) == (not np.signbit(exact[0]))
        for sighting in told:
            are_bounds(zone, reach, exact, sighting.distances)


def test_circles_are_held_to_geodesics_and_polygons_to_plain_geometry():
    outline = [(LON + 0.02 * cos(a) * f, LAT + 0.014 * sin(a) * f) for a, f in ragged(64)]
    index = GeofenceIndex([zone_of("round", Circle(LON, LAT, 1_000.0)), zone_of("drawn", Polygon(outline))])
    for place in around(LON, LAT, 1_700, 40):
        told = {sighting.zone.store: sighting.distances[0] for sighting in index.locate_one(*place, 20.0)}
        apart = 1_000.0 - metres(LON, LAT, *place)
        if abs(apart) > 1.0:
            assert ("round" in told) == (apart > 0)
        if "round" in told:
            assert told["round"] == pytest.approx(apart, abs=1.0) or 20.0 <= told["round"] <= apart + 1.0
        assert ("drawn" in told) == is_inside(place, [outline])
        if "drawn" in told:
            apart = flat_metres_to_edges(place, [outline])
            assert told["drawn"] == pytest.approx(apart, abs=0.1) or 20.0 <= told["drawn"] <= apart + 0.1


def ragged(corners):
    random = Random(4)
    return [(2 * pi * corner / corners, random.uniform(0.6, 1.0)) for corner in range(corners)]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1_000), reach=st.sampled_from([0.0, 20.0, 100.0]))
def test_zones_of_all_sizes_are_told_alike_alone_and_together_in_their_order(seed, reach):
    random = Random(seed)
    zones = []
    for number in range(30):
        middle = (LON + random.uniform(-0.1, 0.1), LAT + random.uniform(-0.1, 0.1))
        circle = Circle(*middle, 10 ** random.uniform(0.5, 4.5))
        zones.append(zone_of(f"s{number}", circle if random.random() < 0.5 else geodesic_circle(circle, 24)))
    index = GeofenceIndex(zones)
    places = [(LON + random.uniform(-0.1, 0.1), LAT + random.uniform(-0.1, 0.1)) for _ in range(60)]
    alone = answers(index, places, reach)
    together = index.locate(*np.array(places).T, np.full(len(places), reach))
    assert together == alone
    held = [[z.store for z in zones if not np.signbit(index.distances(z.store, *place)[0])] for place in places]
    assert [[sighting.zone.store for sighting in found] for found in alone] == held


def test_places_on_the_sides_and_corners_of_squares_lose_no_zone():
    """A square is 2^n times 1024 units wide; a place may be rounded across its side."""
    index = GeofenceIndex([zone_of(f"s{n}", geodesic_circle(Circle(LON, LAT, 150.0 * 3**n), 32)) for n in range(5)])
    for step in range(-200, 200):
        for off in (-0.6e-7, -0.4e-7, 0.0, 0.4e-7, 0.6e-7):
            place = (LON + step * 1024e-7 + off, LAT + step * 512e-7 - off)
            expected = [z.store for z in index.zones if not np.signbit(index.distances(z.store, *place)[0])]
            assert [sighting.zone.store for sighting in index.locate_one(*place, 20.0)] == expected


def test_most_squares_of_a_city_say_all_without_measuring():
    random = Random(7)
    zones = [
        zone_of(f"s{n}", geodesic_circle(Circle(LON + random.uniform(0, 1), LAT + random.uniform(0, 1), 1_500.0), 64))
        for n in range(60)
    ]
    rows = GeofenceIndex(zones).layout.squares
    states = np.concatenate([rows >> shift & 3 for shift in range(0, 2 * ACROSS, 2)])
    assert 0 < (states == UNSURE).sum() < 0.25 * (states != OUT).sum()


def test_an_outline_of_ten_thousand_corners_is_right_everywhere():
    random = Random(3)
    angles = [2 * pi * corner / 10_000 for corner in range(10_000)]
    outline = [(LON + 0.02 * cos(a) * f, LAT + 0.014 * sin(a) * f) for a in angles for f in [random.uniform(0.97, 1)]]
    index = GeofenceIndex([zone_of("a", Polygon(outline))])
    places = [outline[0], outline[77], *(random.choice(around(LON, LAT, 1_500, 50)) for _ in range(30))]
    places += [(LON + (x - LON) * 0.985, LAT + (y - LAT) * 0.985) for x, y in outline[::700]]
    told = index.locate(*np.array(places).T, np.full(len(places), 20.0))
    assert [bool(found) for found in told] == [is_inside(place, [outline]) for place in places]
    for place in places[::4]:
        (distance,) = index.distances("a", *place)
        assert abs(distance) == pytest.approx(flat_metres_to_edges(place, [outline]), abs=0.05, rel=1e-4)


def test_a_place_that_no_phone_can_have_finds_nothing():
    index = GeofenceIndex([zone_of("a", Circle(LON, LAT, 100.0))])
    for place in ((LON + 360.0, LAT), (LON, LAT + 180.0), (LON, -LAT), (179.9, 89.9), (-180.0, -90.0)):
        assert index.locate_one(*place) == ()


def test_a_table_with_every_slot_tried_still_finds_each_cell():
    """Keys that all want the same slot: found by leaps, and what is not there is not found."""
    index = GeofenceIndex([zone_of(f"s{n}", Circle(n * 0.37 % 360 - 180, n % 160 - 80.0, 30.0)) for n in range(400)])
    for number, zone in enumerate(index.zones):
        place = (number * 0.37 % 360 - 180, number % 160 - 80.0)
        assert zone.store in [sighting.zone.store for sighting in index.locate_one(*place)]
