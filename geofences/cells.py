"""Which zones a place may be in: a uniform grid of cells for each size of zone, each with the squares of its zones.

A zone stands in the cells that it meets on the level that suits its size, so that it fills a few cells, however large
the others are. Only cells that a zone meets exist: continents of nothing cost nothing. Those of a level stand in a
table by the remainder of their number, each in the first free slot from there on in leaps.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.fixes import DEGREE
from geofences.metric import Floats, Indices, expand
from geofences.squares import ACROSS, SMALLEST, STEP, Drawing

LEAP = 7_919
"""Neighbouring cells stand in neighbouring slots; who finds its slot taken looks elsewhere."""
NO_KEY = -1 << 62
BITS, WITHIN = 4, ACROSS - 1
_FILLED = 0.45


class Level(NamedTuple):
    """The cells of one size: squares a degree, rows of cells on the globe, how many slots, and the first of them."""

    per_degree: float
    rows: int
    slots: int
    first: int


class Views(NamedTuple):
    """All that it takes to look up one place at a time."""

    levels: list[Level]
    keys: "memoryview[int]"
    firsts: "memoryview[int]"
    counts: "memoryview[int]"
    words: "memoryview[int]"
    zones: "memoryview[int]"


class Cells:
    """Zones by number, as they were drawn; a cell has them in the order that `order` gives."""

    def __init__(self, drawing: Drawing, order: Indices) -> None:
        sorting = np.lexsort((order[drawing.zone], drawing.row, drawing.column, drawing.level))
        self._zones: NDArray[np.int32] = drawing.zone[sorting].astype(np.int32)
        self._words: NDArray[np.uint32] = drawing.words[sorting].reshape(-1)
        cells = np.array([drawing.level, drawing.column, drawing.row])[:, sorting]
        firsts = np.flatnonzero((np.diff(cells, prepend=-1) != 0).any(axis=0))
        counts = np.diff(firsts, append=len(sorting))
        self._levels: list[Level] = []
        tables = [(np.zeros(0, np.int64),) * 3]
        for level in np.unique(drawing.level).tolist():
            size, on = SMALLEST * STEP**level, np.flatnonzero(cells[0, firsts] == level)
            rows, begins = int(180 * DEGREE / size / ACROSS) + 3, firsts[on]
            tables.append(_table(cells[1, begins] * rows + cells[2, begins], begins, counts[on]))
            before = sum(each.slots for each in self._levels)
            self._levels.append(Level(DEGREE / size, rows, len(tables[-1][0]), before))
        keys, begins, counts = (np.concatenate(columns) for columns in zip(*tables, strict=True))
        self._keys: Indices = keys
        self._firsts, self._counts = begins.astype(np.uint32), counts.astype(np.uint32)

    @property
    def views(self) -> Views:
        """The same memory, for reading one number at a time."""
        arrays = (self._keys, self._firsts, self._counts, self._words, self._zones)
        return Views(self._levels, *(array.data for array in arrays))

    @property
    def size_in_bytes(self) -> int:
        """Of all arrays."""
        arrays = (self._keys, self._firsts, self._counts, self._zones, self._words)
        return sum(array.nbytes for array in arrays)

    def pairs(self, lons_lats: Floats) -> tuple[Indices, Indices, Indices]:
        """For places in degrees (rows lons, lats) the zones each is not certainly out of.

        Numbers of places, what the square of the zone is there, numbers of zones.
        """
        found = [self._on_level(level, lons_lats) for level in self._levels]
        if len(found) == 1:
            return found[0]
        found.append((np.zeros(0, np.int64),) * 3)
        places, states, zones = (np.concatenate(columns) for columns in zip(*found, strict=True))
        return places, states, zones

    def _on_level(self, level: Level, lons_lats: Floats) -> tuple[Indices, Indices, Indices]:
        squares = np.floor(lons_lats * level.per_degree).astype(np.int64)
        column, row = squares >> BITS
        slots = self._slots(level, column * level.rows + row)
        counts = self._counts[slots].astype(np.int64)
        members = expand(self._firsts[slots].astype(np.int64), counts)
        places = np.repeat(np.arange(len(slots)), counts)
        shift, line = (squares & WITHIN)[:, places]
        states = self._words[members << BITS | line].astype(np.int64) >> (shift << 1) & 3
        kept = np.flatnonzero(states)
        return places[kept], states[kept], self._zones[members[kept]].astype(np.int64)

    def _slots(self, level: Level, keys: Indices) -> Indices:
        """Where the cells with these keys stand, or an empty slot."""
        table = self._keys[level.first : level.first + level.slots]
        slots: Indices = keys % level.slots
        there = table[slots]
        elsewhere = np.flatnonzero((there != keys) & (there != NO_KEY))
        while len(elsewhere):
            slots[elsewhere] = (slots[elsewhere] + LEAP) % level.slots
            there = table[slots[elsewhere]]
            elsewhere = elsewhere[(there != keys[elsewhere]) & (there != NO_KEY)]
        return slots + level.first


def _table(keys: Indices, firsts: Indices, counts: Indices) -> tuple[Indices, Indices, Indices]:
    """Each key, with its columns, in a slot of its own; in an empty one there is NO_KEY and nothing."""
    size = _prime_from(int(len(keys) / _FILLED) + 3)
    size = _prime_from(size + 2) if size == LEAP else size
    slots, waiting, taken = keys % size, np.arange(len(keys)), np.full(size, -1)
    while len(waiting):
        free = waiting[taken[slots[waiting]] < 0]
        taken[slots[free]] = free
        waiting = waiting[taken[slots[waiting]] != waiting]
        slots[waiting] = (slots[waiting] + LEAP) % size
    filled = np.flatnonzero(taken >= 0)
    columns = np.full(size, NO_KEY), np.zeros(size, np.int64), np.zeros(size, np.int64)
    for column, values in zip(columns, (keys, firsts, counts), strict=True):
        column[filled] = values[taken[filled]]
    return columns


def _prime_from(least: int) -> int:
    number = least | 1
    while any(number % divisor == 0 for divisor in range(3, int(number**0.5) + 1, 2)):
        number += 2
    return number
