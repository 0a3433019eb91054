"""The keyspace in process: for unit tests, scenarios and `replay`. It passes the suite of the Redis one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from streams.tables.keyspace import Change, FirstValue, GivenPlace, Listed, Note, Reminder, Reservation, Saving
from streams.tables.memory_places import MemoryPlaces


class MemoryKeyspace:
    """Keys in a dict; `clock` gives the milliseconds by which they expire."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._values: dict[str, tuple[bytes, int]] = {}
        self._places = MemoryPlaces()
        self._timers: defaultdict[int, dict[str, int]] = defaultdict(dict)
        self._lists: dict[str, tuple[dict[bytes, int], int]] = {}

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """See `Keyspace`."""
        return [self._get(key) for key in keys]

    async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
        """See `Keyspace`."""
        return [self._replace(group) for group in groups]

    def _get(self, key: str) -> bytes | None:
        held = self._values.get(key)
        return held[0] if held is not None and held[1] > self._clock() else None

    def _replace(self, group: Sequence[Change]) -> bool:
        if any(self._get(change.key) != change.expected for change in group):
            return False
        for change in group:
            if change.value is None:
                self._values.pop(change.key, None)
            elif change.value is not change.expected:
                self._values[change.key] = (change.value, self._clock() + change.ttl)
        return True

    async def save(self, savings: Sequence[Saving], ttl: int) -> list[bool]:
        """See `Keyspace`."""
        return [self._save(saving, ttl) for saving in savings]

    def _save(self, saving: Saving, ttl: int) -> bool:
        presence, admission, head, admitted, value = saving
        before = self._get(presence) or b""
        if before[: max(len(head), 1)] != head or self._get(admission) != admitted:
            return False
        self._values[presence] = (value, self._clock() + ttl)
        return True

    async def note(self, notes: Sequence[Note]) -> None:
        """See `Keyspace`."""
        for note in notes:
            self._note(note)

    def _note(self, note: Note) -> None:
        match note:
            case FirstValue(key, value, ttl):
                self._replace([Change(key, None, value, ttl)])
            case GivenPlace():
                self._places.give(note)
            case Reminder(partition, dues):
                noted = self._timers[partition]
                noted.update({device: min(due, noted.get(device, due)) for device, due in dues.items()})

            case Listed():
                self._enlist(note)

    def _list(self, key: str) -> dict[bytes, int]:
        values, kept = self._lists.get(key, ({}, 0))
        return values if kept > self._clock() else {}

    def _enlist(self, new: Listed) -> None:
        ends = self._list(new.key) | ({new.value: new.ends} if new.ends > new.now else {})
        order = sorted((end, value) for value, end in ends.items() if end > new.now)[-new.most :]
        if order:
            kept = self._clock() + min(order[-1][0] - new.now, new.ttl)
            self._lists[new.key] = {value: end for end, value in order}, kept
        else:
            self._lists.pop(new.key, None)

    async def listed(self, keys: Sequence[str], now: int) -> list[list[bytes]]:
        """See `Keyspace`."""
        return [[value for value, end in self._list(key).items() if end > now] for key in keys]

    async def strike(self, key: str, value: bytes) -> None:
        """See `Keyspace`."""
        self._list(key).pop(value, None)

    async def drop(self, key: str) -> None:
        """See `Keyspace`."""
        self._lists.pop(key, None)

    async def reserve(self, reservations: Sequence[Reservation]) -> list[int]:
        """See `Keyspace`."""
        return [self._places.reserve(each) for each in reservations]

    async def release(self, places: str, token: str, share: str = "", overdue: int | None = None) -> None:
        """See `Keyspace`."""
        self._places.release(places, token, share, overdue)

    async def spend(self, places: str, token: str, until: float, share: str = "", cents: int = 0) -> None:
        """See `Keyspace`."""
        self._places.spend(places, token, until, share, cents)

    async def overdue(self, places: str, now: int) -> list[str]:
        """See `Keyspace`."""
        return self._places.overdue(places, now)

    async def rearm(self, dues: Mapping[int, Mapping[str, int | None]]) -> dict[int, int | None]:
        """See `Keyspace`."""
        for partition, rearmed in dues.items():
            for device, due in rearmed.items():
                if due is None:
                    self._timers[partition].pop(device, None)
                else:
                    self._timers[partition][device] = due
        return {partition: await self.next_due(partition) for partition in dues}

    async def due(self, partition: int, until: int, most: int) -> list[tuple[str, int]]:
        """See `Keyspace`."""
        waiting = sorted((at, device) for device, at in self._timers[partition].items() if at <= until)
        return [(device, at) for at, device in waiting[:most]]

    async def next_due(self, partition: int) -> int | None:
        """See `Keyspace`."""
        return min(self._timers[partition].values(), default=None)
