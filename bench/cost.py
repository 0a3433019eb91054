"""What a ping costs the worker, the whole way, against a stock Faust agent that does nothing.

    python -m bench.cost [--pings 100000] [--rounds 3] [--scale 0.01]

10,000 fences, 20,000 devices, presence and consent in Redis, pings on a real Kafka. Peer and engine read from the same
broker in the same run, in turns; CPU is that of the process, all threads, from the first ping to the last. Every device
has a presence in Redis before the clock runs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from kafka.admin import KafkaAdminClient

from bench.noop import Stopwatch, stock
from bench.servers import kafka, redis
from bench.world import NAME, World
from config.settings import Settings
from streams.app import build_app
from streams.batches import Batch, Processed
from streams.pipeline import Pipeline
from streams.producers import KafkaProducer
from streams.records import Outgoing, Record
from streams.steps import Step
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables
from streams.topics import TOPICS, Topic, create_topics

PARTITIONS = 4
ELSEWHERE = 99
"""A partition that the topics do not have: what is taken in beforehand covers no offset of theirs."""
SHARES = (0.0, 0.002, 0.02)
"""Pings with a trigger among all."""


class Nowhere:
    """A producer that writes nothing."""

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """Nothing."""


@dataclass
class Stages:
    """CPU by step; the gate of the pipeline is its clock."""

    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _step: Step | None = None
    _since: float = 0.0

    def enter(self, step: Step | None) -> None:
        """A step begins; None: the batch is done."""
        now = time.process_time()
        if self._step is not None:
            self.spent[self._step] += now - self._since
        self._step, self._since = step, now


@dataclass
class Run:
    """One engine over one load."""

    watch: Stopwatch
    offers: int
    stages: dict[str, float]


async def engine_run(bootstrap: str, redis_url: str, share: float, pings: int, devices: int) -> Run:
    """Read warm-up and load through the whole engine."""
    world = World(10_000, devices, int(pings * share) + 1)
    fresh_topics(bootstrap)
    start = time.time_ns() // 1_000_000 - 50_000
    await prepare(redis_url, world, start - 10_000)
    await write(bootstrap, list(world.strolls(pings, start, share)))
    watch, stages, offers = Stopwatch(pings), Stages(), 0

    def observe(processed: Processed, batch: Batch) -> None:
        nonlocal offers
        stages.enter(None)
        offers += processed.decisions()["offered"]
        watch.count(processed.pings)

    settings = Settings(
        broker=f"kafka://{bootstrap}", redis=redis_url, group=f"bench-{time.time_ns()}", partitions=PARTITIONS
    )
    async with build_app(settings, {NAME: world.retailer()}, observe=observe) as engine:
        gate = engine.pipeline.gate

        def timed(step: Step) -> None:
            if watch.seen:
                stages.enter(step)
            gate(step)

        engine.pipeline.gate = timed
        running = asyncio.create_task(engine.run())
        await asyncio.wait_for(watch.done.wait(), 600)
        engine.stop.set()
        await running
    return Run(watch, offers, {step: 1e6 * spent / pings for step, spent in stages.spent.items()})


def fresh_topics(bootstrap: str) -> None:
    """All topics, empty."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    there = [topic.name for topic in TOPICS if topic.name in admin.list_topics()]
    if there:
        admin.delete_topics(there)
        while set(admin.list_topics()) & set(there):
            time.sleep(0.05)
    admin.close()
    create_topics(bootstrap, PARTITIONS)


async def prepare(redis_url: str, world: World, at: int) -> None:
    """Consent, members, and a first ping of every device, so that their presence is there when the clock runs."""
    keyspace = await connect(redis_url)
    await keyspace.clear()
    await world.admit_all(keyspace)
    pipeline, tables = Pipeline({NAME: world.retailer()}, Nowhere()), Tables.over(keyspace)
    pings = list(world.strolls(world.devices, at, 0.0))
    for first in range(0, len(pings), 256):
        records = [
            Record(each.topic, ELSEWHERE, first + place, at, each.key, each.value)
            for place, each in enumerate(pings[first : first + 256])
        ]
        await pipeline.process(Batch(records, {}), tables, at)
    await keyspace.close()


async def write(bootstrap: str, records: list[Outgoing]) -> None:
    """Write all `records`, by the thousand."""
    producer = KafkaProducer(bootstrap)
    for start in range(0, len(records), 1_000):
        await producer.produce(records[start : start + 1_000])
    await producer.stop()


async def stock_run(bootstrap: str, pings: int) -> Stopwatch:
    """The peer: a stock agent that does nothing, over the same pings."""
    topic = f"stock-{time.time_ns()}"
    create_topics(bootstrap, PARTITIONS, topics=(Topic(topic, "device", "ping", "bench", -1),))
    now = time.time_ns() // 1_000_000
    load = World(10_000, 20_000, 1).strolls(pings, now, 0.0)
    await write(bootstrap, [Outgoing(topic, each.key, each.value) for each in load])
    watch = Stopwatch(pings)
    await stock(bootstrap, topic, f"stock-{time.time_ns()}", watch)
    return watch


async def measure(pings: int, devices: int, rounds: int) -> str:
    """The table."""
    peers: list[float] = []
    runs: dict[float, list[Run]] = {share: [] for share in SHARES}
    with kafka() as bootstrap, redis() as redis_url:
        for number in range(rounds):
            peers.append((await stock_run(bootstrap, pings)).cost)
            for share in SHARES:
                runs[share].append(await engine_run(bootstrap, redis_url, share, pings, devices))
            print(f"round {number + 1} of {rounds} done", flush=True)
    return report(peers, runs)


def report(peers: list[float], runs: dict[float, list[Run]]) -> str:
    """Medians, the ratio to the peer, and where the time goes."""
    peer = statistics.median(peers)
    lines = [f"stock Faust agent that does nothing: {peer:.1f} us of CPU a ping"]
    for share, found in runs.items():
        cost = statistics.median(run.watch.cost for run in found)
        rate = statistics.median(run.watch.rate for run in found)
        lines.append(
            f"engine, {share:.1%} with a trigger: {cost:.1f} us, {peer / cost:.2f} times as fast; "
            f"{rate:,.0f} pings/s, {found[0].offers} offers"
        )
        stages = {step: statistics.median(run.stages.get(step, 0) for run in found) for step in found[0].stages}
        lines.append("    " + ", ".join(f"{step} {spent:.1f}" for step, spent in stages.items()))
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="What a ping costs the worker, the whole way.")
    parser.add_argument("--pings", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of pings and devices; 0.01 for a trial")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    pings, devices = int(given.pings * given.scale), max(100, int(20_000 * given.scale))
    print(f"{pings:,} pings of {devices:,} devices, 10,000 fences, {PARTITIONS} partitions, medians", flush=True)
    print(asyncio.run(measure(pings, devices, given.rounds)))


if __name__ == "__main__":
    main()
