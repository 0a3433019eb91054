"""Many devices followed in one process: the presence of each stays packed.

For whoever wants transitions of pings and needs no Kafka, no Redis and no offers:

    devices = Devices(GeofenceIndex(zones))
    for device, transition in devices.apply([("phone", fix)], now): ...
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

import numpy as np

from geofences.evidence import bound
from geofences.fixes import DEFAULT_SCREEN, Fix, FixRejection, ScreenPolicy
from geofences.index import GeofenceIndex
from geofences.metric import Floats, Indices
from geofences.presence import advance, expire, next_due, screened
from geofences.presence_codec import pack, unpack
from geofences.settling import Settler, columns_of, fix_of
from geofences.shelf import Shelf
from geofences.states import Presence, Transition

Told = list[tuple[str, Transition]]
MANY = 256
"""Devices whose timers fire at once."""
BEFORE_ALL = -1


class Devices:
    """All devices by name. `index` may be given another one between two batches."""

    def __init__(self, index: GeofenceIndex, policy: ScreenPolicy = DEFAULT_SCREEN) -> None:
        self.rejections: list[tuple[str, FixRejection]] = []
        self._policy = policy
        self.index = index
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._shelf = Shelf()
        self._dues: dict[int, int] = {}
        self._hints: list[tuple[int, int]] = []

    @property
    def index(self) -> GeofenceIndex:
        """The zones."""
        return self._index

    @index.setter
    def index(self, index: GeofenceIndex) -> None:
        self._index, self._settler = index, Settler(index, self._policy)

    def __len__(self) -> int:
        return len(self._names)

    def presence(self, device: str) -> Presence:
        """What is believed about one device."""
        number = self._numbers.get(device)
        return Presence() if number is None else unpack(self._shelf[number])

    def saved(self) -> dict[str, bytes]:
        """The packed presence of every device, to be kept over a restart."""
        return {device: self._shelf[number] for device, number in self._numbers.items()}

    def restore(self, saved: Mapping[str, bytes]) -> None:
        """Take up what was saved; timers go on. PresenceFormatError for what is no presence of this version."""
        which = np.array([self._number(device) for device in saved], np.int64)
        for number, packed in zip(which.tolist(), saved.values(), strict=True):
            self._shelf[number] = packed
        became, dues, _, _ = self._settler.expire(self._shelf, which, BEFORE_ALL)
        self._remind(which, dues)
        for number in which[np.flatnonzero(became)].tolist():
            self._keep(number, unpack(self._shelf[number]))

    def apply(self, fixes: Sequence[tuple[str, Fix]], now: int) -> Told:
        """Take in the fixes of a batch in their order; what is not believed at `now` (ms) goes to `rejections`."""
        if not fixes:
            return []
        devices, each = zip(*fixes, strict=True)
        return self.apply_columns(devices, columns_of(each, now), now)

    def apply_columns(self, devices: Sequence[str], fixes: Floats, now: int) -> Told:
        """The same for fixes in columns (`settling.columns_of`)."""
        which = self._all_numbers(devices)
        became, dues, told, news = self._settler.apply(self._shelf, which, fixes)
        if news:
            self._remind(which, dues)
            for place in np.flatnonzero(became).tolist():
                left = self._settle(int(which[place]), fix_of(fixes[:, place]), now)
                told += [(place, each) for each in left]
            told.sort(key=_first)
        return [(devices[place], each) for place, each in told]

    def expire(self, until: int) -> Told:
        """Fire the timers due at or before `until` (ms), in order of time."""
        numbers: list[int] = []
        while self._hints and self._hints[0][0] <= until:
            _, number = heappop(self._hints)
            if self._dues.pop(number, None) is not None:
                numbers.append(number)
        told: Told = []
        for first in range(0, len(numbers), MANY):
            told += self._expire(np.array(numbers[first : first + MANY]), until)
        return sorted(told, key=lambda each: each[1].confirmed_at)

    def _expire(self, which: Indices, until: int) -> Told:
        became, dues, told, _ = self._settler.expire(self._shelf, which, until)
        self._remind(which, dues)
        for place in np.flatnonzero(became).tolist():
            presence, fired = expire(unpack(self._shelf[which[place]]), until, self.index)
            self._keep(int(which[place]), presence)
            told += [(place, each) for each in fired]
        told.sort(key=_first)
        return [(self._names[which[place]], each) for place, each in told]

    def _number(self, device: str) -> int:
        number = self._numbers.get(device)
        if number is None:
            number = self._numbers[device] = self._shelf.add()
            self._names.append(device)
        return number

    def _all_numbers(self, devices: Sequence[str]) -> Indices:
        try:
            return np.array([self._numbers[device] for device in devices], np.int64)
        except KeyError:
            return np.array([self._number(device) for device in devices], np.int64)

    def _settle(self, number: int, fix: Fix, now: int) -> list[Transition]:
        """What compiled code left of a batch."""
        presence = unpack(self._shelf[number])
        after, rejection = screened(presence, fix, now, self._policy)
        fired: tuple[Transition, ...] = ()
        if rejection is None:
            seen = self.index.locate_one(fix.lon, fix.lat, bound(fix.accuracy))
            after, fired = advance(after, fix, seen, self.index)
        else:
            self.rejections.append((self._names[number], rejection))
        if after is not presence:
            self._keep(number, after)
        return list(fired)

    def _keep(self, number: int, presence: Presence) -> None:
        self._shelf[number] = pack(presence)
        due = next_due(presence)
        if due is not None:
            self._note(number, due)

    def _remind(self, which: Indices, dues: Indices) -> None:
        for place in np.flatnonzero(dues >= 0).tolist():
            self._note(int(which[place]), int(dues[place]))

    def _note(self, number: int, due: int) -> None:
        known = self._dues.get(number)
        if known is None or due < known:
            self._dues[number] = due
            heappush(self._hints, (due, number))


def _first(told: tuple[int, Transition]) -> int:
    return told[0]
