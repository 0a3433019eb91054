"""How the box of each polygon is cut into tiles, and which edges each tile keeps.

A tile keeps the edges that can be the nearest one to some place in it, which are also all that cross it. They are found
by halving: of the edges kept by a tile, a quarter of it keeps those whose distance from its centre is at most
`least + 2 h` (least: that of the nearest edge, h: from the centre to a corner), a little more because the metric is
that of each place. So each level measures few edges, and a polygon with E edges has some E tiles.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.edges import centres_inside, seen
from geofences.fixes import DEGREE
from geofences.metric import Flags, Floats, Indices, expand, per_unit_at
from geofences.outlines import Outlines, edges_of

DEEPEST = 8
EDGES_AT_ONCE = 1 << 12


class Tiling(NamedTuple):
    """The tiles of polygons. A polygon has `across` squared, row by row from the south-west; at last comes one for
    each, with all its edges, for all places.

    Of each tile: `clearance`, a signed bound (metres) that no place in it is nearer to an edge than; where an edge may
    cross the tile it is 0 or -0, and which of the two says from where the parity of `Edges.crossings` counts. Its runs
    of edges go from its number in `starts` up to the next.
    """

    across: Indices
    width: Floats
    height: Floats
    """Of one tile, in units."""
    firsts: Indices
    """The first tile of each polygon."""
    clearance: NDArray[np.float32]
    starts: NDArray[np.uint32]
    run_firsts: NDArray[np.uint32]
    run_counts: NDArray[np.uint16]


class _Layer(NamedTuple):
    """Tiles of one size on their way down: whose they are, where, and the edges they keep, one tile after the other."""

    polygon: Indices
    column: Indices
    row: Indices
    clearance: Floats
    counts: Indices
    edges: Indices

    @property
    def firsts(self) -> Indices:
        return np.cumsum(self.counts) - self.counts


def tiled(of: Outlines) -> Tiling:
    """Cut the boxes of all polygons."""
    depths = np.clip(np.ceil(np.log2(of.edge_counts) / 2), 1, DEEPEST).astype(np.int64)
    across = 1 << depths
    width, height = (2 * np.ceil((extent + 1) / (2 * across)) for extent in (of.width, of.height))
    order = np.argsort(depths, kind="stable")
    tiles = (across * across)[order]
    firsts = np.empty(len(order), np.int64)
    firsts[order] = np.cumsum(tiles) - tiles
    runs, clearance = _Runs(), np.full(int(tiles.sum()) + len(order), -0.0, np.float32)
    for polygons in _portions(depths, of.edge_counts):
        layer = _descended(of, polygons, int(depths[polygons[0]]), width, height)
        numbers = expand(firsts[polygons], across[polygons] ** 2)
        inside = centres_inside(of, polygons, int(across[polygons[0]]), width, height)
        crossed = np.flatnonzero(layer.clearance == 0)
        inside[crossed] ^= _parity(of, _only(layer, crossed), width, height)
        clearance[numbers] = np.where(inside, layer.clearance, -layer.clearance)
        runs.add(layer)
    runs.add_lines(of)
    return Tiling(across, width, height, firsts, clearance, *runs.gathered())


def _portions(depths: Indices, edges: Indices) -> Iterator[Indices]:
    """Polygons of the same depth, not too many at once."""
    for depth in np.unique(depths):
        alike = np.flatnonzero(depths == depth)
        portion = (np.cumsum(edges[alike]) - edges[alike]) // EDGES_AT_ONCE
        yield from np.split(alike, np.flatnonzero(np.diff(portion)) + 1)


def _whole(of: Outlines, polygons: Indices) -> _Layer:
    """One tile a polygon, with all its edges."""
    edges, _ = edges_of(of, polygons)
    nowhere = np.zeros(len(polygons), np.int64)
    return _Layer(polygons, nowhere, nowhere, np.zeros(len(polygons)), of.edge_counts[polygons], edges)


def _descended(of: Outlines, polygons: Indices, depth: int, width: Floats, height: Floats) -> _Layer:
    """Row by row."""
    layer = _whole(of, polygons)
    for level in range(1, depth + 1):
        scale = 1 << (depth - level)
        layer = _quartered(of, layer, width * scale, height * scale)
    order = np.argsort((np.searchsorted(polygons, layer.polygon) << 2 * depth) + (layer.row << depth) + layer.column)
    return _only(layer, order)


def _only(layer: _Layer, tiles: Indices) -> _Layer:
    """These tiles, in this order."""
    edges = layer.edges[expand(layer.firsts[tiles], layer.counts[tiles])]
    polygon, column, row, clearance, counts, _ = layer
    return _Layer(polygon[tiles], column[tiles], row[tiles], clearance[tiles], counts[tiles], edges)


def _quartered(of: Outlines, above: _Layer, width: Floats, height: Floats) -> _Layer:
    """Each tile cut in four, of these sizes by polygon."""
    polygon, firsts = above.polygon, above.firsts
    across, up = width[polygon], height[polygon]
    x, y = 2 * (above.column + 0.5) * across, 2 * (above.row + 0.5) * up
    per_north, per_east = per_unit_at(of.metrics[:, polygon], y)
    ratio = _distortion(of.metrics[:, polygon], y, 2 * up)
    squared = _squared_to_quarters(
        of, above, (x, y), (per_east, per_north), (across * per_east / 2, up * per_north / 2)
    )
    least, corner = (
        np.sqrt(np.minimum.reduceat(squared, firsts, axis=1)),
        np.hypot(per_east * across, per_north * up) / 2,
    )
    kept = squared <= np.repeat((corner + (least + corner) * ratio * ratio) ** 2, above.counts, axis=1)
    edges = np.broadcast_to(above.edges, squared.shape)[kept]
    return _Layer(
        np.tile(polygon, 4),
        np.concatenate([2 * above.column + east for east in (0, 1, 0, 1)]),
        np.concatenate([2 * above.row + north for north in (0, 0, 1, 1)]),
        np.maximum((least - corner) / ratio * (1 - 1e-6), 0.0).ravel(),
        np.add.reduceat(kept, firsts, axis=1, dtype=np.int64).ravel(),
        edges,
    )


def _squared_to_quarters(
    of: Outlines, above: _Layer, centre: tuple[Floats, Floats], scale: tuple[Floats, Floats], off: tuple[Floats, Floats]
) -> Floats:
    """Square metres from the centres of the quarters (rows) to each edge of a tile, by the metric of its own centre."""
    x, y, per_east, per_north, off_x, off_y = (np.repeat(of_tile, above.counts) for of_tile in (*centre, *scale, *off))
    begin_x, begin_y = (of.u[above.edges] - x) * per_east, (of.v[above.edges] - y) * per_north
    along_x = (of.u[above.edges + 1] - x) * per_east - begin_x
    along_y = (of.v[above.edges + 1] - y) * per_north - begin_y
    per_length = 1 / (along_x * along_x + along_y * along_y)
    squared = np.empty((4, len(x)))
    for quarter, (east, north) in enumerate(((-1, -1), (1, -1), (-1, 1), (1, 1))):
        from_x, from_y = begin_x - east * off_x, begin_y - north * off_y
        part = (from_x * along_x + from_y * along_y) * per_length
        part = np.minimum(np.maximum(-part, 0.0, out=part), 1.0, out=part)
        from_x += part * along_x
        from_y += part * along_y
        squared[quarter] = from_x * from_x + from_y * from_y
    return squared


def _distortion(metrics: Floats, y: Floats, height: Floats) -> Floats:
    """How many times longer a distance may be at one place of a tile than at its centre."""
    half = height / 2
    factors = np.array([per_unit_at(metrics, y + step) for step in (-half, 0.0, half)])
    bend = 1 + 1e-6 + np.radians(half / DEGREE) ** 2
    ratio: Floats = (factors.max(axis=0) / factors.min(axis=0)).prod(axis=0) * bend
    return ratio


def _parity(of: Outlines, layer: _Layer, width: Floats, height: Floats) -> Flags:
    """The parity of `Edges.crossings` of the centres of tiles."""
    across, up = width[layer.polygon], height[layer.polygon]
    x, y, east = (layer.column + 0.5) * across, (layer.row + 0.5) * up, (layer.column + 1) * across
    x, y, east = (np.repeat(of_tile, layer.counts) for of_tile in (x, y, east))
    crossings = seen(of.u, of.v, layer.edges, x, y).crossings(east)
    result: Flags = np.bitwise_xor.reduceat(crossings, layer.firsts)
    return result


class _Runs:
    """Edges that follow each other in a tile, together; tile after tile."""

    def __init__(self) -> None:
        self._counts: list[NDArray[np.uint16]] = []
        self._firsts: list[NDArray[np.uint32]] = []
        self._edges: list[NDArray[np.uint16]] = []

    def add_lines(self, of: Outlines) -> None:
        """Those of the tiles for all places."""
        self._append(np.diff(of.line_starts), of.line_firsts, of.line_edges)

    def add(self, layer: _Layer) -> None:
        """Those of the next tiles."""
        tile = np.repeat(np.arange(len(layer.counts)), layer.counts)
        begins = np.ones(len(tile), bool)
        begins[1:] = (tile[1:] != tile[:-1]) | (layer.edges[1:] != layer.edges[:-1] + 1)
        where = np.flatnonzero(begins)
        counts = np.bincount(tile[where], minlength=len(layer.counts))
        self._append(counts, layer.edges[where], np.diff(where, append=len(tile)))

    def _append(self, counts: Indices, firsts: Indices, edges: Indices) -> None:
        self._counts.append(counts.astype(np.uint16))
        self._firsts.append(firsts.astype(np.uint32))
        self._edges.append(edges.astype(np.uint16))

    def gathered(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint16]]:
        """Where the runs of each tile start and the last end; of each run its first edge and how many it has."""
        counts = np.concatenate(self._counts)
        starts = np.zeros(len(counts) + 1, np.uint32)
        np.cumsum(counts, dtype=np.uint32, out=starts[1:])
        return starts, np.concatenate(self._firsts), np.concatenate(self._edges)
