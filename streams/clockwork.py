"""The timers of one batch: those the table names, and those that arise on the way, each fired at its own time."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from streams.tables.timers import Timers
from streams.tracks import Track

MOST_DUE = 4_096
"""Timers of one partition that one batch takes; the others are due in the next."""


class Clockwork:
    """What is due by when, by partition; times in milliseconds."""

    def __init__(self, clocks: Mapping[int, int]) -> None:
        self._clocks = clocks
        self._waiting: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)

    def __bool__(self) -> bool:
        """Whether anything waits at all."""
        return bool(self._waiting)

    def add(self, partition: int, due: int, owner: str) -> None:
        """Wake `owner` at `due`, if the clock of its partition gets there with this batch."""
        if due <= self._clocks.get(partition, 0):
            heapq.heappush(self._waiting[partition], (due, owner))

    def due(self, partition: int, until: int) -> Iterator[tuple[int, str]]:
        """What is due at or before `until`, earliest first; it may grow meanwhile."""
        waiting = self._waiting.get(partition)
        while waiting and waiting[0][0] <= until:
            yield heapq.heappop(waiting)


class Hints:
    """What this worker knows of the earliest hint of each partition, so that nothing is asked while nothing is due."""

    def __init__(self) -> None:
        self._earliest: dict[int, int | None] = {}

    def forget(self) -> None:
        """Other workers may have written hints: ask anew."""
        self._earliest.clear()

    async def due(self, clocks: Mapping[int, int], timers: Timers) -> list[tuple[int, int, str]]:
        """(partition, due, owner) of what the table says is due by `clocks`."""
        found: list[tuple[int, int, str]] = []
        for partition, clock in clocks.items():
            if partition not in self._earliest:
                self._earliest[partition] = await timers.next_due(partition)
            earliest = self._earliest[partition]
            if earliest is not None and earliest <= clock:
                due = await timers.due(partition, clock, MOST_DUE)
                found += [(partition, at, owner) for owner, at in due]
                if not due:
                    self._earliest[partition] = await timers.next_due(partition)
        return found

    def announce(self, tracks: Iterable[Track]) -> dict[int, dict[str, int]]:
        """By partition the timers that are new: to be noted before presence is saved, or nobody looks after them."""
        dues: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for track in tracks:
            if track.due is not None and (reminder := track.reminder) is not None:
                dues[track.partition][track.device.owner] = reminder
        for partition, reminders in dues.items():
            self._note(partition, min(reminders.values()))
        return dues

    async def rearm(self, spent: Mapping[int, set[str]], tracks: Mapping[str, Track], timers: Timers) -> None:
        """After presence is saved: the devices that were looked after wait for their next timer, or for none."""
        dues = {
            partition: {owner: tracks[owner].wake if owner in tracks else None for owner in owners}
            for partition, owners in spent.items()
        }
        self._earliest.update(await timers.rearm(dues))

    def _note(self, partition: int, due: int) -> None:
        earliest = self._earliest.get(partition)
        self._earliest[partition] = due if earliest is None else min(earliest, due)
