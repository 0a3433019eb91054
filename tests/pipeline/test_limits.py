"""Budgets, and so much for each day and store, through the whole way: exact, settled by tills, given back by time."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from offers.coupons import TillAnswer
from streams import topics
from streams.messages import RedemptionAsked
from streams.sweeping import sweep
from streams.tables.tables import Tables
from streams.tills import answer_till, note_redemption
from tests.pipeline.boutique import (
    DAY,
    HAUSSMANN,
    HOUR,
    NAME,
    NOON,
    ODEON,
    RIVOLI,
    SECOND,
    Collected,
    Message,
    Topics,
    Working,
    cut,
    member,
    pings,
    redis_tables,
    run,
)
from tests.pipeline.conftest import OpenTables
from tests.pipeline.test_places import Dies, Gone

FILE = "market.yaml"
CROWD = [f"phone-{number}" for number in range(60)]


def members(broker: Topics, names: list[str]) -> list[Any]:
    return broker.records([member(f"member-{name}", name) for name in names])


async def arrive(working: Working, broker: Topics, names: list[str], place: tuple[float, float], at: int) -> None:
    """They all come at once."""
    await working.work(broker.records([each for name in names for each in pings(name, place, at, 1)]), at + SECOND)


def of_arrivals(collected: Collected) -> Counter[str]:
    """How often each decision on an arrival; nothing waits for those who leave."""
    decisions = (each for each in collected.read(topics.DECISIONS) if each["trigger"]["kind"] == "ENTER")
    return Counter(each.get("reason", "offered") for each in decisions)


async def redeem(tables: Tables, offer: Message, till: str, at: int, **more: Any) -> TillAnswer:
    asked = RedemptionAsked(retailer=NAME, at=at, id=till, coupon=offer["coupon"]["code"], store=offer["store"], **more)
    told = await answer_till(asked, tables)
    await note_redemption(asked, told, tables)
    return told.answer


@pytest.mark.parametrize("size", [3, 64])
def test_a_budget_pays_for_exactly_as_many_as_it_can_under_two_workers(size: int, emptied_redis: str) -> None:
    async def story() -> tuple[Collected, Collected]:
        broker, sent = Topics(2), (Collected(), Collected())
        async with redis_tables(emptied_redis) as one, redis_tables(emptied_redis) as other:
            workers = [Working(tables, each, file=FILE) for tables, each in zip((one, other), sent, strict=True)]
            await workers[0].enter(members(broker, CROWD))
            arrivals = [each for n, name in enumerate(CROWD) for each in pings(name, HAUSSMANN, NOON + n, 1)]
            records = broker.records(arrivals)

            async def work(number: int) -> None:
                mine = [record for record in records if record.partition == number]
                for batch in cut(mine, size):
                    await workers[number].work(batch, NOON + SECOND)

            await asyncio.gather(work(0), work(1))
        return sent

    sent = run(story())
    reasons = sum((collected.reasons() for collected in sent), Counter[str]())
    assert reasons == {"offered": 25, "OUT_OF_BUDGET": 35}
    assert {offer["discount"] for collected in sent for offer in collected.offers()} == {"3.90 EUR"}


def test_each_store_and_each_of_its_days_has_as_much(open_tables: OpenTables) -> None:
    async def story() -> None:
        broker, collected = Topics(), Collected()
        async with open_tables() as tables:
            working = Working(tables, collected, file=FILE)
            await working.enter(members(broker, CROWD))
            for number, (place, at) in enumerate(((RIVOLI, NOON), (ODEON, NOON), (RIVOLI, NOON + DAY))):
                await arrive(working, broker, CROWD[number * 10 : number * 10 + 10], place, at)
        given = Counter((offer["store"], offer["created_at"][:10]) for offer in collected.offers())
        assert given == {("rivoli", "2026-11-20"): 3, ("odeon", "2026-11-20"): 3, ("rivoli", "2026-11-21"): 3}
        assert of_arrivals(collected) == {"offered": 9, "OUT_OF_BUDGET": 21}

    run(story())


def test_what_tills_took_less_and_what_expired_unused_is_there_for_others(open_tables: OpenTables) -> None:
    async def story() -> None:
        broker, collected = Topics(), Collected()
        async with open_tables() as tables:
            working = Working(tables, collected, file=FILE)
            await working.enter(members(broker, CROWD))
            await arrive(working, broker, CROWD[:10], RIVOLI, NOON)
            first, second, third = collected.offers()
            assert await redeem(tables, first, "till-1", NOON + HOUR, amount="0.50 EUR") is TillAnswer.ACCEPTED
            assert await redeem(tables, second, "till-2", NOON + HOUR, amount="1.50 EUR") is TillAnswer.ACCEPTED
            await arrive(working, broker, CROWD[10:20], RIVOLI, NOON + HOUR)  # 0.50 + 1.50 + 2.00, and one more
            assert len(collected.offers()) == 4
            await arrive(working, broker, CROWD[20:30], RIVOLI, NOON + 2 * HOUR)  # the third was not used
            assert len(collected.offers()) == 5
            assert await redeem(tables, first, "till-1", NOON + HOUR, reverses="till-1") is TillAnswer.TAKEN_BACK
            await arrive(
                working, broker, CROWD[30:40], RIVOLI, NOON + 3 * HOUR
            )  # 1.50 + 2.00 + 2.00, and 0.50 is too little
        assert len(collected.offers()) == 6
        assert third["member"] not in {offer["member"] for offer in collected.offers()[3:]}

    run(story())


def test_a_coupon_holds_at_its_store_and_who_used_it_is_left_alone(open_tables: OpenTables) -> None:
    async def story() -> None:
        broker, collected = Topics(), Collected()
        async with open_tables() as tables:
            working = Working(tables, collected, file=FILE)
            await working.enter(members(broker, CROWD[:1]))
            await arrive(working, broker, CROWD[:1], RIVOLI, NOON)
            (offer,) = collected.offers()
            assert await redeem(tables, offer | {"store": "odeon"}, "till-1", NOON + HOUR) is TillAnswer.WRONG_STORE
            assert await redeem(tables, offer, "till-2", NOON + HOUR) is TillAnswer.ACCEPTED
            await arrive(working, broker, CROWD[:1], HAUSSMANN, NOON + 2 * HOUR)
            assert of_arrivals(collected) == {"offered": 1, "SPACING": 1}
            assert await redeem(tables, offer, "till-3", NOON + HOUR, reverses="till-2") is TillAnswer.TAKEN_BACK
            await arrive(working, broker, CROWD[:1], RIVOLI, NOON + 5 * HOUR)
        assert of_arrivals(collected) == {"offered": 2, "SPACING": 1}

    run(story())


@pytest.mark.parametrize(("call", "left"), [("reserve", 3), ("replace", 2)])
def test_a_sweep_settles_the_money_of_a_worker_that_died(call: str, left: int, open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected, file=FILE)
            await working.enter(members(broker, CROWD))
            dying = Working(Tables.over(Dies(tables.presences.keyspace, call)), collected, file=FILE)
            with pytest.raises(Gone):
                await arrive(dying, broker, CROWD[:1], RIVOLI, NOON)
            assert await sweep(tables, working.pipeline.retailers, NOON + HOUR) == 1
            await arrive(working, broker, CROWD[1:9], RIVOLI, NOON + HOUR)
        assert of_arrivals(collected) == {"offered": left, "OUT_OF_BUDGET": 8 - left}

    run(story())
