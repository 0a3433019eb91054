"""The outlines of many polygons in a few arrays, in whole units of 1e-7 degree."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely import get_coordinates, get_parts, get_rings
from shapely.geometry import MultiPolygon, Polygon

from geofences.fixes import DEGREE
from geofences.metric import Floats, Indices, expand, metrics_at

MOST_EDGES = 65_535
MOST_VERTICES = 1 << 20
"""Of all outlines of a polygon."""


class Outlines(NamedTuple):
    """Lines (outlines and holes alike) of polygons that stand one after the other.

    `u` and `v` are the vertices, counted east and north from the south-west corner of their polygon's box; a line ends
    with its first vertex again, so that the edge k leads from vertex k to vertex k + 1 for each k but a line's last.
    """

    u: NDArray[np.int32]
    v: NDArray[np.int32]
    west: Floats
    south: Floats
    width: Floats
    height: Floats
    metrics: Floats
    """A column a polygon, with its latitudes counted from the south of its box."""
    line_firsts: Indices
    line_edges: Indices
    line_starts: Indices
    """Where the lines of each polygon begin, and at last where they end."""

    @property
    def edge_counts(self) -> Indices:
        """How many edges each polygon has."""
        return np.add.reduceat(self.line_edges, self.line_starts[:-1])


def edges_of(of: Outlines, polygons: Indices) -> tuple[Indices, Indices]:
    """All edges of these polygons, one polygon after the other: their numbers, and the place of each in `polygons`."""
    lines = np.diff(of.line_starts)[polygons]
    picked = expand(of.line_starts[polygons], lines)
    edges = expand(of.line_firsts[picked], of.line_edges[picked])
    return edges, np.repeat(np.arange(len(polygons)), of.edge_counts[polygons])


def outlines_of(shapes: Sequence[Polygon | MultiPolygon]) -> Outlines:
    """Raises ValueError for a shape that is smaller than a unit, or an outline with too many corners."""
    parts, shape_of_part = get_parts(np.array(shapes, dtype=object), return_index=True)
    lines, part_of_line = get_rings(parts, return_index=True)
    units, line_of = _vertices(lines)
    counts = np.bincount(line_of, minlength=len(lines))
    lengthy = counts > 1
    units, shape_of_line = units[lengthy[line_of]], shape_of_part[part_of_line][lengthy]
    counts = counts[lengthy]
    if len(counts) and counts.max() > MOST_EDGES:
        raise ValueError(f"an outline has more than {MOST_EDGES} corners")
    line_starts = np.searchsorted(shape_of_line, np.arange(len(shapes) + 1))
    if (np.bincount(shape_of_line, counts, len(shapes)) > MOST_VERTICES).any():
        raise ValueError(f"a shape has more than {MOST_VERTICES} corners")
    if (line_starts[1:] == line_starts[:-1]).any():
        raise ValueError("a shape is smaller than 1e-7 degree")
    line_firsts = np.cumsum(counts) - counts
    return _boxed(units, counts, line_firsts, line_starts)


def _vertices(lines: NDArray[np.object_]) -> tuple[Floats, Indices]:
    """Vertices in units, and the line of each; those that repeat the one before have gone."""
    degrees, line_of = get_coordinates(lines, return_index=True)
    units = np.rint(degrees * DEGREE)
    kept = np.ones(len(units), bool)
    kept[1:] = (units[1:] != units[:-1]).any(axis=1) | (line_of[1:] != line_of[:-1])
    return units[kept], line_of[kept]


def _boxed(units: Floats, counts: Indices, line_firsts: Indices, line_starts: Indices) -> Outlines:
    firsts = line_firsts[line_starts[:-1]]
    west, south = np.minimum.reduceat(units, firsts).T
    east, north = np.maximum.reduceat(units, firsts).T
    polygon = np.repeat(np.arange(len(firsts)), np.diff([*firsts, len(units)]))
    metrics = metrics_at(np.floor((south + north) / 2))
    metrics[0] -= south
    u, v = (units[:, 0] - west[polygon]).astype(np.int32), (units[:, 1] - south[polygon]).astype(np.int32)
    return Outlines(u, v, west, south, east - west, north - south, metrics, line_firsts, counts - 1, line_starts)
