"""Signed distances in metres, positive inside, in a flat metric round a place.

Positions are whole numbers of 1e-7 degree held in float64, so that which side of an edge they lie on is exact (products
of differences stay below 2^53 up to 9 degrees across), and the same whether one position is asked for or many.

The metric: a unit north and a unit east are M(lat) and N(lat) cos(lat) times the angle (radii of curvature of WGS 84 in
the meridian and in the prime vertical). Between two places it is taken at their middle latitude (Gauss' mid-latitude
formula), whose error at 50 km is some 1e-5 of the distance up to 70 degrees. Both are parabolas round the middle of the
geofence.
"""

from math import cos, pi, radians, sin, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely import get_coordinates
from shapely.geometry import MultiPolygon, Polygon

from geofences.fixes import DEGREE
from geofences.rings import Circle, Shape, outline

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

SEMI_MAJOR = 6_378_137.0
ECCENTRICITY_SQUARED = 0.006_694_379_990_14
_STEP = 0.25 * DEGREE


class Metric(NamedTuple):
    """Metres a unit north (`n`) and east (`e`) at h units north of `lat`: n0 + n1 h + n2 h^2."""

    lat: float
    n0: float
    n1: float
    n2: float
    e0: float
    e1: float
    e2: float


class CircleMeter(NamedTuple):
    """All that a circle's distance needs."""

    lon: float
    lat: float
    radius: float
    metric: Metric


class PolygonMeter(NamedTuple):
    """All that a polygon's distance needs: rows x1, y1, x2, y2 of its edges (outlines and holes alike) in units."""

    edges: Floats
    metric: Metric


Meter = CircleMeter | PolygonMeter


def to_units(degrees: float) -> float:
    """Degrees as a whole number of 1e-7 degree."""
    return float(round(degrees * DEGREE))


def metric_at(lat: float) -> Metric:
    """The metric round a latitude in units."""
    north = [_per_unit(lat + step)[0] for step in (-_STEP, 0.0, _STEP)]
    east = [_per_unit(lat + step)[1] for step in (-_STEP, 0.0, _STEP)]
    return Metric(lat, *_parabola(*north), *_parabola(*east))


def meter(shape: Shape) -> Meter:
    """What measures the distance to that shape."""
    if isinstance(shape, Circle):
        lon, lat = to_units(shape.lon), to_units(shape.lat)
        return CircleMeter(lon, lat, shape.radius, metric_at(lat))
    edges = np.concatenate([_edges(line) for line in _lines(shape)])
    if not len(edges):
        raise ValueError("the shape is smaller than 1e-7 degree")
    middle = float(round((edges[:, 1].min() + edges[:, 1].max()) / 2))
    return PolygonMeter(np.ascontiguousarray(edges.T), metric_at(middle))


def distance(of: Meter, x: float, y: float) -> float:
    """Signed distance of one position (units) to the edge, metres, positive inside."""
    if isinstance(of, CircleMeter):
        return circle_distance(of, x, y)
    metrics = np.array(of.metric)[:, None]
    counts = np.array([of.edges.shape[1]])
    return float(polygon_distances(of.edges, metrics, counts, np.array([x]), np.array([y]))[0])


def circle_distance(of: CircleMeter, x: float, y: float) -> float:
    """The same operations in the same order as `circle_distances`, and so the same number."""
    lon, lat, radius, (_, n0, n1, n2, e0, e1, e2) = of
    dy = y - lat
    h = dy * 0.5
    north = dy * (n0 + h * (n1 + h * n2))
    east = (x - lon) * (e0 + h * (e1 + h * e2))
    return radius - sqrt(north * north + east * east)


def circle_distances(columns: Floats, x: Floats, y: Floats) -> Floats:
    """Signed distances of positions to one circle each; `columns` are the rows of `circle_columns`, one a position."""
    lon, lat, radius, n0, n1, n2, e0, e1, e2 = columns
    dy = y - lat
    h = dy * 0.5
    north = dy * (n0 + h * (n1 + h * n2))
    east = (x - lon) * (e0 + h * (e1 + h * e2))
    result: Floats = radius - np.sqrt(north * north + east * east)
    return result


def circle_columns(of: CircleMeter) -> tuple[float, ...]:
    """A circle as the numbers that `circle_distances` takes."""
    return (of.lon, of.lat, of.radius, *of.metric[1:])


