"""How far one shape reaches out of another."""

import numpy as np
from shapely import get_coordinates
from shapely.geometry import MultiPolygon, Polygon

from geofences.fixes import DEGREE
from geofences.meridian import aligned
from geofences.metric import Floats, circle_distances, circle_rows
from geofences.outlines import outlines_of
from geofences.rings import Circle, Shape, outline
from geofences.tiles import Tiles


def place_of_farthest(inner: Polygon | MultiPolygon, outer: Shape) -> tuple[float, tuple[float, float]]:
    """How far (metres) `inner` reaches out of `outer`, and where (lon, lat); not above zero where it does not."""
    around = outline(outer)
    beyond = aligned(inner, (around.bounds[0] + around.bounds[2]) / 2).difference(around)
    if beyond.is_empty:
        return 0.0, (0.0, 0.0)
    parts = list(beyond.geoms) if hasattr(beyond, "geoms") else [beyond]
    places = np.vstack([get_coordinates(beyond), *(get_coordinates(part.representative_point()) for part in parts)])
    apart = -_distances(outer, places)
    farthest = int(np.argmax(apart))
    return float(apart[farthest]), (float(places[farthest][0]), float(places[farthest][1]))


def _distances(shape: Shape, places: Floats) -> Floats:
    x, y = np.rint(places.T * DEGREE)
    if isinstance(shape, Circle):
        rows = circle_rows(*(np.full(len(places), of) for of in (shape.lon, shape.lat, shape.radius)))
        return circle_distances(rows.T, x, y)
    return Tiles(outlines_of([shape])).distances(np.zeros(len(places), np.int64), x, y, np.full(len(places), np.inf))
