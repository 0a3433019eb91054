"""How the box of each polygon is cut into tiles, and which edges each tile keeps.

A tile keeps the edges that can be the nearest one to some place in it, which are also all that cross it. They are found
by halving: of the edges kept by a tile, a quarter of it keeps those whose distance from its centre is at most
`least + 2 h` (least: that of the nearest edge, h: from the centre to a corner), a little more because the metric is
that of each place. So each level measures few edges, and a polygon with E edges has some E tiles.
"""

from math import ceil, floor, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.compiled import compiled, compiled_for_long
from geofences.edges import is_met, squared, turns
from geofences.fixes import DEGREE
from geofences.metric import Floats, Indices
from geofences.outlines import Outlines

DEEPEST = 8
MILLIMETRES = 1_000.0
FARTHEST = (1 << 31) - 1
RUN_BITS, LONGEST_RUN = 12, (1 << 11) - 1
RUNS_A_TILE = 0.6
"""Roughly; where it is not enough there is more."""

Numbers = NDArray[np.uint32]
Vertices = NDArray[np.int32]


class Tiling(NamedTuple):
    """Polygons cut into tiles; of the three arrays `lookup.Layout` says what is in them."""

    rows: Floats
    tiles: Numbers
    """Of each polygon those of its box, row by row from the south-west, and one with all its edges for all places."""
    runs: Numbers


class Desk(NamedTuple):
    """Room to work in, for one polygon at a time."""

    kept: Indices
    """For each level, from all edges on: those that the tile keeps which is being worked at."""
    counts: Indices
    """How many these are."""
    apart: Floats
    inside: Indices
    """Of each tile, whether its centre lies inside."""

    @classmethod
    def of(cls, edges: int, across: int) -> "Desk":
        """For so many edges, and tiles in a row."""
        levels = 1 + DEEPEST
        inside = np.empty((across, across), np.int64)
        return cls(np.empty((levels, edges), np.int64), np.empty(levels, np.int64), np.empty(edges), inside)


def tiled(of: Outlines) -> Tiling:
    """Cut the boxes of all polygons."""
    rows = _rows(of)
    counts = (rows[:, 6] ** 2 + 1).astype(np.int64)
    rows[:, 7] = np.cumsum(counts) - counts
    tiles = np.empty((int(counts.sum()), 2), np.uint32)
    runs, polygon, count = np.empty(int(RUNS_A_TILE * len(tiles)) + 64, np.uint32), 0, 0
    desk = Desk.of(int(of.edge_counts.max(initial=0)), int(rows[:, 6].max(initial=0)))
    while True:
        polygon, count = _cut_all(of, rows, polygon, count, tiles, runs, desk)
        if polygon == len(rows):
            return Tiling(rows, tiles, runs[:count].copy())
        runs = np.concatenate([runs, np.empty_like(runs)])


def _rows(of: Outlines) -> Floats:
    """A row of `lookup.Layout.rings` each, still without its first tile."""
    across = 1 << np.clip(np.ceil(np.log2(of.edge_counts) / 2), 1, DEEPEST).astype(np.int64)
    width, height = (2 * np.ceil((extent + 1) / (2 * across)) for extent in (of.width, of.height))
    box, firsts = (of.west, of.south, of.width, of.height), of.line_firsts[of.line_starts[:-1]]
    return np.array([*box, width, height, across, np.zeros(len(across)), *of.metrics, firsts]).T.copy()


@compiled_for_long
def _cut_all(
    of: Outlines, rows: Floats, begin: int, count: int, tiles: Numbers, runs: Numbers, desk: Desk
) -> tuple[int, int]:
    """Cut polygons from `begin` on, with `count` runs before; which one is next, and how many runs there are then."""
    for polygon in range(begin, len(rows)):
        edges = 0
        for line in range(of.line_starts[polygon], of.line_starts[polygon + 1]):
            for edge in range(of.line_edges[line]):
                desk.kept[0, edges] = of.line_firsts[line] + edge
                edges += 1
        desk.counts[0] = edges
        after = _cut(of.u, of.v, rows[polygon], count, tiles, runs, desk)
        if after > len(runs):
            return polygon, count
        count = after
    return len(rows), count


