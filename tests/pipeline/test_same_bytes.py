"""What comes out is the same, byte for byte, however it is cut, wherever it is kept, and wherever a worker dies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import inf
from typing import Any

import pytest

from streams import topics
from streams.records import Outgoing, Record
from streams.steps import Step
from streams.tables.keyspace import Keyspace
from streams.tables.redis_keyspace import RedisKeyspace
from streams.tables.tables import Tables
from tests.pipeline.boutique import (
    DAY,
    MINUTE,
    NAME,
    NOON,
    Collected,
    Topics,
    Working,
    cut,
    empty,
    memory_tables,
    redis_tables,
    run,
    town,
)
from tests.pipeline.conftest import OpenTables

Told = dict[str, list[tuple[bytes, bytes | None]]]


class Crash(Exception):  # noqa: N818 - stands for a worker that dies
    """The worker is gone, in the middle of a step."""


def tapes(seed: int = 1) -> tuple[list[Record], list[Record]]:
    """The facts of the town, and its pings."""
    members, walked = town(seed)
    broker = Topics()
    return broker.records(members), broker.records(walked)


async def nothing_is_left_half_done(tables: Tables, collected: Collected) -> None:
    """Each coupon that was sent can be redeemed, and no place waits to be given or given back."""
    for offer in collected.offers():
        if "coupon" in offer:
            _, coupon = await tables.coupons._read(f"{NAME}|{offer['coupon']['code']}")
            assert coupon is not None
            assert coupon.offer == offer["id"]
    for campaign in ("few", "ten"):
        assert await tables.places.overdue(f"{NAME}|{campaign}", NOON + DAY) == []


async def undisturbed(tables: Tables, size: int, seed: int = 1) -> Collected:
    """The town's day in batches of `size`, then silence."""
    facts, walked = tapes(seed)
    collected = Collected()
    working = Working(tables, collected)
    await working.enter(facts)
    for batch in cut(walked, size):
        await working.work(batch)
    await working.wait(working.now + 40 * MINUTE)
    return collected


def by_topic(collected: Collected) -> Told:
    return collected.distinct()


@cache
def expected() -> Told:
    """What the town's day comes to where nothing disturbs it."""
    return by_topic(run(undisturbed(memory_tables(), 64)))


def test_the_town_has_all_that_can_differ() -> None:
    collected = run(undisturbed(memory_tables(), 64))
    reasons = collected.reasons()
    kinds = {each["kind"] for each in collected.read(topics.TRANSITIONS)}
    campaigns = [offer["campaign"] for offer in collected.offers()]
    assert kinds >= {"ENTER", "DWELL", "EXIT"}
    assert campaigns.count("few") == 3
    assert {"few", "plenty", "ten", "stay"} <= set(campaigns)
    assert {"offered", "PER_MEMBER", "NO_CAMPAIGN"} <= set(reasons)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_input_cut_in_batches_of_1_7_and_256_gives_the_same_bytes(seed: int) -> None:
    one, seven, many = (by_topic(run(undisturbed(memory_tables(), size, seed))) for size in (1, 7, 256))
    assert seven == one
    assert many == one


def test_redis_and_memory_give_the_same_bytes(emptied_redis: str) -> None:
    async def on_redis(size: int) -> Collected:
        empty(emptied_redis)
        async with redis_tables(emptied_redis) as tables:
            return await undisturbed(tables, size)

    for size in (1, 7, 256):
        assert by_topic(run(on_redis(size))) == expected()


def test_everything_twice_gives_the_same_bytes_and_nothing_more(open_tables: OpenTables) -> None:
    async def story() -> None:
        facts, walked = tapes()
        collected = Collected()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(facts)
            for batch in cut(walked, 64):
                await working.work(batch)
            once = by_topic(collected)
            again = Working(tables, collected)
            await again.enter(facts)
            repeated = [await again.work(batch, working.now) for batch in cut(walked, 50)]
        assert by_topic(collected) == once
        assert sum(processed.repeated for processed in repeated) == len(walked)

    run(story())


def test_everything_sent_twice_by_the_phones_gives_the_same_offers(open_tables: OpenTables) -> None:
    async def story() -> list[str]:
        members, walked = town()
        broker, collected = Topics(), Collected()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([*members, *members]))
            doubled = broker.records([each for message in walked for each in (message, message)])
            for batch in cut(doubled, 64):
                await working.work(batch)
            await working.wait(working.now + 40 * MINUTE)
        return [offer["id"] for offer in collected.offers()]

    undoubled = run(undisturbed(memory_tables(), 64)).offers()
    assert run(story()) == [offer["id"] for offer in undoubled]


