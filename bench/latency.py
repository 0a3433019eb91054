"""From a ping on its topic to its offer on the topic of offers, at a steady rate, against an agent that only passes on.

    python -m bench.latency [--rates 500,4000] [--seconds 20] [--rounds 3] [--scale 0.01]

The load comes from a process of its own, that also reads the offers: a latency runs from just before the ping is handed
to its producer to when the offer is read, on one clock. Every fiftieth ping is a trigger that leads to an offer. The
peer is the same worker with an agent that writes one record for each such ping, without Redis and without rules.
One run more has one bad record in a hundred between the good pings, and the last is on the embedded broker, with load,
broker and worker in one process.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from bench.cost import PARTITIONS, fresh_topics, prepare
from bench.servers import kafka, redis
from bench.world import NAME, World, ping
from config.settings import Settings
from streams.app import build_app
from streams.producers import KafkaProducer
from streams.records import Outgoing
from streams.topics import OFFERS, PINGS
from streams.transport.faust_app import new_faust_app, run

TRIGGERS_EVERY = 50
TICK = 0.002
"""Seconds between two sends of what is due."""
WARM_UP = 2.0
"""Seconds at the beginning that do not count."""
BAD = (b"{", b'{"lat": 91}', b"\xff\xfe", b"[" * 5_000, b'{"retailer": "bench", "retailer": "x"}')


def quantile(ordered: list[float], share: float) -> float:
    """The quantile of what is sorted."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


@dataclass(frozen=True)
class Latencies:
    """Milliseconds of one run, sorted, and how many offers never came."""

    found: list[float]
    missing: int


async def engine_worker(bootstrap: str, redis_url: str, world: World, ready: Callable[[], None]) -> None:
    """The whole engine."""
    settings = Settings(
        broker=f"kafka://{bootstrap}", redis=redis_url, group=f"bench-{time.time_ns()}", partitions=PARTITIONS
    )
    async with build_app(settings, {NAME: world.retailer()}) as engine:
        ready()
        await engine.run()


async def passing_worker(bootstrap: str, redis_url: str, world: World, ready: Callable[[], None]) -> None:
    """The peer: reads batches, writes one record for each ping of a visitor."""
    producer = KafkaProducer(bootstrap)
    app = new_faust_app(f"bench-{time.time_ns()}", f"kafka://{bootstrap}")

    async def agent(stream: Any) -> None:
        async for batch in stream.batches():
            passed = [
                Outgoing(OFFERS.name, record.key, orjson.dumps({"member": "m" + record.key.decode()[-6:]}))
                for record in batch.records
                if record.key and int(record.key[-6:]) >= world.devices
            ]
            if passed:
                await producer.produce(passed)
            batch.ack()

    app.agent(app.topic(PINGS.name))(agent)
    ready()
    await run(app, asyncio.Event())


WORKERS = {"engine": engine_worker, "passing on": passing_worker}


def _worker(name: str, bootstrap: str, redis_url: str, world: World, ready: Any) -> None:
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(WORKERS[name](bootstrap, redis_url, world, ready.set))


