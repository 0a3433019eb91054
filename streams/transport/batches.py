"""How an agent reads: `async for batch in stream.batches()`, worked in order, acknowledged by name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import faust

from streams.records import Record
from streams.transport.consumer import BatchConsumer
from streams.transport.progress import FetchedRange, Ownership, Partition

BATCH_SIZE = 512
IDLE_SECONDS = 1.0


class FetchedBatch:
    """What was there to read, of one or more partitions, in the order of each; without records after an idle time."""

    __slots__ = ("_consumer", "_ownership", "_ranges", "acknowledged", "records")

    def __init__(self, consumer: BatchConsumer, ownership: Ownership, ranges: list[FetchedRange]) -> None:
        self.records: list[Record] = [record for fetched in ranges for record in fetched.records]
        self.acknowledged = False
        self._ranges = ranges
        self._ownership = ownership
        self._consumer = consumer

    def is_current(self) -> bool:
        """Whether the partitions still belong to this worker: asked between two steps, and costs nothing."""
        return self._ownership.current and self._consumer.is_member()

    @property
    def ownership(self) -> object:
        """Another object after each assignment, so that what is known of partitions can be forgotten in time."""
        return self._ownership

    def ack(self) -> None:
        """All of it was processed and may be committed. Where it is no longer current this changes nothing."""
        self.acknowledged = True
        for fetched in self._ranges:
            if not fetched.acknowledge() and fetched.progress.current:
                self._consumer.log.error(
                    "%s: %s was processed and %s before it never was: nothing more is committed",
                    *(fetched.progress.partition, fetched.start, fetched.progress.processed),
                )
        self._consumer.end(self)

    def caught_up(self, topic: str, partition: int) -> bool:
        """Whether nothing more was waiting in this partition behind this batch, when it was last fetched."""
        return self._consumer.caught_up(topic, partition)

    def partitions(self) -> Iterable[Partition]:
        """All partitions this worker owns, of whatever topic."""
        return self._ownership.partitions.keys()


class BatchStream(faust.Stream[Any]):
    """A Faust stream that is read in batches and in no other way."""

    def __aiter__(self) -> AsyncIterator[Any]:
        raise TypeError("read this stream with `async for batch in stream.batches()`: it carries no single records")

    async def batches(self, limit: int = BATCH_SIZE, idle: float = IDLE_SECONDS) -> AsyncIterator[FetchedBatch]:
        """Batches of up to `limit` records as they come, never waited for; an empty one after `idle` seconds without.

        The agent calls `batch.ack()` once a batch is processed. One that was never acknowledged, because the body
        raised, is read again from the start when the body runs anew.
        """
        consumer: Any = self.app.consumer
        await self.maybe_start()
        consumer.reads(self, self.topics)
        await consumer.read_again(self.topics)
        rest: FetchedRange | None = None
        while not self.should_stop:
            if not consumer.flow_active:
                await self._wait_for_flow(consumer, idle)
                continue
            ownership = consumer.ownership
            try:
                ranges, rest = await self._take(rest, limit, idle)
            except StopAsyncIteration:  # what Faust throws into the buffer of a stream that it stops
                return
            ranges = [fetched for fetched in ranges if fetched.progress.current]  # not given up while it was taken
            if ranges or (consumer.flow_active and ownership.current and ownership is consumer.ownership):
                batch = FetchedBatch(consumer, consumer.ownership, ranges)
                consumer.begin(batch)
                try:
                    yield batch
                finally:
                    consumer.end(batch)
            await asyncio.sleep(0)

    @property
    def topics(self) -> Sequence[str]:
        """The topics this stream reads."""
        topics: Sequence[str] = self._channel.topics
        return topics

    @property
    def _channel(self) -> Any:
        """Faust types it as anything that can be iterated; it is the channel of our topics."""
        return self.channel

    async def _wait_for_flow(self, consumer: Any, idle: float) -> None:
        """Wait out a rebalance: nothing is begun that would have to be abandoned."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(idle):
                await consumer.can_resume_flow.wait()

    async def _take(
        self, rest: FetchedRange | None, limit: int, idle: float
    ) -> tuple[list[FetchedRange], FetchedRange | None]:
        """Ranges of `limit` records at most, and what is left of the last one."""
        queue: asyncio.Queue[Any] = self._channel.queue
        taken: list[FetchedRange] = []
        room = limit
        fetched = rest or await self._next_range(idle)
        while fetched is not None:
            rest = None
            if len(fetched.records) > room:
                fetched, rest = fetched.split(room)
            if fetched.take():
                taken.append(fetched)
                room -= len(fetched.records)
            else:
                rest = None
                await self._skip(fetched)
            if rest is not None or not room or queue.empty():
                break
            fetched = queue.get_nowait().value
        return taken, rest

    async def _skip(self, fetched: FetchedRange) -> None:
        """Void ranges are usual after a rebalance; a hole in what is owned is not, and is closed by reading again."""
        progress = fetched.progress
        if progress.current and fetched.start > progress.taken:
            consumer: Any = self.app.consumer
            await consumer.read_again([progress.partition.topic])

    async def _next_range(self, idle: float) -> FetchedRange | None:
        queue: asyncio.Queue[Any] = self._channel.queue
        if not queue.empty():
            fetched: FetchedRange = queue.get_nowait().value
            return fetched
        try:
            async with asyncio.timeout(idle):
                fetched = (await queue.get()).value
                return fetched
        except TimeoutError:
            return None
