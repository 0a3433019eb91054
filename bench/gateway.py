"""From a post at the gateway to its offer at an open stream, with tills that redeem; and what the gateway costs alone.

    python -m bench.gateway [--seconds 20] [--rounds 3] [--scale 0.01]

Worker and gateway are a process each, on a real Kafka and a real Redis; load and listeners are a third. A latency runs
from just before the post is written to its connection to when the offer is read from its member's stream, on one clock.
Ten posts a second hold the first ping of a visitor, who gets an offer; what was offered is redeemed at once at a till,
and its answer timed. Alone, the gateway takes in pings as fast as it can from eight connections, with nobody who works
them. A first run does not count: a broker that has just started still compiles its own code.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.cost import fresh_topics, prepare
from bench.latency import line_of, working
from bench.posting import Poster, coupon_of, listen
from bench.servers import kafka, redis
from bench.world import NAME, World, ping
from streams.collector import spare_the_collector
from streams.delivery import delivering
from streams.gateway.doors import Doors
from streams.gateway.keys import Scope, new_key
from streams.gateway.serving import serving
from streams.offer_sources import KafkaOffers
from streams.producers import KafkaProducer
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables

VISITS_A_SECOND = 10
CONNECTIONS = 8
TICK = 0.002
"""Seconds between two looks at what is due."""
WARM_UP = 2.0
"""Seconds at the beginning that do not count."""
FENCES = 10_000
LOADS = ((500, 1), (4_000, 20))
"""Pings a second, pings a post."""


def _gateway(bootstrap: str, redis_url: str, world: World, port: Any, ready: Any) -> None:
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(_serve(bootstrap, redis_url, world, port, ready))


async def _serve(bootstrap: str, redis_url: str, world: World, port: Any, ready: Any) -> None:
    keyspace, producer, tills = await connect(redis_url), KafkaProducer(bootstrap), KafkaProducer(bootstrap)
    async with delivering(KafkaOffers(bootstrap)) as delivery:
        doors = Doors({NAME: world.retailer()}, Tables.over(keyspace), producer, delivery=delivery, till_producer=tills)
        async with serving(doors, "127.0.0.1", 0) as address:
            while not delivery.reading:  # noqa: ASYNC110 - a bench polls
                await asyncio.sleep(0.01)
            spare_the_collector()
            port.value = int(address.rpartition(":")[2])
            ready.set()
            await asyncio.Event().wait()


@contextmanager
def open_gateway(bootstrap: str, redis_url: str, world: World) -> Iterator[tuple[int, int]]:
    """A gateway in a process of its own: its port and its process."""
    context = multiprocessing.get_context("spawn")
    ready, port = context.Event(), context.Value("i", 0)
    process = context.Process(target=_gateway, args=(bootstrap, redis_url, world, port, ready), daemon=True)
    process.start()
    try:
        if not ready.wait(120) or process.pid is None:
            raise TimeoutError("the gateway did not get ready")
        yield port.value, process.pid
    finally:
        process.terminate()
        process.join(20)


@dataclass
class Run:
    """What one run came to: milliseconds from post to offer, and of each till's answer; offers that never came."""

    offers: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    missing: int = 0
    refused: int = 0