def polygon_distances(edges: Floats, metrics: Floats, counts: Indices, x: Floats, y: Floats) -> Floats:
    """Signed distances of positions to one polygon each, whose edges stand one after the other, `counts` of each.

    `metrics` has a column a position. An edge of no length must not be among them.
    """
    x1, y1, x2, y2 = edges
    firsts = np.cumsum(counts) - counts
    per_north, per_east = _per_unit_at(metrics, y)
    x, y, per_north, per_east = (np.repeat(of_position, counts) for of_position in (x, y, per_north, per_east))
    from_x, from_y, along_x, along_y = x1 - x, y1 - y, x2 - x1, y2 - y1
    inside = _holds(from_x, from_y, along_x, along_y, y2 <= y, firsts)
    for east in (from_x, along_x):
        east *= per_east
    for north in (from_y, along_y):
        north *= per_north
    part = -(from_x * along_x + from_y * along_y) / (along_x * along_x + along_y * along_y)
    np.clip(part, 0.0, 1.0, out=part)
    from_x += part * along_x
    from_y += part * along_y
    apart = np.sqrt(np.minimum.reduceat(from_x * from_x + from_y * from_y, firsts))
    signed: Floats = np.where(inside, apart, -apart)
    return signed


def _per_unit_at(metrics: Floats, y: Floats) -> tuple[Floats, Floats]:
    lat, n0, n1, n2, e0, e1, e2 = metrics
    h = y - lat
    return n0 + h * (n1 + h * n2), e0 + h * (e1 + h * e2)


def _holds(
    from_x: Floats, from_y: Floats, along_x: Floats, along_y: Floats, ends_below: NDArray[np.bool_], firsts: Indices
) -> NDArray[np.bool_]:
    """Crossing number of a ray to the east. An edge owns its lower end, so a point of a partition is in one part."""
    begins_below = from_y <= 0
    side = from_x * along_y - along_x * from_y
    crossed = (begins_below != ends_below) & (np.where(begins_below, side, -side) > 0)
    inside: NDArray[np.bool_] = np.bitwise_xor.reduceat(crossed, firsts)
    return inside


def place_of_farthest(inner: Polygon | MultiPolygon, outer: Shape) -> tuple[float, tuple[float, float]]:
    """How far (metres) `inner` reaches out of `outer`, and where (lon, lat); not above zero where it does not."""
    beyond = inner.difference(outline(outer))
    if beyond.is_empty:
        return 0.0, (0.0, 0.0)
    parts = list(beyond.geoms) if hasattr(beyond, "geoms") else [beyond]
    places = np.vstack([get_coordinates(beyond), *(get_coordinates(part.representative_point()) for part in parts)])
    of = meter(outer)
    apart = [-distance(of, to_units(lon), to_units(lat)) for lon, lat in places]
    farthest = int(np.argmax(apart))
    return apart[farthest], (float(places[farthest][0]), float(places[farthest][1]))


def _per_unit(lat: float) -> tuple[float, float]:
    angle = radians(lat / DEGREE)
    w = sqrt(1 - ECCENTRICITY_SQUARED * sin(angle) ** 2)
    unit = pi / 180 / DEGREE
    return SEMI_MAJOR * (1 - ECCENTRICITY_SQUARED) / w**3 * unit, SEMI_MAJOR / w * cos(angle) * unit


def _parabola(below: float, middle: float, above: float) -> tuple[float, float, float]:
    return middle, (above - below) / (2 * _STEP), (above - 2 * middle + below) / (2 * _STEP * _STEP)


def _lines(shape: Polygon | MultiPolygon) -> list[Floats]:
    parts = list(shape.geoms) if isinstance(shape, MultiPolygon) else [shape]
    return [get_coordinates(line) for part in parts for line in (part.exterior, *part.interiors)]


def _edges(corners: Floats) -> Floats:
    """Edges of a closed line; those that are shorter than a unit have gone."""
    units = np.rint(corners * DEGREE)
    edges = np.hstack([units[:-1], units[1:]])
    lengthy = (edges[:, 0] != edges[:, 2]) | (edges[:, 1] != edges[:, 3])
    result: Floats = edges[lengthy]
    return result
