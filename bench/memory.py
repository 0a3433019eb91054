"""Does a worker grow? Its resident size after one, five and ten million pings of the same 20,000 devices.

    python -m bench.memory [--millions 1,5,10] [--trace] [--scale 0.01]

The worker is a process of its own, on a real Kafka and a real Redis. 99 devices in 100 stay where they are; the others
walk to and fro through a store, so that there are transitions, decisions and offers all the time. The load is written
a little ahead of the worker, and Kafka keeps only the last of it. Resident size is VmRSS once all is processed and
`gc.collect()` is done, without `malloc_trim`; what that would give back to the system is said at the end, apart from
it. Peer: the same worker at the first mark. `--trace` says, slowly, which lines hold more at the last mark.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import logging
import math
import multiprocessing
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from bench.cost import PARTITIONS
from bench.servers import redis
from bench.world import NAME, World, ping
from config.settings import Settings
from streams.app import build_app
from streams.batches import Batch, Processed
from streams.errors import InfrastructureError
from streams.producers import KafkaProducer
from streams.records import Outgoing
from streams.tables.redis_keyspace import connect
from streams.topics import PINGS, TOPICS, Topic, create_topics
from tests.brokers import KafkaBroker

DEVICES = 20_000
WALKERS_EVERY = 100
PACE, REACH = 4.0, 400.0
"""Metres a second, and metres from the store at which a walker turns."""
METRES = 111_195.0
"""A degree of latitude."""
AHEAD, AT_ONCE = 100_000, 2_000
GROWTH, SLACK = 1.05, 5_000_000
"""The goal: at the last mark at most this times the size at the first, plus so many bytes."""
BOUNDED = {"retention.bytes": "67108864", "segment.bytes": "16777216"}
LINES = 15


class BoundedTopic(Topic):
    """A topic of which only the last 64 MB a partition are kept."""

    def settings(self) -> dict[str, str]:
        """Its configuration on the broker."""
        return super().settings() | BOUNDED


class Size(NamedTuple):
    """Of the worker, in bytes: resident after a collection; resident after `malloc_trim`, where that was asked for."""

    pings: int
    resident: int
    trimmed: int | None
    growth: list[str]


def resident() -> int:
    """Resident size of this process, bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


class Scales:
    """Answers in the worker's process: how many pings it has seen (`seen`), how large it is (`size`, `last`)."""

    def __init__(self, connection: Connection, trace: bool) -> None:
        self._connection = connection
        self._trace = trace
        self._first: tracemalloc.Snapshot | None = None
        self.seen = 0

    def observe(self, processed: Processed, batch: Batch) -> None:
        """A batch is done."""
        self.seen += len(batch.records)

    def answer(self) -> None:
        """Answer what was asked."""
        question = self._connection.recv()
        self._connection.send(self.seen if question == "seen" else self._weigh(question == "last"))

    def _weigh(self, last: bool) -> Size:
        gc.collect()
        size, trimmed = resident(), None
        if last and sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)
            trimmed = resident()
        return Size(self.seen, size, trimmed, self._growth())

    def _growth(self) -> list[str]:
        if not self._trace:
            return []
        now = tracemalloc.take_snapshot()
        if self._first is None:
            self._first = now
        return [str(each) for each in now.compare_to(self._first, "lineno")[:LINES]]


async def _work(settings: Settings, world: World, scales: Scales, connection: Connection) -> None:
    async with build_app(settings, {NAME: world.retailer()}, observe=scales.observe) as engine:
        asyncio.get_running_loop().add_reader(connection.fileno(), scales.answer)
        await engine.run()


def _worker(settings: Settings, world: World, connection: Connection, trace: bool) -> None:
    logging.basicConfig(level=logging.ERROR)
    if trace:
        tracemalloc.start()
    asyncio.run(_work(settings, world, Scales(connection, trace), connection))


@contextmanager
def worker(bootstrap: str, redis_url: str, world: World, trace: bool) -> Iterator[Connection]:
    """A worker in a process of its own; the end of the pipe that asks it."""
    settings = Settings(
        broker=f"kafka://{bootstrap}", redis=redis_url, group=f"bench-{time.time_ns()}", partitions=PARTITIONS
    )
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_worker, args=(settings, world, its, trace), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.terminate()
        process.join(20)


