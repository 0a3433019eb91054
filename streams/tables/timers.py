"""When the timers of a partition's devices are due: hints only, presence decides whether one fires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap

from streams.tables.keyspace import Keyspace, Note, Reminder


@dataclass(frozen=True, slots=True)
class Timers:
    """Hints by partition of `pings`: only the worker that reads a partition writes its hints."""

    keyspace: Keyspace

    @staticmethod
    def reminders(dues: Mapping[int, Mapping[str, int]]) -> list[Note]:
        """By partition: look after each device (`retailer|device`) at its time, milliseconds UTC, or before."""
        return list(starmap(Reminder, dues.items()))

    async def rearm(self, dues: Mapping[int, Mapping[str, int | None]]) -> dict[int, int | None]:
        """By partition: put the next time of each device that was looked after in the place of the last; None: no more.

        Returns when the next one of each partition is due.
        """
        return await self.keyspace.rearm(dues) if dues else {}

    async def due(self, partition: int, until: int, most: int) -> list[tuple[str, int]]:
        """The first devices due at or before `until`, and when."""
        return await self.keyspace.due(partition, until, most)

    async def next_due(self, partition: int) -> int | None:
        """When the first one is due."""
        return await self.keyspace.next_due(partition)
