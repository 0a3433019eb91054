"""All that an index looks up in, made of its zones."""

from collections.abc import Sequence

import numpy as np

from geofences.cells import cells_of
from geofences.fixes import DEGREE
from geofences.lookup import Layout
from geofences.metric import ROUND, Floats, Indices, circle_rows
from geofences.outlines import outlines_of
from geofences.rings import Circle, Shape, Zone, bounds
from geofences.squares import Zones, drawn
from geofences.tiling import tiled


def layout_of(zones: Sequence[Zone]) -> Layout:
    """All that is looked up in."""
    outermost = [zone.geofences[0].shape for zone in zones]
    shapes = outermost + [each.shape for zone in zones for each in zone.geofences[1:]]
    outlines = outlines_of([shape for shape in shapes if not isinstance(shape, Circle)])
    tiling, is_circle = tiled(outlines), np.array([isinstance(shape, Circle) for shape in shapes], bool)
    circles = _circles(shapes)
    rings = np.empty((len(shapes), circles.shape[1]))
    rings[is_circle], rings[~is_circle] = circles, tiling.rows
    boxes = _boxes(outermost)
    images, shifts = _images(boxes)
    counts = np.array([len(zone.geofences) for zone in zones], np.int64)
    firsts, others = np.cumsum(counts) - counts, len(zones) + np.cumsum(counts - 1) - (counts - 1)
    kinds = np.where(is_circle, np.cumsum(is_circle) - 1, -np.cumsum(~is_circle))[_by_zone(counts, others)]
    margins = np.array([margin for zone in zones for margin in zone.exit_margins])
    drawing = drawn(Zones(boxes[:, images], shifts, firsts[images], counts[images], kinds, margins, circles, outlines))
    cells = cells_of(drawing, images, np.sign(shifts).astype(np.int64) % 3)
    largest = np.array([max(zone.exit_margins) for zone in zones])
    rows = np.array([others, counts, largest, (boxes[0] + boxes[2]) / 2]).T.copy()
    vertices = np.array([outlines.u, outlines.v]).T.copy()
    return Layout(*cells, rows, rings, tiling.tiles, tiling.runs, vertices)


def _circles(shapes: Sequence[Shape]) -> Floats:
    circles = [(shape.lon, shape.lat, shape.radius) for shape in shapes if isinstance(shape, Circle)]
    return circle_rows(*np.array(circles).reshape(-1, 3).T)


def _boxes(shapes: Sequence[Shape]) -> Floats:
    """West, south, east, north in units, with a unit to spare."""
    west, south, east, north = np.array([bounds(shape) for shape in shapes]).reshape(-1, 4).T * DEGREE
    return np.array([np.floor(west) - 1, np.floor(south) - 1, np.ceil(east) + 1, np.ceil(north) + 1])


def _by_zone(counts: Indices, others: Indices) -> Indices:
    """The number of each ring, those of a zone together, outermost first."""
    zone = np.repeat(np.arange(len(counts)), counts)
    depth = np.arange(len(zone)) - (np.cumsum(counts) - counts)[zone]
    numbers: Indices = np.where(depth == 0, zone, others[zone] + depth - 1)
    return numbers


def _images(boxes: Floats) -> tuple[Indices, Floats]:
    """Zones, and what to add to the x of a place (-180 to 180 degrees) to find it in the box of that zone."""
    west, _, east, _ = boxes
    every = np.arange(len(west))
    over_west, over_east = np.flatnonzero(west < -ROUND / 2), np.flatnonzero(east > ROUND / 2)
    zones = np.concatenate([every, over_west, over_east])
    return zones, np.repeat([0.0, -ROUND, ROUND], [len(every), len(over_west), len(over_east)])
