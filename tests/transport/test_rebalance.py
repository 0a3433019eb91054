"""Workers that come and go: nothing is missing, and next to nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from streams.transport.batches import FetchedBatch
from tests.transport.workers import Side, Worker, duplicates, kafka_side, new_group, until

Tell = Callable[[Callable[[Side], Any]], None]


async def acknowledge_slowly(batch: FetchedBatch) -> None:
    await asyncio.sleep(0.002)
    if batch.is_current():
        batch.ack()


async def write_steadily(side: Side, topic: str, done: asyncio.Event) -> list[bytes]:
    written: list[bytes] = []
    while not done.is_set():
        written += await side.write(topic, 20, first=len(written))
        await asyncio.sleep(0.002)
    return written


def processed(workers: list[Worker]) -> list[bytes]:
    batches = [batch for worker in workers for batch in worker.batches if batch.acknowledged]
    return [record.value or b"" for batch in batches for record in batch.records]


def test_nothing_is_missing_where_workers_join_and_leave_under_load(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic, group, done = side.topic(8), new_group(), asyncio.Event()
        writing = asyncio.create_task(write_steadily(side, topic, done))
        workers = [Worker(side.url, group, topic, name=None, handle=acknowledge_slowly)]
        await until(lambda: len(workers[0].seen) > 500, "the first reads")
        for _ in range(2):
            workers.append(Worker(side.url, group, topic, name=None, handle=acknowledge_slowly))
            await until(lambda: len(workers[-1].seen) > 100, "the newcomer reads")
            await workers[-2].stop()
            await until(lambda: workers[-1].owns() == 8, "the last one has all partitions")
            seen = len(workers[-1].seen)
            await until(lambda seen=seen: len(workers[-1].seen) > seen + 100, "and reads")
        done.set()
        written = await writing
        await until(lambda: set(processed(workers)) >= set(written), "nothing missing")
        await workers[-1].stop()
        assert sorted(set(processed(workers))) == sorted(written)
        assert duplicates(processed(workers)) == 0

    tell(story)


def test_a_rebalance_waits_for_the_batch_in_flight_and_commits_it(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic, group = side.topic(2), new_group()
        written = await side.write(topic, 100)
        working, go_on = asyncio.Event(), asyncio.Event()

        async def hold(batch: FetchedBatch) -> None:
            if batch.records:
                working.set()
                await go_on.wait()
                assert batch.is_current()
            batch.ack()

        first = Worker(side.url, group, topic, name="a", handle=hold)
        await until(working.is_set, "a batch in flight")
        second = Worker(side.url, group, topic, name="b")
        await until(lambda: not first.consumer.flow_active, "the rebalance began")
        assert second.seen == []
        go_on.set()
        await until(lambda: len(first.seen) + len(second.seen) >= 100, "all records")
        await until(lambda: first.owns() == second.owns() == 1, "shared")
        await asyncio.gather(first.stop(), second.stop())
        assert sorted(first.values + second.values) == sorted(written)

    tell(story)


def test_a_batch_that_outlasts_the_rebalance_is_no_longer_current_and_goes_to_the_next_owner(
    tell: Tell, monkeypatch: Any
) -> None:
    monkeypatch.setattr("streams.transport.consumer.FINISH_SECONDS", 0.2)

    async def story(side: Side) -> None:
        topic, group = side.topic(1), new_group()
        written = await side.write(topic, 10)
        working, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def hold(batch: FetchedBatch) -> None:
            if batch.records and not ended.is_set():
                working.set()
                await go_on.wait()
                ended.set()
                assert not batch.is_current()
            batch.ack()  # too late: it must change nothing

        first = Worker(side.url, group, topic, name="b", handle=hold)
        await until(working.is_set, "a batch in flight")
        second = Worker(side.url, group, topic, name="a")  # takes the only partition, being first by name
        await until(lambda: len(second.seen) >= 10, "the next owner reads it again")
        held = next(batch for batch in first.batches if batch.records)
        assert not held.is_current()
        go_on.set()
        await until(ended.is_set, "the abandoned batch ended")
        assert second.values == written
        await asyncio.gather(first.stop(), second.stop())

    tell(story)


def test_a_worker_that_dies_without_a_commit_leaves_its_records_to_the_next(tell: Tell) -> None:
    async def story(side: Side) -> None:
        topic, group = side.topic(), new_group()
        written = await side.write(topic, 500)
        first = Worker(side.url, group, topic, handle=acknowledge_slowly)
        first.consumer._write_offsets = never
        await until(lambda: len(first.seen) >= 250, "half of the records")
        await first.die()
        second = Worker(side.url, group, topic)
        await until(lambda: set(second.values) >= set(written), "all of them again: the partitions never committed")
        await second.stop()

    tell(story)


async def never(offsets: Any) -> bool:
    return False


@pytest.mark.kafka
def test_a_static_member_takes_its_partitions_back_and_nobody_else_is_interrupted(kafka_bootstrap: str) -> None:
    async def story() -> None:
        async with kafka_side(kafka_bootstrap) as side:
            topic, group = side.topic(), new_group()
            stays = Worker(side.url, group, topic, name="stays")
            leaves = Worker(side.url, group, topic, name="leaves")
            await until(lambda: stays.owns() == leaves.owns() == 2, "shared")
            owned, revocations = set(leaves.consumer.ownership.partitions), stays.consumer._revocations
            await leaves.stop()
            written = await side.write(topic, 200)
            back = Worker(side.url, group, topic, name="leaves")
            await until(lambda: len(stays.seen) + len(back.seen) >= 200, "all records")
            assert set(back.consumer.ownership.partitions) == owned
            assert stays.consumer._revocations == revocations
            await asyncio.gather(stays.stop(), back.stop())
            assert sorted(stays.values + back.values) == sorted(written)

    asyncio.run(story())
