"""When each of many things was last bought, at 12 bytes a thing: exact or not known, and never wrong.

Of each name the latest time is kept, and the one before it for as long as the latest may still lie after a trigger that
is being decided. There is room for so many names; what had to go was last bought at or before `lost`, so that a window
that begins later is known to hold none of it. Times are milliseconds UTC, names digests of six bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from struct import Struct
from typing import NamedTuple

LONGEST = 1_200 * 86_400_000
"""Milliseconds before the newest purchase of all that a name is kept."""

OVERLAP = 86_400_000
"""Milliseconds before the newest purchase that the time before the latest is kept as well."""

REMEMBERED = 65_536
"""Names whose digests are kept at hand: those of the products of all retailers."""

DIGEST = 6
_ENTRY = Struct(">6sHI")
_NAME = Struct(">6s6x")


class Recency(NamedTuple):
    """The latest time of each name, newest first; the one before it, of some; and the end of what was forgotten."""

    latest: bytes = b""
    before: bytes = b""
    lost: int = -1


NEVER = Recency()


@lru_cache(maxsize=REMEMBERED)
def digest(name: str) -> bytes:
    """What stands for a name, however long it is."""
    return blake2b(name.encode(), digest_size=DIGEST).digest()


def with_times(recency: Recency, names: Iterable[bytes], at: int, most: int) -> Recency:
    """`recency` after each of `names` was bought at `at`, with at most `most` names; twice is once, in any order."""
    if at <= recency.lost:
        return recency
    latest, before = _read(recency.latest), _read(recency.before)
    for name in names:
        known = latest.setdefault(name, at)
        if at > known:
            latest[name], before[name] = at, known
        elif at < known:
            before[name] = max(at, before.get(name, -1))
    if not latest:
        return recency
    return _bounded(latest, before, recency.lost, most)


def joined(recency: Recency, other: Recency, most: int) -> Recency:
    """`recency` with all that `other` knows, and no more than both know."""
    for name, high, low in _ENTRY.iter_unpack(other.latest + other.before):
        recency = with_times(recency, [name], high << 32 | low, most)
    return recency._replace(lost=max(recency.lost, other.lost))


def in_window(recency: Recency, name: bytes, start: int, end: int) -> bool | None:
    """Whether it was bought at `start` or later, and not after `end`; None where that is not known any more."""
    latest = _find(recency.latest, name)
    if latest is None:
        return False if _all_known(recency, start) else None
    if latest <= end:
        return latest >= start
    before = _find(recency.before, name)
    if before is not None:
        return before >= start if before <= end else None
    is_first = latest > _newest(recency.latest) - OVERLAP
    return False if is_first and _all_known(recency, start) else None


def times(recency: Recency) -> Iterator[int]:
    """All times that are kept."""
    return (high << 32 | low for _, high, low in _ENTRY.iter_unpack(recency.latest + recency.before))


def digests(recency: Recency) -> Iterator[bytes]:
    """All names that are kept, that of what was bought last first."""
    return (name for (name,) in _NAME.iter_unpack(recency.latest))


def _all_known(recency: Recency, start: int) -> bool:
    return start > recency.lost or recency.lost < 0


def _bounded(latest: dict[bytes, int], before: dict[bytes, int], lost: int, most: int) -> Recency:
    ranked = sorted(latest.items(), key=lambda each: (-each[1], each[0]))
    newest = ranked[0][1]
    kept = {name: at for name, at in islice(ranked, most) if at > newest - LONGEST}
    if len(kept) < len(ranked):
        lost = max(lost, ranked[len(kept)][1])
    recent = {name: at for name, at in before.items() if kept.get(name, -1) > newest - OVERLAP}
    return Recency(_write(kept), _write(dict(sorted(recent.items()))), lost)


def _newest(entries: bytes) -> int:
    if not entries:
        return -1
    _, high, low = _ENTRY.unpack_from(entries)
    return int(high << 32 | low)


def _find(entries: bytes, name: bytes) -> int | None:
    place = entries.find(name)
    while place > 0 and place % _ENTRY.size:  # it may stand across two entries as well
        place = entries.find(name, place + 1)
    if place < 0:
        return None
    _, high, low = _ENTRY.unpack_from(entries, place)
    return int(high << 32 | low)


def _read(entries: bytes) -> dict[bytes, int]:
    return {name: high << 32 | low for name, high, low in _ENTRY.iter_unpack(entries)}


def _write(times: Mapping[bytes, int]) -> bytes:
    return b"".join(_ENTRY.pack(name, at >> 32, at & 0xFFFFFFFF) for name, at in times.items())