class Load:
    """Posts at a steady rate over a few connections, hears every visitor's stream, and redeems what is offered."""

    def __init__(self, world: World, port: int, key: str, rate: int, per_post: int, seconds: float) -> None:
        self._world, self._port, self._key = world, port, key
        self._rate, self._per_post, self._seconds = rate, per_post, seconds
        self._warm_up = min(WARM_UP, seconds / 4)
        self._sent: dict[str, float] = {}
        self._got: dict[str, float] = {}
        self._idle: asyncio.Queue[Poster] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._began = 0.0
        self._opened = 0
        self.run = Run()

    async def drive(self) -> Run:
        """From the first connection to the last offer."""
        for _ in range(CONNECTIONS * 4):
            self._idle.put_nowait(await Poster.connect(self._port, self._key))
        listening = [asyncio.create_task(self._listen(number)) for number in range(self._world.visitors)]
        while self._opened < len(listening):
            await asyncio.sleep(0.01)
            for task in (each for each in listening if each.done()):
                task.result()
        await self._until_working()
        spare_the_collector()
        self._began = time.perf_counter()
        await self._send()
        for _ in range(500):
            if self._sent.keys() <= self._got.keys() and not self._tasks:
                break
            await asyncio.sleep(0.02)
        for task in listening:
            task.cancel()
        return self._result()

    async def _listen(self, number: int) -> None:
        member = f"m{self._world.devices + number:06d}"

        def heard(offer: bytes, at: float) -> None:
            self._got.setdefault(member, at)
            coupon = coupon_of(offer)
            if coupon is not None and self._began:
                self._start(self._redeem(*coupon))

        await listen(self._port, self._key, member, self._has_opened, heard)

    def _has_opened(self) -> None:
        self._opened += 1

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _redeem(self, code: str, store: str) -> None:
        poster = await self._idle.get()
        asked = {"id": code, "coupon": code, "store": store, "at": time.time_ns() // 1_000_000}
        began = time.perf_counter()
        status, answer = await poster.post("/v1/redemptions", orjson.dumps(asked))
        if began - self._began > self._warm_up:
            self.run.answers.append((time.perf_counter() - began) * 1_000)
        self.run.refused += status != 200 or orjson.loads(answer)["result"] != "ACCEPTED"
        self._idle.put_nowait(poster)

    async def _post(self, pings: list[bytes], visitor: str | None) -> None:
        poster = await self._idle.get()
        if visitor is not None:
            self._sent[visitor] = time.perf_counter()
        status, _ = await poster.post("/v1/pings", b"[" + b",".join(pings) + b"]" if len(pings) > 1 else pings[0])
        self.run.refused += status != 200
        self._idle.put_nowait(poster)

    def _visit(self, number: int) -> tuple[bytes, str]:
        lon, lat = self._world.place_of(number % (FENCES // 2))
        made = ping(self._world.devices + number, lon, lat, time.time_ns() // 1_000_000)
        return made.value or b"", f"m{self._world.devices + number:06d}"

    async def _until_working(self) -> None:
        """Send one visitor after the other until an offer comes back."""
        for number in range(self._world.visitors - 50, self._world.visitors):
            body, member = self._visit(number)
            await self._post([body], None)
            for _ in range(50):
                if member in self._got:
                    return
                await asyncio.sleep(0.02)
        raise TimeoutError("no offer came")

    async def _send(self) -> None:
        posts = self._rate // self._per_post
        every = posts // VISITS_A_SECOND
        strolls = self._world.strolls(int(self._rate * self._seconds) + self._rate, time.time_ns() // 1_000_000, 0.0)
        number = visitor = 0
        while (elapsed := time.perf_counter() - self._began) < self._seconds:
            while number < elapsed * posts:
                body, member = [next(strolls).value or b"" for _ in range(self._per_post)], None
                if number % every == 0:
                    body[-1], member = self._visit(visitor)
                    visitor += 1
                self._start(self._post(body, member))
                number += 1
            await asyncio.sleep(TICK)

    def _result(self) -> Run:
        counted = {name: at for name, at in self._sent.items() if at - self._began >= self._warm_up}
        self.run.offers = sorted((self._got[name] - at) * 1_000 for name, at in counted.items() if name in self._got)
        self.run.answers.sort()
        self.run.missing = len(counted) - len(self.run.offers)
        return self.run


async def make_key(redis_url: str) -> str:
    """A key that may do everything."""
    keyspace = await connect(redis_url)
    shown, kept = new_key(NAME, Scope.CRM, time.time_ns() // 1_000_000)
    await Tables.over(keyspace).api_keys.add(kept)
    await keyspace.close()
    return shown


def through_the_doors(rate: int, per_post: int, seconds: float, devices: int, bootstrap: str, redis_url: str) -> Run:
    """One run with worker and gateway."""
    world = World(FENCES, devices, int(VISITS_A_SECOND * seconds) + 60)
    fresh_topics(bootstrap)
    asyncio.run(prepare(redis_url, world, time.time_ns() // 1_000_000 - 10_000))
    key = asyncio.run(make_key(redis_url))
    with working("engine", bootstrap, redis_url, world), open_gateway(bootstrap, redis_url, world) as (port, _):
        return asyncio.run(Load(world, port, key, rate, per_post, seconds).drive())


def alone(per_post: int, seconds: float, devices: int, bootstrap: str, redis_url: str) -> float:
    """Posts for each second of the gateway's CPU, as fast as it takes them."""
    world = World(FENCES, devices, 1)
    fresh_topics(bootstrap)
    asyncio.run(prepare(redis_url, world, time.time_ns() // 1_000_000 - 10_000))
    key = asyncio.run(make_key(redis_url))
    with open_gateway(bootstrap, redis_url, world) as (port, process):
        return asyncio.run(_as_fast_as_it_can(world, port, process, key, per_post, seconds))


async def _as_fast_as_it_can(world: World, port: int, process: int, key: str, per_post: int, seconds: float) -> float:
    strolls = world.strolls(200 * per_post, time.time_ns() // 1_000_000, 0.0)
    pings = [each.value or b"" for each in strolls]
    bodies = [b"[" + b",".join(pings[at : at + per_post]) + b"]" for at in range(0, len(pings), per_post)]
    posters = [await Poster.connect(port, key) for _ in range(CONNECTIONS)]
    posted = 0

    async def post_on(poster: Poster, until: float) -> None:
        nonlocal posted
        while time.perf_counter() < until:
            status, answer = await poster.post("/v1/pings", bodies[posted % len(bodies)])
            if status != 200 or orjson.loads(answer)["accepted"] != per_post:
                raise ConnectionError(f"{status}: {answer!r}")
            posted += 1

    await asyncio.gather(*(post_on(poster, time.perf_counter() + min(1.0, seconds)) for poster in posters))
    posted, cpu = 0, cpu_seconds(process)
    await asyncio.gather(*(post_on(poster, time.perf_counter() + seconds) for poster in posters))
    spent = cpu_seconds(process) - cpu
    for poster in posters:
        poster.close()
    return posted / spent


def cpu_seconds(process: int) -> float:
    """CPU that a process has taken, all threads, by `/proc/PID/stat` (proc(5), fields 14 and 15)."""
    with open(f"/proc/{process}/stat") as stat:  # noqa: PTH123 - no file, and read again and again
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="From a post to an offer at a stream; tills; the gateway alone.")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the time and of the devices; 0.01 for a trial")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    seconds, devices = max(1.0, given.seconds * given.scale), max(200, int(20_000 * given.scale))
    with redis() as redis_url, kafka() as bootstrap:
        through_the_doors(*LOADS[0], seconds, devices, bootstrap, redis_url)
        for rate, per_post in LOADS:
            runs = [
                through_the_doors(rate, per_post, seconds, devices, bootstrap, redis_url) for _ in range(given.rounds)
            ]
            title = f"{rate}/s, {per_post} a post"
            print(line_of(f"{title}, post to stream", [run.offers for run in runs]), flush=True)
            print(line_of(f"{title}, till's answer", [run.answers for run in runs]), flush=True)
            missing, refused = sum(run.missing for run in runs), sum(run.refused for run in runs)
            print(f"    {missing} offers missing, {refused} requests refused", flush=True)
        for per_post in (1, 100):
            found = [alone(per_post, seconds, devices, bootstrap, redis_url) for _ in range(given.rounds)]
            posts = statistics.median(found)
            print(f"gateway alone, {per_post} a post: {posts:,.0f} posts/s a core, {posts * per_post:,.0f} pings/s")


if __name__ == "__main__":
    main()
