"""Redis or the broker is away: it is said once, waited for, and nothing is lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from streams.batches import Batch
from streams.errors import Abandoned, InfrastructureError
from streams.records import Outgoing
from streams.tables.redis_keyspace import RedisKeyspace
from streams.tables.server import RedisServer
from streams.working import FIRST_PAUSE, LONGEST_PAUSE, Patience, Worker
from tests.pipeline.boutique import Collected, Topics, Working, cut, memory_tables, redis_tables, run, town

SOME = 12
"""Walkers: enough for each kind of outcome."""


class Flaky:
    """Every call is refused `times` times before it goes through."""

    def __init__(self, inner: RedisKeyspace, times: int) -> None:
        self._inner, self._times = inner, times
        self._refused: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        async def call(*given: Any) -> Any:
            if self._refused.get(name, 0) < self._times:
                self._refused[name] = self._refused.get(name, 0) + 1
                raise InfrastructureError("Redis is away: no route")
            return await getattr(self._inner, name)(*given)

        return call


class FlakyProducer(Collected):
    """A broker that is away for the first tries."""

    refusals = 3

    async def produce(self, records: Sequence[Outgoing]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise InfrastructureError("the broker did not take the records")
        await super().produce(records)


class Pauses:
    """Counts what would have been slept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def day(working: Working, worker: Worker) -> None:
    """The town's day, through a worker that is patient."""
    members, walked = town(walkers=SOME)
    broker = Topics()
    await working.enter(broker.records(members))
    for batch in cut(broker.records(walked), 64):
        for record in batch:
            working.clocks[record.partition] = record.timestamp
        async for _ in worker.work(Batch(batch, dict(working.clocks))):
            pass


async def undisturbed() -> Collected:
    collected = Collected()
    working = Working(memory_tables(), collected)
    await day(working, worker_of(working, collected))
    return collected


def worker_of(working: Working, producer: Collected, **options: Any) -> Worker:
    return Worker(working.pipeline.process, working.tables, producer, lambda: working.now, **options)


def test_what_redis_refuses_is_tried_again_with_growing_pauses_and_said_once(
    emptied_redis: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> Pauses:
        collected, pauses, whole = Collected(), Pauses(), await undisturbed()
        async with redis_tables(emptied_redis) as sound:
            working = Working(sound, collected)
            flaky = type(sound).over(Flaky(sound.presences.keyspace, 8))
            worker = worker_of(working, collected, patience=Patience(pauses))
            worker.tables = flaky
            await day(working, worker)
        assert collected.distinct() == whole.distinct()
        return pauses

    with caplog.at_level(logging.WARNING):
        pauses = run(story())
    assert pauses.seconds[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert max(pauses.seconds) == LONGEST_PAUSE
    away, back = caplog.text.count("trying again until it is back"), caplog.text.count("back; going on")
    assert away == back
    assert 1 <= away <= 7  # once for each batch in which a call was refused, not once a try
    assert len(pauses.seconds) >= 5 * away


def test_what_the_broker_refuses_is_produced_later_and_nothing_twice(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        collected, whole, pauses = FlakyProducer(), await undisturbed(), Pauses()
        working = Working(memory_tables(), collected)
        collected.refusals = 0
        worker = worker_of(working, collected, patience=Patience(pauses))
        members, walked = town(walkers=SOME)
        broker = Topics()
        await working.enter(broker.records(members))
        for batch in cut(broker.records(walked), 64):
            collected.refusals = 3
            for record in batch:
                working.clocks[record.partition] = record.timestamp
            async for _ in worker.work(Batch(batch, dict(working.clocks))):
                pass
        assert collected.sent == whole.sent
        assert len(pauses.seconds) == 3 * len(cut(walked, 64))

    run(story())


def test_a_batch_that_was_revoked_while_redis_was_away_is_given_up() -> None:
    async def story() -> None:
        collected = Collected()
        working = Working(memory_tables(), collected)
        worker = worker_of(working, collected, patience=Patience(Pauses()), still_ours=revoked)
        worker.tables = type(working.tables).over(Flaky(working.tables.presences.keyspace, 1_000_000))
        records = Topics().records(town(walkers=1)[1])
        with pytest.raises(Abandoned):
            async for _ in worker.work(Batch(records, {})):
                pass
        assert collected.sent == []

    run(story())


def revoked() -> None:
    raise Abandoned("revoked")


def test_a_redis_that_was_killed_under_way_and_comes_back_loses_nothing(
    own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        collected, whole = Collected(), await undisturbed()
        async with redis_tables(own_redis.url) as tables:
            working = Working(tables, collected)
            running = asyncio.create_task(day(working, worker_of(working, collected)))
            await until(lambda: len(collected.sent) > 40, running)
            await asyncio.to_thread(own_redis.kill)
            await until(lambda: "trying again until it is back" in caplog.text, running)
            await asyncio.to_thread(own_redis.start)
            await asyncio.wait_for(running, 30)
        assert collected.distinct() == whole.distinct()

    with caplog.at_level(logging.WARNING):
        run(story())
    assert caplog.text.count("trying again until it is back") == 1
    assert caplog.text.count("back; going on") == 1


async def until(condition: Callable[[], bool], running: asyncio.Task[None], patience: float = 20.0) -> None:
    """Wait until `condition()` holds, while the day goes on."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        assert not running.done(), "the day was over before"
        await asyncio.sleep(0)
