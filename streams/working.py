"""How a worker gets a batch done: what is away is waited for, what is broken is put aside, nothing is lost."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from streams import topics
from streams.batches import Batch, Processed
from streams.clockwork import MOST_DUE
from streams.decoding import Fault, dead_letter
from streams.errors import Abandoned, InfrastructureError
from streams.outputs import dead_letter_record
from streams.records import Producer, Record
from streams.tables.tables import Tables

log = logging.getLogger(__name__)

Done = TypeVar("Done")
Process = Callable[[Batch, Tables, int], Awaitable[Processed]]

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between two tries while something is away."""

DEADLINE = 30.0
"""Seconds for one try of a batch; what takes longer counts as away."""

MOST_BROKEN = 10
"""Records a minute that may raise; with more of them it is not the records."""


PUT_OFF = 600_000
"""Milliseconds after which a timer that raised is looked after again."""


class TooManyBroken(Exception):  # noqa: N818 - the end of a worker, not of a call
    """So many records raised that the fault must be ours: nothing more is committed."""


def where(error: Exception) -> str:
    """What was raised, and by which lines; not what it says, which may hold a position."""
    lines = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))
    return f"{type(error).__name__} at {' '.join(lines)}"


@dataclass
class Patience:
    """Waits for what is away, and says so once when it goes and once when it is back."""

    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    away: bool = False

    async def until_done(self, work: Callable[[], Awaitable[Done]], still_ours: Callable[[], None]) -> Done:
        """The result of `work`, tried again while it raises `InfrastructureError`; what `still_ours` raises ends it."""
        seconds = FIRST_PAUSE
        while True:
            try:
                async with asyncio.timeout(DEADLINE):
                    done = await work()
            except (InfrastructureError, TimeoutError) as error:
                self._say_away(error)
            else:
                self._say_back()
                return done
            await self.pause(seconds)
            seconds = min(seconds * 2, LONGEST_PAUSE)
            still_ours()

    def _say_away(self, error: Exception) -> None:
        if not self.away:
            log.warning("%s; trying again until it is back", error or "no answer within the deadline")
        self.away = True

    def _say_back(self) -> None:
        if self.away:
            log.warning("back; going on where it stopped")
        self.away = False


@dataclass
class Worker:
    """Works batches one after the other. `clock` gives milliseconds UTC; `still_ours` raises where a batch is not."""

    process: Process
    tables: Tables
    producer: Producer
    clock: Callable[[], int]
    still_ours: Callable[[], None] = lambda: None
    patience: Patience = field(default_factory=Patience)
    _broken: deque[int] = field(default_factory=deque)

    async def work(self, batch: Batch) -> AsyncIterator[Processed]:
        """What the batch came to: at once, or record by record where something in it raises.

        Raises `Abandoned` where the batch is no longer ours, `TooManyBroken` where the fault must be ours.
        """
        try:
            async for processed in self._until_saved(batch):
                yield processed
        except (Abandoned, asyncio.CancelledError):
            raise
        except Exception as error:
            log.error("a batch of %d records raised, working it record by record: %s", len(batch.records), where(error))
            async for processed in self._one_by_one(batch):
                yield processed

    async def _until_saved(self, batch: Batch) -> AsyncIterator[Processed]:
        """What the batch came to; and once more for devices whose presence somebody else saved between.

        For a moment after a rebalance a partition may have two owners. What was saved is known by its marks, and not
        applied twice; where a consent was withdrawn, the device is no longer admitted.
        """
        while True:
            processed = await self._process(batch)
            yield processed
            if not processed.unsaved:
                return
            self.still_ours()

    async def _one_by_one(self, batch: Batch) -> AsyncIterator[Processed]:
        for record in batch.records:
            if record.topic == topics.PINGS.name:
                async for fired in self._timers(Batch([], {record.partition: record.timestamp})):
                    yield fired
            try:
                async for processed in self._until_saved(Batch([record], {})):
                    yield processed
            except (Abandoned, asyncio.CancelledError):
                raise
            except Exception as error:
                log.error("%s/%d at %d raised and becomes a dead letter: %s", *record[:3], where(error))
                yield await self._bury(record, error)
        if batch.clocks:
            async for processed in self._timers(batch):
                yield processed

    async def _timers(self, batch: Batch) -> AsyncIterator[Processed]:
        """The timers due by the clocks of a batch, each by itself, apart from records; one that raises is put off."""
        for partition, clock in batch.clocks.items():
            for owner, at in await self.patience.until_done(partial(self._due, partition, clock), self.still_ours):
                try:
                    async for processed in self._until_saved(Batch([], {partition: at})):
                        yield processed
                except (Abandoned, asyncio.CancelledError):
                    raise
                except Exception as error:
                    log.error("a timer raised, and is put off: %s", where(error))
                    await self.patience.until_done(partial(self._put_off, partition, owner, clock), self.still_ours)
                    self._count_broken("a timer")

    async def _due(self, partition: int, clock: int) -> list[tuple[str, int]]:
        return await self.tables.timers.due(partition, clock, MOST_DUE)

    async def _put_off(self, partition: int, owner: str, clock: int) -> None:
        await self.tables.timers.rearm({partition: {owner: clock + PUT_OFF}})

    async def _process(self, batch: Batch) -> Processed:
        return await self.patience.until_done(lambda: self.process(batch, self.tables, self.clock()), self.still_ours)

    async def _bury(self, record: Record, error: Exception) -> Processed:
        self._count_broken(f"{record.topic}/{record.partition} at {record.offset}")
        letter = dead_letter(record, Fault.INTERNAL, type(error).__name__)
        sent = dead_letter_record(letter)
        await self.patience.until_done(lambda: self.producer.produce([sent]), self.still_ours)
        return Processed(dead_letters=[letter], records=[sent])

    def _count_broken(self, what: str) -> None:
        now = self.clock()
        self._broken.append(now)
        while self._broken[0] <= now - 60_000:
            self._broken.popleft()
        if len(self._broken) > MOST_BROKEN:
            raise TooManyBroken(f"{len(self._broken)} records raised within a minute, the last is {what}")
