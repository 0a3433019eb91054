"""What presence asks of the zones of an index, as arrays for compiled code."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.compiled import called, compiled, whole
from geofences.metric import Flags, Floats, Indices
from geofences.rings import Zone

Bytes = NDArray[np.uint8]
NO_ZONE = -1


class ZoneTable(NamedTuple):
    """By number of a zone, or, one after the other, of its rings."""

    keys: Bytes
    """`Zone.key` of all zones, one after the other."""
    key_firsts: Indices
    slots: Indices
    """The zone with a key stands at the key's hash, or in the next free slot; NO_ZONE where there is none."""
    firsts: Indices
    """The first ring of each zone."""
    order: Indices
    """Where its store stands among all, by name."""
    visit_after: Indices
    fire_on_create: Flags
    rings: Indices
    enter_after: Indices
    gone_after: Indices
    margins: Floats


def table_of(zones: Sequence[Zone]) -> ZoneTable:
    """The table of an index's zones."""
    keys = [zone.key for zone in zones]
    key_firsts = _firsts([len(key) for key in keys])
    joined = np.frombuffer(b"".join(keys), np.uint8)
    fences = [geofence for zone in zones for geofence in zone.geofences]
    return ZoneTable(
        joined,
        key_firsts,
        _filled(joined, key_firsts, np.full(2 * len(zones) + 1, NO_ZONE)),
        _firsts([len(zone.rings) for zone in zones]),
        _order([zone.store for zone in zones]),
        np.array([zone.visit_after for zone in zones], np.int64),
        np.array([zone.fire_on_create for zone in zones], np.bool_),
        np.array([fence.ring for fence in fences], np.int64),
        np.array([fence.policy.enter_after for fence in fences], np.int64),
        np.array([fence.policy.gone_after for fence in fences], np.int64),
        np.array([fence.policy.exit_margin for fence in fences], np.float64),
    )


def _order(stores: Sequence[str]) -> Indices:
    order = np.empty(len(stores), np.int64)
    order[sorted(range(len(stores)), key=stores.__getitem__)] = np.arange(len(stores))
    return order


def _firsts(counts: Sequence[int]) -> Indices:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


@called
def _filled(keys: Bytes, key_firsts: Indices, slots: Indices) -> Indices:
    for zone in range(len(key_firsts) - 1):
        slot = _hash(keys, key_firsts[zone], key_firsts[zone + 1]) % len(slots)
        while slots[slot] != NO_ZONE:
            slot = (slot + 1) % len(slots)
        slots[slot] = zone
    return slots


@compiled
def _hash(keys: Bytes, first: int, last: int) -> int:
    """Of some bytes; FNV-1a (Fowler, Noll and Vo), cut to 31 bits so that no product leaves 64."""
    hashed = 0x11C9DC5
    for place in range(first, last):
        hashed = (hashed ^ whole(keys[place])) * 0x01000193 & 0x7FFFFFFF
    return hashed


@called
def zone_of(table: ZoneTable, packed: Bytes, first: int, last: int) -> int:
    """The zone whose key these bytes are, or NO_ZONE."""
    slot = _hash(packed, first, last) % len(table.slots)
    while table.slots[slot] != NO_ZONE:
        if is_key(table, table.slots[slot], packed, first, last):
            return int(table.slots[slot])
        slot = (slot + 1) % len(table.slots)
    return NO_ZONE


@compiled
def is_key(table: ZoneTable, zone: int, packed: Bytes, first: int, last: int) -> bool:
    """Whether these bytes are the key of the zone."""
    begins = table.key_firsts[zone]
    if table.key_firsts[zone + 1] - begins != last - first:
        return False
    place = 0
    while place < last - first and table.keys[begins + place] == packed[first + place]:
        place += 1
    return bool(place == last - first)
