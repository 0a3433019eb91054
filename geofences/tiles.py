"""How far places are from the edges of polygons: only the edges that their tile keeps are measured."""

from collections.abc import Sequence
from math import copysign, floor, inf, sqrt
from struct import Struct

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from geofences.edges import seen
from geofences.metric import Floats, Indices, expand, per_unit_at
from geofences.outlines import outlines_of
from geofences.tiling import tiled

_ROW = Struct("=16d")
SURELY = 1 - 1e-6
"""A bound is so much smaller, so that rounding never lifts it above what it bounds."""
RUNS_AT_ONCE = 1 << 11


class Tiles:
    """Polygons by number. Positions are in units; a tile that no edge comes near to needs no measuring."""

    def __init__(self, shapes: Sequence[Polygon | MultiPolygon]) -> None:
        of = outlines_of(shapes)
        tiling = tiled(of)
        # West, south, width, height of the box; width, height of a tile, tiles in a row, the first tile; the metric.
        self._rows = np.array(
            [
                *(of.west, of.south, of.width, of.height, tiling.width, tiling.height),
                *(tiling.across, tiling.firsts, *of.metrics, np.zeros(len(shapes))),
            ]
        ).T.copy()
        self._outlines = of
        self._clearance, self._base = tiling.clearance, tiling.base
        self._starts, self._counts = tiling.starts, tiling.counts
        self._run_firsts, self._run_counts = tiling.run_firsts, tiling.run_counts
        # The same memory, for reading one number at a time.
        self._row_bytes = self._rows.reshape(-1).data.cast("B")
        self._us, self._vs = of.u.data, of.v.data
        self._clearances, self._bases = self._clearance.data, self._base.data
        self._tile_starts, self._tile_counts = self._starts.data, self._counts.data
        self._firsts, self._edges = self._run_firsts.data, self._run_counts.data

    @property
    def size_in_bytes(self) -> int:
        """Of all arrays."""
        arrays = (*self._outlines, self._clearance, self._base, self._starts, self._counts, self._run_firsts)
        return sum(array.nbytes for array in (*arrays, self._run_counts, self._rows))

    def distance(self, polygon: int, x: float, y: float, reach: float) -> float:
        """Signed distance (metres) to the edge; beyond `reach` it may be a bound, nearer than the true one."""
        west, south, width, height, tile_width, tile_height, across, first, lat, n0, n1, n2, e0, e1, e2, _ = (
            _ROW.unpack_from(self._row_bytes, polygon * _ROW.size)
        )
        x, y = x - west, y - south
        h = y - lat
        per_north, per_east = n0 + h * (n1 + h * n2), e0 + h * (e1 + h * e2)
        if 0 <= x <= width and 0 <= y <= height:
            column = floor(x / tile_width)
            tile: int = int(first + floor(y / tile_height) * across + column)
            clearance: float = self._clearances[tile]
            if clearance > reach or -clearance > reach:
                return clearance
            measured = self._measured(tile, x, y, per_north, per_east, (column + 1) * tile_width)
            return copysign(measured, clearance) if clearance else measured
        beyond_x, beyond_y = max(-x, x - width, 0.0) * per_east, max(-y, y - height, 0.0) * per_north
        bound = sqrt(beyond_x * beyond_x + beyond_y * beyond_y) * SURELY
        if bound > reach:
            return -bound
        return self._measured(int(first + across * across), x, y, per_north, per_east, inf)

    def _measured(self, tile: int, x: float, y: float, per_north: float, per_east: float, east: float) -> float:
        """The same operations in the same order as `_measure`, and so the same number."""
        inside, least = bool(self._bases[tile]), inf
        start = self._tile_starts[tile]
        for run in range(start, start + self._tile_counts[tile]):
            first, edges = self._firsts[run], self._edges[run]
            end = first + edges + 1
            us: Sequence[float] = self._us[first:end].tolist()
            vs: Sequence[float] = self._vs[first:end].tolist()
            u1, from_y = us[0], vs[0] - y
            below = from_y <= 0
            for u2, v2 in zip(us[1:], vs[1:], strict=True):
                to_y = v2 - y
                ends_below = to_y <= 0
                from_x, along_x, along_y = u1 - x, u2 - u1, to_y - from_y
                if below != ends_below:
                    side = from_x * along_y - along_x * from_y
                    if (side if below else -side) > 0:
                        inside = not inside
                if (u1 > east and below) != (u2 > east and ends_below):
                    inside = not inside
                from_x, north = from_x * per_east, from_y * per_north
                along_x, along_y = along_x * per_east, along_y * per_north
                part = -(from_x * along_x + north * along_y) / (along_x * along_x + along_y * along_y)
                if part > 0.0:
                    part = min(part, 1.0)
                    from_x += part * along_x
                    north += part * along_y
                apart = from_x * from_x + north * north
                if apart < least:
                    least = apart
                u1, from_y, below = u2, to_y, ends_below
        return sqrt(least) if inside else -sqrt(least)

    def distances(self, polygons: Indices, x: Floats, y: Floats, reach: Floats) -> Floats:
        """`distance` of one place each."""
        rows = self._rows[polygons].T
        west, south, width, height, tile_width, tile_height, across, first = rows[:8]
        x, y = x - west, y - south
        per_north, per_east = per_unit_at(rows[8:15], y)
        within = (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
        column = np.floor(x / tile_width)
        tiles = np.where(within, first + np.floor(y / tile_height) * across + column, first + across * across)
        tiles = tiles.astype(np.int64)
        found: Floats = self._clearance[tiles].astype(np.float64)
        beyond_x = np.maximum(np.maximum(-x, x - width), 0.0) * per_east
        beyond_y = np.maximum(np.maximum(-y, y - height), 0.0) * per_north
        found = np.where(within, found, -np.sqrt(beyond_x * beyond_x + beyond_y * beyond_y) * SURELY)
        near = np.flatnonzero(~(np.abs(found) > reach))
        if len(near):
            east = np.where(within, (column + 1) * tile_width, np.inf)
            columns = np.array([x, y, per_north, per_east, east])
            for some in self._portions(near, tiles[near]):
                found[some] = self._measure(tiles[some], *columns[:, some])
        return found

    def _portions(self, near: Indices, tiles: Indices) -> list[Indices]:
        """So many places at a time that they do not have too many edges."""
        runs = np.cumsum(self._counts[tiles], dtype=np.int64)
        if runs[-1] < RUNS_AT_ONCE:
            return [near]
        return np.split(near, np.flatnonzero(np.diff(runs // RUNS_AT_ONCE)) + 1)

    def _measure(
        self, tiles: Indices, x: Floats, y: Floats, per_north: Floats, per_east: Floats, east: Floats
    ) -> Floats:
        runs_of = self._counts[tiles].astype(np.int64)
        runs = expand(self._starts[tiles].astype(np.int64), runs_of)
        counts = self._run_counts[runs].astype(np.int64)
        numbers = expand(self._run_firsts[runs].astype(np.int64), counts)
        first_runs = np.cumsum(runs_of) - runs_of
        counts = np.add.reduceat(counts, first_runs)
        firsts = np.cumsum(counts) - counts
        place = np.repeat(np.arange(len(tiles)), counts)
        edges = seen(self._outlines, numbers, x[place], y[place])
        inside = np.bitwise_xor.reduceat(edges.crossings(east[place]), firsts) ^ self._base[tiles].astype(bool)
        apart = np.sqrt(np.minimum.reduceat(edges.squared(per_north[place], per_east[place]), firsts))
        clearance = self._clearance[tiles]
        result: Floats = np.copysign(apart, np.where(clearance == 0, inside - 0.5, clearance))
        return result
