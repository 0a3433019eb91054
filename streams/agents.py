"""The agents: one for pings and check-ins, which alone writes presence, and one for everything else.

The body of an agent never raises: Faust would take its batch for processed. What is wrong with a record is a dead
letter, what is away is waited for, and where the fault must be ours the worker ends, having committed nothing of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import faust

from streams import topics
from streams.batches import Batch, Processed
from streams.entries import ENTRIES, Entries
from streams.errors import Abandoned
from streams.metrics import Agent, EngineMetrics
from streams.ops.health import Work
from streams.pipeline import Pipeline
from streams.records import Producer
from streams.steps import Step
from streams.sweeping import Sweeper
from streams.tables.tables import Tables
from streams.transport.batches import BatchStream, FetchedBatch
from streams.working import TooManyBroken, Worker

Observe = Callable[[Processed, Batch], None]
"""Told of each batch that is done."""

Clock = Callable[[], int]
"""Milliseconds UTC."""


class PartitionClocks:
    """How far time has come in each partition.

    It is the newest broker timestamp of a ping processed there; the wall clock moves it on only while the partition is
    read to its end, so that a backlog makes nobody leave.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest: dict[int, int] = {}

    def after(self, fetched: FetchedBatch) -> dict[int, int]:
        """The clocks of all partitions owned, once `fetched` is processed."""
        for record in fetched.records:
            if record.topic == topics.PINGS.name:
                self._newest[record.partition] = max(record.timestamp, self._newest.get(record.partition, 0))
        owned = {each.partition for each in fetched.partitions() if each.topic == topics.PINGS.name}
        return {partition: self._time_of(partition, fetched) for partition in owned}

    def forget(self) -> None:
        """Other partitions than before are read from now on, and what was read of them may not have been processed."""
        self._newest.clear()

    def _time_of(self, partition: int, fetched: FetchedBatch) -> int:
        newest = self._newest.get(partition, 0)
        at_its_end = all(fetched.caught_up(topic, partition) for topic in (topics.PINGS.name, topics.CHECKINS.name))
        return max(newest, self._clock()) if at_its_end else newest


async def _nothing() -> None:
    """Nothing is to be done between two batches."""


class Loop:
    """Reads batches from a stream and works them, one after the other, for as long as they are ours."""

    def __init__(
        self,
        worker: Worker,
        clocks: Callable[[FetchedBatch], Mapping[int, int]],
        observe: Observe,
        end: Callable[[Exception], None],
    ) -> None:
        self._worker = worker
        self._clocks = clocks
        self._observe = observe
        self._end = end
        self.between: Callable[[], Awaitable[None]] = _nothing
        self.fetched: FetchedBatch | None = None

    def gate(self, step: Step) -> None:
        """Raises Abandoned once the batch in hand was revoked."""
        if self.fetched is not None and not self.fetched.is_current():
            raise Abandoned(f"revoked before the step {step}")

    async def run(self, stream: BatchStream, limit: int) -> None:
        """Work until the stream ends."""
        async for fetched in stream.batches(limit):
            self.fetched = fetched
            batch = Batch(fetched.records, self._clocks(fetched))
            try:
                async for processed in self._worker.work(batch):
                    self._observe(processed, batch)
            except Abandoned:
                continue
            except TooManyBroken as error:
                self._end(error)
                return
            fetched.ack()
            await self.between()


def define_agents(
    app: faust.App,
    pipeline: Pipeline,
    entries: Entries,
    tables: Tables,
    producer: Producer,
    metrics: EngineMetrics,
    work: Work,
    *,
    clock: Clock,
    observe: Observe,
    end: Callable[[Exception], None],
    limit: int,
) -> None:
    """Give `app` its two agents. `end` is told of the exception that ends the worker."""
    clocks = PartitionClocks(clock)
    ownership: object = None

    def clocks_after(fetched: FetchedBatch) -> Mapping[int, int]:
        nonlocal ownership
        if fetched.ownership is not ownership:
            ownership = fetched.ownership
            pipeline.assigned()
            clocks.forget()
        return clocks.after(fetched)

    def loop(agent: Agent, process: Any, clocks_of: Callable[[FetchedBatch], Mapping[int, int]]) -> Loop:
        def observed(processed: Processed, batch: Batch) -> None:
            work.moved(agent)
            metrics.observe(agent, processed, batch)
            observe(processed, batch)

        worker = Worker(process, tables, producer, clock)
        made = Loop(worker, clocks_of, observed, end)
        worker.still_ours = lambda: made.gate(Step.DECODE)
        return made

    presence = loop(Agent.PINGS, pipeline.process, clocks_after)
    entered = loop(Agent.FACTS, entries.process, lambda fetched: {})

    def gate(step: Step) -> None:
        metrics.steps.enter(step)
        presence.gate(step)

    pipeline.gate = gate
    entered.between = Sweeper(pipeline.retailers, tables, clock).sweep_in_time

    async def pings(stream: Any) -> None:
        await presence.run(stream, limit)

    async def facts(stream: Any) -> None:
        await entered.run(stream, limit)

    app.agent(app.topic(topics.PINGS.name, topics.CHECKINS.name), name=Agent.PINGS)(pings)
    app.agent(app.topic(*ENTRIES), name=Agent.FACTS)(facts)
