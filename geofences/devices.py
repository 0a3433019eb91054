"""Many devices followed in one process: the presence of each stays packed in a dict.

For whoever wants transitions of pings and needs no Kafka, no Redis and no offers:

    devices = Devices(GeofenceIndex(zones))
    for device, transition in devices.apply([("phone", fix)], now): ...
"""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from math import isfinite

import numpy as np

from geofences.evidence import bound
from geofences.fixes import DEFAULT_SCREEN, FAST, Fix, FixRejection, ScreenPolicy
from geofences.index import GeofenceIndex, Sighting
from geofences.presence import advance, expire, next_due, screened
from geofences.presence_codec import pack, short_way, unpack
from geofences.states import Presence, Transition

Told = list[tuple[str, Transition]]


class Devices:
    """All devices by name. `index` may be given another one between two batches."""

    def __init__(self, index: GeofenceIndex, policy: ScreenPolicy = DEFAULT_SCREEN) -> None:
        self.index = index
        self.rejections: list[tuple[str, FixRejection]] = []
        self._policy = policy
        self._packed: dict[str, bytes] = {}
        self._dues: dict[str, int] = {}
        self._hints: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._packed)

    def presence(self, device: str) -> Presence:
        """What is believed about one device."""
        return unpack(self._packed.get(device, b""))

    def saved(self) -> dict[str, bytes]:
        """The packed presence of every device, to be kept over a restart."""
        return dict(self._packed)

    def restore(self, saved: Mapping[str, bytes]) -> None:
        """Take up what was saved; timers go on. PresenceFormatError for what is no presence of this version."""
        for device, packed in saved.items():
            self._keep(device, unpack(packed))

    def apply(self, fixes: Sequence[tuple[str, Fix]], now: int) -> Told:
        """Take in the fixes of a batch in their order; what is not believed at `now` (ms) goes to `rejections`."""
        told: Told = []
        packed, policy, crossings = self._packed, self._policy, bool(self.index.crossings)
        for (device, fix), seen in zip(fixes, self._located(fixes), strict=True):
            step = None
            if not (crossings and (fix.speed or 0.0) > FAST):
                step = short_way(packed.get(device, b""), fix, seen, now, policy)
            if isinstance(step, bytes):
                packed[device] = step
            elif step is None:
                told += self._unpacked(device, fix, seen, now)
            else:
                self.rejections.append((device, step))
        return told

    def expire(self, until: int) -> Told:
        """Fire the timers due at or before `until` (ms), in order of time."""
        told: Told = []
        while self._hints and self._hints[0][0] <= until:
            _, device = heappop(self._hints)
            self._dues.pop(device, None)
            presence, fired = expire(self.presence(device), until, self.index)
            self._keep(device, presence)
            told += [(device, each) for each in fired]
        return sorted(told, key=lambda each: each[1].confirmed_at)

    def _located(self, fixes: Sequence[tuple[str, Fix]]) -> list[tuple[Sighting, ...]]:
        asked = [(fix.lon, fix.lat, bound(fix.accuracy)) for _, fix in fixes]
        # A place that is no number is rejected by the screen, and has no cell.
        good = [isfinite(lon) and isfinite(lat) for lon, lat, _ in asked]
        if not all(good):
            found = iter(self._located([each for each, is_good in zip(fixes, good, strict=True) if is_good]))
            return [next(found) if is_good else () for is_good in good]
        if len(asked) == 1:
            return [self.index.locate_one(*asked[0])]
        return self.index.locate(*np.array(asked).reshape(-1, 3).T)

    def _unpacked(self, device: str, fix: Fix, seen: Iterable[Sighting], now: int) -> Told:
        presence, rejection = screened(self.presence(device), fix, now, self._policy)
        fired: tuple[Transition, ...] = ()
        if rejection is None:
            presence, fired = advance(presence, fix, seen, self.index)
        else:
            self.rejections.append((device, rejection))
        self._keep(device, presence)
        return [(device, each) for each in fired]

    def _keep(self, device: str, presence: Presence) -> None:
        self._packed[device] = pack(presence)
        due, known = next_due(presence), self._dues.get(device)
        if due is not None and (known is None or due < known):
            self._dues[device] = due
            heappush(self._hints, (due, device))
