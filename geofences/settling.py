"""Batches of fixes and timers for packed presences: `advancing.py` for Python."""

from collections.abc import Sequence
from math import isnan
from typing import NamedTuple

import numpy as np

from geofences.advancing import CRAMPED, CROWDED, MOST_TOLD, ring_out, settle
from geofences.compiled import direct
from geofences.device_rows import Limits, World
from geofences.fixes import DEFAULT_SCREEN, DEGREE, Fix, ScreenPolicy
from geofences.index import GeofenceIndex
from geofences.lookup import Answer, Batch
from geofences.machine_rows import NO_SPEED
from geofences.metric import Floats, Indices
from geofences.packed import a_room
from geofences.rings import RINGS
from geofences.shelf import Shelf
from geofences.states import Transition, TransitionKind, TransitionReason
from geofences.told_rows import COUNT, NEWS, TOLD_WIDTH, Telling

KINDS = (TransitionKind.ENTER, TransitionKind.DWELL, TransitionKind.EXIT, TransitionKind.PASS_BY)
REASONS = (None, TransitionReason.FIRST_SEEN, TransitionReason.TIMEOUT, TransitionReason.PASS_BY)
_new = tuple.__new__
AT_ONCE = 4_096
"""Transitions for which there is room; what tells more is left."""


class Settled(NamedTuple):
    """Of each fix, or device: what became of it, and when its next timer is due, where that may be news, or NEVER.

    `told`: the number of the fix or device, and a transition, in their order. Without `news` none was left, and none
    has another timer.
    """

    became: Indices
    dues: Indices
    told: list[tuple[int, Transition]]
    news: bool


def columns_of(fixes: Sequence[Fix], nows: int | Sequence[int]) -> Floats:
    """Fixes as `advancing.settle` takes them: a row a property, a column a fix."""
    columns = np.empty((7, len(fixes)))
    columns[:6] = np.array(list(zip(*fixes, strict=True)), np.float64)
    columns[6] = nows
    return columns


def fix_of(column: Floats) -> Fix:
    """One of them again."""
    lon, lat, accuracy, at, speed, mocked, _ = column.tolist()
    return Fix(lon, lat, accuracy, int(at), None if isnan(speed) else speed, bool(mocked))


class Settler:
    """The zones of an index and what is believed of fixes, ready for compiled code.

    A quiet one leaves what tells something, or has a timer sooner than that of silence.
    """

    def __init__(self, index: GeofenceIndex, policy: ScreenPolicy = DEFAULT_SCREEN, is_quiet: bool = False) -> None:
        limits = (policy.max_accuracy, policy.max_age, policy.max_ahead, policy.max_speed)
        self._stores = [zone.store for zone in index.zones]
        self._world = World(Limits(*limits, bool(index.crossings), is_quiet), index.layout, index.table)
        self._room = a_room()
        self._telling = Telling(np.empty((AT_ONCE + MOST_TOLD, TOLD_WIDTH), np.int64), np.zeros(5, np.int64))
        self._batches: dict[int, Batch] = {}
        self._answer = Answer.with_room_for(AT_ONCE)
        packed, none = Shelf().packed, np.zeros(0, np.int64)
        given = (self._world, none, none.copy(), self._telling, self._room)
        self._settle = direct(settle, packed, none, np.zeros((7, 0)), *given, self._batch(0), self._answer)
        self._ring_out = direct(ring_out, packed, none, 0, *given)

    def apply(self, shelf: Shelf, which: Indices, fixes: Floats) -> Settled:
        """Take in fixes of these devices, in their order."""
        became, dues = np.empty(len(which), np.int64), np.empty(len(which), np.int64)
        telling, batch, fixes = self._telling, self._batch(len(which)), np.ascontiguousarray(fixes)
        while True:
            telling.state[COUNT] = 0
            given = (self._world, became, dues, telling, self._room, batch, self._answer)
            self._settle(shelf.packed, which, fixes, *given)
            if telling.state[NEWS] == CRAMPED:
                shelf.widen(which)
            elif telling.state[NEWS] == CROWDED:
                self._answer = Answer.with_room_for(2 * len(self._answer.codes))
            else:
                return Settled(became, dues, self._told(), bool(telling.state[NEWS]))

    def expire(self, shelf: Shelf, which: Indices, until: int) -> Settled:
        """Fire the timers of these devices due at or before `until` (ms)."""
        became, dues = np.empty(len(which), np.int64), np.empty(len(which), np.int64)
        self._telling.state[COUNT] = 0
        self._ring_out(shelf.packed, which, until, self._world, became, dues, self._telling, self._room)
        return Settled(became, dues, self._told(), True)

    def _batch(self, size: int) -> Batch:
        """Batches have few sizes."""
        if size not in self._batches:
            self._batches[size] = Batch.of(np.zeros((3, size)), len(self._world.layout.levels))
        return self._batches[size]

    def _told(self) -> list[tuple[int, Transition]]:
        """The transitions of a fix, or timer, have the same fix."""
        told: list[tuple[int, Transition]] = []
        teller = (-1, 0)
        count = self._telling.state[COUNT]
        for row in self._telling.rows[:count].tolist() if count else ():
            number, is_fired, zone, ring, kind, at, confirmed_at, reason, lon, lat, accuracy, time, speed = row
            if (number, is_fired) != teller:
                teller, fix = (number, is_fired), _fix(lon, lat, accuracy, time, speed)
            fields = (KINDS[kind], self._stores[zone], RINGS[ring], at, confirmed_at, REASONS[reason], fix)
            told.append((number, _new(Transition, fields)))
        return told


def _fix(lon: int, lat: int, accuracy: int, at: int, speed: int) -> Fix:
    return Fix(lon / DEGREE, lat / DEGREE, accuracy / 10, at, None if speed == NO_SPEED else speed / 100)
