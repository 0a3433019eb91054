"""Fetches that get lost on their way, records that the log no longer holds, commits that fit no log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from streams.transport.broker import OPEN
from tests.transport.workers import Side, Worker, embedded_side, in_order, kafka_side, new_group, until

Tell = Callable[[Callable[[Side], Any]], None]


async def write_until(side: Side, topic: str, written: list[bytes], happened: list[Any]) -> None:
    """One record after the other: the first may still fall to a fetch begun before."""
    while not happened:
        written += await side.write(topic, 1, first=len(written))
        await asyncio.sleep(0.01)


def test_a_fetch_dropped_on_its_way_is_read_again(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic = side.topic(1)
        written = await side.write(topic, 100)
        worker = Worker(side.url, new_group(), topic)
        await until(lambda: len(worker.seen) >= 100, "the first records")
        fetch, dropped = worker.consumer._getmany, []

        async def drop_one(*args: Any, **options: Any) -> Any:
            found = await fetch(*args, **options)
            if found and not dropped:
                dropped.append(found)
                return {}
            return found

        worker.consumer._getmany = drop_one
        await write_until(side, topic, written, dropped)
        written += await side.write(topic, 1, first=len(written))
        await until(lambda: len(worker.seen) >= len(written), "nothing missing")
        await worker.stop()
        assert worker.values == written
        assert in_order(worker.seen)

    tell(story)


def test_a_fetch_that_arrives_while_flow_is_stopped_is_read_again(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic = side.topic(1)
        written = await side.write(topic, 100)
        worker = Worker(side.url, new_group(), topic)
        await until(lambda: len(worker.seen) >= 100, "the first records")
        consumer, fetch, stopped = worker.consumer, worker.consumer._getmany, []

        async def stop_flow_meanwhile(*args: Any, **options: Any) -> Any:
            found = await fetch(*args, **options)
            if found and not stopped:
                stopped.append(found)
                consumer.stop_flow()
            return found

        consumer._getmany = stop_flow_meanwhile
        await write_until(side, topic, written, stopped)
        consumer.resume_flow()
        await until(lambda: len(worker.seen) >= len(written), "nothing missing")
        await worker.stop()
        assert worker.values == written

    tell(story)


def test_an_embedded_reader_that_fell_behind_goes_on_at_the_oldest_kept_and_is_told() -> None:
    async def story() -> None:
        async with embedded_side(keep=50) as side:
            topic, group = side.topic(1), new_group()
            written = await side.write(topic, 10)
            first = Worker(side.url, group, topic)
            await until(lambda: len(first.seen) >= 10, "the first records")
            await first.stop()
            written += await side.write(topic, 200, first=10)
            second = Worker(side.url, group, topic)
            await until(lambda: len(second.seen) >= 50, "what is kept")
            await second.stop()
            assert second.values == written[-50:]

    asyncio.run(story())


def test_an_embedded_reader_overtaken_while_it_reads_goes_on_and_is_told() -> None:
    async def story() -> None:
        async with embedded_side(keep=50) as side:
            topic, group = side.topic(1), new_group()
            broker = next(iter(OPEN.values()))
            worker = Worker(side.url, group, topic)
            await until(lambda: worker.owns(), "reading")
            written = await side.write(topic, 500)  # at one go: the reader does not run in between
            await until(lambda: b"499" in worker.values, "the newest")
            await worker.stop()
            assert worker.values == written[-50:]
            assert sum(broker.records_lost.values()) == 450

    asyncio.run(story())


@pytest.mark.kafka
def test_a_commit_older_than_the_log_goes_on_at_its_oldest_record(kafka_bootstrap: str) -> None:
    async def story() -> None:
        async with kafka_side(kafka_bootstrap) as side:
            topic, group = side.topic(1), new_group()
            written = await side.write(topic, 10)
            first = Worker(side.url, group, topic)
            await until(lambda: len(first.seen) >= 10, "the first records")
            await first.stop()
            written += await side.write(topic, 20, first=10)
            await asyncio.to_thread(delete_before, kafka_bootstrap, topic, 25)
            second = Worker(side.url, group, topic)
            await until(lambda: len(second.seen) >= 5, "what is kept")
            await until(lambda: second.batches[-1].caught_up(topic, 0), "its end")
            await second.stop()
            assert second.values == written[25:]

    asyncio.run(story())


@pytest.mark.kafka
def test_an_emptied_log_counts_as_read_to_its_end(kafka_bootstrap: str) -> None:
    async def story() -> None:
        async with kafka_side(kafka_bootstrap) as side:
            topic = side.topic(1)
            await side.write(topic, 10)
            await asyncio.to_thread(delete_before, kafka_bootstrap, topic, 10)
            worker = Worker(side.url, new_group(), topic)
            await until(lambda: worker.batches and worker.batches[-1].caught_up(topic, 0), "caught up on nothing")
            await worker.stop()
            assert worker.values == []

    asyncio.run(story())


@pytest.mark.kafka
def test_a_commit_beyond_the_end_of_a_topic_made_anew_reads_all_of_it(kafka_bootstrap: str) -> None:
    async def story() -> None:
        async with kafka_side(kafka_bootstrap) as side:
            topic, group = side.topic(1), new_group()
            await side.write(topic, 30)
            first = Worker(side.url, group, topic)
            await until(lambda: len(first.seen) >= 30, "the first records")
            await first.consumer._write_offsets(dict.fromkeys(first.consumer.assignment(), 1000))
            first.consumer._write_offsets = refuse
            await first.stop()
            second = Worker(side.url, group, topic)
            await until(lambda: len(second.seen) >= 30, "all of it")
            await second.stop()

    asyncio.run(story())


async def refuse(offsets: Any) -> bool:
    return False


def delete_before(bootstrap: str, topic: str, offset: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=[bootstrap])
    try:
        admin.delete_records({TopicPartition(topic, 0): offset})
    finally:
        admin.close()
