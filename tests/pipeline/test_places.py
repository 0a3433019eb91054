"""Limited campaigns under a crowd: exactly as many offers as there are, whoever works them."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from streams import topics
from tests.pipeline.boutique import (
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
