"""Which zones hold a place, and how far it is from the edges of their rings: loops over arrays, as machine code.

A place is looked up in the same way alone and among many. `cells.py` and `tiling.py` make most of the arrays.
"""

from math import copysign, floor, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.cells import BITS, COUNT_BITS, MASK, MASK_BITS, MOST_MEMBERS, NO_KEY, SCATTER, TURN, TURN_BITS, WITHIN
from geofences.compiled import compiled
from geofences.edges import squared, turns
from geofences.fixes import DEGREE
from geofences.squares import CERTAIN, OUT, UNSURE
from geofences.tiling import LONGEST_RUN, MILLIMETRES, RUN_BITS

ANYWHERE = 1 << 40
"""East of everything."""
SURELY = 1 - 1e-6
"""A bound is so much smaller, so that rounding never lifts it above what it bounds."""
A_LITTLE_MORE = 1 + 1e-9

MOST_RINGS = 3

Numbers = NDArray[np.int64]


class Layout(NamedTuple):
    """All that is looked up in. Positions are in units of 1e-7 degree."""

    levels: NDArray[np.float64]
    """For each size of cell: squares a degree, rows of cells on the globe, how many slots, and the first of them."""
    slots: NDArray[np.int64]
    """The key of a cell, and its members: the first, and how many."""
    squares: NDArray[np.uint32]
    """Of each member, which is a zone in a cell: 16 rows from the south, two bits a square from the west."""
    members: NDArray[np.uint32]
    """Which zone it is, and its TURN."""
    zones: NDArray[np.float64]
    """Where its other rings begin, how many rings there are, the largest exit margin, and the x of the middle."""
    rings: NDArray[np.float64]
    """The outermost of all zones, then the others. A circle: lon, lat, radius, five times 0; a polygon: west, south,
    width, height of its box, those of a tile, tiles in a row, the first tile; both: lat, n0, n1, n2, e0, e1, e2 of
    `metric.metrics_at`, the first vertex."""
    tiles: NDArray[np.uint32]
    """Twice the millimetres that no place in it is nearer to an edge than, 1 more where it is inside; the only run, or
    twice the number of the first one."""
    runs: NDArray[np.uint32]
    """Edges that follow each other: the first, counted in its polygon, how many, and 1 for the last of a tile."""
    vertices: NDArray[np.int32]
    """Counted east and north from the south-west corner of the polygon's box."""


class Answer(NamedTuple):
    """Where kernels write what they find: hits, each a zone that holds a place. What comes last is never part of it."""

    codes: Numbers
    """Of each hit 1 + 2 * zone where its square says all, 1 more where it is deeper; -1 - column of what follows."""
    measured: Numbers
    """A column each where the distances say it: which hit, which zone, and how many rings it has."""
    distances: NDArray[np.float64]
    """A row each, of the distances to these rings."""
    taken: Numbers
    """How many were measured."""

    @classmethod
    def with_room_for(cls, hits: int) -> "Answer":
        """So many."""
        some = hits + 1
        return cls(np.zeros(some, int), np.zeros((3, some), int), np.zeros((some, MOST_RINGS)), np.zeros(1, int))


class Batch(NamedTuple):
    """Places to look up, and what is said of each."""

    places: NDArray[np.float64]
    """Rows lon, lat (degrees), reach (metres)."""
    cells: Numbers
    """A row a level, to work in."""
    alone: Numbers
    """The code of the only zone that holds a place, or 0."""
    others: Numbers
    """A column for each place with other hits: its number, where they begin and where they end."""

    @classmethod
    def of(cls, places: NDArray[np.float64], levels: int) -> "Batch":
        """With room for what is said of them."""
        count = places.shape[1]
        return cls(places, np.empty((levels, count), int), np.empty(count, int), np.empty((3, count), int))


@compiled
def look_up(of: Layout, lon: float, lat: float, reach: float, batch: Batch, answer: Answer) -> int:
    """One place: its code, or minus how many hits it has. The batch is of one place, whichever."""
    batch.places[0, 0], batch.places[1, 0], batch.places[2, 0] = lon, lat, reach
    _, end = look_up_all(of, batch, answer)
    return -end if end else batch.alone[0]