@contextmanager
def working(name: str, bootstrap: str, redis_url: str, world: World) -> Iterator[None]:
    """A worker in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_worker, args=(name, bootstrap, redis_url, world, ready), daemon=True)
    process.start()
    try:
        if not ready.wait(120):
            raise TimeoutError("the worker did not get ready")
        yield
    finally:
        process.terminate()
        process.join(20)


async def drive(bootstrap: str, world: World, rate: int, seconds: float, bad: bool) -> Latencies:
    """Send at `rate` pings a second, read what comes, compare."""
    producer = KafkaProducer(bootstrap)
    consumer = AIOKafkaConsumer(
        OFFERS.name, bootstrap_servers=bootstrap, fetch_max_wait_ms=5, auto_offset_reset="latest"
    )
    await producer.start()
    await consumer.start()
    await consumer.seek_to_end()
    sent: dict[str, float] = {}
    got: dict[str, float] = {}
    reading = asyncio.create_task(_read(consumer, got))
    await _until_working(producer, world, got)
    began = time.perf_counter()
    await _send(producer, world, rate, seconds, bad, sent)
    await _settle(sent, got)
    reading.cancel()
    await consumer.stop()
    await producer.stop()
    counted = {member: at for member, at in sent.items() if at - began >= min(WARM_UP, seconds / 4)}
    found = sorted((got[member] - at) * 1_000 for member, at in counted.items() if member in got)
    return Latencies(found, len(counted) - len(found))


async def _read(consumer: AIOKafkaConsumer, got: dict[str, float]) -> None:
    async for record in consumer:
        got.setdefault(orjson.loads(record.value)["member"], time.perf_counter())


async def _until_working(producer: KafkaProducer, world: World, got: dict[str, float]) -> None:
    """Send one visitor after the other until an offer comes back."""
    for number in range(world.visitors - 200, world.visitors):
        await producer.produce([_visit(world, number)])
        for _ in range(50):
            if got:
                got.clear()
                return
            await asyncio.sleep(0.02)
    raise TimeoutError("no offer came from the worker")


def _visit(world: World, visitor: int) -> Outgoing:
    lon, lat = world.place_of(visitor % (world.fences // 2))
    return ping(world.devices + visitor, lon, lat, time.time_ns() // 1_000_000)


async def _send(
    producer: KafkaProducer, world: World, rate: int, seconds: float, bad: bool, sent: dict[str, float]
) -> None:
    strolls = world.strolls(int(rate * seconds) + rate, time.time_ns() // 1_000_000 - 1_000, 0.0)
    began, number, visitor = time.perf_counter(), 0, 0
    while (elapsed := time.perf_counter() - began) < seconds:
        records: list[Outgoing] = []
        visitors: list[str] = []
        while number < elapsed * rate:
            if number % TRIGGERS_EVERY == 0:
                records.append(_visit(world, visitor))
                visitors.append(f"m{world.devices + visitor:06d}")
                visitor += 1
            elif bad and number % 100 == 1:
                records.append(Outgoing(PINGS.name, b"bad|%d" % number, BAD[number // 100 % len(BAD)]))
            else:
                records.append(next(strolls))
            number += 1
        now = time.perf_counter()
        sent.update(dict.fromkeys(visitors, now))
        if records:
            await producer.produce(records)
        await asyncio.sleep(TICK)


async def _settle(sent: dict[str, float], got: dict[str, float]) -> None:
    """Wait until all have come, or ten seconds."""
    for _ in range(500):
        if sent.keys() <= got.keys():
            return
        await asyncio.sleep(0.02)


def world_for(rate: int, seconds: float, devices: int) -> World:
    """A world with a visitor for each trigger, and some to begin with."""
    return World(10_000, devices, int(rate * seconds / TRIGGERS_EVERY) + 300)


def measure(name: str, rate: int, seconds: float, devices: int, bad: bool, bootstrap: str, redis_url: str) -> Latencies:
    """One run of one worker."""
    world = world_for(rate, seconds, devices)
    fresh_topics(bootstrap)
    asyncio.run(prepare(redis_url, world, time.time_ns() // 1_000_000 - 10_000))
    with working(name, bootstrap, redis_url, world):
        return asyncio.run(drive(bootstrap, world, rate, seconds, bad))


async def embedded(rate: int, seconds: float, devices: int, redis_url: str) -> Latencies:
    """The engine on the embedded broker: load, broker and worker in one process."""
    world = world_for(rate, seconds, devices)
    await prepare(redis_url, world, time.time_ns() // 1_000_000 - 10_000)
    sent: dict[str, float] = {}
    got: dict[str, float] = {}
    settings = Settings(broker=f"embedded://bench-{time.time_ns()}", redis=redis_url, partitions=PARTITIONS)
    async with build_app(settings, {NAME: world.retailer()}) as engine:
        broker = engine.broker
        if broker is None:
            raise TypeError("this runs on the embedded broker")

        async def read() -> None:
            async for record in broker.read(OFFERS.name):
                got.setdefault(orjson.loads(record.value or b"")["member"], time.perf_counter())

        class Appending:
            async def produce(self, records: list[Outgoing]) -> None:
                for each in records:
                    broker.append(each.topic, each.key, each.value)

        running, reading = asyncio.create_task(engine.run()), asyncio.create_task(read())
        producer: Any = Appending()
        await _until_working(producer, world, got)
        began = time.perf_counter()
        await _send(producer, world, rate, seconds, False, sent)
        await _settle(sent, got)
        reading.cancel()
        engine.stop.set()
        await running
    counted = {member: at for member, at in sent.items() if at - began >= min(WARM_UP, seconds / 4)}
    found = sorted((got[member] - at) * 1_000 for member, at in counted.items() if member in got)
    return Latencies(found, len(counted) - len(found))


def line(title: str, runs: list[Latencies]) -> str:
    """Medians of the rounds."""
    return f"{line_of(title, [run.found for run in runs])}, {sum(run.missing for run in runs)} missing"


def line_of(title: str, runs: list[list[float]]) -> str:
    """Medians over the rounds of the quantiles of each: milliseconds, sorted."""
    p50, p99 = (statistics.median(quantile(run, share) for run in runs) for share in (0.5, 0.99))
    most = max((run[-1] for run in runs if run), default=float("nan"))
    return f"{title:<34}p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  max {most:6.1f} ms  {sum(map(len, runs))} in all"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="From a ping to its offer.")
    parser.add_argument("--rates", default="500,4000", help="pings a second, with commas between")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the time and of the devices; 0.01 for a trial")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    seconds, devices = max(1.0, given.seconds * given.scale), max(200, int(20_000 * given.scale))
    rates = [int(rate) for rate in given.rates.split(",")]
    with redis() as redis_url, kafka() as bootstrap:
        for rate in rates:
            cases = [("engine", False), ("engine", True), ("passing on", False)]
            runs: dict[tuple[str, bool], list[Latencies]] = {case: [] for case in cases}
            for _ in range(given.rounds):
                for name, bad in cases:
                    runs[name, bad].append(measure(name, rate, seconds, devices, bad, bootstrap, redis_url))
            for (name, bad), found in runs.items():
                print(line(f"{rate}/s {name}{', 1 % bad' if bad else ''}", found), flush=True)
        found = [asyncio.run(embedded(rates[0], seconds, devices, redis_url)) for _ in range(given.rounds)]
        print(line(f"{rates[0]}/s engine, embedded", found), flush=True)


if __name__ == "__main__":
    main()
