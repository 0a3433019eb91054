import re
from math import pi

import pytest
from geographiclib.geodesic import Geodesic
from shapely.geometry import MultiPolygon, Polygon

from geofences.checks import not_nested, problems_of_circle, problems_of_polygon, problems_of_shape
from geofences.rings import Circle, Geofence, Ring, Zone, default_policy, geodesic_circle, typical_radius
from tests.geofences.street import CATCHMENT, INSIDE, PROXIMITY, a_zone

SQUARE = [(2.0, 48.0), (2.1, 48.0), (2.1, 48.1), (2.0, 48.1)]
NAN = float("nan")


def geofence(ring, shape):
    return Geofence(ring, shape, default_policy(ring, shape))


def test_a_kilometre_at_46_north_has_the_area_of_a_circle():
    polygon = Geodesic.WGS84.Polygon()
    for lon, lat in list(geodesic_circle(Circle(2.0, 46.0, 1_000.0)).exterior.coords)[:-1]:
        polygon.AddPoint(lat, lon)
    assert polygon.Compute()[2] == pytest.approx(pi * 1e6, rel=0.001)


def test_the_corners_of_a_circle_lie_on_it():
    for lon, lat in geodesic_circle(Circle(2.0, 46.0, 1_000.0)).exterior.coords:
        assert Geodesic.WGS84.Inverse(46.0, 2.0, lat, lon)["s12"] == pytest.approx(1_000.0, abs=0.001)


@pytest.mark.parametrize(("radius", "margin"), [(50, 15), (150, 15), (250, 25), (1_500, 100), (10_000, 100)])
def test_the_exit_margin_follows_from_the_size(radius, margin):
    circle = Circle(2.0, 46.0, float(radius))
    assert default_policy(PROXIMITY, circle).exit_margin == margin
    assert default_policy(PROXIMITY, geodesic_circle(circle)).exit_margin == pytest.approx(margin, abs=0.2)
    assert typical_radius(geodesic_circle(circle)) == pytest.approx(radius, rel=0.001)


@pytest.mark.parametrize(
    ("radius", "seconds"), [(5, 120), (50, 120), (150, 120), (250, 200), (600, 480), (750, 600), (10_000, 600)]
)
def test_how_long_one_is_gone_follows_from_the_size_and_nobody_waits_on_the_way_in(radius, seconds):
    circle = Circle(2.0, 46.0, float(radius))
    for shape in (circle, geodesic_circle(circle)):
        policy = default_policy(PROXIMITY, shape)
        assert (policy.enter_after, policy.gone_after) == (0, seconds * 1_000)


def test_the_innermost_ring_is_the_one_to_visit():
    assert a_zone("a", (2.0, 48.0), {CATCHMENT: 900, PROXIMITY: 90, INSIDE: 9}).visit_ring is INSIDE
    assert a_zone("a", (2.0, 48.0), {CATCHMENT: 900, PROXIMITY: 90}).visit_ring is PROXIMITY
    assert a_zone("a", (2.0, 48.0), {CATCHMENT: 900}).visit_ring is CATCHMENT
    assert [ring.label for ring in Ring] == ["outside", "catchment", "proximity", "inside"]


@pytest.mark.parametrize("rings", [[], [INSIDE, CATCHMENT], [CATCHMENT, CATCHMENT], [Ring.OUTSIDE]])
def test_rings_out_of_order_are_refused(rings):
    with pytest.raises(ValueError, match="catchment, proximity, inside"):
        Zone("a", tuple(geofence(ring, Circle(2.0, 48.0, 100.0)) for ring in rings))


