"""The broker, Redis or both are away, under way and at start: the worker waits, says so, and loses nothing by it."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
import pytest
import redis

from config.settings import read_settings
from streams import topics
from streams.app import retailers_of
from streams.batches import Batch
from streams.entries import Entries
from streams.errors import InfrastructureError
from streams.tables.redis_keyspace import connect
from streams.tables.server import RedisServer
from streams.tables.tables import Tables
from streams.topics import create_topics
from tests.brokers import KafkaBroker
from tests.integration.running import (
    AVENUE,
    NAME,
    SECRET,
    Chalandise,
    Kafka,
    Message,
    client,
    member,
    now,
    settings_of,
    until,
    visit,
)
from tests.integration.test_faults import Collected, as_records, calm_day, told

pytestmark = pytest.mark.kafka
PARTITIONS, VISITORS = 4, 12
PATIENCE = 60.0
MOST_LINES = 12
"""That the worker may log from the beginning of an outage until all is made good."""
BROKER, REDIS = "broker", "Redis"
NUMBERS = count()


@dataclass(frozen=True)
class Outage:
    """What is away, and for how many seconds."""

    servers: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        return f"{' and '.join(self.servers)} for {self.seconds:.0f} s"


UNDER_WAY = [
    *(Outage((BROKER,), seconds) for seconds in (1.0, 20.0)),
    Outage((REDIS,), 5.0),
    Outage((BROKER, REDIS), 5.0),
]
AT_START = [Outage((BROKER,), 5.0), Outage((REDIS,), 5.0), Outage((BROKER, REDIS), 5.0)]
if os.environ.get("CHALANDISE_TEST_LONG_OUTAGES"):
    UNDER_WAY += [Outage((BROKER,), 120.0), Outage((REDIS,), 60.0), Outage((BROKER, REDIS), 60.0)]


class Servers:
    """A broker and a Redis of these tests, to be killed at will."""

    def __init__(self, folder: Path) -> None:
        self.broker, self.redis = KafkaBroker(folder / "kafka"), RedisServer(folder / "redis")

    def start(self, *servers: str) -> None:
        for server in servers:
            (self.broker if server == BROKER else self.redis).start()

    def kill(self, *servers: str) -> None:
        for server in servers:
            (self.broker if server == BROKER else self.redis).kill()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, kafka_directory: Path) -> Iterator[Servers]:
    made = Servers(tmp_path_factory.mktemp("outages"))
    try:
        made.start(BROKER, REDIS)
        create_topics(made.broker.bootstrap, PARTITIONS)
        yield made
    finally:
        made.kill(BROKER, REDIS)


class Day:
    """Visitors of one test: their members, their pings in order of time, and what is offered them on a calm day."""

    def __init__(self, visitors: int = VISITORS) -> None:
        self.numbers = [next(NUMBERS) for _ in range(visitors)]
        start = now() - 20 * 60_000
        self.members = [member(number, start - 86_400_000) for number in self.numbers]
        walked = [each for place, number in enumerate(self.numbers) for each in visit(number, start + place * 6_000)]
        self.walked = sorted(walked, key=lambda each: (each["at"], each["device"]))
        self.names = {f"member-{number}" for number in self.numbers}

    async def expected(self) -> set[tuple[str, str, str]]:
        return told(await calm_day(self.members, self.walked))

    async def offered(self, kafka: Kafka) -> set[tuple[str, str, str]]:
        """Of these visitors alone."""
        return {offer for offer in told(set(await kafka.read(topics.OFFERS))) if offer[0] in self.names}

    async def offered_all(self, kafka: Kafka) -> None:
        """Wait until each offer is there and all pings are committed; and nothing else was offered."""
        expected, deadline = await self.expected(), time.monotonic() + PATIENCE
        assert len(expected) == 2 * len(self.numbers)
        while (found := await self.offered(kafka)) != expected or await kafka.lag("chalandise", topics.PINGS):
            assert found <= expected
            assert time.monotonic() < deadline, f"{len(found)} of {len(expected)} offers"


async def write(kafka: Kafka, messages: Sequence[Message]) -> None:
    """Write, again while the broker is away; what is written twice counts once."""
    while True:
        try:
            await kafka.write(messages)
        except InfrastructureError:
            continue
        return


@asynccontextmanager
async def away(servers: Servers, outage: Outage) -> AsyncIterator[None]:
    """Killed for as long as it says, and back on its data."""
    await asyncio.to_thread(servers.kill, *outage.servers)
    gone = time.monotonic()
    yield
    await until(lambda: time.monotonic() - gone >= outage.seconds, str(outage), outage.seconds + 1)
    await asyncio.to_thread(servers.start, *outage.servers)


def work(servers: Servers, folder: Path) -> Chalandise:
    about = {"partitions": PARTITIONS, "instance_id": "one", "ops_port": 0}
    return Chalandise(folder, "worker", **settings_of(servers.broker.bootstrap, servers.redis.url, **about))


SIGNS = {BROKER: ("the broker is away", "the broker is back"), REDIS: ("Redis is away", "back; going on")}
"""How it is said that a server is away, and that it is back."""


class Said:
    """What a worker says from now on."""

    def __init__(self, worker: Chalandise) -> None:
        self._worker, self._before = worker, len(worker.err)

    @property
    def lines(self) -> list[str]:
        return self._worker.err[self._before :].splitlines()

    def times(self, sign: str) -> int:
        return sum(sign in line for line in self.lines)

    async def until(self, outage: Outage, number: int) -> None:
        """Wait until it is said to be away (0) or back (1); where both are, the work finds the one it asks first."""
        sign = SIGNS[outage.servers[0]][number]
        await until(lambda: self.times(sign), sign)


class Ops:
    """What a worker's ops port says."""

    def __init__(self, worker: Chalandise) -> None:
        self._worker = worker

    def is_ready(self) -> bool:
        return self._get("readyz").status_code == 200

    def errors(self, server: str) -> float:
        sign = f'chalandise_infrastructure_errors_total{{server="{server.lower()}"}} '
        lines = self._get("metrics").text.splitlines()
        return sum(float(line.removeprefix(sign)) for line in lines if line.startswith(sign))

    def _get(self, path: str) -> httpx.Response:
        (address,) = re.findall(r"ops port: (http://\S+)", self._worker.err)
        return httpx.get(f"{address}/{path}")


