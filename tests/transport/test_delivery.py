"""What an agent is given, and what counts as done: the same on both brokers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from streams.transport.batches import FetchedBatch
from tests.transport.workers import Side, Worker, acknowledge, in_order, new_group, until

Tell = Callable[[Callable[[Side], Any]], None]


async def keep_unacknowledged(batch: FetchedBatch) -> None:
    """An agent that never gets through."""


def test_every_record_is_delivered_in_the_order_of_its_partition(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic = side.topic()
        written = await side.write(topic, 1000)
        worker = Worker(side.url, new_group(), topic)
        await until(lambda: len(worker.seen) >= 1000, "the records from before")
        written += await side.write(topic, 1000, first=1000)
        await until(lambda: len(worker.seen) >= 2000, "the records written meanwhile")
        await worker.stop()
        assert sorted(worker.values) == sorted(written)
        assert in_order(worker.seen)
        assert all(record.timestamp > 0 for record in worker.seen)

    tell(story)


@pytest.mark.parametrize("limit", [1, 7, 256])
def test_a_batch_never_holds_more_than_its_limit(tell: Tell, limit: int) -> None:
    async def story(side: Side) -> None:
        topic = side.topic()
        written = await side.write(topic, 300)
        worker = Worker(side.url, new_group(), topic, limit=limit)
        await until(lambda: len(worker.seen) >= 300, "all records")
        await worker.stop()
        sizes = {len(batch.records) for batch in worker.batches}
        assert max(sizes) <= limit
        assert limit == 256 or limit in sizes
        assert in_order(worker.seen)
        assert sorted(worker.values) == sorted(written)

    tell(story)


def test_an_empty_batch_comes_where_nothing_is_read_for_a_while(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic = side.topic()
        worker = Worker(side.url, new_group(), topic, idle=0.05)
        await until(lambda: worker.batches, "an empty batch on an empty topic")
        await until(lambda: worker.batches[-1].caught_up(topic, 0), "the first fetch")
        assert worker.batches[-1].records == []
        assert worker.batches[-1].is_current()
        await worker.stop()

    tell(story)


def test_what_was_not_acknowledged_comes_again_after_a_restart(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic, group = side.topic(), new_group()
        written = await side.write(topic, 200)
        first = Worker(side.url, group, topic, handle=keep_unacknowledged)
        await until(lambda: len(first.seen) >= 200, "all records")
        await first.stop()
        second = Worker(side.url, group, topic)
        await until(lambda: len(second.seen) >= 200, "all records again")
        await second.stop()
        assert sorted(second.values) == sorted(written)

    tell(story)


def test_what_was_acknowledged_does_not_come_again(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic, group = side.topic(), new_group()
        await side.write(topic, 200)
        first = Worker(side.url, group, topic)
        await until(lambda: len(first.seen) >= 200, "all records")
        await first.stop()
        later = await side.write(topic, 20, first=200)
        second = Worker(side.url, group, topic)
        await until(lambda: len(second.seen) >= 20, "the later records")
        await second.stop()
        assert sorted(second.values) == sorted(later)

    tell(story)


def test_a_later_acknowledgement_does_not_cover_a_batch_left_out(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic, group = side.topic(1), new_group()
        written = await side.write(topic, 30)
        worker: Worker

        async def all_but_the_second(batch: FetchedBatch) -> None:
            if b"10" not in [record.value for record in batch.records]:
                batch.ack()

        worker = Worker(side.url, group, topic, handle=all_but_the_second, limit=10)
        await until(lambda: len(worker.seen) >= 30, "all records")
        await worker.stop()
        again = Worker(side.url, group, topic)
        await until(lambda: len(again.seen) >= 20, "the rest")
        await again.stop()
        assert again.values == written[10:]

    tell(story)


def test_a_body_that_raises_acknowledges_nothing_and_is_given_the_batch_again(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic, group = side.topic(1), new_group()
        written = await side.write(topic, 30)
        raised: list[bytes] = []

        async def raise_once_at_ten(batch: FetchedBatch) -> None:
            values = [record.value for record in batch.records]
            if b"10" in values and not raised:
                raised.append(b"10")
                raise ValueError("a fault in the agent")
            batch.ack()

        worker = Worker(side.url, group, topic, handle=raise_once_at_ten, limit=10)
        await until(lambda: b"29" in worker.values, "all records, in spite of the fault")
        await worker.stop()
        assert worker.values == written[:20] + written[10:]
        again = Worker(side.url, group, topic, idle=0.05)
        await until(lambda: again.batches and again.batches[-1].caught_up(topic, 0), "nothing left")
        await again.stop()
        assert again.values == []

    tell(story)


def test_pings_and_checkins_of_one_device_go_to_the_same_worker(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topics, group = [side.topic(5), side.topic(5)], new_group()
        workers = [Worker(side.url, group, *topics, name=name) for name in ("a", "b", "c")]
        await until(lambda: sum(worker.owns() for worker in workers) == 10, "all partitions owned")
        await until(lambda: all(worker.owns() for worker in workers), "each has some")
        for worker in workers:
            owned = worker.consumer.ownership.partitions
            assert {number for topic, number in owned if topic == topics[0]} == {
                number for topic, number in owned if topic == topics[1]
            }
        await asyncio.gather(*(worker.stop() for worker in workers))

    tell(story)


def test_two_agents_of_one_topic_are_refused(tell: Tell) -> None:
    async def story(side: Side) -> None:
        worker = Worker(side.url, new_group(), side.topic(), handle=acknowledge)
        await until(lambda: worker.batches, "started")
        with pytest.raises(RuntimeError, match="two agents read"):
            worker.consumer.reads(object(), worker.consumer.app.topics._topic_name_index)
        await worker.stop()

    tell(story)
