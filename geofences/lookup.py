"""Which zones hold a place, and how far it is from the edges of their rings: loops over arrays, as machine code.

A place is looked up in the same way alone and among many. `cells.py` and `tiling.py` make most of the arrays.
"""

from math import copysign, floor, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.cells import BITS, LAST, LEAP, NO_KEY, TURN, WITHIN, ZONE
from geofences.compiled import compiled
from geofences.edges import squared, turns
from geofences.fixes import DEGREE
from geofences.squares import ACROSS, CERTAIN, IN
from geofences.tiling import LONGEST_RUN, MILLIMETRES, RUN_BITS

ANYWHERE = 1 << 40
"""East of everything."""
SURELY = 1 - 1e-6
"""A bound is so much smaller, so that rounding never lifts it above what it bounds."""
A_LITTLE_MORE = 1 + 1e-9

MOST_RINGS = 3

Hits = NDArray[np.float64]
"""A row a zone that holds a place: a code, and the distances to its rings.

The code is 1 + 2 * zone where the square says all, 1 more where it is deeper, and -1 - zone where the distances do.
"""


class Layout(NamedTuple):
    """All that is looked up in. Positions are in units of 1e-7 degree."""

    levels: NDArray[np.float64]
    """For each size of cell: squares a degree, rows of cells on the globe, how many slots, and the first of them."""
    slots: NDArray[np.int64]
    """The key of a cell, and its first member."""
    members: NDArray[np.uint32]
    """A zone in a cell: 16 rows of squares from the south, two bits a square from the west; zone, LAST and TURN."""
    zones: NDArray[np.float64]
    """The first ring, how many, the largest exit margin, and the x of the middle."""
    rings: NDArray[np.float64]
    """A circle: lon, lat, radius, four times 0, ...; a polygon: west, south, width, height of its box, those of a tile,
    tiles in a row, the first tile; both: lat, n0, n1, n2, e0, e1, e2 of `metric.metrics_at`, the first vertex."""
    tiles: NDArray[np.uint32]
    """Twice the millimetres that no place in it is nearer to an edge than, 1 more where it is inside; its first run."""
    runs: NDArray[np.uint32]
    """Edges that follow each other: the first, counted in its polygon, how many, and whether it is the tile's last."""
    vertices: NDArray[np.int32]
    """Counted east and north from the south-west corner of the polygon's box."""


class Answer(NamedTuple):
    """Where kernels write; the last row of hits is never part of an answer."""

    hits: Hits
    codes: NDArray[np.int64]
    """Of each hit, 0 where it was measured."""
    measured: NDArray[np.int64]
    """Rows, a column each of those: which hit, which zone, and how many rings it has."""
    distances: NDArray[np.float64]
    """The distances to these rings."""

    @classmethod
    def with_room_for(cls, hits: int) -> "Answer":
        """So many."""
        rows, codes, measured = np.zeros((hits + 1, 1 + MOST_RINGS)), np.zeros(hits, np.int64), np.zeros((3, hits), int)
        return cls(rows, codes, measured, np.zeros((hits, MOST_RINGS)))


@compiled
def look_up(of: Layout, lon: float, lat: float, reach: float, answer: Answer) -> int:
    """The code of the only zone that holds a place, 0 for none, or minus how many hits tell it.

    More hits than there is room for: nothing is to be relied on.
    """
    end = _hold(of, lon, lat, reach, answer.hits, 0)
    if end == 1 and answer.hits[0, 0] > 0:
        return int(answer.hits[0, 0])
    _write(of, answer, end)
    return -end


@compiled
def look_up_all(
    of: Layout, places: NDArray[np.float64], alone: NDArray[np.int64], others: NDArray[np.int64], answer: Answer
) -> tuple[int, int, int]:
    """The same for many places (rows lon, lat, reach): the codes where one tells all, 0 for none.

    Each other place has a column in `others`: its number, where its hits begin and where they end. How many columns
    there are, how many hits, and how many of these were measured.
    """
    hits, count, end, most = answer.hits, 0, 0, len(answer.hits) - 1
    for place in range(len(alone)):
        begin = end
        end = _hold(of, places[0, place], places[1, place], places[2, place], hits, begin)
        alone[place] = 0
        if end - begin == 1 and hits[min(begin, most), 0] > 0:
            alone[place] = int(hits[min(begin, most), 0])
            end = begin
        elif end > begin:
            others[0, count], others[1, count], others[2, count] = place, begin, end
            count += 1
    return count, end, _write(of, answer, end)