@contextmanager
def bounded_kafka() -> Iterator[str]:
    """A broker that looks every five seconds what it need not keep, with all topics."""
    with tempfile.TemporaryDirectory() as directory:
        broker = KafkaBroker(Path(directory) / "broker")
        with (broker.directory / "server.properties").open("a") as properties:
            properties.write("log.retention.check.interval.ms=5000\nlog.segment.delete.delay.ms=1000\n")
        broker.start()
        try:
            pings = BoundedTopic(PINGS.name, PINGS.keyed_by, PINGS.schema, PINGS.owner, PINGS.retention_ms)
            create_topics(broker.bootstrap, PARTITIONS, topics=(pings, *(each for each in TOPICS if each is not PINGS)))
            yield broker.bootstrap
        finally:
            broker.kill()


def pings_of(world: World, seed: int = 1) -> Iterator[Outgoing]:
    """Pings of all devices in turn, for ever, each of the time at which it is asked for."""
    random, stores, devices = Random(seed), world.fences // 2, world.devices + world.visitors
    while True:
        for device in range(devices):
            at = time.time_ns() // 1_000_000
            lon, lat = world.place_of(device % stores)
            north = _walked(at, device) if device >= world.devices else 0.0045
            yield ping(device, lon + random.gauss(0, 3e-5), lat + north + random.gauss(0, 3e-5), at)


def _walked(at: int, device: int) -> float:
    """Degrees north of its store, of a walker that goes to and fro."""
    metres = (at / 1000 + device * 7) * PACE
    return (abs(math.fmod(metres, 4 * REACH) - 2 * REACH) - REACH) / METRES


async def measure(bootstrap: str, redis_url: str, marks: list[int], world: World, trace: bool) -> list[Size]:
    """The size of one worker at each of `marks`, pings from the beginning."""
    keyspace = await connect(redis_url)
    await world.admit_all(keyspace)
    await keyspace.close()
    producer, pings, sizes, written = KafkaProducer(bootstrap), pings_of(world), [], 0
    with worker(bootstrap, redis_url, world, trace) as asked:
        for mark in marks:
            began, before = time.monotonic(), written
            while written < mark:
                count = min(AT_ONCE, mark - written)
                await _write(producer, [next(pings) for _ in range(count)])
                written += count
                await _until_seen(asked, written - AHEAD)
            await _until_seen(asked, mark)
            sizes.append(await _ask(asked, "last" if mark == marks[-1] else "size"))
            print(f"{line(sizes[-1])}  ({(mark - before) / (time.monotonic() - began):,.0f} pings/s)", flush=True)
    await producer.stop()
    return sizes


async def _write(producer: KafkaProducer, pings: list[Outgoing]) -> None:
    """Until the broker has them, on a machine that may be busy with other things; twice does no harm."""
    while True:
        with suppress(InfrastructureError):
            return await producer.produce(pings)


async def _until_seen(asked: Connection, pings: int) -> None:
    while pings > 0 and await _ask(asked, "seen") < pings:  # noqa: ASYNC110 - another process is waited for
        await asyncio.sleep(0.05)


async def _ask(asked: Connection, question: str) -> Any:
    asked.send(question)
    return await asyncio.to_thread(asked.recv)


def line(size: Size) -> str:
    """One mark."""
    return f"after {size.pings:>10,} pings: {size.resident / 1e6:6.1f} MB resident after a collection"


def verdict(sizes: list[Size]) -> tuple[str, bool]:
    """The last mark against the first, and whether that is within the goal."""
    first, last = sizes[0], sizes[-1]
    limit = GROWTH * first.resident + SLACK
    within = last.resident <= limit
    told = [
        f"{last.resident / first.resident:.3f} times the first, {(last.resident - first.resident) / 1e6:+.1f} MB; "
        f"at most {limit / 1e6:.1f} MB: {'kept' if within else 'NOT kept'}"
    ]
    if last.trimmed is not None:
        told.append(f"malloc_trim would give back {(last.resident - last.trimmed) / 1e6:.1f} MB of it")
    return "\n".join([*told, *last.growth]), within


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Does a worker grow?")
    parser.add_argument("--millions", default="1,5,10", help="where it is weighed, millions of pings")
    parser.add_argument("--trace", action="store_true", help="say which lines hold more at the end; slow")
    parser.add_argument("--scale", type=float, default=1.0, help="of pings and devices; 0.01 for a trial")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    marks = [round(float(each) * 1e6 * given.scale) for each in given.millions.split(",")]
    devices = max(200, round(DEVICES * given.scale))
    world = World(10_000, devices - devices // WALKERS_EVERY, devices // WALKERS_EVERY)
    print(f"{devices:,} devices, 10,000 fences, {PARTITIONS} partitions, one worker", flush=True)
    with redis() as redis_url, bounded_kafka() as bootstrap:
        told, within = verdict(asyncio.run(measure(bootstrap, redis_url, marks, world, given.trace)))
    print(told)
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
