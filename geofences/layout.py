"""All that an index looks up in, made of its zones."""

from collections.abc import Sequence

import numpy as np

from geofences.cells import cells_of
from geofences.fixes import DEGREE
from geofences.lookup import Layout
from geofences.metric import ROUND, Floats, Indices, circle_rows
from geofences.outlines import outlines_of
from geofences.rings import Circle, Zone, bounds
from geofences.squares import Zones, drawn
from geofences.tiling import tiled


def layout_of(zones: Sequence[Zone]) -> Layout:
    """All that is looked up in."""
    shapes = [geofence.shape for zone in zones for geofence in zone.geofences]
    is_circle = np.array([isinstance(shape, Circle) for shape in shapes], bool)
    circles = [(shape.lon, shape.lat, shape.radius) for shape in shapes if isinstance(shape, Circle)]
    polygons = [shape for shape in shapes if not isinstance(shape, Circle)]
    outlines = outlines_of(polygons)
    tiling = tiled(outlines)
    rings = np.empty((len(shapes), 16))
    rings[is_circle], rings[~is_circle] = circle_rows(*np.array(circles).reshape(-1, 3).T), tiling.rows
    counts = np.array([len(zone.geofences) for zone in zones], np.int64)
    firsts = np.cumsum(counts) - counts
    boxes = np.array([bounds(zone.geofences[0].shape) for zone in zones]).reshape(-1, 4).T
    boxes = np.vstack([np.floor(boxes[:2] * DEGREE) - 1, np.ceil(boxes[2:] * DEGREE) + 1])
    margins = np.array([margin for zone in zones for margin in zone.exit_margins])
    largest = np.array([max(zone.exit_margins) for zone in zones])
    rows = np.array([firsts, counts, largest, (boxes[0] + boxes[2]) / 2]).T.copy()
    images, shifts = _images(boxes)
    kinds = np.where(is_circle, np.cumsum(is_circle) - 1, -np.cumsum(~is_circle))
    drawing = drawn(
        Zones(boxes[:, images], shifts, firsts[images], counts[images], kinds, margins, rings[is_circle], outlines)
    )
    levels, slots, members = cells_of(drawing, images, np.sign(shifts).astype(np.int64) % 3)
    vertices = np.array([outlines.u, outlines.v]).T.copy()
    return Layout(levels, slots, members, rows, rings, tiling.tiles, tiling.runs, vertices)


def _images(boxes: Floats) -> tuple[Indices, Floats]:
    """Zones, and what to add to the x of a place (-180 to 180 degrees) to find it in the box of that zone."""
    west, _, east, _ = boxes
    every = np.arange(len(west))
    over_west, over_east = np.flatnonzero(west < -ROUND / 2), np.flatnonzero(east > ROUND / 2)
    zones = np.concatenate([every, over_west, over_east])
    return zones, np.repeat([0.0, -ROUND, ROUND], [len(every), len(over_west), len(over_east)])
