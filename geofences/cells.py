"""Which zones a place may be in: a uniform grid of cells for each size of zone, each with the squares of its zones.

A zone stands in the cells that it meets on the level that suits its size, so that it fills a few cells, however large
the others are. Only cells that a zone meets exist: continents of nothing cost nothing. Those of a level stand in a
table by their key, scattered, each in the first free slot from there on.
"""

import numpy as np
from numpy.typing import NDArray

from geofences.fixes import DEGREE
from geofences.metric import Floats, Indices
from geofences.squares import ACROSS, SMALLEST, STEP, Drawing

SCATTER, MASK_BITS = 2_654_435_769, 32
"""The golden ratio of 2^32: its multiples, cut to that, fall evenly, and their upper bits choose the slot."""
MASK = (1 << MASK_BITS) - 1
NO_KEY = -1 << 62
BITS, WITHIN = 4, ACROSS - 1
TURN, TURN_BITS = 3, 2
"""Of the number of a member: the bits for a turn round the earth; the zone is before them."""
COUNT_BITS = 23
MOST_MEMBERS = (1 << COUNT_BITS) - 1
"""Of a cell, in the number of its first one."""
_FILLED = 0.45

Tables = tuple[Floats, Indices, NDArray[np.uint32], NDArray[np.uint32]]


def cells_of(drawing: Drawing, zones: Indices, turns: Indices) -> Tables:
    """`levels`, `slots`, `squares` and `members` of `lookup.Layout`; of what is drawn, which zone it is and its turn.

    ValueError for more than MOST_MEMBERS zones in a cell.
    """
    zone = zones[drawing.zone]
    sorting = np.lexsort((zone, drawing.row, drawing.column, drawing.level))
    members = (zone << TURN_BITS | turns[drawing.zone])[sorting].astype(np.uint32)
    cells = np.array([drawing.level, drawing.column, drawing.row])[:, sorting]
    firsts = np.flatnonzero((np.diff(cells, prepend=-1) != 0).any(axis=0))
    counts = np.diff(firsts, append=len(members))
    if counts.max(initial=0) > MOST_MEMBERS:
        raise ValueError(f"more than {MOST_MEMBERS} zones are in one place")
    levels, tables, before = [], [np.zeros((0, 2), np.int64)], 0
    for level in np.unique(drawing.level).tolist():
        size, of_level = SMALLEST * STEP**level, cells[0, firsts] == level
        rows, on = int(180 * DEGREE / size / ACROSS) + 3, firsts[of_level]
        tables.append(_table(cells[1, on] * rows + cells[2, on], on << COUNT_BITS | counts[of_level]))
        levels.append((DEGREE / size, rows, len(tables[-1]), before))
        before += len(tables[-1])
    return np.array(levels).reshape(-1, 4), np.concatenate(tables), drawing.words[sorting], members


def _table(keys: Indices, values: Indices) -> Indices:
    """Each key, with its value, in a slot of its own; in an empty one there is NO_KEY."""
    size = int(len(keys) / _FILLED) + 3
    slots, waiting, taken = (keys * SCATTER & MASK) * size >> MASK_BITS, np.arange(len(keys)), np.full(size, -1)
    while len(waiting):
        free = waiting[taken[slots[waiting]] < 0]
        taken[slots[free]] = free
        waiting = waiting[taken[slots[waiting]] != waiting]
        slots[waiting] = (slots[waiting] + 1) % size
    table = np.full((size, 2), (NO_KEY, 0))
    filled = np.flatnonzero(taken >= 0)
    table[filled] = np.array([keys, values]).T[taken[filled]]
    return table
