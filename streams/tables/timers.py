"""When the timers of a partition's devices are due: hints only, presence decides whether one fires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.tables.keyspace import Keyspace


@dataclass(frozen=True, slots=True)
class Timers:
    """Hints by partition of `pings`: only the worker that reads a partition writes its hints."""

    keyspace: Keyspace

    async def remind(self, partition: int, dues: Mapping[str, int]) -> None:
        """Look after each device (`retailer|device`) at its time, milliseconds UTC, or before."""
        if dues:
            await self.keyspace.remind(partition, dues)

    async def rearm(self, partition: int, dues: Mapping[str, int | None]) -> None:
        """Put the next time of each device that was looked after in the place of the last; None: no more."""
        await self.keyspace.rearm(partition, dues)

    async def due(self, partition: int, until: int, most: int) -> list[tuple[str, int]]:
        """The first devices due at or before `until`, and when."""
        return await self.keyspace.due(partition, until, most)

    async def next_due(self, partition: int) -> int | None:
        """When the first one is due."""
        return await self.keyspace.next_due(partition)
