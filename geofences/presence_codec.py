"""Presence as bytes: at most 320 for a device near 3 stores, and a short way for a fix that changes nothing.

Little endian; a u48 is its upper u16, then its lower u32. Positions are rounded before they are used, so that storing a
state never changes an outcome.
- header: version u8, number of fixes u8, number of stores u8, flags u8 (1: a suspect follows the fixes), started i64,
  time of the newest fix i64
- fix: lon i32, lat i32 (1e-7 degree), low 32 bits of its time (ms), accuracy u16 (0.1 m), speed u16 (0.01 m/s or 65535)
- store: length u8 and bytes of its id, geometry version u32, ring held u8, flags u8 (1: visited, 2: a DWELL is due;
  upper half: which of the fixes stirred it last, from 1), number of pendings u8 (upper half: of earlier ones), since
  u48, told u48, due u48 if flagged, pendings, earlier ones
- pending: ring u8, began u48, hold u32 (ms), evidence u16
"""

import struct
from collections.abc import Sequence
from struct import Struct

from geofences.evidence import is_steady
from geofences.fixes import (
    DEFAULT_SCREEN,
    DEGREE,
    FIXES_KEPT,
    LATENESS,
    LONGEST_DEGREE,
    Fix,
    FixRejection,
    ScreenPolicy,
    hundredths,
    is_reachable,
    screen_alone,
    tenths,
)
from geofences.index import Sighting
from geofences.presence import SILENCE
from geofences.rings import RINGS
from geofences.states import Pending, Presence, StorePresence

VERSION = 3
_HEADER = Struct("<BBBBqq")
_FIX = Struct("<iiIHH")
_PLACE = Struct("<ii")
_MILLIMETRES = LONGEST_DEGREE * 1_000 / DEGREE
_STORE = Struct("<IBBBHIHI")
_VERSION_SIZE = 4
_AFTER_VERSION = _STORE.size - _VERSION_SIZE
_TIME = Struct("<HI")
_PENDING = Struct("<BHIIH")
_FIRST_FIX, _FIX_SIZE = _HEADER.size, _FIX.size
_LOW = (1 << 32) - 1
_new = tuple.__new__
_NO_SPEED = 0xFFFF
_HAS_SUSPECT, _VISITED, _VISIT_DUE, _STIRRED = 1, 1, 2, 16


class PresenceFormatError(ValueError):
    """The bytes are no presence of this version; the device starts anew."""


def pack(presence: Presence) -> bytes:
    """The bytes of a presence; none at all for one of which nothing is known."""
    if not presence.fixes:
        return _pack_unseen(presence)
    parts = [_header(presence, presence.fixes[-1].at), *map(_pack_fix, presence.fixes)]
    if presence.suspect is not None:
        parts.append(_pack_fix(presence.suspect))
    for store, state in presence.stores.items():
        parts.append(_pack_store(store, state, presence.fixes))
    return b"".join(parts)


def unpack(blob: bytes) -> Presence:
    """The presence of `pack`. PresenceFormatError for anything else."""
    if not blob:
        return Presence()
    try:
        version, fixes, stores, flags, started, newest_at = _HEADER.unpack_from(blob)
        if version != VERSION:
            raise PresenceFormatError(f"presence of version {version}, this is version {VERSION}")
        end = _FIRST_FIX + (fixes + (flags & _HAS_SUSPECT)) * _FIX_SIZE
        read = [_fix(fields, newest_at) for fields in _FIX.iter_unpack(blob[_FIRST_FIX:end])]
        suspect = read.pop() if flags & _HAS_SUSPECT else None
        return Presence(tuple(read), suspect, _unpack_stores(blob, end, stores, read) if stores else {}, started)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise PresenceFormatError(f"{len(blob)} bytes are no presence: {error}") from error


def newest(blob: bytes) -> Fix | None:
    """The newest believed fix of a packed presence."""
    if not blob or blob[1] == 0:
        return None
    newest_at = _HEADER.unpack_from(blob)[5]
    return _fix(_FIX.unpack_from(blob, _FIRST_FIX + (blob[1] - 1) * _FIX_SIZE), newest_at)


def short_way(
    blob: bytes, fix: Fix, sightings: Sequence[Sighting], now: int, policy: ScreenPolicy = DEFAULT_SCREEN
) -> bytes | FixRejection | None:
    """Screen and apply a fix that changes nothing, without unpacking: the new bytes, or why it is not believed.

    None where the long way is needed: a store comes near or goes, something is pending or due, or a suspect is about.
    """
    rejection = screen_alone(fix, now, policy)
    if rejection is not None:
        return rejection
    if not blob:
        return None if sightings else _anew(fix)
    version, fixes, stores, flags, started, newest_at = _HEADER.unpack_from(blob)
    if version != VERSION or flags:
        return None
    elapsed = fix.at - newest_at
    if elapsed <= 0:
        late = -LATENESS <= elapsed < 0
        return None if late else FixRejection.OUT_OF_ORDER if elapsed else FixRejection.DUPLICATE
    end = _FIRST_FIX + fixes * _FIX_SIZE
    x, y = round(fix.lon * DEGREE), round(fix.lat * DEGREE)
    last_x, last_y = _PLACE.unpack_from(blob, end - _FIX_SIZE)
    # The usual case of `is_reachable`: so near that no error circle is needed.
    near = (abs(x - last_x) + abs(y - last_y) + 2) * _MILLIMETRES <= policy.max_speed * elapsed
    if not near and not is_reachable(_fix(_FIX.unpack_from(blob, end - _FIX_SIZE), newest_at), fix, policy):
        return None
    if stores or sightings:
        if elapsed >= SILENCE or stores != len(sightings) or not _are_steady(blob, end, fix, sightings):
            return None
    elif elapsed >= SILENCE:
        return _anew(fix)
    packed = _packed(x, y, fix.at, fix.accuracy, fix.speed)
    if fixes < FIXES_KEPT:
        return _HEADER.pack(VERSION, fixes + 1, stores, 0, started, fix.at) + blob[_FIRST_FIX:end] + packed + blob[end:]
    header = _HEADER.pack(VERSION, fixes, stores, 0, started, fix.at)
    return header + blob[_FIRST_FIX + _FIX_SIZE : end] + packed + blob[end:]


