"""How the box of each polygon is cut into tiles, and which edges each tile keeps.

A tile keeps the edges that can be the nearest one to some place in it, which are also all that cross it. They are found
by halving: of the edges kept by a tile, a quarter of it keeps those whose distance from its centre is at most
`least + 2 h` (least: that of the nearest edge, h: from the centre to a corner), a little more because the metric is
that of each place. So each level measures few edges, and a polygon with E edges has some E tiles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.edges import seen
from geofences.fixes import DEGREE
from geofences.metric import Flags, Floats, Indices, expand, per_unit_at
from geofences.outlines import Outlines

DEEPEST = 8
EDGES_AT_ONCE = 1 << 13


class Tiling(NamedTuple):
    """The tiles of polygons. A polygon has `across` squared, row by row from the south-west, and one for all places.

    Of each tile: `clearance`, a signed bound (metres) that no place in it is nearer to an edge than, 0 where there is
    none; `base`, to which the parity of `Edges.crossings` is added; and its `counts` runs of edges from `starts` on.
    """

    across: Indices
    width: Floats
    height: Floats
    """Of one tile, in units."""
    firsts: Indices
    """The first tile of each polygon."""
    clearance: NDArray[np.float32]
    base: NDArray[np.uint8]
    starts: NDArray[np.uint32]
    counts: NDArray[np.uint16]
    run_firsts: NDArray[np.uint32]
    run_counts: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class _Layer:
    """Tiles of one size on their way down: whose they are, where, and the edges they keep one after the other."""

    polygon: Indices
    column: Indices
    row: Indices
    east: Floats
    base: Flags
    clearance: Floats
    counts: Indices
    edges: Indices


def tiled(of: Outlines) -> Tiling:
    """Cut the boxes of all polygons."""
    depths = np.clip(np.ceil(np.log2(of.edge_counts) / 2), 1, DEEPEST).astype(np.int64)
    across = 1 << depths
    width, height = (2 * np.ceil((extent + 1) / (2 * across)) for extent in (of.width, of.height))
    tiles = across * across + 1
    firsts = np.cumsum(tiles) - tiles
    runs = _Runs.of_lines(of, firsts + across * across)
    clearance, base = np.zeros(int(tiles.sum()), np.float32), np.zeros(int(tiles.sum()), np.uint8)
    for polygons in _portions(depths, of.edge_counts):
        layer = _descended(of, polygons, int(depths[polygons[0]]), width, height)
        numbers = expand(firsts[polygons], across[polygons] ** 2)
        clearance[numbers], base[numbers] = layer.clearance, layer.base
        runs.add(numbers, layer)
    return Tiling(across, width, height, firsts, clearance, base, *runs.gathered(int(tiles.sum())))


def _portions(depths: Indices, edges: Indices) -> Iterator[Indices]:
    """Polygons of the same depth, not too many at once."""
    for depth in np.unique(depths):
        alike = np.flatnonzero(depths == depth)
        portion = (np.cumsum(edges[alike]) - edges[alike]) // EDGES_AT_ONCE
        yield from np.split(alike, np.flatnonzero(np.diff(portion)) + 1)


def _whole(of: Outlines, polygons: Indices) -> _Layer:
    """One tile a polygon with all its edges, for all places."""
    lines = np.diff(of.line_starts)[polygons]
    picked = expand(of.line_starts[polygons], lines)
    edges = expand(of.line_firsts[picked], of.line_edges[picked])
    nowhere, flat = np.zeros(len(polygons), np.int64), np.zeros(len(polygons))
    return _Layer(polygons, nowhere, nowhere, flat + inf, flat > 0, flat, of.edge_counts[polygons], edges)


def _descended(of: Outlines, polygons: Indices, depth: int, width: Floats, height: Floats) -> _Layer:
    layer = _whole(of, polygons)
    for level in range(1, depth + 1):
        scale = 1 << (depth - level)
        layer = _quartered(of, layer, width * scale, height * scale)
    order = np.argsort((np.searchsorted(polygons, layer.polygon) << 2 * depth) + (layer.row << depth) + layer.column)
    return _reordered(layer, order)


def _reordered(layer: _Layer, order: Indices) -> _Layer:
    firsts = np.cumsum(layer.counts) - layer.counts
    edges = layer.edges[expand(firsts[order], layer.counts[order])]
    return _Layer(
        layer.polygon[order],
        layer.column[order],
        layer.row[order],
        layer.east[order],
        layer.base[order],
        layer.clearance[order],
        layer.counts[order],
        edges,
    )


def _quartered(of: Outlines, above: _Layer, width: Floats, height: Floats) -> _Layer:
    """Each tile cut in four, of these sizes by polygon."""
    parent = np.repeat(np.arange(len(above.polygon)), 4)
    quarter = np.arange(len(parent)) % 4
    polygon, counts = above.polygon[parent], above.counts[parent]
    column, row = 2 * above.column[parent] + (quarter & 1), 2 * above.row[parent] + (quarter >> 1)
    across, up, metrics = width[polygon], height[polygon], of.metrics[:, polygon]
    x, y = (column + 0.5) * across, (row + 0.5) * up
    per_north, per_east = per_unit_at(metrics, y)
    place, firsts = np.repeat(np.arange(len(parent)), counts), np.cumsum(counts) - counts
    numbers = above.edges[expand((np.cumsum(above.counts) - above.counts)[parent], counts)]
    edges = seen(of, numbers, x[place], y[place])
    apart = np.sqrt(edges.squared(per_north[place], per_east[place]))
    least, corner = np.minimum.reduceat(apart, firsts), np.hypot(per_east * across, per_north * up) / 2
    inside = np.bitwise_xor.reduceat(edges.crossings(above.east[parent][place]), firsts) ^ above.base[parent]
    ratio, east = _distortion(metrics, y, up), (column + 1) * across
    kept = apart <= (corner + (least + corner) * ratio * ratio)[place]
    left = np.add.reduceat(kept, firsts, dtype=np.int64)
    crossings = edges.only(kept).crossings(east[place[kept]])
    base = inside ^ np.bitwise_xor.reduceat(crossings, np.cumsum(left) - left)
    clearance = np.maximum((least - corner) / ratio * (1 - 1e-6), 0.0)
    return _Layer(polygon, column, row, east, base, np.where(inside, clearance, -clearance), left, numbers[kept])


def _distortion(metrics: Floats, y: Floats, height: Floats) -> Floats:
    """How many times longer a distance may be at one place of a tile than at its centre."""
    half = height / 2
    factors = np.array([per_unit_at(metrics, y + step) for step in (-half, 0.0, half)])
    bend = 1 + 1e-6 + np.radians(half / DEGREE) ** 2
    ratio: Floats = (factors.max(axis=0) / factors.min(axis=0)).prod(axis=0) * bend
    return ratio


class _Runs:
    """Edges that follow each other in a tile, together."""

    def __init__(self) -> None:
        self._tiles: list[Indices] = []
        self._counts: list[NDArray[np.uint16]] = []
        self._firsts: list[NDArray[np.uint32]] = []
        self._edges: list[NDArray[np.uint16]] = []

    @classmethod
    def of_lines(cls, of: Outlines, numbers: Indices) -> "_Runs":
        """Those of the tiles for all places: the lines."""
        runs = cls()
        runs._append(numbers, np.diff(of.line_starts), of.line_firsts, of.line_edges)
        return runs

    def add(self, numbers: Indices, layer: _Layer) -> None:
        """The runs of tiles with these numbers."""
        tile = np.repeat(np.arange(len(numbers)), layer.counts)
        begins = np.ones(len(tile), bool)
        begins[1:] = (tile[1:] != tile[:-1]) | (layer.edges[1:] != layer.edges[:-1] + 1)
        where = np.flatnonzero(begins)
        counts = np.bincount(tile[where], minlength=len(numbers))
        self._append(numbers, counts, layer.edges[where], np.diff(where, append=len(tile)))

    def _append(self, numbers: Indices, counts: Indices, firsts: Indices, edges: Indices) -> None:
        self._tiles.append(numbers)
        self._counts.append(counts.astype(np.uint16))
        self._firsts.append(firsts.astype(np.uint32))
        self._edges.append(edges.astype(np.uint16))

    def gathered(
        self, tiles: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint32], NDArray[np.uint16]]:
        """Starts and counts of the runs of each tile, and of each run its first edge and the number of its edges."""
        numbers, of_tile = np.concatenate(self._tiles), np.concatenate(self._counts)
        starts, counts = np.zeros(tiles, np.uint32), np.zeros(tiles, np.uint16)
        counts[numbers] = of_tile
        starts[numbers] = np.cumsum(of_tile, dtype=np.uint32) - of_tile
        return starts, counts, np.concatenate(self._firsts), np.concatenate(self._edges)