async def until_offered(day: Day, kafka: Kafka) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await day.offered(kafka):
        assert time.monotonic() < deadline, "nothing was offered"


def assert_said_once(said: Said, outage: Outage) -> None:
    assert len(said.lines) <= MOST_LINES, said.lines
    assert not said.times("Traceback"), said.lines
    assert [said.times(sign) for sign in SIGNS[outage.servers[0]]] == [1, 1], said.lines
    assert said.times("trying again until it is back") == said.times("back; going on") <= 1, said.lines


@pytest.mark.parametrize("outage", UNDER_WAY, ids=str)
def test_what_goes_under_way_is_said_once_and_waited_for_and_nothing_is_lost(
    outage: Outage, servers: Servers, tmp_path: Path
) -> None:
    async def story(worker: Chalandise) -> Said:
        day = Day()
        async with client(servers.broker.bootstrap, PARTITIONS) as kafka:
            await enter(servers, day.members)
            third = len(day.walked) // 3
            await write(kafka, day.walked[:third])
            await until_offered(day, kafka)
            said, ops = Said(worker), Ops(worker)
            assert ops.is_ready()
            before = {server: ops.errors(server) for server in outage.servers}
            async with away(servers, outage):
                writing = asyncio.create_task(write(kafka, day.walked[third:]))
                await said.until(outage, 0)
                await until(lambda: not ops.is_ready(), "it is not ready")
            await writing
            await day.offered_all(kafka)
            await said.until(outage, 1)
            await until(ops.is_ready, "it is ready")
            assert all(ops.errors(server) > before[server] for server in outage.servers)
            return said

    with work(servers, tmp_path) as worker:
        said = asyncio.run(story(worker))
        assert worker.runs()
    assert_said_once(said, outage)