@compiled
def _write(of: Layout, answer: Answer, end: int) -> int:
    """What the hits say; how many of them were measured."""
    count = 0
    for hit in range(min(end, len(answer.codes))):
        code = int(answer.hits[hit, 0])
        answer.codes[hit] = max(code, 0)
        if code < 0:
            rings = int(of.zones[-1 - code, 1])
            answer.measured[0, count], answer.measured[1, count], answer.measured[2, count] = hit, -1 - code, rings
            for depth in range(rings):
                answer.distances[count, depth] = answer.hits[hit, 1 + depth]
            count += 1
    return count


@compiled
def measure(of: Layout, zone: int, x: float, y: float, reach: float, distances: NDArray[np.float64]) -> int:
    """Signed distances (metres) of a place (units) to all rings of a zone; how many."""
    first, count = int(of.zones[zone, 0]), int(of.zones[zone, 1])
    for depth in range(count):
        distances[depth] = _distance(of, first + depth, x, y, reach)
    return count


@compiled
def _hold(of: Layout, lon: float, lat: float, reach: float, hits: Hits, begin: int) -> int:
    """Which zones hold a place: rows of `hits` from `begin` on, by number of zone; where they end."""
    end = begin
    for level in range(len(of.levels)):
        per_degree = of.levels[level, 0]
        column, row = floor(lon * per_degree), floor(lat * per_degree)
        member = _first_member(of, level, (column >> BITS) * int(of.levels[level, 1]) + (row >> BITS))
        while member >= 0:
            state = int(of.members[member, row & WITHIN]) >> ((column & WITHIN) << 1) & 3
            name = int(of.members[member, ACROSS])
            if state:
                at = min(end, len(hits) - 1)
                if state >= IN and reach <= CERTAIN:
                    hits[at, 0] = 1 + 2 * (name >> ZONE) + (state - IN)
                    end += 1
                elif _holds(of, name, lon, lat, reach, hits[at]):
                    end += 1
                if end > at > begin:
                    _in_order(hits, begin, at)
            member = -1 if name & LAST else member + 1
    return end


@compiled
def _first_member(of: Layout, level: int, key: int) -> int:
    """Of the cell with that key; -1 where no zone meets it."""
    slots, before = int(of.levels[level, 2]), int(of.levels[level, 3])
    slot = key % slots
    while of.slots[before + slot, 0] != key:
        if of.slots[before + slot, 0] == NO_KEY:
            return -1
        slot = (slot + LEAP) % slots
    return int(of.slots[before + slot, 1])


@compiled
def _in_order(hits: Hits, begin: int, at: int) -> None:
    """Move the last row to where its zone belongs: there is one order for all levels together."""
    while at > begin and _zone(hits[at - 1, 0]) > _zone(hits[at, 0]):
        for column in range(hits.shape[1]):
            hits[at, column], hits[at - 1, column] = hits[at - 1, column], hits[at, column]
        at -= 1


@compiled
def _zone(code: float) -> float:
    return (code - 1) // 2 if code > 0 else -1 - code


@compiled
def _holds(of: Layout, name: int, lon: float, lat: float, reach: float, hit: NDArray[np.float64]) -> bool:
    """Whether a zone holds a place, with the distances to its rings where a square would not say enough."""
    zone, turn = name >> ZONE, name & TURN
    x, y = np.rint(lon * DEGREE), np.rint(lat * DEGREE)
    if turn:
        x += 360.0 * DEGREE if turn == 1 else -360.0 * DEGREE
    first, count, margin = int(of.zones[zone, 0]), int(of.zones[zone, 1]), of.zones[zone, 2]
    within = max(reach, CERTAIN)
    hit[1] = _distance(of, first, x, y, within)
    if copysign(1.0, hit[1]) < 0:
        return False
    deep, sure = 0, reach <= CERTAIN and hit[1] >= CERTAIN
    for depth in range(1, count):
        apart = _distance(of, first + depth, x, y, within + margin)
        hit[1 + depth] = apart
        if depth == 1 and apart >= CERTAIN:
            deep = 1
        elif apart > -CERTAIN - margin:
            sure = False
    hit[0] = 1 + 2 * zone + deep if sure else -1 - zone
    return True