class Crashing:
    """A worker that dies at a step of every batch, once, and is followed by another one."""

    def __init__(self, tables: Tables, collected: Collected, step: Step) -> None:
        self.tables, self.collected, self.step = tables, collected, step
        self.armed = False
        self.crashes = 0

    def gate(self, step: Step) -> None:
        if self.armed and step is self.step:
            self.armed = False
            self.crashes += 1
            raise Crash(step)

    async def day(self, facts: Sequence[Record], walked: Sequence[Record]) -> None:
        working = Working(self.tables, self.collected, self.gate)
        await working.enter(facts)
        for batch in cut(walked, 64):
            working = await self._work(working, batch)
        await working.wait(working.now + 40 * MINUTE)

    async def _work(self, working: Working, batch: Sequence[Record]) -> Working:
        self.armed = True
        try:
            await working.work(batch)
            self.gate(Step.ACK)
        except Crash:
            fresh = Working(self.tables, self.collected, self.gate)
            fresh.clocks = dict(working.clocks)
            await fresh.work(batch, working.now + MINUTE)
            return fresh
        finally:
            self.armed = False
        return working


@pytest.mark.parametrize("step", list(Step))
def test_a_worker_that_dies_before_a_step_leaves_the_same_bytes(step: Step, emptied_redis: str) -> None:
    whole = expected()

    async def story() -> None:
        collected = Collected()
        async with redis_tables(emptied_redis) as tables:
            crashing = Crashing(tables, collected, step)
            await crashing.day(*tapes())
            await nothing_is_left_half_done(tables, collected)
        assert by_topic(collected) == whole
        assert crashing.crashes > 5

    run(story())


class ProducesAndDies(Collected):
    """What was written is written; the worker dies before it hears of it."""

    armed = False
    crashes = 0

    async def produce(self, records: Sequence[Outgoing]) -> None:
        await super().produce(records)
        if self.armed:
            self.armed = False
            self.crashes += 1
            raise Crash


def test_a_worker_that_dies_after_it_produced_leaves_the_same_bytes(emptied_redis: str) -> None:
    whole = expected()

    async def story() -> None:
        collected = ProducesAndDies()
        async with redis_tables(emptied_redis) as tables:
            working = Working(tables, collected)
            facts, walked = tapes()
            await working.enter(facts)
            for batch in cut(walked, 64):
                collected.armed = True
                with pytest.raises(Crash):
                    await working.work(batch)
                clocks, working = working.clocks, Working(tables, collected)
                working.clocks = dict(clocks)
                await working.work(batch)
            await working.wait(working.now + 40 * MINUTE)
            await nothing_is_left_half_done(tables, collected)
        assert by_topic(collected) == whole
        assert collected.crashes == len(cut(walked, 64))

    run(story())


class CrashingKeyspace:
    """Dies once, before or after the call of one name to the store behind it; all others go through."""

    def __init__(self, inner: Keyspace, name: str, after: bool) -> None:
        self._inner, self._name, self._after = inner, name, after
        self.armed = False
        self.crashes = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)
        return call if name != self._name else lambda *given: self._call(call, *given)

    async def _call(self, call: Any, *given: Any) -> Any:
        armed, self.armed = self.armed and bool(given[0]), False
        self.crashes += armed
        if armed and not self._after:
            raise Crash
        reply = await call(*given)
        if armed:
            raise Crash
        return reply


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["reserve", "replace", "note", "save", "rearm"])
def test_a_worker_that_dies_in_the_middle_of_a_step_leaves_the_same_bytes(
    call: str, after: bool, emptied_redis: str
) -> None:
    crashing: list[CrashingKeyspace] = []

    def around(inner: RedisKeyspace) -> Any:
        crashing.append(CrashingKeyspace(inner, call, after))
        return crashing[0]

    whole = expected()

    async def story() -> None:
        collected = Collected()
        async with redis_tables(emptied_redis, around) as tables:
            working = Working(tables, collected)
            facts, walked = tapes()
            await working.enter(facts)
            for batch in cut(walked, 64):
                working = await work_with_a_crash(working, batch, crashing[0], collected)
            await working.wait(working.now + 40 * MINUTE)
            await nothing_is_left_half_done(tables, collected)
        assert by_topic(collected) == whole
        assert crashing[0].crashes >= 2

    run(story())


async def work_with_a_crash(
    working: Working, batch: Sequence[Record], crashing: CrashingKeyspace, collected: Collected
) -> Working:
    """Work a batch whose first call of the crashing kind kills the worker; a new one takes over."""
    crashing.armed = True
    try:
        await working.work(batch)
    except Crash:
        fresh = Working(working.tables, collected)
        fresh.clocks = dict(working.clocks)
        await fresh.work(batch, working.now + MINUTE)
        return fresh
    finally:
        crashing.armed = False
    return working


def test_what_the_index_is_not_asked_for_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every distance exact, however far from an edge, the town's day is the same."""
    told = expected()
    monkeypatch.setattr("streams.pipeline._asked", lambda fix: (fix.lon, fix.lat, inf))
    assert by_topic(run(undisturbed(memory_tables(), 64))) == told
