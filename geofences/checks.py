"""What is wrong with a shape, in words for a retailer, with the place. No finding is an empty list."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
from shapely.geometry import LinearRing, MultiPolygon, Polygon
from shapely.validation import explain_validity

from geofences.beyond import place_of_farthest
from geofences.meridian import continuous, unwrapped
from geofences.rings import WGS84, Circle, Geofence, bounds, outline

LARGEST_RADIUS = 200_000.0
LARGEST_LATITUDE = 85.0
MOST_CORNERS = 10_000
SMALLEST_AREA = 1e-12
"""Square degrees: a square decimetre or so."""
NESTING_TOLERANCE = 1.0
"""Metres that an inner ring may reach out of its outer one: what a hand-drawn outline is wrong by."""

Point = tuple[float, float]


def problems_of_position(lon: float, lat: float) -> list[str]:
    """A position that cannot be on a map."""
    if not (isfinite(lon) and isfinite(lat)):
        return [f"lat {lat}, lon {lon} is no position; both must be numbers"]
    if abs(lat) > 90 or abs(lon) > 180:
        return [f"lat {lat}, lon {lon} is not on the map; lat goes from -90 to 90, lon from -180 to 180"]
    if abs(lat) > LARGEST_LATITUDE:
        return [f"lat {lat} is too near the pole; geofences work up to {LARGEST_LATITUDE:g} degrees"]
    return []


def problems_of_circle(circle: Circle) -> list[str]:
    """A circle round no place, without a size, larger than a country, or round a pole."""
    problems = problems_of_position(circle.lon, circle.lat)
    if not isfinite(circle.radius) or circle.radius <= 0:
        problems.append(f"a radius of {circle.radius:g} m is none; give one above zero, such as 250m")
    elif circle.radius > LARGEST_RADIUS:
        problems.append(
            f"a radius of {circle.radius / 1000:g} km is too large; the largest is {LARGEST_RADIUS / 1000:g} km"
        )
    return problems or _problems_of_extent(bounds(circle))


def problems_of_polygon(points: Sequence[Point]) -> list[str]:
    """Problems of an outline given as (lon, lat) corners; the last corner may repeat the first."""
    for number, (lon, lat) in enumerate(points, 1):
        if problems := problems_of_position(lon, lat):
            return [f"corner {number}: {problems[0]}"]
    corners = list(points[:-1] if len(points) > 1 and tuple(points[0]) == tuple(points[-1]) else points)
    corners = _continued(corners)
    if problems := _problems_of_corners(corners):
        return problems
    ring = LinearRing(corners)
    if ring.convex_hull.area < SMALLEST_AREA:
        return ["the corners lie on one line and enclose nothing; move one of them"]
    if not ring.is_simple:
        return [
            f"the outline crosses itself{_place(explain_validity(Polygon(corners)))}; give its corners in walking order"
        ]
    return _problems_of_extent(ring.bounds)


def problems_of_shape(shape: Polygon | MultiPolygon) -> list[str]:
    """Problems of a shape from a GeoJSON file: of each outline and hole, then of how they lie to each other."""
    parts = list(shape.geoms) if isinstance(shape, MultiPolygon) else [shape]
    if shape.is_empty:
        return ["the shape is empty; draw an outline of at least 3 corners"]
    for part in parts:
        for line in (part.exterior, *part.interiors):
            if problems := problems_of_polygon([(point[0], point[1]) for point in line.coords]):
                return problems
    verdict = explain_validity(unwrapped(shape))
    return [] if verdict == "Valid Geometry" else [f"its parts or holes overlap{_place(verdict)}; draw them apart"]


def not_nested(outer: Geofence, inner: Geofence) -> str | None:
    """Where `inner` reaches out of `outer`, if it does."""
    inside, around = inner.ring.label, outer.ring.label
    if isinstance(outer.shape, Circle) and isinstance(inner.shape, Circle):
        beyond = _beyond(outer.shape, inner.shape)
        if beyond <= NESTING_TOLERANCE:
            return None
        return f"{inside} reaches {beyond:.0f} m out of {around}; make {around} larger or {inside} smaller"
    beyond, (lon, lat) = place_of_farthest(outline(inner.shape), outer.shape)
    if beyond <= NESTING_TOLERANCE:
        return None
    place = f"lat {lat:.5f}, lon {_on_the_map(lon):.5f}"
    return f"{inside} reaches {beyond:.0f} m out of {around} near {place}; draw {around} round {inside}"


def _beyond(outer: Circle, inner: Circle) -> float:
    _, _, apart = WGS84.inv(outer.lon, outer.lat, inner.lon, inner.lat)
    return float(apart) + inner.radius - outer.radius


def _problems_of_corners(corners: list[Point]) -> list[str]:
    if len(set(corners)) < 3:
        return [f"{len(set(corners))} different corners enclose nothing; give at least 3"]
    if len(corners) > MOST_CORNERS:
        return [f"{len(corners)} corners are too many; simplify the outline to at most {MOST_CORNERS}"]
    for number, (corner, following) in enumerate(zip(corners, corners[1:] + corners[:1], strict=True), 1):
        if corner == following:
            return [f"corners {number} and {number % len(corners) + 1} are the same; leave one out"]
    return []


def _problems_of_extent(box: tuple[float, float, float, float]) -> list[str]:
    west, south, east, north = box
    if east - west > 180:
        return ["it reaches round half the earth or round a pole; draw it smaller, or in parts"]
    if max(-south, north) > LARGEST_LATITUDE:
        return [f"it reaches too near the pole; geofences work up to {LARGEST_LATITUDE:g} degrees"]
    return []


def _place(verdict: str) -> str:
    """` near lat 48.87320, lon 2.33140` from GEOS' `Self-intersection[2.3314 48.8732]`."""
    _, bracket, place = verdict.partition("[")
    if not bracket:
        return ""
    lon, lat = (float(part) for part in place.rstrip("]").split()[:2])
    return f" near lat {lat:.5f}, lon {_on_the_map(lon):.5f}"


def _continued(corners: list[Point]) -> list[Point]:
    lons = continuous(np.array([lon for lon, _ in corners]))
    return [(lon, lat) for lon, (_, lat) in zip(lons.tolist(), corners, strict=True)]


def _on_the_map(lon: float) -> float:
    """A longitude that went on past the 180th meridian, as a map gives it."""
    return lon - 360 * round(lon / 360)
