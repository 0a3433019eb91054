"""How far places are from the edges of polygons: only the edges that their tile keeps are measured."""

from collections.abc import Sequence
from math import copysign, floor, inf, sqrt
from struct import Struct

import numpy as np

from geofences.edges import seen
from geofences.metric import Floats, Indices, expand, per_unit_at
from geofences.outlines import Outlines
from geofences.tiling import tiled

_ROW = Struct("=16d")
SURELY = 1 - 1e-6
"""A bound is so much smaller, so that rounding never lifts it above what it bounds."""
A_LITTLE_MORE = 1 + 1e-9
RUNS_AT_ONCE = 1 << 11


class Tiles:
    """Polygons by number. Positions are in units; a tile that no edge comes near to needs no measuring."""

    def __init__(self, of: Outlines) -> None:
        tiling = tiled(of)
        # West, south, width, height of the box; width, height of a tile, tiles in a row, the first tile; the metric.
        self._rows = np.array(
            [
                *(of.west, of.south, of.width, of.height, tiling.width, tiling.height),
                *(tiling.across, tiling.firsts, *of.metrics, np.zeros(len(of.west))),
            ]
        ).T.copy()
        self._us, self._vs, self._whole = of.u, of.v, len(tiling.clearance) - len(of.west)
        self._clearance, self._starts = tiling.clearance, tiling.starts
        self._run_firsts, self._run_counts = tiling.run_firsts, tiling.run_counts
        # The same memory, for reading one number at a time.
        self._row_bytes = self._rows.reshape(-1).data.cast("B")
        self._u, self._v = of.u.data, of.v.data
        self._clearances, self._tile_starts = self._clearance.data, self._starts.data
        self._firsts, self._edges = self._run_firsts.data, self._run_counts.data

    @property
    def size_in_bytes(self) -> int:
        """Of all arrays."""
        arrays = (self._us, self._vs, self._clearance, self._starts, self._run_firsts, self._run_counts, self._rows)
        return sum(array.nbytes for array in arrays)

    def distance(self, polygon: int, x: float, y: float, reach: float) -> float:
        """Signed distance (metres) to the edge; beyond `reach` a bound, which is at least that."""
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
            measured = self._measured(tile, x, y, per_north, per_east, (column + 1) * tile_width, reach)
            return copysign(measured, clearance) if clearance else measured
        beyond_x, beyond_y = max(-x, x - width, 0.0) * per_east, max(-y, y - height, 0.0) * per_north
        bound = sqrt(beyond_x * beyond_x + beyond_y * beyond_y) * SURELY
        if bound > reach:
            return -bound
        return self._measured(self._whole + polygon, x, y, per_north, per_east, inf, reach)

    def _measured(
        self, tile: int, x: float, y: float, per_north: float, per_east: float, east: float, reach: float
    ) -> float:
        """The same operations in the same order as `_measure`, and so the same number; what is far is passed over."""
        inside, least, near = copysign(1.0, self._clearances[tile]) > 0, reach * reach, reach * A_LITTLE_MORE
        wide, tall = near / per_east, near / per_north
        for run in range(self._tile_starts[tile], self._tile_starts[tile + 1]):
            first = self._firsts[run]
            end = first + self._edges[run] + 1
            us: Sequence[float] = self._u[first:end].tolist()
            vs: Sequence[float] = self._v[first:end].tolist()
            u1, v1 = us[0], vs[0]
            for u2, v2 in zip(us[1:], vs[1:], strict=True):
                # An edge so far above or west of the place is neither near nor met by a ray to the east.
                if not ((v1 > y + tall and v2 > y + tall) or (u1 < x - wide and u2 < x - wide)):
                    below, ends_below = v1 <= y, v2 <= y
                    if below != ends_below:
                        side = (u1 - x) * (v2 - v1) - (u2 - u1) * (v1 - y)
                        if (side if below else -side) > 0:
                            inside = not inside
                    if (below and u1 > east) != (ends_below and u2 > east):
                        inside = not inside
                    if not ((v1 < y - tall and v2 < y - tall) or (u1 > x + wide and u2 > x + wide)):
                        apart = _squared(
                            (u1 - x) * per_east, (v1 - y) * per_north, (u2 - x) * per_east, (v2 - y) * per_north
                        )
                        if apart < least:
                            least, near = apart, sqrt(apart) * A_LITTLE_MORE
                            wide, tall = near / per_east, near / per_north
                u1, v1 = u2, v2
        return sqrt(least) if inside else -sqrt(least)

    def distances(self, polygons: Indices, x: Floats, y: Floats, reach: Floats) -> Floats:
        """`distance` of one place each."""
        rows = self._rows[polygons].T
        west, south, width, height, tile_width, tile_height, across, first = rows[:8]
        x, y = x - west, y - south
        per_north, per_east = per_unit_at(rows[8:15], y)
        within = (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
        column = np.floor(x / tile_width)
        tiles = np.where(within, first + np.floor(y / tile_height) * across + column, self._whole + polygons)
        tiles = tiles.astype(np.int64)
        found: Floats = self._clearance[tiles].astype(np.float64)
        beyond_x = np.maximum(np.maximum(-x, x - width), 0.0) * per_east
        beyond_y = np.maximum(np.maximum(-y, y - height), 0.0) * per_north
        found = np.where(within, found, -np.sqrt(beyond_x * beyond_x + beyond_y * beyond_y) * SURELY)
        near = np.flatnonzero(~(np.abs(found) > reach))
        if len(near):
            east = np.where(within, (column + 1) * tile_width, np.inf)
            columns = np.array([x, y, per_north, per_east, east, reach])
            for some in self._portions(near, tiles[near]):
                found[some] = self._measure(tiles[some], *columns[:, some])
        return found

    def _portions(self, near: Indices, tiles: Indices) -> list[Indices]:
        """So many places at a time that they do not have too many edges."""
        runs = np.cumsum(self._starts[tiles + 1].astype(np.int64) - self._starts[tiles])
        if runs[-1] < RUNS_AT_ONCE:
            return [near]
        return np.split(near, np.flatnonzero(np.diff(runs // RUNS_AT_ONCE)) + 1)

    def _measure(
        self,
        tiles: Indices,
        x: Floats,
        y: Floats,
        per_north: Floats,
        per_east: Floats,
        east: Floats,
        reach: Floats,
    ) -> Floats:
        starts = self._starts[tiles].astype(np.int64)
        runs_of = self._starts[tiles + 1] - starts
        runs = expand(starts, runs_of)
        counts = self._run_counts[runs].astype(np.int64)
        numbers = expand(self._run_firsts[runs].astype(np.int64), counts)
        first_runs = np.cumsum(runs_of) - runs_of
        counts = np.add.reduceat(counts, first_runs)
        firsts = np.cumsum(counts) - counts
        place = np.repeat(np.arange(len(tiles)), counts)
        edges = seen(self._us, self._vs, numbers, x[place], y[place])
        squared = np.minimum.reduceat(edges.squared(per_north[place], per_east[place]), firsts)
        apart = np.sqrt(np.minimum(squared, reach * reach))
        clearance = self._clearance[tiles]
        inside = np.bitwise_xor.reduceat(edges.crossings(east[place]), firsts) ^ ~np.signbit(clearance)
        result: Floats = np.copysign(apart, np.where(clearance == 0, inside - 0.5, clearance))
        return result


def _squared(from_x: float, from_y: float, to_x: float, to_y: float) -> float:
    """Square metres from the origin to the nearest place of an edge: as `Edges.squared` works it out."""
    along_x, along_y = to_x - from_x, to_y - from_y
    part = -(from_x * along_x + from_y * along_y) / (along_x * along_x + along_y * along_y)
    if part > 0.0:
        part = min(part, 1.0)
        from_x += part * along_x
        from_y += part * along_y
    return from_x * from_x + from_y * from_y
