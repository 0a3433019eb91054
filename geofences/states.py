"""What presence consists of, and what comes of it. How it changes stands in `presence.py` alone."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from geofences.fixes import Fix
from geofences.rings import Ring


class TransitionKind(StrEnum):
    """What happened."""

    ENTER = "ENTER"
    DWELL = "DWELL"
    EXIT = "EXIT"
    PASS_BY = "PASS_BY"


class TransitionReason(StrEnum):
    """What is special about it."""

    FIRST_SEEN = "first_seen"
    TIMEOUT = "timeout"
    PASS_BY = "pass_by"


class Transition(NamedTuple):
    """A change of one ring: it happened `at`, we believed it at `confirmed_at` (ms), by `fix`, the newest then."""

    kind: TransitionKind
    store: str
    ring: Ring
    at: int
    confirmed_at: int
    reason: TransitionReason | None
    fix: Fix

    @property
    def geofence(self) -> str:
        """`haussmann/proximity`."""
        return f"{self.store}/{self.ring.label}"


class Pending(NamedTuple):
    """A change of one ring that is not confirmed: the leave of a ring held, else an entry. Its hold ends at `due`."""

    ring: Ring
    began: int
    due: int
    evidence: int


class StorePresence(NamedTuple):
    """One device at one store. `visit_due` is when a DWELL is due; None without one to wait for.

    `since` is when the ring held was entered, or the one within it left; `told` is the `confirmed_at` of the last
    transition here. One that holds no ring and waits for nothing is remembered for as long as a fix may be late.
    `earlier` is what was pending before the oldest fix kept, or after `told` if that is later: from there a late fix
    makes it go through the fixes again. `stirred` is the time of the last kept fix with anything pending around it; 0
    if there is none, and then `earlier` is empty.
    """

    version: int
    held: Ring = Ring.OUTSIDE
    since: int = 0
    told: int = 0
    visit_due: int | None = None
    visited: bool = False
    pendings: tuple[Pending, ...] = ()
    earlier: tuple[Pending, ...] = ()
    stirred: int = 0


_NOWHERE: Mapping[str, StorePresence] = {}


class Presence(NamedTuple):
    """One device: its last believed fixes (newest last), a fix that waits for a second one, and the stores near it."""

    fixes: tuple[Fix, ...] = ()
    suspect: Fix | None = None
    stores: Mapping[str, StorePresence] = _NOWHERE
    started: int = 0

    @property
    def newest(self) -> Fix | None:
        """The newest believed fix."""
        return self.fixes[-1] if self.fixes else None
