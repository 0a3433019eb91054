"""Which stores a fix has to do with: those that hold it, those that are known, and how far it is from their rings."""

from math import inf

import numpy as np

from geofences.compiled import called, compiled
from geofences.evidence import ENOUGH, weight
from geofences.lookup import Answer, Layout
from geofences.lookup import measure as measured
from geofences.machine_rows import ACCURACY, AT, LAT, LON, Fixes
from geofences.metric import ROUND, Indices
from geofences.packed import MOST_STORES, Room
from geofences.presence_rows import AFTER_KEY, FRESH, HELD, NEVER, SINCE, START, VISIT_DUE, VISITED
from geofences.squares import CERTAIN
from geofences.zone_table import Bytes, ZoneTable, is_key

UNSEEN = -1


@compiled
def see(near: int, answer: Answer, table: ZoneTable, room: Room) -> None:
    """The zones that hold a fix, with what is known of the distances to their rings."""
    for number in range(near):
        code = room.hits[number]
        column = -1 - code
        zone = (code - 1) >> 1 if code > 0 else answer.measured[1, column]
        first = table.firsts[zone]
        room.seen[number] = zone
        for depth in range(table.firsts[zone + 1] - first):
            if code < 0:
                room.inside[number, depth] = answer.distances[column, depth]
            else:
                is_in = depth <= (code - 1) & 1
                room.inside[number, depth] = CERTAIN if is_in else -CERTAIN - table.margins[first + depth]


@compiled
def sighting_of(packed: Bytes, row: Indices, near: int, guess: int, table: ZoneTable, room: Room) -> int:
    """Which of what was seen is this store; most often they stand in one order."""
    for turn in range(near):
        seen = (guess + turn) % near
        if is_key(table, room.seen[seen], packed, row[START], row[AFTER_KEY]):
            return seen
    return UNSEEN


@called
def meet(stores: int, near: int, before: Fixes, layout: Layout, table: ZoneTable, room: Room) -> int:
    """Put the stores that are seen, but not known, after the others; how many there are then."""
    known = stores
    for seen in range(near):
        is_known = False
        for number in range(known):
            is_known |= room.zones[number, 1] == seen
        if is_known:
            continue
        if stores < MOST_STORES:
            room.zones[stores, 0], room.zones[stores, 1] = room.seen[seen], seen
            _carry(room.rows[stores], room.seen[seen], before, layout, table, room)
        stores += 1
    return stores


@compiled
def _carry(row: Indices, zone: int, before: Fixes, layout: Layout, table: ZoneTable, room: Room) -> None:
    """`replaying.carried`, of a fence that is new to the device."""
    fix = before.rows[before.last]
    measure(fix, zone, layout, room)
    row[:] = 0
    row[START], row[AFTER_KEY], row[VISIT_DUE], row[SINCE] = FRESH, zone, NEVER, fix[AT]
    for ring in range(table.firsts[zone], table.firsts[zone + 1]):
        weighs = weight(room.apart[ring - table.firsts[zone]], fix[ACCURACY] / 10)
        if weighs >= ENOUGH and not table.fire_on_create[zone]:
            row[HELD], row[VISITED] = table.rings[ring], 1


@called
def measure(fix: Indices, zone: int, layout: Layout, room: Room) -> None:
    """`room.apart`: how far a fix is from the rings of a zone."""
    x = float(fix[LON])
    x -= ROUND * np.rint((x - layout.zones[zone, 3]) / ROUND)
    measured(layout, zone, x, float(fix[LAT]), inf, room.apart)
