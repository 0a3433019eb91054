"""Packed presences in one buffer, read and written by compiled code; the bytes are those of `presence_codec.py`."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.compiled import called, compiled, whole
from geofences.fixes import DEGREE, FIXES_KEPT, LARGEST_ACCURACY, LARGEST_SPEED, LONGEST_DEGREE
from geofences.machine_rows import ACCURACY, AT, LAT, LON, NO_SPEED, SPEED
from geofences.metric import Floats, Indices
from geofences.presence_rows import LONGEST, RINGS, WIDTH, write_store
from geofences.zone_table import Bytes, ZoneTable

VERSION = 3
MOST_STORES = 32
"""Near more, a device is left."""
BEGINS, LENGTH, ROOM, IS_LEFT = range(4)
"""Columns of places."""
HEADER, FIX = 5, 4
"""Words of 32 bits."""
_LOW, _HALF = 0xFFFFFFFF, 0x80000000
_MILLIMETRES = LONGEST_DEGREE * 1_000 / DEGREE


class Packed(NamedTuple):
    """Packed presences, each from a multiple of four on; `words` is the same memory."""

    bytes: Bytes
    words: NDArray[np.uint32]
    places: Indices
    """A row a device: where its bytes begin, how many they are, to how many they may grow, whether a fix was left."""


class Room(NamedTuple):
    """Where one device at a time is worked out."""

    fixes: Indices
    rows: Indices
    """Its stores."""
    zones: Indices
    """Of each store the number in the index, and in the next column what was seen of it, or UNSEEN."""
    hits: Indices
    """Codes of the zones that hold its newest fix."""
    seen: Indices
    """These zones."""
    inside: Floats
    """How far."""
    apart: Floats
    then: Indices
    tail: Bytes


def a_room() -> Room:
    """One of them."""
    return Room(
        np.zeros((FIXES_KEPT + 1, 5), np.int64),
        np.zeros((MOST_STORES, WIDTH), np.int64),
        np.zeros((MOST_STORES, 2), np.int64),
        np.zeros(MOST_STORES, np.int64),
        np.zeros(MOST_STORES, np.int64),
        np.zeros((MOST_STORES, RINGS)),
        np.zeros(RINGS),
        np.zeros(WIDTH, np.int64),
        np.zeros(MOST_STORES * LONGEST, np.uint8),
    )


@compiled
def is_plain(packed: Packed, device: int) -> bool:
    """Of this version, no suspect is about, and there are not too many stores."""
    word, size = packed.places[device, BEGINS] >> 2, packed.places[device, LENGTH]
    if size < 4 * (HEADER + FIX) or int(packed.words[word]) & 0xFF0000FF != VERSION:
        return False
    count, stores = count_of(packed, word), stores_of(packed, word)
    after = 4 * (HEADER + count * FIX)
    return bool(1 <= count <= FIXES_KEPT and stores <= MOST_STORES and (after < size if stores else after == size))


@compiled
def count_of(packed: Packed, word: int) -> int:
    """Fixes."""
    return whole(packed.words[word]) >> 8 & 255


@compiled
def stores_of(packed: Packed, word: int) -> int:
    """Stores."""
    return whole(packed.words[word]) >> 16 & 255


@compiled
def newest_at_of(packed: Packed, word: int) -> int:
    """Milliseconds."""
    return whole(packed.words[word + 3]) | whole(packed.words[word + 4]) << 32


@compiled
def is_near(packed: Packed, word: int, fix: Indices, millimetres: float) -> bool:
    """The usual case of `is_reachable`: so near the fix before that no error circle is needed."""
    last = word + HEADER + (count_of(packed, word) - 1) * FIX
    apart = abs(fix[LON] - _signed(packed.words[last])) + abs(fix[LAT] - _signed(packed.words[last + 1]))
    return bool((apart + 2) * _MILLIMETRES <= millimetres)


@compiled
def _signed(word: np.uint32) -> int:
    return (int(word) ^ _HALF) - _HALF


@compiled
def keep(asked: Floats, fix: Indices) -> None:
    """A fix as it is kept."""
    accuracy, speed = asked[ACCURACY], asked[SPEED]
    fix[LON], fix[LAT], fix[AT] = int(np.rint(asked[LON] * DEGREE)), int(np.rint(asked[LAT] * DEGREE)), int(asked[AT])
    fix[ACCURACY] = int(accuracy * 10 + 0.5) if accuracy < LARGEST_ACCURACY else 65_535
    fix[SPEED] = NO_SPEED
    if speed >= 0:
        fix[SPEED] = int(speed * 100 + 0.5) if speed < LARGEST_SPEED else 65_534


@compiled
def read_fixes(packed: Packed, word: int, fixes: Indices) -> None:
    """All of a device, oldest first."""
    newest_at = newest_at_of(packed, word)
    for number in range(count_of(packed, word)):
        _read_fix(packed.words, word + HEADER + number * FIX, newest_at, fixes[number])


@compiled
def started_of(packed: Packed, word: int) -> int:
    """Milliseconds."""
    return whole(packed.words[word + 1]) | whole(packed.words[word + 2]) << 32


@compiled
def _read_fix(words: NDArray[np.uint32], place: int, newest_at: int, fix: Indices) -> None:
    low, both = int(words[place + 2]), int(words[place + 3])
    fix[LON], fix[LAT] = _signed(words[place]), _signed(words[place + 1])
    fix[AT] = newest_at + ((low - newest_at + _HALF) & _LOW) - _HALF
    fix[ACCURACY], fix[SPEED] = both & 0xFFFF, both >> 16


@compiled
def begin(packed: Packed, device: int, asked: Floats, room: Room) -> None:
    """A presence of one fix and no store."""
    keep(asked, room.fixes[0])
    fix, word = room.fixes[0], packed.places[device, BEGINS] >> 2
    packed.places[device, LENGTH] = 4 * (HEADER + FIX)
    packed.words[word + 1], packed.words[word + 2] = fix[AT] & _LOW, fix[AT] >> 32
    _write_head(packed, word, whole(1), whole(0), fix)


@compiled
def _write_head(packed: Packed, word: int, count: int, stores: int, fix: Indices) -> None:
    """The header, and the newest fix."""
    words, place = packed.words, word + HEADER + (count - 1) * FIX
    words[word] = VERSION | count << 8 | stores << 16
    words[word + 3], words[word + 4] = fix[AT] & _LOW, fix[AT] >> 32
    words[place], words[place + 1] = fix[LON] & _LOW, fix[LAT] & _LOW
    words[place + 2], words[place + 3] = fix[AT] & _LOW, fix[ACCURACY] | fix[SPEED] << 16


@compiled
def move_on(packed: Packed, device: int, stores: int, is_changed: bool, table: ZoneTable, room: Room) -> bool:
    """Write the presence with the newest fix, and its stores where they changed; whether there is room for it."""
    word = packed.places[device, BEGINS] >> 2
    count = count_of(packed, word)
    is_full = count == FIXES_KEPT
    if not write_stores(packed, device, min(FIXES_KEPT - count, 1), is_full, stores, is_changed, table, room):
        return False
    if is_full:
        first = word + HEADER
        for place in range(first, first + (FIXES_KEPT - 1) * FIX):
            packed.words[place] = packed.words[place + FIX]
    _write_head(packed, word, count if is_full else count + 1, stores, room.fixes[count])
    return True


@called
def write_stores(
    packed: Packed,
    device: int,
    more: int,
    is_shifted: bool,
    stores: int,
    is_changed: bool,
    table: ZoneTable,
    room: Room,
) -> bool:
    """Behind so many more fixes than there are; whether there is room for them."""
    start = packed.places[device, BEGINS]
    count = count_of(packed, start >> 2)
    old = start + 4 * (HEADER + count * FIX)
    new = old + 4 * more * FIX
    size = start + packed.places[device, LENGTH] - old
    if is_changed:
        size = whole(0)
        for number in range(stores):
            size = write_store(packed.bytes, table, room.rows[number], is_shifted, room.tail, size)
    if new + size - start > packed.places[device, ROOM]:
        return False
    if is_changed:
        for place in range(size):
            packed.bytes[new + place] = room.tail[place]
    elif more:
        for place in range(size - 1, -1, -1):
            packed.bytes[new + place] = packed.bytes[old + place]
    packed.places[device, LENGTH] = new + size - start
    return True