@compiled
def _cut(u: Vertices, v: Vertices, row: Floats, count: int, tiles: Numbers, runs: Numbers, desk: Desk) -> int:
    """Cut one polygon, whose edges lie on the desk. How many runs there are then."""
    across, first, vertex, wide, tall = int(row[6]), int(row[7]), int(row[15]), int(row[4]), int(row[5])
    depth, every = 0, desk.kept[0, : desk.counts[0]]
    while 1 << depth < across:
        depth += 1
    _add_insides(u, v, every, across, wide, tall, desk.inside)
    for code in range(across * across):
        level, clearance = depth, 0.0
        while level > 1 and code >> 2 * (depth - level) & 3 == 0:
            level -= 1  # What is new here is new above, too.
        while level <= depth:
            column, tile_row = _place(code >> 2 * (depth - level), level)
            clearance = _keep(u, v, row, level, column, tile_row, 1 << (depth - level), desk)
            level += 1
        column, tile_row = _place(code, depth)
        mine, inside = desk.kept[depth, : desk.counts[depth]], desk.inside[tile_row, column]
        if clearance < 1 / MILLIMETRES:
            clearance, east = 0.0, (column + 1) * wide
            inside ^= _parity(u, v, mine, column * wide + wide // 2, tile_row * tall + tall // 2, east)
        tile = first + tile_row * across + column
        tiles[tile, 0] = min(floor(clearance * MILLIMETRES), FARTHEST) << 1 | inside
        count = _add_runs(mine, vertex, count, runs, tiles[tile])
    tiles[first + across * across, 0] = 0
    return _add_runs(every, vertex, count, runs, tiles[first + across * across])


@compiled
def _place(code: int, level: int) -> tuple[int, int]:
    """Column and row of a tile: the even and the odd bits of its code."""
    column = row = 0
    for bit in range(level):
        column |= (code >> 2 * bit & 1) << bit
        row |= (code >> 2 * bit + 1 & 1) << bit
    return column, row


@compiled
def _keep(
    u: Vertices, v: Vertices, row: Floats, level: int, column: int, tile_row: int, scale: int, desk: Desk
) -> float:
    """Which edges a tile keeps of those of the one around it; metres that none of them is nearer than."""
    across, up = row[4] * scale, row[5] * scale
    x, y, half = (column + 0.5) * across, (tile_row + 0.5) * up, up / 2
    north, east = _per_unit(row, y)
    ratio = _distortion(row, y, half)
    corner, least = sqrt((across * east) ** 2 + (up * north) ** 2) / 2, np.inf
    for at in range(desk.counts[level - 1]):
        edge = desk.kept[level - 1, at]
        from_x, from_y = (u[edge] - x) * east, (v[edge] - y) * north
        desk.apart[at] = squared(from_x, from_y, (u[edge + 1] - x) * east, (v[edge + 1] - y) * north)
        least = min(least, desk.apart[at])
    least, count = sqrt(least), 0
    most = (corner + (least + corner) * ratio * ratio) ** 2
    for at in range(desk.counts[level - 1]):
        if desk.apart[at] <= most:
            desk.kept[level, count] = desk.kept[level - 1, at]
            count += 1
    desk.counts[level] = count
    return max((least - corner) / ratio * (1 - 1e-6), 0.0)


@compiled
def _per_unit(row: Floats, y: float) -> tuple[float, float]:
    h = y - row[8]
    return row[9] + h * (row[10] + h * row[11]), row[12] + h * (row[13] + h * row[14])


@compiled
def _distortion(row: Floats, y: float, half: float) -> float:
    """How many times longer a distance may be at one place of a tile than at its centre."""
    (n1, e1), (n2, e2), (n3, e3) = _per_unit(row, y - half), _per_unit(row, y), _per_unit(row, y + half)
    bend = 1 + 1e-6 + (half / DEGREE * pi / 180) ** 2
    return max(n1, n2, n3) / min(n1, n2, n3) * (max(e1, e2, e3) / min(e1, e2, e3)) * bend


@compiled
def _add_insides(u: Vertices, v: Vertices, edges: Indices, across: int, wide: int, tall: int, inside: Indices) -> None:
    """Which centres of tiles lie inside, row by row: those with an odd number of edges to the east.

    Sizes of tiles are even, so that a centre has whole units.
    """
    inside[:across, :across] = 0
    for edge in edges:
        u1, v1, u2, v2 = int(u[edge]), int(v[edge]), int(u[edge + 1]), int(v[edge + 1])
        low, high = min(v1, v2), max(v1, v2)
        for row in range(max(ceil(low / tall - 0.5), 0), min(ceil(high / tall - 0.5), across - 1) + 1):
            y = row * tall + tall // 2
            if (v1 <= y) != (v2 <= y):
                left = _centres_left_of(u1 - wide // 2, v1 - y, u2 - wide // 2, v2 - y, across, wide)
                if left:
                    inside[row, left - 1] ^= 1
    for row in range(across):
        for column in range(across - 2, -1, -1):
            inside[row, column] ^= inside[row, column + 1]


@compiled
def _centres_left_of(u1: int, v1: int, u2: int, v2: int, across: int, wide: int) -> int:
    """How many centres of a row lie left of an edge seen from the first one: a guess, put right by the exact side."""
    left = min(max(floor((u1 - (u2 - u1) * (v1 / (v2 - v1))) / wide), 0), across)
    while left < across and is_met(u1 - left * wide, v1, u2 - left * wide, v2):
        left += 1
    while left > 0 and not is_met(u1 - (left - 1) * wide, v1, u2 - (left - 1) * wide, v2):
        left -= 1
    return left


@compiled
def _parity(u: Vertices, v: Vertices, edges: Indices, x: int, y: int, east: int) -> bool:
    """Whether an odd number of these edges turns the side, as seen from a place."""
    odd = False
    for edge in edges:
        if turns(int(u[edge]) - x, int(v[edge]) - y, int(u[edge + 1]) - x, int(v[edge + 1]) - y, east - x):
            odd = not odd
    return odd


@compiled
def _add_runs(edges: Indices, vertex: int, count: int, runs: Numbers, tile: Numbers) -> int:
    """Edges that follow each other, together; how many runs there are then, and only those that fit are there.

    A tile with one run has it itself, others have twice the number of the first.
    """
    at, tile[1] = 0, count << 1
    while at < len(edges):
        begin, at = at, at + 1
        while at < len(edges) and edges[at] == edges[at - 1] + 1 and at - begin < LONGEST_RUN:
            at += 1
        run = (edges[begin] - vertex) << RUN_BITS | (at - begin) << 1 | (at == len(edges))
        if begin == 0 and at == len(edges):
            tile[1] = run
            return count
        if count < len(runs):
            runs[count] = run
        count += 1
    return count