@compiled
def _distance(of: Layout, ring: int, x: float, y: float, reach: float) -> float:
    """Signed distance (metres) to the edge of a ring; beyond `reach` it may be a bound, which is at least that."""
    row = of.rings[ring]
    if row[6] > 0:
        return _to_outline(of, row, x - row[0], y - row[1], reach)
    dy = y - row[1]
    h = dy * 0.5
    north = dy * (row[9] + h * (row[10] + h * row[11]))
    east = (x - row[0]) * (row[12] + h * (row[13] + h * row[14]))
    radius: float = row[2]
    return radius - sqrt(north * north + east * east)


@compiled
def _to_outline(of: Layout, row: NDArray[np.float64], x: float, y: float, reach: float) -> float:
    """The same for a polygon, from a place counted from its box."""
    h = y - row[8]
    per_north, per_east = row[9] + h * (row[10] + h * row[11]), row[12] + h * (row[13] + h * row[14])
    width, height, across, first, vertex = row[2], row[3], int(row[6]), int(row[7]), int(row[15])
    if 0 <= x <= width and 0 <= y <= height:
        column = int(x / row[4])
        tile = first + int(y / row[5]) * across + column
        said = int(of.tiles[tile, 0])
        clearance, inside = (said >> 1) / MILLIMETRES, (said & 1) == 1
        if clearance > reach:
            return clearance if inside else -clearance
        east = (column + 1) * int(row[4])
        apart = _to_edges(of, tile, vertex, int(x), int(y), east, per_north, per_east, reach, inside)
        if clearance > 0:
            return abs(apart) if inside else -abs(apart)
        return apart
    beyond_x, beyond_y = max(-x, x - width, 0.0) * per_east, max(-y, y - height, 0.0) * per_north
    bound = sqrt(beyond_x * beyond_x + beyond_y * beyond_y) * SURELY
    if bound > reach:
        return -bound
    whole = first + across * across
    return _to_edges(of, whole, vertex, int(x), int(y), ANYWHERE, per_north, per_east, reach, False)


@compiled
def _to_edges(
    of: Layout,
    tile: int,
    vertex: int,
    x: int,
    y: int,
    east: int,
    per_north: float,
    per_east: float,
    reach: float,
    inside: bool,
) -> float:
    """Signed distance to the nearest of the edges that a tile keeps, at most `reach`.

    `inside` is on which side a place of the tile would be without them.
    """
    least, near = reach * reach, reach * A_LITTLE_MORE
    wide, tall = near / per_east, near / per_north
    run, more = int(of.tiles[tile, 1]), True
    while more:
        said = int(of.runs[run])
        begin = vertex + (said >> RUN_BITS)
        u2, v2 = int(of.vertices[begin, 0]) - x, int(of.vertices[begin, 1]) - y
        for number in range(begin + 1, begin + 1 + (said >> 1 & LONGEST_RUN)):
            u1, v1 = u2, v2
            u2, v2 = int(of.vertices[number, 0]) - x, int(of.vertices[number, 1]) - y
            # An edge so far above or west of the place is neither near nor met by a ray to the east.
            if (v1 > tall and v2 > tall) or (u1 < -wide and u2 < -wide):
                continue
            if turns(u1, v1, u2, v2, east - x):
                inside = not inside
            if not ((v1 < -tall and v2 < -tall) or (u1 > wide and u2 > wide)):
                apart = squared(u1 * per_east, v1 * per_north, u2 * per_east, v2 * per_north)
                if apart < least:
                    least, near = apart, sqrt(apart) * A_LITTLE_MORE
                    wide, tall = near / per_east, near / per_north
        run += 1
        more = said & 1 == 0
    return sqrt(least) if inside else -sqrt(least)
