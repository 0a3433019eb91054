"""One engine on Kafka in this process: the same bytes as `replay`, and nothing after its partitions were revoked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

import streams.app
from config.settings import Settings, read_settings
from streams import topics
from streams.app import Engine, build_app, retailers_of
from streams.errors import Abandoned
from streams.producers import KafkaProducer
from streams.records import Outgoing
from streams.replay import Files, Replay
from streams.steps import Step
from streams.tables.redis_keyspace import RedisKeyspace, connect
from streams.tables.server import RedisServer
from streams.topics import create_topics
from tests.brokers import KafkaBroker
from tests.integration.running import AVENUE, Message, client, member, now, until, visit

pytestmark = pytest.mark.kafka
VISITORS = 6
COMPARED = (topics.TRANSITIONS, topics.DECISIONS, topics.OFFERS)


def settings(broker: KafkaBroker, redis: RedisServer, **more: Any) -> Settings:
    return read_settings(broker=f"kafka://{broker.bootstrap}", redis=redis.url, config=(AVENUE,), partitions=1, **more)


@asynccontextmanager
async def running(described: Settings) -> AsyncIterator[Engine]:
    """An engine that works until the block is left; coupons rest on the sample secret, as those of a replay do."""
    as_replayed = retailers_of(read_settings(config=(AVENUE,), broker="embedded://replay", secret=None))
    async with build_app(described, as_replayed) as engine:
        task = asyncio.create_task(engine.run())
        try:
            yield engine
        finally:
            engine.stop.set()
            await task


Told = dict[str, dict[bytes, list[bytes]]]
"""By topic and key what was sent, in order."""


async def told_by_replay(events: Sequence[Message]) -> Told:
    kept = ByKey()
    retailers = retailers_of(read_settings(config=(AVENUE,), broker="embedded://replay", secret=None))
    await Replay(retailers, kept, lambda *_: None).run(orjson.dumps(each) for each in events)
    return kept.told


class ByKey(Files):
    """What a replay sends, by topic and key."""

    def __init__(self) -> None:
        super().__init__(None)
        self.told: Told = defaultdict(lambda: defaultdict(list))

    async def produce(self, records: Sequence[Outgoing]) -> None:
        for record in records:
            self.told[record.topic][record.key].append(record.value or b"")


def by_key(records: Sequence[tuple[bytes, bytes | None]]) -> dict[bytes, list[bytes]]:
    told: dict[bytes, list[bytes]] = defaultdict(list)
    for key, value in records:
        told[key].append(value or b"")
    return told


def test_one_file_through_replay_and_through_kafka_with_one_partition_gives_the_same_bytes(
    own_kafka: KafkaBroker, own_redis: RedisServer
) -> None:
    create_topics(own_kafka.bootstrap, 1)

    async def on_kafka() -> tuple[Told, Told]:
        async with client(own_kafka.bootstrap, 1) as kafka, running(settings(own_kafka, own_redis)):
            members = [member(number, now() - 86_400_000) for number in range(VISITORS)]
            await kafka.write(members)
            await kafka.read(topics.MEMBERS, least=VISITORS)
            # a little ahead of the broker's clock, so that time is what the fixes say and no clock goes before them
            start = now() + 1_500
            walked = [each for number in range(VISITORS) for each in visit(number, start + number * 37)]
            walked.sort(key=lambda each: each["at"])
            await kafka.write(walked)
            expected = await told_by_replay([*members, *walked])
            found = {
                topic.name: by_key(await kafka.read(topic, least=sum(map(len, expected[topic.name].values()))))
                for topic in COMPARED
            }
            return expected, found

    expected, found = asyncio.run(on_kafka())
    assert len(expected[topics.OFFERS.name]) == VISITORS
    for topic in COMPARED:
        assert found[topic.name] == expected[topic.name]


class Watched(RedisKeyspace):
    """Counts what is written; a read of members waits while they are held."""

    def __init__(self, inner: RedisKeyspace) -> None:
        super().__init__(inner._client)
        self.writes = 0
        self.reading = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()

    async def read(self, wanted: Sequence[str]) -> list[bytes | None]:
        if any(key.startswith("profile") for key in wanted) and not self.held.is_set():
            self.reading.set()
            await self.held.wait()
        return await super().read(wanted)

    def __getattribute__(self, name: str) -> Any:
        if name in ("replace", "reserve", "save", "note"):
            self.writes += 1
        return super().__getattribute__(name)


class Spoken(KafkaProducer):
    """Counts what is produced."""

    sent = 0

    async def produce(self, records: Sequence[Outgoing]) -> None:
        self.sent += len(records)
        await super().produce(records)


def test_a_batch_whose_partitions_were_revoked_claims_produces_and_saves_nothing(
    own_kafka: KafkaBroker, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.transport.consumer.FINISH_SECONDS", 0.5)  # what a rebalance waits for the batch
    create_topics(own_kafka.bootstrap, 1)
    watched: list[Watched] = []
    spoken: list[Spoken] = []
    abandoned: list[Step] = []

    async def connected(url: str) -> RedisKeyspace:
        watched.append(Watched(await connect(url)))
        return watched[-1]

    def producing(bootstrap: list[str]) -> Spoken:
        spoken.append(Spoken(bootstrap))
        return spoken[-1]

    monkeypatch.setattr(streams.app, "connect", connected)
    monkeypatch.setattr(streams.app, "KafkaProducer", producing)

    def watch_gate(engine: Engine) -> None:
        gate = engine.pipeline.gate

        def watching(step: Step) -> None:
            try:
                gate(step)
            except Abandoned:
                abandoned.append(step)
                raise

        engine.pipeline.gate = watching

    async def story() -> None:
        first_settings, second_settings = (settings(own_kafka, own_redis, instance_id=name) for name in "za")
        async with client(own_kafka.bootstrap, 1) as kafka, running(first_settings) as engine:
            watch_gate(engine)
            await kafka.write([member(1, now() - 1_000)])
            await kafka.read(topics.MEMBERS, least=1)
            first = watched[0]  # it connects when it is first asked
            first.held.clear()
            try:
                await kafka.write(visit(1, now() - 60_000))
                await asyncio.wait_for(first.reading.wait(), 20)
                writes, sent = first.writes, spoken[0].sent
                # another worker, by name before this one, is dealt the only partition
                async with running(second_settings):
                    offers = [orjson.loads(value or b"") for _, value in await kafka.read(topics.OFFERS, least=2)]
                    first.held.set()
                    await until(lambda: abandoned, "the first worker gives its batch up")
                    assert (first.writes, spoken[0].sent) == (writes, sent)
                    assert [offer["campaign"] for offer in offers] == ["near", "stay"]
                    assert len(await kafka.read(topics.OFFERS)) == 2
            finally:
                first.held.set()

    asyncio.run(story())
    assert abandoned == [Step.DECIDE]
