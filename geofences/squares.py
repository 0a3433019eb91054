"""Zones drawn on squares: for each square, what is certain of all places in it.

OUT: no place of it is in the zone. IN, DEEPER: every place is so far (CERTAIN metres) from every edge that only an
error circle wider than that could meet one; it is in the outermost ring alone, or in the two outermost. UNSURE: the
rest.

A square may be UNSURE for no reason, but is never anything else for none: edges are marked with the whole box of each
short piece, dilated, and circles by the widest and narrowest place of each row. What is not marked has one side only,
so that which, an ordinary scan line can tell.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.fixes import DEGREE
from geofences.metric import Flags, Floats, Indices, expand, metres_a_unit, per_unit_at
from geofences.outlines import Outlines, edges_of

OUT, UNSURE, IN, DEEPER = range(4)
CERTAIN = 32.0
"""Metres: phones in a street are seldom less accurate, and the squares along edges not much smaller."""
ACROSS = 16
"""Squares side by side in a cell."""
SMALLEST = 1_024.0
"""Units: about 11 m."""
STEP = 2
"""So many times larger is a square of the next level."""
SQUARES_ACROSS = 3.5 * ACROSS
"""So many squares at most lie side by side in a zone."""
_FLAT = 10.0 * DEGREE
"""In a wider zone the metric is too rough to be certain of anything inside."""
_SLACK = 2.0
"""Units: a place may be rounded by half a unit."""
_NORTH = 0.01105
"""Metres: no unit to the north is shorter."""
_AT_ONCE = 1 << 20
_EDGE = 24
"""Squares that cost as much as an edge."""

States = NDArray[np.uint8]


class Zones(NamedTuple):
    """Zones by number, and what squares can be: `boxes` of outermost rings (rows west, south, east, north) in units."""

    boxes: Floats
    shifts: Floats
    """What to add to the x of a place to find it among the rings."""
    ring_firsts: Indices
    ring_counts: Indices
    kinds: Indices
    """Of each ring: the number of its circle, or ~ that of its polygon."""
    margins: Floats
    """Of each ring: the metres beyond its edge that matter as well."""
    circles: Floats
    """Rows of `lookup.Layout.rings`."""
    outlines: Outlines


class Drawing(NamedTuple):
    """The cells in which some zone is not OUT, each as often as there are such zones."""

    level: Indices
    column: Indices
    row: Indices
    zone: Indices
    words: NDArray[np.uint32]
    """A row a cell, a number for each of its rows of squares from the south: two bits a square from the west."""


class _Sheet(NamedTuple):
    """Some zones, each on squares of its own below the one before, all as many columns of cells wide."""

    zones: Indices
    size: Floats
    """Units of a square."""
    west: Floats
    south: Floats
    """The first square."""
    rows: Indices
    firsts: Indices
    """Its first row on the sheet."""
    columns: int


def levels_of(boxes: Floats) -> Indices:
    """The level for each box: squares of level n are SMALLEST * STEP^n units wide."""
    west, south, east, north = boxes
    extent = np.maximum(np.maximum(east - west, north - south), 1.0)
    level = np.ceil(np.log(extent / SQUARES_ACROSS / SMALLEST) / np.log(STEP) - 1e-9)
    result: Indices = np.maximum(level, 0.0).astype(np.int64)
    return result


def drawn(of: Zones) -> Drawing:
    """Draw all zones."""
    level = levels_of(of.boxes)
    parts = [_cells(of, sheet, int(level[sheet.zones[0]])) for sheet in _sheets(of, level)]
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Drawing(nothing, nothing, nothing, nothing, np.zeros((0, ACROSS), np.uint32))
    return Drawing(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _sheets(of: Zones, level: Indices) -> Iterator[_Sheet]:
    """Zones of the same level and width, not too many at once."""
    size = SMALLEST * STEP ** level.astype(np.float64)
    west, south, east, north = of.boxes
    left, right = (np.floor((x - of.shifts) / size / ACROSS) for x in (west, east))
    low, high = (np.floor(y / size / ACROSS) for y in (south, north))
    columns, rows = (right - left + 1).astype(np.int64), (high - low + 1).astype(np.int64) * ACROSS
    work = rows * columns * ACROSS + _EDGE * _edge_counts(of)
    alike = level * (1 << 20) + columns
    for kind in np.unique(alike):
        zones = np.flatnonzero(alike == kind)
        portion = np.cumsum(work[zones]) // _AT_ONCE
        for some in np.split(zones, np.flatnonzero(np.diff(portion)) + 1):
            firsts = np.cumsum(rows[some]) - rows[some]
            yield _Sheet(
                some,
                size[some],
                left[some] * ACROSS,
                low[some] * ACROSS,
                rows[some],
                firsts,
                int(columns[some[0]]) * ACROSS,
            )


def _edge_counts(of: Zones) -> Indices:
    """Of all rings of each zone."""
    counts, ragged = np.zeros(len(of.kinds), np.int64), of.kinds < 0
    counts[ragged] = of.outlines.edge_counts[~of.kinds[ragged]]
    before = np.append(0, np.cumsum(counts))
    result: Indices = before[of.ring_firsts + of.ring_counts] - before[of.ring_firsts]
    return result


def _cells(of: Zones, sheet: _Sheet, level: int) -> Drawing:
    states = _states(of, sheet)
    wide, tall = sheet.columns // ACROSS, sheet.rows // ACROSS
    blocks = states.reshape(-1, ACROSS, wide, ACROSS).transpose(0, 2, 1, 3).reshape(-1, ACROSS, ACROSS)
    words = blocks[:, :, 0::4] | blocks[:, :, 1::4] << 2 | blocks[:, :, 2::4] << 4 | blocks[:, :, 3::4] << 6
    rows: NDArray[np.uint32] = words.view("<u4")[:, :, 0]
    kept = np.flatnonzero(rows.any(axis=1))
    zone = np.repeat(np.arange(len(tall)), tall * wide)[kept]
    row = expand((sheet.south / ACROSS).astype(np.int64), tall)[kept // wide]
    column = (sheet.west / ACROSS).astype(np.int64)[zone] + kept % wide
    return Drawing(np.full(len(kept), level), column, row, sheet.zones[zone], rows[kept])


def _states(of: Zones, sheet: _Sheet) -> States:
    """What each square of the sheet is."""
    counts = of.ring_counts[sheet.zones]
    outermost = _ring(of, sheet, np.arange(len(sheet.zones)), 0)
    held, deep, certain = outermost > 0, outermost > 1, outermost != 1
    deeper = np.zeros(deep.shape, bool)
    for depth in range(1, int(counts.max())):
        ring = _ring(of, sheet, np.flatnonzero(counts > depth), depth)
        # Rings that do not lie within each other are left to be measured.
        certain &= (ring == 0) | ((ring == 2) & deep) if depth == 1 else ring == 0
        if depth == 1:
            deeper = ring == 2
    result = np.where(deep & certain, np.where(deeper, np.uint8(DEEPER), np.uint8(IN)), held)
    vague = (of.boxes[2:, sheet.zones] - of.boxes[:2, sheet.zones] > _FLAT).any(axis=0)
    if vague.any():
        result[np.repeat(vague, sheet.rows)] = held[np.repeat(vague, sheet.rows)]
    return result.astype(np.uint8)


def _ring(of: Zones, sheet: _Sheet, which: Indices, depth: int) -> States:
    """For the rings of these zones: 0 certainly out, 2 certainly in, 1 in between."""
    rings = of.ring_firsts[sheet.zones[which]] + depth
    outside = CERTAIN + of.margins[rings] if depth else np.zeros(len(rings))
    result = np.zeros((int(sheet.rows.sum()), sheet.columns), np.uint8)
    round_ = np.flatnonzero(of.kinds[rings] >= 0)
    if len(round_):
        result += _circles(of, sheet, which[round_], of.circles[of.kinds[rings[round_]]].T, outside[round_])
    ragged = np.flatnonzero(of.kinds[rings] < 0)
    if len(ragged):
        result += _polygons(of, sheet, which[ragged], ~of.kinds[rings[ragged]], outside[ragged])
    return result


def _circles(of: Zones, sheet: _Sheet, which: Indices, columns: Floats, outside: Floats) -> States:
    """Row by row: from where to where a place may be in it, and from where to where it must be."""
    rows = sheet.rows[which]
    on, number = expand(sheet.firsts[which], rows), np.repeat(np.arange(len(which)), rows)
    size, zone = sheet.size[which][number], which[number]
    south = (sheet.south[zone] + expand(np.zeros_like(rows), rows)) * size - _SLACK
    lon, _, radius, *_ = columns
    middle = (lon - of.shifts[sheet.zones[which]])[number]
    steps = np.zeros((int(sheet.rows.sum()), sheet.columns + 1), np.int8)
    south_north = np.array([south, south + size + 2 * _SLACK])
    outer = _widest(columns, radius + outside + 0.02, number, south_north) + _SLACK
    _add(steps, on, np.floor((middle - outer) / size), np.floor((middle + outer) / size) + 1, sheet.west[zone])
    inner = _half_widths(columns[:, number], (radius - CERTAIN - 0.02)[number], south_north).min(axis=0) - _SLACK
    _add(steps, on, np.ceil((middle - inner) / size), np.floor((middle + inner) / size), sheet.west[zone])
    result: States = steps.cumsum(axis=1, dtype=np.int8)[:, :-1].astype(np.uint8)
    return result


def _add(steps: NDArray[np.int8], rows: Indices, begins: Floats, ends: Floats, west: Floats) -> None:
    """One more in each row from the first of these columns up to the other."""
    most = steps.shape[1] - 1
    begin, end = (np.clip(column - west, 0, most).astype(np.int64) for column in (begins, ends))
    some = np.flatnonzero(begin < end)
    np.add.at(steps, (rows[some], begin[some]), 1)
    np.add.at(steps, (rows[some], end[some]), -1)


def _half_widths(columns: Floats, radius: Floats, y: Floats) -> Floats:
    """How far east of its middle (units) a circle of that radius (metres) reaches at each y; less than 0: nowhere."""
    dy = y - columns[1]
    per_north, per_east = per_unit_at(columns[8:15], columns[1] + dy / 2)
    squared = np.where(radius > 0, radius * radius - (dy * per_north) ** 2, -1.0)
    widths: Floats = np.where(squared > 0, np.sqrt(np.maximum(squared, 0.0)) / np.maximum(per_east, 1e-9), -1e12)
    return widths


def _widest(columns: Floats, radius: Floats, number: Indices, south_north: Floats) -> Floats:
    """The largest half width between south and north; about its middle latitude, that of a circle of the least metric.

    Towards the pole a unit has fewer metres, so that a circle is widest a little beyond its middle.
    """
    up = radius / _NORTH
    _, ends = per_unit_at(columns[8:15], columns[1] + np.array([up, -up]) / 2)
    fullest = radius / np.maximum(ends.min(axis=0), 1e-9)
    lean = radius * np.tan(np.radians(np.minimum(np.abs(columns[1]) / DEGREE, 89.0))) / 6_300_000.0
    about, middle = ((0.02 + lean) * up)[number], columns[1][number]
    is_full = (south_north[0] <= middle + about) & (south_north[1] >= middle - about)
    widest = _half_widths(columns[:, number], radius[number], south_north).max(axis=0)
    result: Floats = np.where(is_full, fullest[number], widest)
    return result


def _polygons(of: Zones, sheet: _Sheet, which: Indices, polygons: Indices, outside: Floats) -> States:
    edges, number = edges_of(of.outlines, polygons)
    zone, size = which[number], sheet.size[which[number]]
    # From here on in squares of the sheet.
    east = (of.outlines.west[polygons] - of.shifts[sheet.zones[which]])[number]
    north = of.outlines.south[polygons][number]
    x1, x2 = ((of.outlines.u[k] + east) / size - sheet.west[zone] for k in (edges, edges + 1))
    y1, y2 = ((of.outlines.v[k] + north) / size - sheet.south[zone] for k in (edges, edges + 1))
    inside = _inside(sheet, zone, x1, y1, x2, y2)
    pieces = _pieces(x1, y1, x2, y2)
    zone = zone[pieces[0]]
    far = of.boxes[1::2, sheet.zones[which]]
    per_east = metres_a_unit(np.minimum(np.abs(far).max(axis=0), 89.0 * DEGREE))[1]
    marked = []
    for metres in (np.full(len(which), CERTAIN), outside):
        reach = np.array([1.01 * metres / per_east, 1.01 * metres / _NORTH]) + _SLACK
        marked.append(_near(sheet, zone, pieces[1:], (reach / sheet.size[which])[:, number[pieces[0]]]))
    near_in, near_out = marked
    result: States = np.where(inside, 2 - near_in, near_out).astype(np.uint8)
    return result


def _pieces(x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> tuple[Indices, Floats, Floats, Floats, Floats]:
    """Edges cut into pieces no longer than a square: of which edge, and west, south, east, north."""
    counts = np.maximum(np.ceil(np.maximum(np.abs(x2 - x1), np.abs(y2 - y1))), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(counts)), counts)
    begin = expand(np.zeros_like(counts), counts) / counts[edge]
    ends = begin + (1 / counts)[edge]
    x, y = x1[edge], y1[edge]
    along_x, along_y = (x2 - x1)[edge], (y2 - y1)[edge]
    from_x, from_y, to_x, to_y = x + along_x * begin, y + along_y * begin, x + along_x * ends, y + along_y * ends
    return (
        edge,
        np.minimum(from_x, to_x),
        np.minimum(from_y, to_y),
        np.maximum(from_x, to_x),
        np.maximum(from_y, to_y),
    )


def _near(sheet: _Sheet, zone: Indices, boxes: tuple[Floats, ...], reach: Floats) -> States:
    """1 for the squares that meet a box, widened by so much."""
    west, south, east, north = boxes
    across, up = reach
    result = np.zeros((int(sheet.rows.sum()), sheet.columns), np.uint8)
    flat, most = result.reshape(-1), sheet.rows[zone] - 1
    left, right = (np.clip(np.floor(x), 0, sheet.columns - 1).astype(np.int64) for x in (west - across, east + across))
    low, high = (np.clip(np.floor(y), 0, most).astype(np.int64) for y in (south - up, north + up))
    first = sheet.firsts[zone]
    for rows in range(int((high - low).max()) + 1):
        begins = (first + np.minimum(low + rows, high)) * sheet.columns
        for columns in range(int((right - left).max()) + 1):
            flat[begins + np.minimum(left + columns, right)] = 1
    return result


def _inside(sheet: _Sheet, zone: Indices, x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> Flags:
    """On which side the middle of each square lies; anyhow where an edge meets it."""
    most = sheet.rows[zone]
    first, end = (np.clip(np.ceil(y - 0.5), 0, most).astype(np.int64) for y in (np.minimum(y1, y2), np.maximum(y1, y2)))
    counts = end - first
    edge, rows = np.repeat(np.arange(len(zone)), counts), expand(first, counts)
    slope = (x2 - x1) / np.where(y2 == y1, 1.0, y2 - y1)
    x = x1[edge] + slope[edge] * (rows + 0.5 - y1[edge])
    columns = np.clip(np.ceil(x - 0.5), 0, sheet.columns).astype(np.int64)
    turns = np.zeros((int(sheet.rows.sum()), sheet.columns + 1), np.uint8)
    np.add.at(turns.reshape(-1), (sheet.firsts[zone[edge]] + rows) * (sheet.columns + 1) + columns, np.uint8(1))
    result: Flags = (turns.cumsum(axis=1, dtype=np.uint8)[:, :-1] & 1).astype(bool)
    return result
