"""Writing: in order, all of it, and told by name what the broker does not take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient

from streams.errors import InfrastructureError, RecordTooLarge
from streams.producers import KafkaProducer
from streams.records import Outgoing
from streams.topics import MAX_RECORD_BYTES
from tests.brokers import KafkaBroker, free_port
from tests.transport.workers import Side, Worker, kafka_side, new_group, until

Tell = Callable[[Callable[[Side], Any]], None]


async def read_all(side: Side, topic: str, count: int) -> list[bytes]:
    worker = Worker(side.url, new_group(), topic)
    await until(lambda: len(worker.seen) >= count, f"{count} records")
    await worker.stop()
    return worker.values


def test_records_of_one_key_keep_their_order(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic = side.topic()
        written = await side.write(topic, 2000, keys=1)
        assert await read_all(side, topic, 2000) == written

    tell(story)


def test_a_record_without_a_value_is_written(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic = side.topic(1)
        await side.producer.produce([Outgoing(topic, b"gone", None)])
        worker = Worker(side.url, new_group(), topic)
        await until(lambda: worker.seen, "the tombstone")
        await worker.stop()
        assert [(record.key, record.value) for record in worker.seen] == [(b"gone", None)]

    tell(story)


def test_the_largest_record_is_taken_and_one_byte_more_is_refused_by_name(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic = side.topic(1)
        largest = Outgoing(topic, b"key", b"x" * (MAX_RECORD_BYTES - 3))
        too_large = Outgoing(topic, b"key", b"x" * (MAX_RECORD_BYTES - 2))
        small = Outgoing(topic, b"key", b"small")
        with pytest.raises(RecordTooLarge, match=topic) as refused:
            await side.producer.produce([small, largest, too_large, small])
        assert refused.value.record is too_large
        await side.producer.produce([small])
        assert [len(value) for value in await read_all(side, topic, 4)] == [5, MAX_RECORD_BYTES - 3, 5, 5]

    tell(story)


@pytest.mark.kafka
def test_a_record_that_only_the_broker_finds_too_large_is_named_and_nothing_else_is_lost(kafka_bootstrap: str) -> None:
    async def story() -> None:
        async with kafka_side(kafka_bootstrap) as side:
            topic = f"small-{new_group()}"
            await asyncio.to_thread(create_small, kafka_bootstrap, topic)
            records = [Outgoing(topic, b"key", b"%d" % number) for number in range(10)]
            large = Outgoing(topic, b"key", b"x" * 5000)
            with pytest.raises(RecordTooLarge) as refused:
                await side.producer.produce([*records[:5], large, *records[5:]])
            assert refused.value.record is large
            await side.producer.produce(records)
            values = await read_all(side, topic, 20)
            assert set(values) == {b"%d" % number for number in range(10)}

    asyncio.run(story())


def create_small(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=[bootstrap])
    new = {topic: {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "2000"}}}
    try:
        admin.create_topics(new, wait_for_metadata=True)
    finally:
        admin.close()


@pytest.mark.kafka
def test_a_producer_outlives_an_outage_longer_than_its_patience(own_kafka: KafkaBroker) -> None:
    async def story() -> None:
        async with kafka_side(own_kafka.bootstrap, request_timeout_ms=1500) as side:
            topic = side.topic(1)
            written = await side.write(topic, 10)
            await asyncio.to_thread(own_kafka.kill)
            with pytest.raises(InfrastructureError, match="did not take"):
                await side.write(topic, 10, first=10)
            await asyncio.to_thread(own_kafka.start)
            written += await written_at_last(side, topic)
            assert sorted(set(await read_all(side, topic, 20))) == sorted(written)

    asyncio.run(story())


async def written_at_last(side: Side, topic: str) -> list[bytes]:
    while True:
        try:
            return await side.write(topic, 10, first=10)
        except InfrastructureError:
            continue  # as the pipeline does: the same bytes again


@pytest.mark.kafka
def test_a_broker_that_is_not_there_is_an_infrastructure_error() -> None:
    async def story() -> None:
        producer = KafkaProducer(f"127.0.0.1:{free_port()}", request_timeout_ms=500)
        with pytest.raises(InfrastructureError):
            await producer.start()
        await producer.stop()

    asyncio.run(story())
