"""Shapes across the 180th meridian: longitudes that go on past 180 instead of jumping to -180."""

import numpy as np
from shapely import affinity, get_coordinates, transform, union_all
from shapely.geometry import MultiPolygon, Polygon

from geofences.metric import Floats


def continuous(lons: Floats) -> Floats:
    """Longitudes of a line, so that none is more than 180 degrees from the one before: each edge goes the short way."""
    if not len(lons) or np.ptp(lons) <= 180:
        return lons
    turns = np.cumsum(np.rint(np.diff(lons, prepend=lons[0]) / 360))
    result: Floats = lons - 360 * turns
    return result


def unwrapped(shape: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """The same shape, in one piece across the 180th meridian, from 179 to 181 degrees; others come back as they are.

    Takes outlines that jump from 179 to -179 as well as parts that were cut at the meridian (RFC 7946, 3.1.9): the cut
    is no edge. An outline round a pole stays as it is.
    """
    west, _, east, _ = shape.bounds
    if not east - west > 180:
        return shape
    parts = list(shape.geoms) if isinstance(shape, MultiPolygon) else [shape]
    whole = [_whole(part) for part in parts]
    whole = [aligned(part, _middle(whole[0])) for part in whole]
    joined = union_all(whole) if len(whole) > 1 else whole[0]
    return joined if isinstance(joined, Polygon | MultiPolygon) and joined.is_valid else MultiPolygon(whole)


def aligned(shape: Polygon | MultiPolygon, lon: float) -> Polygon | MultiPolygon:
    """Turned by whole turns, so that its middle is as near as can be to that longitude."""
    turns = round((lon - _middle(shape)) / 360)
    return affinity.translate(shape, 360.0 * turns) if turns else shape


def _whole(part: Polygon) -> Polygon:
    outline = transform(part.exterior, _continued)
    holes = [transform(hole, _continued) for hole in part.interiors]
    middle = _middle(Polygon(outline))
    return Polygon(outline, [aligned(Polygon(hole), middle).exterior for hole in holes])


def _continued(corners: Floats) -> Floats:
    lons = continuous(corners[:, 0])
    # A line that does not come back to its beginning goes round a pole.
    return np.column_stack([lons if abs(lons[0] - lons[-1]) < 180 else corners[:, 0], corners[:, 1]])


def _middle(shape: Polygon | MultiPolygon) -> float:
    lons = get_coordinates(shape)[:, 0]
    return float(lons.min() + lons.max()) / 2
