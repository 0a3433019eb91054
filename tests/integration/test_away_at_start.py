"""A worker that is started before its Redis and its broker waits for them, says so once, and can be stopped."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from streams import topics
from streams.tables.server import RedisServer
from streams.topics import create_topics
from tests.brokers import KafkaBroker
from tests.integration.running import Chalandise, client, member, now, settings_of, until, visit

pytestmark = pytest.mark.kafka
PARTITIONS = 4


@pytest.fixture(scope="module")
def broker(kafka_directory: Path) -> Iterator[KafkaBroker]:
    """One with our topics."""
    made = KafkaBroker(kafka_directory / "away-at-start")
    made.start()
    create_topics(made.bootstrap, PARTITIONS)
    try:
        yield made
    finally:
        made.kill()


async def offer_made(bootstrap: str, number: int, least: int) -> None:
    """Somebody walks by, and is offered something."""
    async with client(bootstrap, PARTITIONS) as kafka:
        await kafka.write([member(number, now() - 1_000)])
        await kafka.read(topics.MEMBERS, least=number)
        await kafka.write(visit(number, now() - 60_000))
        offers = [orjson.loads(value or b"") for _, value in await kafka.read(topics.OFFERS, least=least)]
        assert f"member-{number}" in {each["member"] for each in offers}


def test_without_redis_the_worker_waits_and_goes_on_once_it_is_there(
    broker: KafkaBroker, own_redis: RedisServer, tmp_path: Path
) -> None:
    own_redis.stop()
    with Chalandise(tmp_path / "worker", "worker", **settings_of(broker.bootstrap, own_redis.url)) as worker:
        asyncio.run(until(lambda: "Redis is away" in worker.err, "it is said"))
        own_redis.start()
        asyncio.run(offer_made(broker.bootstrap, 1, 1))
        assert worker.runs()
        assert "Traceback" not in worker.err
        assert worker.end(signal.SIGTERM) == 0


def test_without_a_broker_the_worker_waits_and_goes_on_once_it_is_there(
    broker: KafkaBroker, own_redis: RedisServer, tmp_path: Path
) -> None:
    broker.stop()
    own_redis.stop()
    with Chalandise(tmp_path / "worker", "worker", **settings_of(broker.bootstrap, own_redis.url)) as worker:
        asyncio.run(until(lambda: "broker" in worker.err.partition("rules:")[2], "it is said"))
        broker.start()
        own_redis.start()
        asyncio.run(offer_made(broker.bootstrap, 2, 3))
        assert worker.runs()
        assert "Traceback" not in worker.err
        assert worker.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_waits_is_ended_at_once(how: signal.Signals, own_redis: RedisServer, tmp_path: Path) -> None:
    own_redis.stop()
    with Chalandise(tmp_path, "worker", **settings_of("127.0.0.1:1", own_redis.url)) as worker:
        asyncio.run(until(lambda: "broker" in worker.err.partition("rules:")[2], "it is said"))
        asked = time.monotonic()
        assert worker.end(how) == 0
        assert time.monotonic() - asked < 3.0
        assert "Traceback" not in worker.err
