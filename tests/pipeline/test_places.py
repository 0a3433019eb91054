"""Limited campaigns under a crowd: exactly as many offers as there are, whoever works them."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from streams import topics
from streams.sweeping import sweep
from streams.tables.tables import Tables
from tests.pipeline.boutique import (
    DAY,
    HAUSSMANN,
    NOON,
    RIVOLI,
    SECOND,
    Collected,
    Topics,
    Working,
    cut,
    member,
    pings,
    redis_tables,
    run,
)
from tests.pipeline.conftest import OpenTables

CROWD = [f"phone-{number}" for number in range(200)]


async def crowd(url: str, place: tuple[float, float], size: int) -> tuple[Collected, Collected]:
    """Two hundred who arrive at once, worked by two workers at the same time, each with its half of the partitions."""
    broker, sent = Topics(2), (Collected(), Collected())
    async with redis_tables(url) as one, redis_tables(url) as other:
        workers = [Working(tables, collected) for tables, collected in zip((one, other), sent, strict=True)]
        await workers[0].enter(broker.records([member(f"member-{name}", name) for name in CROWD]))
        arrivals = [each for n, name in enumerate(CROWD) for each in pings(name, place, NOON + n, 1)]
        records = broker.records(arrivals)

        async def work(number: int) -> None:
            mine = [record for record in records if record.partition == number]
            for batch in cut(mine, size):
                await workers[number].work(batch, NOON + SECOND)

        await asyncio.gather(work(0), work(1))
    return sent


@pytest.mark.parametrize("size", [5, 256])
def test_two_hundred_at_once_get_exactly_ten_offers_of_ten(size: int, emptied_redis: str) -> None:
    sent = run(crowd(emptied_redis, RIVOLI, size))
    offers = [offer for collected in sent for offer in collected.offers()]
    reasons = sum((collected.reasons() for collected in sent), Counter[str]())
    assert Counter(offer["campaign"] for offer in offers) == {"ten": 10}
    assert len({offer["coupon"]["code"] for offer in offers}) == 10
    assert len({offer["member"] for offer in offers}) == 10
    assert (reasons["offered"], reasons["OUT_OF_STOCK"]) == (10, 190)


def test_whoever_comes_too_late_hears_the_next_candidate(emptied_redis: str) -> None:
    sent = run(crowd(emptied_redis, HAUSSMANN, 32))
    offers = [offer for collected in sent for offer in collected.offers()]
    assert Counter(offer["campaign"] for offer in offers) == {"few": 3, "plenty": 197}
    told = [each for collected in sent for each in collected.read(topics.DECISIONS) if each["outcome"] == "offered"]
    late = [each["candidates"] for each in told if each["campaign"] == "plenty"]
    assert all({"campaign": "few", "reason": "OUT_OF_STOCK"} in candidates for candidates in late)


class Dies:
    """A keyspace under which the worker dies when it has reserved places, or when it has claimed."""

    def __init__(self, inner: Any, call: str) -> None:
        self._inner, self._call = inner, call

    def __getattr__(self, name: str) -> Any:
        async def call(*given: Any) -> Any:
            reply = await getattr(self._inner, name)(*given)
            if name == self._call:
                raise Gone
            return reply

        return call


class Gone(Exception):  # noqa: N818 - stands for a worker that dies
    """The worker died, and nobody works its batch again."""


@pytest.mark.parametrize(("call", "left"), [("reserve", 3), ("replace", 2)])
def test_a_sweep_settles_the_places_of_a_worker_that_died(call: str, left: int, open_tables: OpenTables) -> None:
    """Reserved and never claimed: given back. Claimed and never confirmed: given for good."""

    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member(f"member-{name}", name) for name in CROWD[:6]]))
            dying = Working(Tables.over(Dies(tables.presences.keyspace, call)), collected)
            with pytest.raises(Gone):
                await dying.work(broker.records(pings(CROWD[0], HAUSSMANN, NOON, 1)))
            known = working.pipeline.retailers
            assert await sweep(tables, known, NOON + 1) == 0
            assert await sweep(tables, known, NOON + DAY // 24) == 1
            assert await sweep(tables, known, NOON + DAY // 24) == 0
            for name in CROWD[1:6]:
                await working.work(broker.records(pings(name, HAUSSMANN, NOON, 1)))
        assert Counter(offer["campaign"] for offer in collected.offers()) == {"few": left, "plenty": 5 - left}

    run(story())