def _anew(fix: Fix) -> bytes:
    return _HEADER.pack(VERSION, 1, 0, 0, fix.at, fix.at) + _pack_fix(fix)


def _are_steady(blob: bytes, place: int, fix: Fix, sightings: Sequence[Sighting]) -> bool:
    """Whether the packed stores are those sighted, with nothing pending, due, or changing."""
    accuracy = tenths(fix.accuracy) / 10
    seen: dict[bytes, Sighting] | None = None
    for sighting in sightings:
        if not blob.startswith(sighting.zone.key, place):  # another order than that of the index
            seen = seen or {each.zone.key: each for each in sightings}
            found = seen.get(blob[place : place + 1 + blob[place] + _VERSION_SIZE])
            if found is None:
                return False
            sighting = found
        zone, distances = sighting
        named = place + len(zone.key)
        held, flags, pendings = blob[named : named + 3]
        if not held or flags & ~_VISITED or pendings:
            return False
        # Who is in every ring and holds the innermost has no evidence for anything.
        if (held != zone.visit_ring or min(distances) < 0.0) and not is_steady(RINGS[held], zone, distances, accuracy):
            return False
        place = named + _AFTER_VERSION
    return True


def _pack_unseen(presence: Presence) -> bytes:
    if presence != Presence():
        raise ValueError("a presence without a fix knows nothing else")
    return b""


def _header(presence: Presence, newest_at: int) -> bytes:
    flags = 0 if presence.suspect is None else _HAS_SUSPECT
    return _HEADER.pack(VERSION, len(presence.fixes), len(presence.stores), flags, presence.started, newest_at)


def _pack_fix(fix: Fix) -> bytes:
    lon, lat, accuracy, at, speed, _ = fix
    return _packed(round(lon * DEGREE), round(lat * DEGREE), at, accuracy, speed)


def _packed(x: int, y: int, at: int, accuracy: float, speed: float | None) -> bytes:
    coded = _NO_SPEED if speed is None or not speed >= 0 else hundredths(speed)
    return _FIX.pack(x, y, at & _LOW, tenths(accuracy), coded)


def _fix(fields: tuple[int, ...], newest_at: int) -> Fix:
    """Times of fixes lie within days of the newest, so their low 32 bits (49 days) tell them."""
    lon, lat, low, accuracy, speed = fields
    at = newest_at + (low - newest_at + 0x80000000 & _LOW) - 0x80000000
    told = None if speed == _NO_SPEED else speed / 100
    return _new(Fix, (lon / DEGREE, lat / DEGREE, accuracy / 10, at, told, False))


def _pack_store(store: str, state: StorePresence, fixes: Sequence[Fix]) -> bytes:
    name = store.encode()
    flags = (_VISITED if state.visited else 0) | (0 if state.visit_due is None else _VISIT_DUE)
    if state.stirred:
        flags |= _STIRRED * (1 + [fix.at for fix in fixes].index(state.stirred))
    pending = len(state.pendings) | len(state.earlier) << 4
    fixed = _STORE.pack(state.version, state.held, flags, pending, *_halves(state.since), *_halves(state.told))
    due = b"" if state.visit_due is None else _TIME.pack(*_halves(state.visit_due))
    every = (*state.pendings, *state.earlier)
    pendings = (_PENDING.pack(p.ring, *_halves(p.began), p.due - p.began, p.evidence) for p in every)
    return b"".join((bytes((len(name),)), name, fixed, due, *pendings))


def _unpack_stores(blob: bytes, place: int, count: int, fixes: Sequence[Fix]) -> dict[str, StorePresence]:
    stores = {}
    for _ in range(count):
        named = place + 1 + blob[place]
        store = blob[place + 1 : named].decode()
        version, held, flags, counts, high, low, told_high, told_low = _STORE.unpack_from(blob, named)
        place, visit_due = named + _STORE.size, None
        if flags & _VISIT_DUE:
            visit_due = _whole(*_TIME.unpack_from(blob, place))
            place += _TIME.size
        pendings = counts & 15
        end = place + (pendings + (counts >> 4)) * _PENDING.size
        every = tuple(_pending(*fields) for fields in _PENDING.iter_unpack(blob[place:end])) if counts else ()
        since, told = _whole(high, low), _whole(told_high, told_low)
        stirred = fixes[flags // _STIRRED - 1].at if flags >= _STIRRED else 0
        stores[store] = StorePresence(
            version,
            RINGS[held],
            since,
            told,
            visit_due,
            bool(flags & _VISITED),
            every[:pendings],
            every[pendings:],
            stirred,
        )
        place = end
    return stores


def _pending(ring: int, high: int, low: int, hold: int, evidence: int) -> Pending:
    began = _whole(high, low)
    return Pending(RINGS[ring], began, began + hold, evidence)


def _halves(time: int) -> tuple[int, int]:
    return time >> 32, time & _LOW


def _whole(high: int, low: int) -> int:
    return high << 32 | low
