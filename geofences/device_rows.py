"""One device of a batch, by compiled code: what its fix or its timers make of each of its stores."""

from typing import NamedTuple

from geofences.compiled import called, compiled, whole
from geofences.fixes import FIXES_KEPT
from geofences.lookup import Layout
from geofences.machine import SILENCE
from geofences.machine_rows import AT, Fixes, fire, first_due, is_kept, note, step, without_oldest
from geofences.metric import Indices
from geofences.packed import (
    BEGINS,
    FIX,
    HEADER,
    LENGTH,
    MOST_STORES,
    Packed,
    Room,
    count_of,
    move_on,
    read_fixes,
    started_of,
    stores_of,
)
from geofences.presence_rows import (
    AFTER_KEY,
    BROKEN,
    EARLIER,
    NEVER,
    RINGS,
    SIZE,
    START,
    STIRRED,
    TOLD,
    VISIT_DUE,
    WIDTH,
    copy,
    has_pendings,
    read_store,
)
from geofences.seeing import UNSEEN, measure, meet, sighting_of
from geofences.told_rows import COUNT, IS_TIMER, Telling, sort
from geofences.zone_table import NO_ZONE, ZoneTable, zone_of

DONE, LEFT, ALONE, DUPLICATE, OUT_OF_ORDER = range(5)
"""What became of a fix: applied; left to `advance`; left to `screen_alone`; or not believed."""


class Limits(NamedTuple):
    """What is believed (`ScreenPolicy`), and whether zones of the index tell crossings."""

    max_accuracy: float
    max_age: int
    max_ahead: int
    max_speed: float
    crossings: bool
    is_quiet: bool
    """Leave what tells something, or has a timer sooner than that of silence."""


class World(NamedTuple):
    """What fixes are held against."""

    limits: Limits
    layout: Layout
    table: ZoneTable


@compiled
def read(packed: Packed, device: int, near: int, world: World, room: Room) -> bool:
    """The fixes and stores of a device, unless a store is not in the index as it was."""
    word = packed.places[device, BEGINS] >> 2
    read_fixes(packed, word, room.fixes)
    place = 4 * (word + HEADER + count_of(packed, word) * FIX)
    end = packed.places[device, BEGINS] + packed.places[device, LENGTH]
    for number in range(stores_of(packed, word)):
        row = room.rows[number]
        place = read_store(packed.bytes, place, end, row)
        if place == BROKEN:
            return False
        seen = sighting_of(packed.bytes, row, near, number, world.table, room)
        room.zones[number, 1] = seen
        if seen != UNSEEN:
            room.zones[number, 0] = room.seen[seen]
            continue
        room.zones[number, 0] = zone_of(world.table, packed.bytes, row[START], row[AFTER_KEY])
        if room.zones[number, 0] == NO_ZONE:
            return False
    return bool(place == end)


@compiled
def advance(packed: Packed, device: int, near: int, world: World, room: Room, telling: Telling) -> tuple[int, int]:
    """The stores of a device whose newest fix stands after the others."""
    word, told = packed.places[device, BEGINS] >> 2, telling.state[COUNT]
    count, known = count_of(packed, word), stores_of(packed, word)
    started, is_full = started_of(packed, word), count == FIXES_KEPT
    before, after = Fixes(room.fixes, 0, count - 1), Fixes(room.fixes, 1 if is_full else 0, count)
    at, newest_at = room.fixes[count, AT], room.fixes[count - 1, AT]
    if _are_timed(known, room):
        expire(known, at, before, world, room, telling)
    stores = known
    if _are_new(known, near, room):
        stores = meet(known, near, before, world.layout, world.table, room)
    if stores > MOST_STORES:
        return LEFT, NEVER
    kept, is_changed = whole(0), stores > known or telling.state[COUNT] > told
    telling.state[IS_TIMER], fired = 0, telling.state[COUNT]
    for number in range(stores):
        row, zone, seen = room.rows[number], room.zones[number, 0], room.zones[number, 1]
        if row[TOLD] <= at:
            is_changed |= _step(row, zone, seen, after, world, room, started, telling)
        stays = is_kept(row, at)
        if stays and is_full and row[STIRRED]:
            is_changed, stays = True, _is_kept_without_oldest(row, zone, newest_at, world, room, started, telling)
        is_changed |= not stays
        if stays and kept < number:
            copy(row, 0, room.rows[kept], 0, WIDTH)
        kept += 1 if stays else 0
    sort(telling, fired, world.table)
    due = NEVER
    if telling.state[COUNT] > told or stores > known or _are_timed(kept, room):
        due = next_due(kept, after, room)
    is_silence = due == NEVER or due >= at + SILENCE
    if world.limits.is_quiet and (telling.state[COUNT] > told or stores > known or not is_silence):
        return LEFT, NEVER
    return DONE if move_on(packed, device, kept, is_changed, world.table, room) else LEFT, due


@compiled
def _are_timed(stores: int, room: Room) -> bool:
    """Whether any store waits for a DWELL, or may wait for a leave: a timer before that of silence."""
    for number in range(stores):
        row = room.rows[number]
        if row[VISIT_DUE] != NEVER or has_pendings(row):
            return True
    return False


@compiled
def _are_new(stores: int, near: int, room: Room) -> bool:
    """Whether any store is seen that is not known."""
    seen = 0
    for number in range(stores):
        seen += 1 if room.zones[number, 1] != UNSEEN else 0
    return seen < near


@called
def expire(stores: int, until: int, fixes: Fixes, world: World, room: Room, telling: Telling) -> None:
    """Fire all timers due at or before `until`, in order of time."""
    telling.state[IS_TIMER] = 1
    due = next_due(stores, fixes, room)
    while due != NEVER and due <= until:
        for number in range(stores):
            row = room.rows[number]
            had_pendings = has_pendings(row)
            if fire(row, room.zones[number, 0], world.table, due, fixes, telling):
                note(row, had_pendings, fixes)
        due = next_due(stores, fixes, room)


@compiled
def next_due(stores: int, fixes: Fixes, room: Room) -> int:
    """When the next timer of the device is due, or NEVER."""
    found = NEVER
    for number in range(stores):
        due = first_due(room.rows[number], fixes)
        if due != NEVER and (found == NEVER or due < found):
            found = due
    return found


@compiled
def _step(
    row: Indices, zone: int, seen: int, after: Fixes, world: World, room: Room, started: int, telling: Telling
) -> bool:
    """Whether it made anything of the store."""
    had_pendings, told = has_pendings(row), telling.state[COUNT]
    if seen == UNSEEN:
        measure(after.rows[after.last], zone, world.layout, room)
    else:
        for depth in range(RINGS):
            room.apart[depth] = room.inside[seen, depth]
    step(row, after, zone, world.table, room.apart, started, telling)
    note(row, had_pendings, after)
    is_told = telling.state[COUNT] > told or row[TOLD] >= after.rows[after.last, AT]
    return had_pendings or is_told or has_pendings(row)


@called
def _is_kept_without_oldest(
    row: Indices, zone: int, newest_at: int, world: World, room: Room, started: int, telling: Telling
) -> bool:
    """Give up the oldest fix; `newest_at` is the time of the newest before this one."""
    oldest = Fixes(room.fixes, 0, 0)
    if row[STIRRED] == 1:
        row[STIRRED] = 0
        row[EARLIER : EARLIER + RINGS * SIZE] = 0
        return is_kept(row, newest_at)
    if row[TOLD] < room.fixes[0, AT]:
        measure(room.fixes[0], zone, world.layout, room)
        without_oldest(row, room.then, oldest, zone, world.table, room.apart, started, telling)
    return True