@pytest.mark.parametrize("outage", AT_START, ids=str)
def test_what_is_away_at_start_is_waited_for_and_what_was_written_before_is_worked(
    outage: Outage, servers: Servers, tmp_path: Path
) -> None:
    async def story() -> Said:
        day = Day()
        async with client(servers.broker.bootstrap, PARTITIONS) as kafka:
            await enter(servers, day.members)
            await write(kafka, day.walked)
            async with away(servers, outage):
                worker = opened.enter_context(work(servers, tmp_path))
                said = Said(worker)
                await until(lambda: said.times("trying again until it is back"), "it is said")
                assert not Ops(worker).is_ready()
            await day.offered_all(kafka)
            await until(Ops(worker).is_ready, "it is ready")
            assert worker.runs()
            return said

    with ExitStack() as opened:
        said = asyncio.run(story())
    assert said.times("trying again until it is back") == said.times("back; going on") == 1, said.lines
    assert not said.times("Traceback"), said.lines
    assert len(said.lines) <= MOST_LINES, said.lines


async def enter(servers: Servers, messages: Sequence[Message]) -> None:
    """Into Redis, as an agent or the gateway would."""
    keyspace = await connect(servers.redis.url)
    retailers = retailers_of(read_settings(config=(AVENUE,), broker="embedded://away", secret=SECRET))
    entries = Entries(retailers, Collected())
    await entries.process(Batch(as_records(messages, now()), {}), Tables.over(keyspace), now())
    await keyspace.close()


def test_nothing_is_offered_while_redis_cannot_be_asked(servers: Servers, tmp_path: Path) -> None:
    async def story(worker: Chalandise) -> None:
        day, said, outage = Day(), Said(worker), Outage((REDIS,), 3.0)
        async with client(servers.broker.bootstrap, PARTITIONS) as kafka:
            await enter(servers, day.members)
            half = len(day.walked) // 2
            await write(kafka, day.walked[:half])
            await until_offered(day, kafka)
            async with away(servers, outage):
                await write(kafka, day.walked[half:])
                await said.until(outage, 0)
                at_first, gone = await day.offered(kafka), time.monotonic()
                await until(lambda: time.monotonic() - gone >= outage.seconds, "a while")
                assert await day.offered(kafka) == at_first
            await day.offered_all(kafka)
            assert await day.offered(kafka) > at_first

    with work(servers, tmp_path) as worker:
        asyncio.run(story(worker))


def test_who_says_stop_after_a_claim_and_before_the_broker_is_back_gets_nothing(
    servers: Servers, tmp_path: Path
) -> None:
    """Redis holds writes back until the broker is gone: so the claim is made, and cannot be produced."""

    async def story(worker: Chalandise) -> None:
        day = Day(2)
        stopped = f"member-{day.numbers[0]}"
        stop = {"type": "preference", "retailer": NAME, "member": stopped, "contact": "stop"}
        async with client(servers.broker.bootstrap, PARTITIONS) as kafka:
            await enter(servers, day.members)
            with redis.Redis.from_url(servers.redis.url) as held:
                held.client_pause(60_000, all=False)
                await write(kafka, day.walked)
                await until(lambda: held.info("clients")["blocked_clients"], "a claim waits")
                said = Said(worker)
                servers.kill(BROKER)
                held.client_unpause()
                await until(lambda: list(held.scan_iter(f"outcome:*{stopped}|*")), "the claim is made")
            await until(lambda: said.times("did not take the records"), "it was not produced")
            await enter(servers, [{**stop, "at": now()}])
            servers.start(BROKER)
            while await kafka.lag("chalandise", topics.PINGS):
                assert worker.runs()
            got = {name for name, _, _ in await day.offered(kafka)}
            assert got == day.names - {stopped}

    with work(servers, tmp_path) as worker:
        asyncio.run(story(worker))