@compiled
def look_up_all(of: Layout, batch: Batch, answer: Answer) -> tuple[int, int]:
    """How many other places there are, and how many hits; more than there is room for: nothing is to be relied on.

    In four goes, none of which has to wait for what memory says of one place before it asks for the next.
    """
    _find_cells(of, batch)
    end, asked = _find_members(of, batch, answer)
    most = len(answer.codes) - 1
    if end > most:
        return 0, end
    answer.taken[0] = 0
    for one in range(asked):
        hit, name, place = answer.measured[0, one], answer.measured[1, one], answer.measured[2, one]
        answer.codes[hit] = _told(of, name, batch.places[:, place], hit, answer)
    return _gather(of, batch, answer)


@compiled
def _find_cells(of: Layout, batch: Batch) -> None:
    """The members of the cell of each place: the first and how many, as `slots` has it; 0 where there is none."""
    for level in range(len(of.levels)):
        per_degree, rows = of.levels[level, 0], int(of.levels[level, 1])
        slots, before = int(of.levels[level, 2]), int(of.levels[level, 3])
        for place in range(len(batch.alone)):
            column, row = floor(batch.places[0, place] * per_degree), floor(batch.places[1, place] * per_degree)
            key = (column >> BITS) * rows + (row >> BITS)
            slot = (key * SCATTER & MASK) * slots >> MASK_BITS
            while of.slots[before + slot, 0] != key and of.slots[before + slot, 0] != NO_KEY:
                slot = slot + 1 if slot + 1 < slots else 0
            batch.cells[level, place] = of.slots[before + slot, 1]


@compiled
def _find_members(of: Layout, batch: Batch, answer: Answer) -> tuple[int, int]:
    """A hit for each zone that a place is not certainly out of, and a column of `measured` for those to be asked.

    How many of both. There is not a branch in it that depends on what a square says.
    """
    end = asked = 0
    most = len(answer.codes) - 1
    for place in range(len(batch.alone)):
        lon, lat, is_vague = batch.places[0, place], batch.places[1, place], batch.places[2, place] > CERTAIN
        batch.others[1, place] = end
        for level in range(len(of.levels)):
            column, row = floor(lon * of.levels[level, 0]), floor(lat * of.levels[level, 0])
            first, shift = batch.cells[level, place] >> COUNT_BITS, (column & WITHIN) << 1
            for member in range(first, first + (batch.cells[level, place] & MOST_MEMBERS)):
                state, name = np.int64(of.squares[member, row & WITHIN]) >> shift & 3, np.int64(of.members[member])
                hit, one = min(end, most), min(asked, most)
                answer.codes[hit] = 1 + 2 * (name >> TURN_BITS) + (state & 1)
                answer.measured[0, one], answer.measured[1, one], answer.measured[2, one] = hit, name, place
                end += state > OUT
                asked += (state == UNSURE) | (is_vague & (state > OUT))
        batch.others[2, place] = end
    return end, asked


@compiled
def _gather(of: Layout, batch: Batch, answer: Answer) -> tuple[int, int]:
    """Let go of what is no hit; how many other places there are, and how many hits of them."""
    count = end = 0
    spare = len(answer.codes) - 1
    for place in range(len(batch.alone)):
        begin = end
        for hit in range(batch.others[1, place], batch.others[2, place]):
            code = answer.codes[hit]
            answer.codes[end] = code
            answer.measured[0, -1 - code if code < 0 else spare] = end
            if len(of.levels) > 1 and code:
                _put_in_order(answer, begin, end)
            end += code != 0
        code = answer.codes[begin]
        is_alone = (end == begin + 1) & (code > 0)
        batch.alone[place] = code if is_alone else 0
        batch.others[0, count], batch.others[1, count], batch.others[2, count] = place, begin, end
        count += (end > begin) & (not is_alone)
        end = begin if is_alone else end
    return count, end


