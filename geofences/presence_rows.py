"""Stores of a packed presence as rows of numbers, for compiled code; their bytes are those of `presence_codec.py`."""

from geofences.compiled import called, compiled, whole
from geofences.metric import Indices
from geofences.zone_table import Bytes, ZoneTable

START, AFTER_KEY, HELD, VISITED, STIRRED, SINCE, TOLD, VISIT_DUE, PENDINGS = range(9)
"""Columns. The section begins at START, the key of its zone ends at AFTER_KEY; STIRRED counts the fixes from 1.

A store that stands nowhere yet has FRESH for its START, and the number of its zone for AFTER_KEY.
"""
BEGAN, DUE, EVIDENCE, SIZE = range(4)
"""Columns of one pending; it is there where it has evidence. They stand by ring, those of EARLIER after PENDINGS."""
RINGS = 3
EARLIER = PENDINGS + RINGS * SIZE
WIDTH = EARLIER + RINGS * SIZE
NEVER = -1
BROKEN = -1
FRESH = -1
_VISITED, _VISIT_DUE = 1, 2
_FIXED, _TIME, _PENDING = 15, 6, 13
LONGEST = 1 + 255 + 4 + _FIXED + _TIME + 2 * RINGS * _PENDING
"""Bytes of one store at most."""


@compiled
def read_store(packed: Bytes, place: int, end: int, row: Indices) -> int:
    """Where the next store begins, or BROKEN where the bytes before `end` are none."""
    for ring in range(2 * RINGS):
        row[PENDINGS + ring * SIZE + EVIDENCE] = 0
    row[START] = place
    place += 1 + whole(packed[place]) + 4
    row[AFTER_KEY] = place
    if place + _FIXED > end:
        return BROKEN
    flags, counts = whole(packed[place + 1]), whole(packed[place + 2])
    row[HELD], row[VISITED], row[STIRRED] = packed[place], flags & _VISITED, flags >> 4
    row[SINCE], row[TOLD] = _time(packed, place + 3), _time(packed, place + 9)
    row[VISIT_DUE] = NEVER
    place += _FIXED
    first, count = place + (_TIME if flags & _VISIT_DUE else 0), (counts & 15) + (counts >> 4)
    if row[HELD] > RINGS or first + count * _PENDING > end:
        return BROKEN
    if flags & _VISIT_DUE:
        row[VISIT_DUE] = _time(packed, place)
    for number in range(count):
        if not _read_pending(packed, first + number * _PENDING, PENDINGS if number < counts & 15 else EARLIER, row):
            return BROKEN
    return first + count * _PENDING


@compiled
def _read_pending(packed: Bytes, place: int, of: int, row: Indices) -> bool:
    ring = whole(packed[place])
    if not 1 <= ring <= RINGS:
        return False
    first = of + (ring - 1) * SIZE
    row[first + BEGAN] = _time(packed, place + 1)
    row[first + DUE] = row[first + BEGAN] + _number(packed, place + 7)
    row[first + EVIDENCE] = whole(packed[place + 11]) | whole(packed[place + 12]) << 8
    return True


@called
def write_store(packed: Bytes, table: ZoneTable, row: Indices, is_shifted: bool, into: Bytes, place: int) -> int:
    """The bytes of a store, whose key stands in `packed` or in the table; returns where the next one begins.

    Shifted: the oldest fix is given up.
    """
    keys, first, last = packed, row[START], row[AFTER_KEY]
    if row[START] == FRESH:
        keys, first, last = table.keys, table.key_firsts[row[AFTER_KEY]], table.key_firsts[row[AFTER_KEY] + 1]
    for at in range(first, last):
        into[place] = keys[at]
        place += 1
    into[place] = row[HELD]
    stirred = max(row[STIRRED] - (1 if is_shifted else 0), 0)
    into[place + 1] = row[VISITED] | (0 if row[VISIT_DUE] == NEVER else _VISIT_DUE) | stirred << 4
    into[place + 2] = _count(row, PENDINGS) | _count(row, EARLIER) << 4
    _put_time(into, place + 3, row[SINCE])
    _put_time(into, place + 9, row[TOLD])
    place += _FIXED
    if row[VISIT_DUE] != NEVER:
        _put_time(into, place, row[VISIT_DUE])
        place += _TIME
    for ring in range(2 * RINGS):
        first = PENDINGS + ring * SIZE
        if row[first + EVIDENCE]:
            into[place] = ring % RINGS + 1
            _put_time(into, place + 1, row[first + BEGAN])
            _put(into, place + 7, row[first + DUE] - row[first + BEGAN], 4)
            _put(into, place + 11, row[first + EVIDENCE], 2)
            place += _PENDING
    return place


@compiled
def copy(row: Indices, first: int, into: Indices, place: int, count: int) -> None:
    """So many columns."""
    for column in range(count):
        into[place + column] = row[first + column]


@compiled
def has_pendings(row: Indices) -> bool:
    """Whether any change is pending."""
    return _count(row, PENDINGS) > 0


@compiled
def _count(row: Indices, first: int) -> int:
    count = 0
    for ring in range(RINGS):
        if row[first + ring * SIZE + EVIDENCE]:
            count += 1
    return count


@compiled
def _number(packed: Bytes, place: int) -> int:
    number = 0
    for byte in range(4):
        number |= whole(packed[place + byte]) << (8 * byte)
    return number


@compiled
def _time(packed: Bytes, place: int) -> int:
    """A u48: its upper u16, then its lower u32."""
    return (whole(packed[place]) | whole(packed[place + 1]) << 8) << 32 | _number(packed, place + 2)


@compiled
def _put(into: Bytes, place: int, number: int, size: int) -> None:
    for byte in range(size):
        into[place + byte] = number >> (8 * byte) & 255


@compiled
def _put_time(into: Bytes, place: int, time: int) -> None:
    _put(into, place, time >> 32, 2)
    _put(into, place + 2, time, 4)
