"""Fixes of a batch, and timers, applied to packed presences by compiled code: `presence.py` for what nearly all need.

The law stands there. Whatever is rare, a late fix, a leap, a fence that changed, is left to it, untouched; what is done
here comes to the same bytes and transitions, which tests hold. Once a fix of a device was left, all that follow are.
"""

from math import inf
from typing import NamedTuple

from geofences.compiled import called, compiled, whole
from geofences.evidence import bound
from geofences.fixes import FAST, FIXES_KEPT, LATENESS
from geofences.lookup import Answer, Batch, Layout, look_up_all
from geofences.machine import SILENCE
from geofences.machine_rows import (
    ACCURACY,
    AT,
    COUNT,
    IS_TIMER,
    LAT,
    LON,
    NEWS,
    SPEED,
    TELLER,
    TOUCHED,
    Fixes,
    Telling,
    fire,
    first_due,
    is_kept,
    note,
    sort,
    step,
    without_oldest,
)
from geofences.metric import Floats, Indices
from geofences.packed import (
    BEGINS,
    FIX,
    HEADER,
    IS_LEFT,
    LENGTH,
    MOST_STORES,
    ROOM,
    Packed,
    Room,
    begin,
    count_of,
    is_near,
    is_plain,
    keep,
    move_on,
    newest_at_of,
    read_fixes,
    started_of,
    stores_of,
    write_stores,
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
from geofences.seeing import UNSEEN, measure, meet, see, sighting_of
from geofences.zone_table import NO_ZONE, ZoneTable, zone_of

DONE, LEFT, ALONE, DUPLICATE, OUT_OF_ORDER = range(5)
"""What became of a fix: applied; left to `advance`; left to `screen_alone`; or not believed."""
MOCKED, NOW = 5, 6
"""Rows of the fixes of a batch, after those of machine_rows: degrees, metres, ms, m/s or NaN, 0 or 1, ms."""
SPARE = 160
"""Bytes that a fix may need: for itself, and for stores and pending changes."""
CRAMPED, CROWDED = -1, -2
_LINE = 64
"""Bytes that come from memory together."""
MOST_TOLD = 16 * MOST_STORES
"""Transitions of one fix or timer, at most."""


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
def settle(
    packed: Packed,
    which: Indices,
    fixes: Floats,
    world: World,
    became: Indices,
    dues: Indices,
    telling: Telling,
    room: Room,
    batch: Batch,
    answer: Answer,
) -> None:
    """Apply a batch of fixes in order: what became of each, when its device has a timer due that may be new, or NEVER,
    and what it told. Where a device or the answer has too little room, nothing is done: NEWS is CRAMPED or CROWDED."""
    telling.state[NEWS] = CRAMPED
    if not _have_room(packed, which, telling):
        return
    telling.state[NEWS] = CROWDED
    _ask(fixes, batch)
    others, hits = look_up_all(world.layout, batch, answer)
    if hits >= len(answer.codes):
        return
    telling.state[NEWS], other = 0, whole(0)
    for number in range(len(which)):
        device = which[number]
        telling.state[TELLER], dues[number] = number, NEVER
        became[number] = LEFT
        near = _hits(batch, number, other, others, answer, room)
        other += 1 if other < others and batch.others[0, other] == number else 0
        if not packed.places[device, IS_LEFT] and telling.state[COUNT] + MOST_TOLD <= len(telling.rows):
            count = telling.state[COUNT]
            asked = fixes[:, number]
            became[number], dues[number] = _apply(packed, device, asked, near, answer, world, room, telling)
            if became[number] == LEFT:
                telling.state[COUNT] = count
        packed.places[device, IS_LEFT] = 1 if became[number] == LEFT else 0
        telling.state[NEWS] += 1 if became[number] != DONE or dues[number] != NEVER else 0


@compiled
def _ask(fixes: Floats, batch: Batch) -> None:
    """Where to look; what is no place is looked for at (0, 0), and rejected."""
    for number in range(fixes.shape[1]):
        lon, lat, accuracy = fixes[LON, number], fixes[LAT, number], fixes[ACCURACY, number]
        is_place = -180 <= lon <= 180 and -90 <= lat <= 90 and 0 <= accuracy < inf
        batch.places[0, number] = lon if is_place else 0.0
        batch.places[1, number] = lat if is_place else 0.0
        batch.places[2, number] = bound(accuracy) if is_place else 0.0


@compiled
def _hits(batch: Batch, number: int, other: int, others: int, answer: Answer, room: Room) -> int:
    """How many zones hold a place, with their codes in `room.hits`, as far as there is room."""
    if batch.alone[number] > 0:
        room.hits[0] = batch.alone[number]
        return whole(1)
    if other >= others or batch.others[0, other] != number:
        return whole(0)
    begins, ends = batch.others[1, other], batch.others[2, other]
    for hit in range(begins, min(ends, begins + MOST_STORES)):
        room.hits[hit - begins] = answer.codes[hit]
    return whole(ends - begins)


@compiled
def _have_room(packed: Packed, which: Indices, telling: Telling) -> bool:
    """Whether each has SPARE bytes; all bytes are then on their way from memory at once, not one after the other."""
    touched, have_room = whole(0), True
    for number in range(len(which)):
        place = packed.places[which[number]]
        place[IS_LEFT] = 0
        have_room &= place[LENGTH] + SPARE <= place[ROOM]
        for byte in range(place[BEGINS], place[BEGINS] + place[LENGTH], _LINE):
            touched ^= packed.words[byte >> 2]
    telling.state[TOUCHED] = touched
    return have_room


@compiled
def ring_out(
    packed: Packed,
    which: Indices,
    until: int,
    world: World,
    became: Indices,
    dues: Indices,
    telling: Telling,
    room: Room,
) -> None:
    """Fire the timers of some devices due at or before `until`, in the same way."""
    for number in range(len(which)):
        device, told = which[number], telling.state[COUNT]
        word = packed.places[device, BEGINS] >> 2
        telling.state[TELLER], became[number], dues[number] = number, LEFT, NEVER
        if told + MOST_TOLD > len(telling.rows) or not is_plain(packed, device):
            continue
        stores, before = stores_of(packed, word), Fixes(room.fixes, 0, count_of(packed, word) - 1)
        if _read(packed, device, whole(0), world, room):
            _expire(stores, until, before, world, room, telling)
            if telling.state[COUNT] > told and not write_stores(
                packed, device, 0, False, stores, True, world.table, room
            ):
                telling.state[COUNT] = told
                continue
            became[number], dues[number] = DONE, _next_due(stores, before, room)


@compiled
def _apply(
    packed: Packed, device: int, asked: Floats, near: int, answer: Answer, world: World, room: Room, telling: Telling
) -> tuple[int, int]:
    if not _is_sound(asked, world.limits):
        return ALONE, NEVER
    if near > MOST_STORES or (world.limits.crossings and asked[SPEED] > FAST):
        return LEFT, NEVER
    if packed.places[device, LENGTH] == 0:
        if near == 0:
            begin(packed, device, asked, room)
        return LEFT if near else DONE, NEVER
    word = packed.places[device, BEGINS] >> 2
    if not is_plain(packed, device):
        return LEFT, NEVER
    elapsed = int(asked[AT]) - newest_at_of(packed, word)
    if elapsed <= 0:
        return LEFT if -LATENESS <= elapsed < 0 else _too_late(packed, word, int(asked[AT]), room), NEVER
    count, stores = count_of(packed, word), stores_of(packed, word)
    keep(asked, room.fixes[count])
    if not is_near(packed, word, room.fixes[count], world.limits.max_speed * elapsed):
        return LEFT, NEVER
    if near + stores == 0:
        if elapsed >= SILENCE:
            begin(packed, device, asked, room)
            return DONE, NEVER
        return DONE if move_on(packed, device, stores, near > 0, world.table, room) else LEFT, NEVER
    see(near, answer, world.table, room)
    if elapsed >= SILENCE or not _read(packed, device, near, world, room):
        return LEFT, NEVER
    return _advance(packed, device, near, world, room, telling)


@called
def _too_late(packed: Packed, word: int, at: int, room: Room) -> int:
    """Why a fix is not believed that is not newer than the newest."""
    read_fixes(packed, word, room.fixes)
    for number in range(count_of(packed, word)):
        if room.fixes[number, AT] == at:
            return DUPLICATE
    return OUT_OF_ORDER


@compiled
def _is_sound(asked: Floats, limits: Limits) -> bool:
    """Nothing is wrong with a fix by itself. A NaN compares false."""
    lon, lat = asked[LON], asked[LAT]
    return bool(
        -180 <= lon <= 180
        and -90 <= lat <= 90
        and (abs(lon) > 1e-6 or abs(lat) > 1e-6)
        and 0 <= asked[ACCURACY] <= limits.max_accuracy
        and asked[NOW] - limits.max_age <= asked[AT] <= asked[NOW] + limits.max_ahead
        and asked[MOCKED] == 0
    )


@compiled
def _read(packed: Packed, device: int, near: int, world: World, room: Room) -> bool:
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
def _advance(packed: Packed, device: int, near: int, world: World, room: Room, telling: Telling) -> tuple[int, int]:
    """The stores of a device whose newest fix stands after the others."""
    word, told = packed.places[device, BEGINS] >> 2, telling.state[COUNT]
    count, known = count_of(packed, word), stores_of(packed, word)
    started, is_full = started_of(packed, word), count == FIXES_KEPT
    before, after = Fixes(room.fixes, 0, count - 1), Fixes(room.fixes, 1 if is_full else 0, count)
    at, newest_at = room.fixes[count, AT], room.fixes[count - 1, AT]
    if _are_timed(known, room):
        _expire(known, at, before, world, room, telling)
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
        due = _next_due(kept, after, room)
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
def _expire(stores: int, until: int, fixes: Fixes, world: World, room: Room, telling: Telling) -> None:
    """Fire all timers due at or before `until`, in order of time."""
    telling.state[IS_TIMER] = 1
    due = _next_due(stores, fixes, room)
    while due != NEVER and due <= until:
        for number in range(stores):
            row = room.rows[number]
            had_pendings = has_pendings(row)
            if fire(row, room.zones[number, 0], world.table, due, fixes, telling):
                note(row, had_pendings, fixes)
        due = _next_due(stores, fixes, room)


@compiled
def _next_due(stores: int, fixes: Fixes, room: Room) -> int:
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
