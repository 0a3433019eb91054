"""Which zones a place may be in: a uniform grid of cells for each size of zone, each with the squares of its zones.

A zone stands in the cells that it meets on the level that suits its size, so that it fills a few cells, however large
the others are. Only cells that a zone meets exist: continents of nothing cost nothing. Those of a level stand in a
table by the remainder of their key, each in the first free slot from there on in leaps.
"""

import numpy as np
from numpy.typing import NDArray

from geofences.fixes import DEGREE
from geofences.metric import Floats, Indices
from geofences.squares import ACROSS, SMALLEST, STEP, Drawing

LEAP = 7_919
"""Neighbouring cells stand in neighbouring slots; who finds its slot taken looks elsewhere."""
NO_KEY = -1 << 62
BITS, WITHIN = 4, ACROSS - 1
TURN, LAST, ZONE = 3, 4, 3
"""In the last number of a member: bits for a turn round the earth, for the last one of its cell, and those before."""
_FILLED = 0.45

Tables = tuple[Floats, Indices, NDArray[np.uint32]]


def cells_of(drawing: Drawing, zones: Indices, turns: Indices) -> Tables:
    """`levels`, `slots` and `members` of `lookup.Layout`; of what is drawn, which zone it is and how it is turned."""
    zone = zones[drawing.zone]
    sorting = np.lexsort((zone, drawing.row, drawing.column, drawing.level))
    zone, turn = zone[sorting], turns[drawing.zone[sorting]]
    cells = np.array([drawing.level, drawing.column, drawing.row])[:, sorting]
    begins = (np.diff(cells, prepend=-1) != 0).any(axis=0)
    firsts, is_last = np.flatnonzero(begins), np.append(begins[1:], True)
    members = np.empty((len(zone), ACROSS + 1), np.uint32)
    members[:, :ACROSS] = drawing.words[sorting]
    members[:, ACROSS] = zone << ZONE | is_last * LAST | turn
    levels, tables, before = [], [np.zeros((0, 2), np.int64)], 0
    for level in np.unique(drawing.level).tolist():
        size, on = SMALLEST * STEP**level, firsts[cells[0, firsts] == level]
        rows = int(180 * DEGREE / size / ACROSS) + 3
        tables.append(_table(cells[1, on] * rows + cells[2, on], on))
        levels.append((DEGREE / size, rows, len(tables[-1]), before))
        before += len(tables[-1])
    return np.array(levels).reshape(-1, 4), np.concatenate(tables), members


def _table(keys: Indices, values: Indices) -> Indices:
    """Each key, with its value, in a slot of its own; in an empty one there is NO_KEY."""
    size = _prime_from(int(len(keys) / _FILLED) + 3)
    size = _prime_from(size + 2) if size == LEAP else size
    slots, waiting, taken = keys % size, np.arange(len(keys)), np.full(size, -1)
    while len(waiting):
        free = waiting[taken[slots[waiting]] < 0]
        taken[slots[free]] = free
        waiting = waiting[taken[slots[waiting]] != waiting]
        slots[waiting] = (slots[waiting] + LEAP) % size
    table = np.full((size, 2), (NO_KEY, -1))
    filled = np.flatnonzero(taken >= 0)
    table[filled] = np.array([keys, values]).T[taken[filled]]
    return table


def _prime_from(least: int) -> int:
    number = least | 1
    while any(number % divisor == 0 for divisor in range(3, int(number**0.5) + 1, 2)):
        number += 2
    return number
