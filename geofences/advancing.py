"""Fixes of a batch, and timers, applied to packed presences by compiled code: `presence.py` for what nearly all need.

The law stands there. Whatever is rare, a late fix, a leap, a fence that changed, is left to it, untouched; what is done
here comes to the same bytes and transitions, which tests hold. Once a fix of a device was left, all that follow are.
"""

from math import inf

from geofences.compiled import called, compiled, whole
from geofences.device_rows import (
    ALONE,
    DONE,
    DUPLICATE,
    LEFT,
    OUT_OF_ORDER,
    Limits,
    World,
    advance,
    expire,
    next_due,
    read,
)
from geofences.evidence import bound
from geofences.fixes import FAST, LATENESS
from geofences.lookup import Answer, Batch, look_up_all
from geofences.machine import SILENCE
from geofences.machine_rows import ACCURACY, AT, LAT, LON, SPEED, Fixes
from geofences.metric import Floats, Indices
from geofences.packed import (
    BEGINS,
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
    stores_of,
    write_stores,
)
from geofences.presence_rows import NEVER
from geofences.seeing import see
from geofences.told_rows import COUNT, NEWS, TELLER, TOUCHED, Telling

MOCKED, NOW = 5, 6
"""Rows of the fixes of a batch, after those of machine_rows: degrees, metres, ms, m/s or NaN, 0 or 1, ms."""
SPARE = 160
"""Bytes that a fix may need: for itself, and for stores and pending changes."""
CRAMPED, CROWDED = -1, -2
_LINE = 64
"""Bytes that come from memory together."""
MOST_TOLD = 16 * MOST_STORES
"""Transitions of one fix or timer, at most."""


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
        if read(packed, device, whole(0), world, room):
            expire(stores, until, before, world, room, telling)
            if telling.state[COUNT] > told and not write_stores(
                packed, device, 0, False, stores, True, world.table, room
            ):
                telling.state[COUNT] = told
                continue
            became[number], dues[number] = DONE, next_due(stores, before, room)


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
    if elapsed >= SILENCE or not read(packed, device, near, world, room):
        return LEFT, NEVER
    return advance(packed, device, near, world, room, telling)


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