def test_the_version_of_a_zone_is_that_of_its_geometry():
    zone = a_zone("a", (2.0, 48.0), {PROXIMITY: 90})
    patient = default_policy(PROXIMITY, Circle(2.0, 48.0, 5_000.0))
    assert a_zone("b", (2.0, 48.0), {PROXIMITY: 90}, patient).version == zone.version
    assert a_zone("a", (2.0, 48.0), {PROXIMITY: 91}).version != zone.version
    assert a_zone("a", (2.0, 48.0), {INSIDE: 90}).version != zone.version
    moved = [Zone("a", (geofence(PROXIMITY, Polygon([*SQUARE[:3], (2.0, lat)])),)) for lat in (48.1, 48.2)]
    assert moved[0].version != moved[1].version


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([(2, 48), (2.1, 48.1), (2.1, 48), (2, 48.1)], "crosses itself near lat 48.05000, lon 2.05000"),
        ([(2, 48), (2.1, 48)], "2 different corners"),
        ([(2, 48), (2.1, 48), (2, 48), (2.1, 48)], "2 different corners"),
        ([], "0 different corners"),
        ([*SQUARE[:2], (2.1, NAN)], "corner 3: .* numbers"),
        ([*SQUARE[:2], (48.1, 102.0)], "corner 3: .*not on the map"),
        ([SQUARE[0], *SQUARE], "corners 1 and 2 are the same"),
        ([(2, 48), (2.1, 48.1), (2.2, 48.2)], "one line"),
        ([(-170, 1), (-80, 1), (20, 1), (20, 2), (-80, 2), (-170, 2)], "half the earth"),
        ([(0, 80), (120, 81), (-120, 80)], "round a pole"),
        ([(179, 1), (-179, 2), (-179, 1), (179, 2)], "crosses itself near lat 1.50000, lon -?180"),
        ([(2, 84.9), (2.1, 84.9), (2.1, 85.1)], "pole"),
    ],
)
def test_an_outline_that_is_none_is_explained_with_its_place(points, words):
    (problem,) = problems_of_polygon(points)
    assert re.search(words, problem)


@pytest.mark.parametrize("points", [SQUARE, [*SQUARE, SQUARE[0]], SQUARE[::-1]])
def test_a_square_has_no_problems_closed_or_not_in_any_direction(points):
    assert problems_of_polygon(points) == []


@pytest.mark.parametrize(
    ("circle", "words"),
    [
        (Circle(2.0, 48.0, 0.0), "above zero"),
        (Circle(2.0, 48.0, NAN), "above zero"),
        (Circle(2.0, 48.0, 300_000.0), "largest is 200 km"),
        (Circle(2.0, 91.0, 100.0), "not on the map"),
        (Circle(2.0, 84.99, 5_000.0), "pole"),
    ],
)
def test_a_circle_that_is_none_is_explained(circle, words):
    assert words in problems_of_circle(circle)[0]
    assert problems_of_circle(Circle(2.0, 48.0, 5.0)) == []


def test_shapes_with_holes_and_parts():
    hole = [(2.02, 48.02), (2.02, 48.04), (2.04, 48.04)]
    apart = [(lon + 1, lat) for lon, lat in SQUARE]
    assert problems_of_shape(MultiPolygon([Polygon(SQUARE, [hole]), Polygon(apart)])) == []
    assert "overlap" in problems_of_shape(MultiPolygon([Polygon(SQUARE), Polygon(hole)]))[0]
    assert "overlap" in problems_of_shape(Polygon(SQUARE, [[(2.05, 48.05), (2.05, 48.06), (2.2, 48.06)]]))[0]
    assert "empty" in problems_of_shape(Polygon())[0]


def test_rings_that_are_not_nested_are_told_with_metres_and_place():
    catchment = geofence(CATCHMENT, Circle(2.0, 46.0, 1_000.0))
    assert not_nested(catchment, geofence(PROXIMITY, Circle(2.0, 46.0, 1_000.5))) is None
    assert "proximity reaches 27 m out of catchment" in not_nested(
        catchment, geofence(PROXIMITY, Circle(2.001, 46.0, 950.0))
    )
    drawn = geofence(PROXIMITY, geodesic_circle(Circle(2.001, 46.0, 950.0)))
    assert "27 m out of catchment near lat 46.00000, lon 2.01326" in not_nested(catchment, drawn)
    assert not_nested(catchment, geofence(PROXIMITY, geodesic_circle(Circle(2.001, 46.0, 900.0)))) is None


def test_a_notch_in_the_outer_ring_is_seen():
    notched = Polygon([(2.0, 46.0), (2.1, 46.0), (2.1, 46.1), (2.05, 46.01), (2.0, 46.1)])
    inner = geofence(INSIDE, Polygon([(2.03, 46.005), (2.07, 46.005), (2.07, 46.02), (2.03, 46.02)]))
    assert "out of catchment" in not_nested(geofence(CATCHMENT, notched), inner)
