"""Presence as bytes: at most 320 for a device near 3 stores, and a short way for a device that is near none.

Little endian; a u48 is its upper u16, then its lower u32. Positions are rounded before they are used, so that storing a
state never changes an outcome.
- header: version u8, number of fixes u8, number of stores u8, flags u8 (1: a suspect follows the fixes), started i64,
  time of the newest fix i64
- fix: lon i32, lat i32 (1e-7 degree), low 32 bits of its time (ms), accuracy u16 (0.1 m), speed u16 (0.01 m/s or 65535)
- store: length u8 and bytes of its id, geometry version u32, ring held u8, flags u8 (1: visited, 2: a DWELL is due),
  number of pendings u8, since u48, due u48 if flagged
- pending: ring u8, began u48, hold u32 (ms), evidence u16
"""

import struct
from struct import Struct

from geofences.fixes import DEFAULT_SCREEN, DEGREE, Fix, FixRejection, ScreenPolicy, screen
from geofences.presence import FIXES_KEPT, SILENCE, Pending, Presence, StorePresence
from geofences.rings import RINGS

VERSION = 1
_HEADER = Struct("<BBBBqq")
_FIX = Struct("<iiIHH")
_STORE = Struct("<IBBBHI")
_TIME = Struct("<HI")
_PENDING = Struct("<BHIIH")
_FIRST_FIX, _FIX_SIZE = _HEADER.size, _FIX.size
_LOW = (1 << 32) - 1
_NO_SPEED = 0xFFFF
_HAS_SUSPECT, _VISITED, _VISIT_DUE = 1, 1, 2


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
        parts.append(_pack_store(store, state))
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
        return Presence(tuple(read), suspect, _unpack_stores(blob, end, stores) if stores else {}, started)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise PresenceFormatError(f"{len(blob)} bytes are no presence: {error}") from error


def is_quiet(blob: bytes) -> bool:
    """Whether a packed presence is near no store and waits for no second fix."""
    return not blob or (blob[0] == VERSION and blob[2] == 0 and blob[3] == 0)


def newest(blob: bytes) -> Fix | None:
    """The newest believed fix of a packed presence."""
    if not blob or blob[1] == 0:
        return None
    (at,) = _TIME_OF_NEWEST.unpack_from(blob, _FIRST_FIX - _TIME_OF_NEWEST.size)
    return _fix(_FIX.unpack_from(blob, _FIRST_FIX + (blob[1] - 1) * _FIX_SIZE), at)


def with_fix(blob: bytes, fix: Fix) -> bytes:
    """A quiet presence after a believed fix that no zone holds: the bytes that `advance` would lead to."""
    if blob:
        _, fixes, _, _, started, newest_at = _HEADER.unpack_from(blob)
        if fix.at <= newest_at:
            return blob
        if fix.at - newest_at < SILENCE:
            skipped = _FIX_SIZE if fixes == FIXES_KEPT else 0
            header = _HEADER.pack(VERSION, fixes + (not skipped), 0, 0, started, fix.at)
            return header + blob[_FIRST_FIX + skipped :] + _pack_fix(fix)
    return _HEADER.pack(VERSION, 1, 0, 0, fix.at, fix.at) + _pack_fix(fix)


def quiet_step(blob: bytes, fix: Fix, now: int, policy: ScreenPolicy = DEFAULT_SCREEN) -> bytes | FixRejection | None:
    """The short way of a fix that no zone holds: the new bytes, or why the fix is not believed.

    None where the long way is needed: the device is near a store, or the fix may confirm a suspect or becomes one.
    """
    if not is_quiet(blob):
        return None
    rejection = screen(fix, newest(blob), now, policy)
    if rejection is None:
        return with_fix(blob, fix)
    return None if rejection is FixRejection.IMPOSSIBLE_SPEED else rejection


_TIME_OF_NEWEST = Struct("<q")


def _pack_unseen(presence: Presence) -> bytes:
    if presence != Presence():
        raise ValueError("a presence without a fix knows nothing else")
    return b""


def _header(presence: Presence, newest_at: int) -> bytes:
    flags = 0 if presence.suspect is None else _HAS_SUSPECT
    return _HEADER.pack(VERSION, len(presence.fixes), len(presence.stores), flags, presence.started, newest_at)


def _pack_fix(fix: Fix) -> bytes:
    lon, lat, accuracy, at, speed, _ = fix
    rounded = min(round(accuracy * 10), 0xFFFF)
    coded = _NO_SPEED if speed is None or not speed >= 0 else min(round(speed * 100), _NO_SPEED - 1)
    return _FIX.pack(round(lon * DEGREE), round(lat * DEGREE), at & _LOW, rounded, coded)


def _fix(fields: tuple[int, ...], newest_at: int) -> Fix:
    """Times of fixes lie within days of the newest, so their low 32 bits (49 days) tell them."""
    lon, lat, low, accuracy, speed = fields
    after = (low - newest_at + 0x80000000 & _LOW) - 0x80000000
    return Fix(
        lon / DEGREE, lat / DEGREE, accuracy / 10, newest_at + after, None if speed == _NO_SPEED else speed / 100
    )


def _pack_store(store: str, state: StorePresence) -> bytes:
    name = store.encode()
    flags = (_VISITED if state.visited else 0) | (0 if state.visit_due is None else _VISIT_DUE)
    fixed = _STORE.pack(state.version, state.held, flags, len(state.pendings), *_halves(state.since))
    due = b"" if state.visit_due is None else _TIME.pack(*_halves(state.visit_due))
    pendings = (_PENDING.pack(p.ring, *_halves(p.began), p.due - p.began, p.evidence) for p in state.pendings)
    return b"".join((bytes((len(name),)), name, fixed, due, *pendings))


def _unpack_stores(blob: bytes, place: int, count: int) -> dict[str, StorePresence]:
    stores = {}
    for _ in range(count):
        named = place + 1 + blob[place]
        store = blob[place + 1 : named].decode()
        version, held, flags, pendings, high, low = _STORE.unpack_from(blob, named)
        place, visit_due = named + _STORE.size, None
        if flags & _VISIT_DUE:
            visit_due = _whole(*_TIME.unpack_from(blob, place))
            place += _TIME.size
        end = place + pendings * _PENDING.size
        pending = tuple(_pending(*fields) for fields in _PENDING.iter_unpack(blob[place:end])) if pendings else ()
        stores[store] = StorePresence(
            version, RINGS[held], _whole(high, low), visit_due, bool(flags & _VISITED), pending
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
