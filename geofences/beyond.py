"""How far one shape reaches out of another."""

import numpy as np
from shapely import get_coordinates, transform
from shapely.geometry import MultiPolygon, Point, Polygon

from geofences.fixes import DEGREE
from geofences.meridian import aligned
from geofences.metric import Floats, metres_a_unit
from geofences.rings import WGS84, Circle, Shape, outline


def place_of_farthest(inner: Polygon | MultiPolygon, outer: Shape) -> tuple[float, tuple[float, float]]:
    """How far (metres) `inner` reaches out of `outer`, and where (lon, lat); not above zero where it does not."""
    around = outline(outer)
    beyond = aligned(inner, (around.bounds[0] + around.bounds[2]) / 2).difference(around)
    if beyond.is_empty:
        return 0.0, (0.0, 0.0)
    parts = list(beyond.geoms) if hasattr(beyond, "geoms") else [beyond]
    places = np.vstack([get_coordinates(beyond), *(get_coordinates(part.representative_point()) for part in parts)])
    apart = [_metres_out(outer, place) for place in places]
    farthest = int(np.argmax(apart))
    return apart[farthest], (float(places[farthest][0]), float(places[farthest][1]))


def _metres_out(shape: Shape, place: Floats) -> float:
    """Of a place that is not inside: to a polygon in the metric of that place."""
    if isinstance(shape, Circle):
        _, _, apart = WGS84.inv(shape.lon, shape.lat, *place)
        return float(apart) - shape.radius
    (north,), (east,) = metres_a_unit(place[1:] * DEGREE) * DEGREE
    return float(transform(shape.boundary, lambda line: (line - place) * (east, north)).distance(Point(0, 0)))
