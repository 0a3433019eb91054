"""The broker goes away under a worker that reads; the worker stays, and says so once. And workers that break."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiokafka import AIOKafkaConsumer

from streams.errors import InfrastructureError
from streams.transport.broker_log import BrokerLog, broker_log
from streams.transport.kafka import ConsumerThread
from tests.brokers import KafkaBroker, free_port
from tests.transport.workers import Worker, embedded_side, in_order, kafka_side, new_group, until


@pytest.mark.kafka
def test_a_worker_outlives_a_killed_broker_and_reads_on(
    own_kafka: KafkaBroker, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with kafka_side(own_kafka.bootstrap, request_timeout_ms=3000) as side:
            topic = side.topic()
            written = await side.write(topic, 500)
            worker = Worker(side.url, new_group(), topic)
            await until(lambda: len(worker.seen) >= 500, "the first records")
            caplog.clear()
            await asyncio.to_thread(own_kafka.kill)
            await until(lambda: "the broker is away" in caplog.text, "it is said")
            await asyncio.to_thread(own_kafka.start)
            written += await side.write(topic, 500, first=500)
            await until(lambda: set(worker.values) >= set(written), "all records")
            await until(lambda: "the broker is back" in caplog.text, "that is said too")
            await worker.stop()
            assert in_order(worker.seen)
            complaints = [record for record in caplog.records if record.name.startswith("aiokafka")]
            assert len(complaints) < 5
            assert caplog.text.count("the broker is away") == 1

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())


@pytest.mark.kafka
def test_a_worker_can_be_stopped_while_its_broker_is_away(own_kafka: KafkaBroker) -> None:
    """The driver's fetcher raises as it is closed between two tries."""

    async def story() -> None:
        async with kafka_side(own_kafka.bootstrap, request_timeout_ms=3000) as side:
            topic = side.topic()
            await side.write(topic, 500)
            worker = Worker(side.url, new_group(), topic)
            await until(lambda: len(worker.seen) >= 500, "the first records")
            await asyncio.to_thread(own_kafka.kill)
            await until(lambda: broker_log.swallowed > 50, "it tries again and again")
            await asyncio.wait_for(worker.stop(), 20)

    asyncio.run(story())


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The connections that workers have tried to make."""
    made: list[object] = []
    create = ConsumerThread._create_worker_consumer

    def counted(thread: ConsumerThread, transport: object) -> AIOKafkaConsumer:
        made.append(transport)
        return create(thread, transport)

    monkeypatch.setattr(ConsumerThread, "_create_worker_consumer", counted)
    return made


@pytest.mark.kafka
def test_a_worker_that_starts_while_the_broker_is_away_reads_once_it_is_back(
    own_kafka: KafkaBroker, tries: list[object]
) -> None:
    async def story() -> None:
        async with kafka_side(own_kafka.bootstrap, request_timeout_ms=3000) as side:
            topic = side.topic()
            written = await side.write(topic, 500)
            await asyncio.to_thread(own_kafka.stop)
            worker = Worker(side.url, new_group(), topic)
            await until(lambda: len(tries) > 2, "it tries again")
            await asyncio.to_thread(own_kafka.start)
            await until(lambda: set(worker.values) >= set(written), "all records")
            await worker.stop()

    asyncio.run(story())


@pytest.mark.kafka
def test_a_worker_that_waits_for_its_broker_can_be_stopped(tries: list[object]) -> None:
    async def story() -> None:
        worker = Worker(f"kafka://127.0.0.1:{free_port()}", new_group(), "nowhere")
        await until(lambda: len(tries) > 2, "it tries again")
        await asyncio.wait_for(worker.stop(), 5)
        assert worker.batches == []

    asyncio.run(story())


def test_a_worker_whose_fetcher_crashed_ends_with_an_error() -> None:
    async def story() -> None:
        async with embedded_side() as side:
            worker = Worker(side.url, new_group(), side.topic())
            await until(lambda: worker.owns(), "reading")
            worker.consumer._fetch_now = broken
            worker.consumer.broker.wake()
            with pytest.raises(InfrastructureError, match=r"worker crashed.*out of order"):
                await asyncio.wait_for(worker.running, 5)

    asyncio.run(story())


def broken(partitions: object) -> None:
    raise OSError("out of order")


def test_the_driver_is_quoted_once_and_its_silence_means_that_the_broker_is_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.transport.broker_log.QUIET_SECONDS", 0.0)
    once = BrokerLog()
    error = logging.LogRecord("aiokafka.client", logging.ERROR, "", 1, "Unable connect to node 1", (), None)
    assert [once.filter(error) for _ in range(3)] == [False, False, False]
    once.say_back_if_quiet()
    once.say_back_if_quiet()
    assert [record.getMessage() for record in caplog.records] == [
        "the broker is away, trying on: Unable connect to node 1",
        "the broker is back (2 lines of the driver left out)",
    ]


def test_lines_about_anything_else_pass() -> None:
    once = BrokerLog()
    for level, text in ((logging.INFO, "joined"), (logging.WARNING, "the group is rebalancing")):
        assert once.filter(logging.LogRecord("aiokafka.client", level, "", 1, text, (), None))
    assert not once.away
