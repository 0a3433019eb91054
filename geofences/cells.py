"""Which boxes may hold a place: a uniform grid of cells for each size of box.

A box stands in the cells that it meets on the level that suits its size, so that it fills a few cells, however large
the others are. Only cells that a box meets exist: continents of nothing cost nothing.
"""

from math import floor
from struct import Struct
from sys import getsizeof

import numpy as np
from numpy.typing import NDArray

from geofences.metric import Floats, Indices, expand

SMALLEST_CELL = 1_000.0
"""Units: about 11 m."""
CELLS_ACROSS = 3.0
"""So many cells at most lie side by side in a box."""
STEP = 4
"""So many times larger is a cell of the next level."""
BYTES_OF_A_NUMBER = 32
_ROW = 1 << 28
_LEVEL = 1 << 57
_LARGEST = (1 << 31) - 1
_MEMBER = Struct("=5i")
_SIZE = _MEMBER.size


class Cells:
    """Boxes (rows west, south, east, north, in units) by number."""

    def __init__(self, boxes: Floats) -> None:
        west, south, east, north = boxes
        extent = np.maximum(np.maximum(east - west, north - south), SMALLEST_CELL)
        level = np.ceil(np.maximum(np.log(extent / CELLS_ACROSS / SMALLEST_CELL) / np.log(STEP), 0.0))
        self._levels = [(int(each) * _LEVEL, 1 / (SMALLEST_CELL * STEP ** int(each))) for each in np.unique(level)]
        per_cell = 1 / (SMALLEST_CELL * STEP**level)
        west, south, east, north = np.floor(boxes * per_cell).astype(np.int64)
        across, up = east - west + 1, north - south + 1
        number = np.repeat(np.arange(len(level)), across * up)
        step = expand(np.zeros_like(across), across * up)
        keys = level.astype(np.int64)[number] * _LEVEL + (west[number] + step // up[number]) * _ROW
        keys += south[number] + step % up[number]
        order = np.argsort(keys, kind="stable")
        self._fill(keys[order], number[order], boxes)

    def _fill(self, keys: Indices, numbers: Indices, boxes: Floats) -> None:
        begins = np.flatnonzero(np.diff(keys, prepend=-1 << 62))
        self._keys: Indices = np.append(keys[begins], 1 << 62)
        # A last key that no place has keeps every search inside the arrays.
        self._starts: NDArray[np.uint32] = np.append(begins, [len(keys), len(keys)]).astype(np.uint32)
        # No place lies beyond 180 degrees, so a box may be cut where 32 bits end.
        self._members = np.empty((len(numbers), 5), np.int32)
        self._members[:, :4] = np.clip(boxes, -_LARGEST, _LARGEST).astype(np.int32).T[numbers]
        self._members[:, 4] = numbers
        self._by_key = dict(zip(self._keys[:-1].tolist(), range(len(begins)), strict=True))
        self._starts_view, self._bytes = self._starts.data, self._members.reshape(-1).data.cast("B")

    @property
    def size_in_bytes(self) -> int:
        """The dictionary with its numbers as well, of which small ones are shared, but counted."""
        numbers = 2 * BYTES_OF_A_NUMBER * len(self._by_key)
        return self._keys.nbytes + self._starts.nbytes + self._members.nbytes + getsizeof(self._by_key) + numbers

    def holding(self, x: float, y: float) -> list[int]:
        """Numbers of the boxes that hold a position."""
        found: list[int] = []
        for level, per_cell in self._levels:
            cell = self._by_key.get(level + floor(x * per_cell) * _ROW + floor(y * per_cell))
            if cell is not None:
                first, end = self._starts_view[cell], self._starts_view[cell + 1]
                for west, south, east, north, number in _MEMBER.iter_unpack(self._bytes[first * _SIZE : end * _SIZE]):
                    if west <= x <= east and south <= y <= north:
                        found.append(number)
        return found

    def pairs(self, x: Floats, y: Floats) -> tuple[Indices, Indices]:
        """Each position with the boxes that hold it: numbers of positions, numbers of boxes."""
        found = [self._on_level(*level, x, y) for level in self._levels]
        if len(found) == 1:
            return found[0]
        none = np.zeros(0, np.int64)
        return np.concatenate([none, *(each[0] for each in found)]), np.concatenate(
            [none, *(each[1] for each in found)]
        )

    def _on_level(self, level: int, per_cell: float, x: Floats, y: Floats) -> tuple[Indices, Indices]:
        keys = np.floor(x * per_cell).astype(np.int64) * _ROW + np.floor(y * per_cell).astype(np.int64) + level
        cells = np.searchsorted(self._keys, keys)
        places = np.flatnonzero(self._keys[cells] == keys)
        if not len(places):
            return places, places
        cells = cells[places]
        starts = self._starts[cells].astype(np.int64)
        counts = self._starts[cells + 1].astype(np.int64) - starts
        places = np.repeat(places, counts)
        west, south, east, north, numbers = self._members[expand(starts, counts)].T
        x, y = x[places], y[places]
        held = np.flatnonzero((west <= x) & (x <= east) & (south <= y) & (y <= north))
        return places[held], numbers[held].astype(np.int64)