@compiled
def _put_in_order(answer: Answer, begin: int, at: int) -> None:
    """Move the last hit to where its zone belongs: there is one order for all levels together."""
    while at > begin and _zone(answer, at - 1) > _zone(answer, at):
        answer.codes[at], answer.codes[at - 1] = answer.codes[at - 1], answer.codes[at]
        for hit in (at - 1, at):
            if answer.codes[hit] < 0:
                answer.measured[0, -1 - answer.codes[hit]] = hit
        at -= 1


@compiled
def _zone(answer: Answer, hit: int) -> int:
    code = int(answer.codes[hit])
    return (code - 1) // 2 if code > 0 else int(answer.measured[1, -1 - code])


@compiled
def _told(of: Layout, name: int, place: NDArray[np.float64], hit: int, answer: Answer) -> int:
    """The code of a zone at a place, 0 where it is outside; with its distances where a square would say too little."""
    zone, turn, reach, within = name >> TURN_BITS, name & TURN, place[2], max(place[2], CERTAIN)
    x, y = np.rint(place[0] * DEGREE), np.rint(place[1] * DEGREE)
    if turn:
        x += 360.0 * DEGREE if turn == 1 else -360.0 * DEGREE
    outermost = _distance(of, zone, x, y, within)
    if copysign(1.0, outermost) < 0:
        return 0
    others, count, margin = int(of.zones[zone, 0]), int(of.zones[zone, 1]), of.zones[zone, 2]
    column, deep, is_sure = int(answer.taken[0]), 0, reach <= CERTAIN and outermost >= CERTAIN
    answer.distances[column, 0] = outermost
    for depth in range(1, count):
        apart = _distance(of, others + depth - 1, x, y, within + margin)
        answer.distances[column, depth] = apart
        if depth == 1 and apart >= CERTAIN:
            deep = 1
        elif apart > -CERTAIN - margin:
            is_sure = False
    if is_sure:
        return 1 + 2 * zone + deep
    answer.measured[0, column], answer.measured[1, column], answer.measured[2, column] = hit, zone, count
    answer.taken[0] += 1
    return -1 - column


@compiled
def measure(of: Layout, zone: int, x: float, y: float, reach: float, distances: NDArray[np.float64]) -> int:
    """Signed distances (metres) of a place (units) to all rings of a zone, none if there is no such zone; how many."""
    if zone >= len(of.zones):
        return 0
    others, count = int(of.zones[zone, 0]), int(of.zones[zone, 1])
    distances[0] = _distance(of, zone, x, y, reach)
    for depth in range(1, count):
        distances[depth] = _distance(of, others + depth - 1, x, y, reach)
    return count


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
        said = np.int64(of.tiles[tile, 0])
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
    said, run, more = np.int64(of.tiles[tile, 1]), 0, True
    if said & 1 == 0:
        run = int(said >> 1)
        said = np.int64(of.runs[run])
    while more:
        begin = vertex + (said >> RUN_BITS)
        u2, v2 = int(of.vertices[begin, 0]) - x, int(of.vertices[begin, 1]) - y
        for number in range(begin + 1, begin + 1 + (said >> 1 & LONGEST_RUN)):
            u1, v1 = u2, v2
            u2, v2 = int(of.vertices[number, 0]) - x, int(of.vertices[number, 1]) - y
            inside ^= turns(u1, v1, u2, v2, east - x)
            if (min(u1, u2) < wide) & (max(u1, u2) > -wide) & (min(v1, v2) < tall) & (max(v1, v2) > -tall):
                apart = squared(u1 * per_east, v1 * per_north, u2 * per_east, v2 * per_north)
                if apart < least:
                    least, near = apart, sqrt(apart) * A_LITTLE_MORE
                    wide, tall = near / per_east, near / per_north
        more = said & 1 == 0
        if more:
            run += 1
            said = np.int64(of.runs[run])
    return sqrt(least) if inside else -sqrt(least)
