"""What an agent that does nothing costs: stock Faust, ours by batches, and bare aiokafka, on one broker in one run.

    python -m bench.noop --events 200000 --rounds 3 [--scale 0.01]

Each round writes nothing: all read the same topic of ping-sized records from its beginning, each with a new group. Time
runs from the first record to the last. CPU is that of this process, all threads, over the same time.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer

from streams.producers import KafkaProducer
from streams.records import Outgoing
from streams.topics import Topic, create_topics
from streams.transport.faust_app import new_faust_app
from tests.brokers import KafkaBroker

PARTITIONS = 4
PATIENCE_SECONDS = 300
PING = (
    b'{"type":"ping","retailer":"maison","device":"d%06d","lat":48.8738,"lon":2.3324,"at":1795358355000,"accuracy":12}'
)


@dataclass
class Stopwatch:
    """Counts events; time and CPU run from the first to the last."""

    events: int
    seen: int = 0
    started: tuple[float, float] = (0.0, 0.0)
    ended: tuple[float, float] = (0.0, 0.0)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, more: int) -> None:
        if not self.seen:
            self.started = (time.perf_counter(), time.process_time())
        self.seen += more
        if self.seen >= self.events:
            self.ended = (time.perf_counter(), time.process_time())
            self.done.set()

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / (self.ended[0] - self.started[0])

    @property
    def cost(self) -> float:
        """Microseconds of CPU an event."""
        return (self.ended[1] - self.started[1]) / self.events * 1e6


Reader = Callable[[str, str, str, Stopwatch], Awaitable[None]]


async def stock(bootstrap: str, topic: str, group: str, watch: Stopwatch) -> None:
    """A plain Faust app with a plain agent."""
    app = faust.App(
        group,
        broker=f"aiokafka://{bootstrap}",
        store="memory://",
        datadir=f"{tempfile.gettempdir()}/{group}",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
    )

    @app.agent(app.topic(topic, value_type=bytes))
    async def agent(stream: Any) -> None:
        async for _ in stream:
            watch.count(1)

    await until_done(app, watch)


async def batches(bootstrap: str, topic: str, group: str, watch: Stopwatch) -> None:
    """Ours: the same agent on whole batches."""
    app = new_faust_app(group, f"kafka://{bootstrap}")

    @app.agent(app.topic(topic))
    async def agent(stream: Any) -> None:
        async for batch in stream.batches():
            if batch.records:
                watch.count(len(batch.records))
            batch.ack()

    await until_done(app, watch)


async def bare(bootstrap: str, topic: str, group: str, watch: Stopwatch) -> None:
    """The floor: aiokafka alone."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    await consumer.start()
    try:
        while not watch.done.is_set():
            for records in (await consumer.getmany(timeout_ms=1000, max_records=2048)).values():
                watch.count(len(records))
    finally:
        await consumer.stop()


async def until_done(app: faust.App, watch: Stopwatch) -> None:
    await app.start()
    try:
        await asyncio.wait_for(watch.done.wait(), PATIENCE_SECONDS)
    finally:
        await app.stop()


READERS: dict[str, Reader] = {"stock Faust": stock, "by batches": batches, "bare aiokafka": bare}


@asynccontextmanager
async def broker() -> AsyncIterator[str]:
    """The one at `KAFKA_BOOTSTRAP`, or one of our own."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory() as directory:
        own = KafkaBroker(Path(directory) / "broker")
        await asyncio.to_thread(own.start)
        try:
            yield own.bootstrap
        finally:
            own.kill()


async def fill(bootstrap: str, topic: str, events: int) -> None:
    """Write `events` pings of 5,000 devices."""
    create_topics(bootstrap, PARTITIONS, topics=(Topic(topic, "device", "ping", "bench", -1),))
    producer = KafkaProducer(bootstrap)
    for start in range(0, events, 1000):
        numbers = range(start, min(start + 1000, events))
        await producer.produce([Outgoing(topic, b"d%06d" % (n % 5000), PING % (n % 5000)) for n in numbers])
    await producer.stop()


async def measure(events: int, rounds: int) -> dict[str, list[Stopwatch]]:
    """All readers in turn, `rounds` times."""
    found: dict[str, list[Stopwatch]] = {name: [] for name in READERS}
    async with broker() as bootstrap:
        topic = f"bench-{time.time_ns()}"
        await fill(bootstrap, topic, events)
        for number in range(rounds):
            for name, reader in READERS.items():
                watch = Stopwatch(events)
                await reader(bootstrap, topic, f"bench-{name.replace(' ', '-')}-{number}-{time.time_ns()}", watch)
                found[name].append(watch)
    return found


def report(found: dict[str, list[Stopwatch]]) -> str:
    """A table of medians."""
    lines = [f"{'reader':<16}{'events/s':>12}{'CPU us/event':>16}"]
    for name, watches in found.items():
        rate = statistics.median(watch.rate for watch in watches)
        cost = statistics.median(watch.cost for watch in watches)
        lines.append(f"{name:<16}{rate:>12,.0f}{cost:>16.2f}")
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="What a no-op agent costs an event.")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of events; 0.01 for a trial")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    events = max(100, int(given.events * given.scale))
    print(f"{events:,} events, {PARTITIONS} partitions, {given.rounds} rounds, medians")
    print(report(asyncio.run(measure(events, given.rounds))))


if __name__ == "__main__":
    main()
