"""Half an hour of joins, leaves and kills under load: is a ping lost, is something committed that was not processed?

    python -m bench.soak [--minutes 30] [--seconds N] [--rate 1000] [--seed 1] [--pace 1] [--keep FOLDER]
                         [--scale 0.01]

Two to three real workers (`chalandise worker`, each a process) on a real Kafka and a real Redis, all on loopback and
all started and ended here. A plan made from the seed says when a worker joins, leaves (SIGTERM), is killed (SIGKILL)
and comes back, and when the broker is killed and comes back. Every fiftieth ping is the only one of its visitor and
leads to one offer. The checks are in `bench/soak_checks.py`; the exit code is 1 where one of them fails. Lines that
workers log are counted by second. Kafka has one broker, so what a kill leaves is what its page cache held; Redis is
not killed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aiokafka import AIOKafkaConsumer

from bench.soak_checks import Checks, Offers, reader
from bench.soak_load import TRIGGERS_EVERY, Load, visitors_of
from bench.soak_plan import EVERY, Action, Event, plan
from bench.soak_workers import Crew
from bench.world import NAME, World
from streams.tables.redis_keyspace import connect
from streams.tables.server import RedisServer
from streams.topics import OFFERS, create_topics
from tests.brokers import KafkaBroker

PARTITIONS = 6
WORKERS = 3
GROUP = "soak"
SECRET = "a secret of the soak, long enough"
FENCES, DEVICES = 400, 5_000
PROGRESS_SECONDS = 10.0
DRAIN_SECONDS = 180.0
"""After the load; what has not come by then is missing."""
TOLD = 10
"""Missing pings of which it is said what became of them."""


def described(world: World) -> str:
    """The retailer's YAML: an offer for whoever comes near a store for the first time."""
    lines = [f"retailer: {NAME}", "timezone: Europe/Paris", "locale: fr-FR", "max_trigger_age: 1h", "stores:"]
    for store in range(world.fences // 2):
        lon, lat = world.place_of(store)
        place = f"location: {{lat: {lat:.6f}, lon: {lon:.6f}}}"
        lines.append(f"  - {{id: s{store}, {place}, catchment: {{radius: 1km}}, proximity: {{radius: 150m}}}}")
    text = '{tu: "Un café t\'attend au $store.", vous: "Un café vous attend au $store."}'
    lines += ["campaigns:", "  - id: greeting", "    when: {enters: {ring: proximity, stores: all}}"]
    lines += ["    offer:", f"      text: {{fr: {text}}}", "      discount: 1 EUR", "      coupon: {valid_for: 4h}"]
    return "\n".join(lines) + "\n"


@dataclass
class Soak:
    """One run and all that stands in it."""

    seconds: float
    broker: KafkaBroker
    crew: Crew
    load: Load
    checks: Checks
    events: list[Event]
    broker_kills: int = 0
    began: float = field(default_factory=time.monotonic)
    _broker_is_used: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """The load, the plan and the looks, and then the rest of the work."""
        consumer = await reader(self.broker.bootstrap, OFFERS, PARTITIONS)
        loading = asyncio.create_task(self.load.run(self.seconds))
        others = [asyncio.create_task(each) for each in (self._disturb(), self._look(consumer), self._tell())]
        others.append(asyncio.create_task(self.checks.offers.follow(consumer)))
        try:
            await loading
            await others[0]
            await self._drain()
        finally:
            for each in (loading, *others):
                each.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*others, return_exceptions=True)
            await consumer.stop()

    async def _disturb(self) -> None:
        """What the plan says, from the first offer on; waits until what was killed is back."""
        while not self.checks.offers.by_id:  # noqa: ASYNC110 - a worker is waited for
            await asyncio.sleep(0.1)
        began = time.monotonic()
        async with asyncio.TaskGroup() as under_way:
            for event in self.events:
                await asyncio.sleep(max(0.0, event.at - (time.monotonic() - began)))
                under_way.create_task(self._do(event))

    async def _do(self, event: Event) -> None:
        match event.action:
            case Action.JOIN:
                await self.crew.join()
            case Action.LEAVE:
                await self.crew.leave()
            case Action.KILL_WORKER:
                await self.crew.kill(event.pause)
            case Action.KILL_BROKER:
                await self._kill_broker(event.pause)

    async def _kill_broker(self, pause: float) -> None:
        async with self._broker_is_used:
            self.broker_kills += 1
            await asyncio.to_thread(self.broker.kill)
            await asyncio.sleep(pause)
            await asyncio.to_thread(self.broker.start)

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        """Check once a second or so, and so soon after every kill, too."""
        while True:
            await self.checks.look(consumer)
            await asyncio.sleep(1.0)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            print(self.progress(), flush=True)

    async def _drain(self) -> None:
        """Wait until all is committed, and every visitor has an offer."""
        deadline = time.monotonic() + DRAIN_SECONDS
        made = self.checks.made
        while self.checks.missing() or self.checks.lag or self.checks.made < made + 2:
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.1)

    def progress(self) -> str:
        """One line."""
        tally, checks = self.crew.tally, self.checks
        return (
            f"{time.monotonic() - self.began:6.0f} s  {self.load.sent:9,} sent  {len(checks.offers.by_id):6,} offers  "
            f"lag {checks.lag:6,}  {len(self.crew.running)} workers  killed {tally.kills} and the broker "
            f"{self.broker_kills}  joined {tally.joins}  left {tally.leaves}"
        )


