"""Workers for the tests of the transports: a Faust app with one agent that keeps what it reads."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from streams.producers import EmbeddedProducer, KafkaProducer
from streams.records import Outgoing, Record
from streams.topics import Topic, create_topics
from streams.transport.batches import FetchedBatch
from streams.transport.broker import Broker
from streams.transport.faust_app import new_faust_app, run

PATIENCE = 30.0
_numbers = itertools.count(1)
_workers: set[Worker] = set()


async def stop_what_a_failed_test_left() -> None:
    """A worker that nobody stopped would keep its thread, and the whole run."""
    for worker in list(_workers):
        with contextlib.suppress(Exception):
            await asyncio.wait_for(worker.stop(), 10)


async def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
    """Wait until `condition()` holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not in {patience} s: {what}"
        await asyncio.sleep(0.01)


async def acknowledge(batch: FetchedBatch) -> None:
    """The plainest body of an agent."""
    batch.ack()


class Worker:
    """One member of a group. `handle` is the agent's body, given each batch; `seen` is what it was given."""

    def __init__(
        self,
        url: str,
        group: str,
        *topics: str,
        name: str | None = "one",
        handle: Callable[[FetchedBatch], Awaitable[None]] = acknowledge,
        limit: int = 256,
        idle: float = 0.1,
    ) -> None:
        self.batches: list[FetchedBatch] = []
        self.stop_wanted = asyncio.Event()
        self.app = new_faust_app(group, url, instance_id=name)

        @self.app.agent(self.app.topic(*topics), name=f"{group}-{name}")
        async def agent(stream: Any) -> None:
            async for batch in stream.batches(limit, idle):
                self.batches.append(batch)
                await handle(batch)

        _workers.add(self)
        self.running = asyncio.create_task(run(self.app, self.stop_wanted), name=f"worker {name}")

    @property
    def seen(self) -> list[Record]:
        return [record for batch in self.batches for record in batch.records]

    @property
    def values(self) -> list[bytes]:
        return [record.value or b"" for record in self.seen]

    @property
    def consumer(self) -> Any:
        return self.app.consumer

    def owns(self) -> int:
        """How many partitions are its own just now."""
        ownership = self.consumer.ownership
        return len(ownership.partitions) if ownership.current and self.consumer.flow_active else 0

    async def stop(self) -> None:
        _workers.discard(self)
        self.stop_wanted.set()
        await self.running

    async def die(self) -> None:
        """Go without a word: nothing more is committed, and the group is not told in time."""

        async def nothing(*_: Any) -> bool:
            return False

        self.consumer._write_offsets = nothing
        await self.stop()


@dataclass
class Side:
    """One of the two brokers, with what a test needs of it."""

    url: str
    producer: EmbeddedProducer | KafkaProducer
    make: Callable[[str, int], None]

    def topic(self, partitions: int = 4) -> str:
        """A new topic with a name of its own."""
        name = f"topic-{next(_numbers)}-{time.time_ns()}"
        self.make(name, partitions)
        return name

    async def write(self, topic: str, count: int, first: int = 0, keys: int = 16) -> list[bytes]:
        """Records with the values `first`, `first + 1`, ..., over `keys` keys."""
        numbers = range(first, first + count)
        await self.producer.produce([Outgoing(topic, b"key%d" % (n % keys), b"%d" % n) for n in numbers])
        return [b"%d" % n for n in numbers]


@contextlib.asynccontextmanager
async def embedded_side(**options: Any) -> AsyncIterator[Side]:
    with Broker(f"test{next(_numbers)}", **options) as broker:
        try:
            yield Side(f"embedded://{broker.name}", EmbeddedProducer(broker), broker.create_topic)
        finally:
            await stop_what_a_failed_test_left()


@contextlib.asynccontextmanager
async def kafka_side(bootstrap: str, **options: Any) -> AsyncIterator[Side]:
    def make(name: str, partitions: int) -> None:
        create_topics(bootstrap, partitions, topics=(Topic(name, "key", "test", "test", -1),))

    producer = KafkaProducer(bootstrap, **options)
    try:
        yield Side(f"kafka://{bootstrap}", producer, make)
    finally:
        await stop_what_a_failed_test_left()
        await producer.stop()


def new_group() -> str:
    return f"group-{next(_numbers)}-{time.time_ns()}"


def in_order(records: list[Record]) -> bool:
    """Whether each partition was read by ascending offset, nothing twice."""
    last: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        if record.offset <= last.get(place, -1):
            return False
        last[place] = record.offset
    return True


def duplicates(values: list[bytes]) -> int:
    return sum(count - 1 for count in Counter(values).values())
