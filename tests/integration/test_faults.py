"""Ten thousand pings while workers, Redis and the broker die under them: the offers are those of a calm day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import orjson
import pytest

from config.settings import read_settings
from streams import topics
from streams.app import retailers_of
from streams.batches import Batch
from streams.entries import Entries
from streams.errors import InfrastructureError
from streams.pipeline import Pipeline
from streams.records import Outgoing, Record
from streams.tables.memory import MemoryKeyspace
from streams.tables.server import RedisServer
from streams.tables.tables import Tables
from streams.topics import create_topics
from tests.brokers import KafkaBroker
from tests.integration.running import (
    AVENUE,
    SECRET,
    Chalandise,
    Kafka,
    Message,
    client,
    member,
    now,
    outgoing,
    settings_of,
    until,
    visit,
)

pytestmark = pytest.mark.kafka
PARTITIONS, VISITORS, CHUNK = 4, 100, 1_000
REDIS_AWAY = 5.0
TWO_MINUTES = 120.0


def day() -> tuple[list[Message], list[Message]]:
    """Members, and ten thousand pings of theirs between 20 and 8 minutes ago, in order of time."""
    start = now() - 20 * 60_000
    members = [member(number, start - 86_400_000) for number in range(VISITORS)]
    walked = [each for number in range(VISITORS) for each in visit(number, start + number * 6_000, every=550)]
    return members, sorted(walked, key=lambda each: (each["at"], each["device"]))


class Collected:
    """Keeps the offers."""

    def __init__(self) -> None:
        self.offers: set[tuple[bytes, bytes | None]] = set()

    async def produce(self, records: Sequence[Outgoing]) -> None:
        self.offers |= {(each.key, each.value) for each in records if each.topic == topics.OFFERS.name}


async def calm_day(members: Sequence[Message], walked: Sequence[Message]) -> set[tuple[bytes, bytes | None]]:
    """What comes of it where nothing dies: the same pipeline, tables in process, no broker."""
    described = read_settings(config=(AVENUE,), broker="embedded://calm", secret=SECRET)
    retailers, collected = retailers_of(described), Collected()
    tables = Tables.over(MemoryKeyspace(now))
    received = now()
    await Entries(retailers, collected).process(Batch(as_records(members, received), {}), tables, received)
    pipeline, records = Pipeline(retailers, collected), as_records(walked, received)
    for place in range(0, len(records), 256):
        clocks = dict.fromkeys(range(PARTITIONS), received)
        await pipeline.process(Batch(records[place : place + 256], clocks), tables, received)
    return collected.offers


def as_records(messages: Sequence[Message], received: int) -> list[Record]:
    sent = [outgoing(each) for each in messages]
    return [
        Record(each.topic, crc32(each.key) % PARTITIONS, offset, received, each.key, each.value)
        for offset, each in enumerate(sent)
    ]


class Disturbed:
    """Two workers on one broker and one Redis, and what happens to them."""

    def __init__(self, kafka: Kafka, broker: KafkaBroker, redis: RedisServer, folder: Path) -> None:
        self._kafka, self._broker, self._redis, self._folder = kafka, broker, redis, folder
        self.workers = {name: self._start(name) for name in ("one", "two")}
        self.offered = 0

    def _start(self, name: str) -> Chalandise:
        described = settings_of(self._broker.bootstrap, self._redis.url, instance_id=name, partitions=PARTITIONS)
        return Chalandise(self._folder / name, "worker", **described)

    def close(self) -> None:
        for worker in self.workers.values():
            worker.__exit__()

    async def write(self, messages: Sequence[Message]) -> None:
        """Write, again while the broker is away; what was written twice counts once."""
        while True:
            try:
                await self._kafka.write(messages)
            except InfrastructureError:
                continue
            return

    async def more_offers(self) -> None:
        """Wait until more is offered than before."""
        self.offered = len(await self._kafka.read(topics.OFFERS, least=self.offered + 1))

    async def kill_a_worker(self) -> None:
        self.workers["one"].process.kill()
        self.workers["one"].process.wait()

    async def start_it_again(self) -> None:
        """Under its name, so that it takes its partitions back."""
        self.workers["one"] = self._start("one")
        await until(lambda: self.workers["one"].err.count("working on kafka://") == 2, "the worker is back")

    async def stop_redis(self, meanwhile: Sequence[Message]) -> None:
        """Killed, and back on the same data five seconds later; pings go on."""
        await asyncio.to_thread(self._redis.kill)
        gone = time.monotonic()
        await self.write(meanwhile)
        await until(lambda: any("Redis is away" in each.err for each in self.workers.values()), "it is said")
        await until(lambda: time.monotonic() - gone >= REDIS_AWAY, "five seconds")
        await asyncio.to_thread(self._redis.start)

    async def restart_broker(self) -> None:
        await asyncio.to_thread(self._broker.stop)
        await asyncio.to_thread(self._broker.start)

    async def done(self) -> None:
        """Wait until everything is processed and committed."""
        deadline = time.monotonic() + TWO_MINUTES
        while await self._kafka.lag("chalandise", topics.PINGS):
            assert time.monotonic() < deadline, "pings are left"
            await asyncio.sleep(0.1)


def test_the_offers_are_those_of_an_undisturbed_run_whatever_dies(
    own_kafka: KafkaBroker, own_redis: RedisServer, tmp_path: Path
) -> None:
    create_topics(own_kafka.bootstrap, PARTITIONS)
    members, walked = day()
    assert len(walked) >= 10_000
    chunks = [walked[place : place + CHUNK] for place in range(0, len(walked), CHUNK)]
    began = time.monotonic()

    async def story() -> tuple[set[tuple[bytes, bytes | None]], set[tuple[bytes, bytes | None]]]:
        async with client(own_kafka.bootstrap, PARTITIONS) as kafka:
            disturbed = Disturbed(kafka, own_kafka, own_redis, tmp_path)
            try:
                await disturbed.write(members)
                await kafka.read(topics.MEMBERS, least=VISITORS)
                for chunk in chunks[:3]:
                    await disturbed.write(chunk)
                await disturbed.more_offers()
                await disturbed.kill_a_worker()
                await disturbed.write(chunks[3])
                await disturbed.start_it_again()
                await disturbed.write(chunks[4])
                await disturbed.more_offers()
                await disturbed.stop_redis(chunks[5])
                await disturbed.write(chunks[6])
                await disturbed.more_offers()
                await disturbed.restart_broker()
                for chunk in chunks[7:]:
                    await disturbed.write(chunk)
                await disturbed.done()
                assert all(worker.runs() for worker in disturbed.workers.values())
                return await calm_day(members, walked), set(await kafka.read(topics.OFFERS))
            finally:
                disturbed.close()

    expected, found = asyncio.run(story())
    assert time.monotonic() - began < TWO_MINUTES
    assert len(expected) == 2 * VISITORS
    assert told(found) == told(expected)
    assert found == expected  # byte for byte, even


def told(offers: set[tuple[bytes, bytes | None]]) -> set[tuple[str, str, str]]:
    """(member, who has one device; what started it; campaign)."""
    messages = [orjson.loads(value or b"") for _, value in offers]
    return {(each["member"], each["trigger"]["id"], each["campaign"]) for each in messages}