def table(soak: Soak, offers: Offers, missing: list[int], waits: list[float]) -> tuple[str, bool]:
    """What was found, and whether all of it is as it must be. `waits` for an offer are milliseconds, sorted."""
    checks, tally, lines, load = soak.checks, soak.crew.tally, soak.crew.lines, soak.load
    p50, p99 = (waits[min(len(waits) - 1, int(len(waits) * share))] for share in (0.5, 0.99))
    must_be_none = {
        "missing (acknowledged, no offer)": len(missing),
        "committed, but not marked in Redis": len(checks.unmarked),
        "committed, but no offer on the topic": len(checks.unoffered),
        "not committed at the end": checks.lag,
        "members with two offers": offers.twice,
        "repeated with other bytes": offers.differing,
        "told to stop and still there after 30 s": tally.stuck,
        "told to stop and ended with an error": tally.failed,
    }
    rows = {
        "pings acknowledged": f"{load.sent:,} ({load.again:,} sent again)",
        "visits, offers": f"{len(load.visits):,}, {len(offers.by_id):,}",
        **must_be_none,
        "repeated, byte for byte": offers.repeated - offers.differing,
        "workers killed, joined, left": f"{tally.kills}, {tally.joins}, {tally.leaves}",
        "workers ended by themselves": tally.ended,
        "broker killed": soak.broker_kills,
        "looks at commits, put off, marks": f"{checks.made:,}, {checks.put_off:,}, {checks.marks:,}",
        "acknowledgement to offer": f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {waits[-1]:.0f} ms",
        "lines logged, most a second by one": f"{sum(lines.seconds.values()):,}, {lines.most_a_second}",
    }
    told = [f"{name:<42}{value}" for name, value in rows.items()]
    told += ["most often logged:", *(f"    {times:5}  {text}" for text, times in lines.texts.most_common(12))]
    return "\n".join(told), not any(must_be_none.values())


async def soak(seconds: float, rate: int, seed: int, pace: float, folder: Path) -> bool:
    """One run; whether nothing was lost."""
    world = World(FENCES, DEVICES, visitors_of(rate, seconds), seed)
    config = folder / "soak.yaml"
    config.write_text(described(world), encoding="utf-8")
    with ExitStack() as opened:
        redis = opened.enter_context(RedisServer(folder / "redis"))
        broker = KafkaBroker(folder / "kafka")
        opened.callback(broker.kill)
        await asyncio.to_thread(broker.start)
        create_topics(broker.bootstrap, PARTITIONS)
        keyspace = await connect(redis.url)
        await world.admit_all(keyspace)
        crew = Crew(folder, settings(broker, redis, config), Random(seed))
        opened.callback(crew.end)
        load = Load(world, broker.bootstrap, rate, seed)
        checks = Checks(broker.bootstrap, GROUP, PARTITIONS, load, keyspace)
        for _ in range(WORKERS):
            await crew.join()
        every = {name: pace * usual for name, usual in EVERY.items()}
        run = Soak(seconds, broker, crew, load, checks, plan(seconds, seed, every))
        try:
            await run.run()
            await crew.close()
            sound = await conclude(run)
        finally:
            # a broker that is just being started must be there to be killed
            await asyncio.get_running_loop().shutdown_default_executor()
            await keyspace.close()
    return sound


async def conclude(run: Soak) -> bool:
    """Print the table, and what became of pings that are missing."""
    waits = run.checks.waits() or [float("inf")]
    run.checks.offers = again = await run.checks.read_all_again()
    missing = run.checks.missing()
    told, sound = table(run, again, missing, waits)
    print(run.progress(), told, sep="\n", flush=True)
    unmarked = run.checks.unmarked
    for line in await run.checks.what_became_of((device, run.load.visits[device]) for device in missing[:TOLD]):
        print("missing:", line, flush=True)
    for then, now in zip(unmarked.values(), await run.checks.what_became_of(list(unmarked)[:TOLD]), strict=False):
        print(f"not marked: {then}; at the end: {now}", flush=True)
    return sound


def settings(broker: KafkaBroker, redis: RedisServer, config: Path) -> dict[str, object]:
    """Of the workers."""
    return {
        "broker": f"kafka://{broker.bootstrap}",
        "redis": redis.url,
        "config": config,
        "secret": SECRET,
        "group": GROUP,
        "partitions": PARTITIONS,
    }


async def until_told(seconds: float, rate: int, seed: int, pace: float, folder: Path) -> bool:
    """`soak`, that SIGTERM ends as Ctrl-C does."""
    current = asyncio.current_task()
    if current is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, current.cancel)
    return await soak(seconds, rate, seed, pace, folder)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Joins, leaves and kills under load: nothing may be lost.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, help="instead of minutes")
    parser.add_argument("--rate", type=int, default=1_000, help="pings a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=1.0, help="of the time between two kills, joins or leaves")
    parser.add_argument("--keep", type=Path, help="a folder for the logs and the data, kept; else they are temporary")
    parser.add_argument("--scale", type=float, default=1.0, help="of the time; 0.01 for a trial")
    given = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    seconds = (given.seconds or given.minutes * 60) * given.scale
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(
            f"{seconds:.0f} s, {given.rate:,} pings/s, every {TRIGGERS_EVERY}th a visitor's, seed {given.seed}",
            flush=True,
        )
        try:
            sound = asyncio.run(until_told(seconds, given.rate, given.seed, given.pace, folder))
        except (KeyboardInterrupt, asyncio.CancelledError):
            sys.exit("stopped before its time")
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
