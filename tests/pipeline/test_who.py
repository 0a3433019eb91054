"""Whom campaigns are for: visits in a time, what is usual, what came of offers; on both kinds of tables."""

from __future__ import annotations

from typing import Any

import pytest

from offers.coupons import TillAnswer
from offers.visits import MOST_VISITS, all_visits
from streams import topics
from streams.steps import Step
from tests.pipeline.boutique import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    Collected,
    Message,
    Topics,
    Working,
    check_in,
    member,
    preference,
    run,
)
from tests.pipeline.conftest import OpenTables
from tests.pipeline.links import MIA
from tests.pipeline.test_limits import redeem

FILE = "who.yaml"


def at_the_till(at: int, store: str = "corner") -> Message:
    return check_in(at, member="mia", store=store, via="till")


class Visitor:
    """Mia, who checks in, and what comes of it."""

    def __init__(self, tables: Any) -> None:
        self.broker, self.collected = Topics(1), Collected()
        self.working = Working(tables, self.collected, file=FILE)

    async def come(self, at: int, store: str = "corner") -> str:
        """The campaign that spoke, or why none did."""
        await self.working.enter([self.broker.record(member("mia"))])
        known = len(self.collected.read(topics.DECISIONS))
        await self.working.work([self.broker.record(at_the_till(at, store))], at + SECOND)
        told = self.collected.read(topics.DECISIONS)[known:]
        checked_in = next(each for each in told if each["trigger"]["kind"] == "CHECK_IN")
        return str(checked_in.get("campaign") or checked_in["reason"])


@pytest.mark.parametrize(("late", "said"), [(0, "usual"), (1, "HISTORY")])
def test_more_visits_than_stand_one_by_one_are_known_at_their_boundary(
    late: int, said: str, open_tables: OpenTables
) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            mia = Visitor(tables)
            for day in range(40):
                assert await mia.come(NOON + day * DAY) != "usual"
            visits = (await tables.members.read("visits", MIA)).value
            assert (len(visits.recent), len(all_visits(visits)), visits.count) == (MOST_VISITS, 40, 40)
            assert await mia.come(NOON + 40 * DAY) == "usual"
            assert await mia.come(NOON + 101 * DAY + late) == said  # forty of the forty-one in a hundred days

    run(story())


@pytest.mark.parametrize(("late", "said"), [(0, "HISTORY"), (1, "seldom")])
def test_a_store_visited_once_in_a_year_is_visited_once(late: int, said: str, open_tables: OpenTables) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            mia = Visitor(tables)
            assert await mia.come(NOON, "market") == "tea"
            assert await mia.come(NOON + DAY, "market") == "HISTORY"
            assert await mia.come(NOON + 366 * DAY + late, "market") == said

    run(story())


def test_an_offer_left_unused_and_one_that_was_used_are_told_apart_when_they_are_over(open_tables: OpenTables) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            mia = Visitor(tables)
            assert await mia.come(NOON) == "tea"
            (offer,) = mia.collected.offers()
            assert await redeem(tables, offer, "till-1", NOON + MINUTE) is TillAnswer.ACCEPTED
            assert await mia.come(NOON + DAY) == "tea"
            assert await mia.come(NOON + 2 * DAY) == "HISTORY"
            (contact, ignored) = (await tables.members.read("contacts", MIA)).value
            assert (contact.redeemed, contact.expires_at) == (NOON + MINUTE, NOON + HOUR)
            assert (ignored.redeemed, ignored.expires_at) == (0, NOON + DAY + HOUR)
            why = [step for each in mia.collected.read(topics.DECISIONS) for step in each["steps"]]
            assert any("1 of 1 offers were ignored of the last 1, at most 0 asked for" in step for step in why)

    run(story())


def test_a_redemption_that_is_taken_back_leaves_an_offer_that_was_not_used(open_tables: OpenTables) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            mia = Visitor(tables)
            await mia.come(NOON)
            (offer,) = mia.collected.offers()
            await redeem(tables, offer, "till-1", NOON + MINUTE)
            await redeem(tables, offer, "till-2", NOON + 2 * MINUTE, reverses="till-1")
            assert await mia.come(NOON + DAY) == "HISTORY"

    run(story())


class Gone(Exception):  # noqa: N818 - stands for a worker that dies
    """The worker died before it produced."""


def test_an_offer_that_was_never_sent_was_not_ignored(open_tables: OpenTables) -> None:
    armed = [True]

    def gate(step: Step) -> None:
        if step is Step.PRODUCE and armed:
            armed.clear()
            raise Gone

    async def story() -> None:
        async with open_tables() as tables:
            mia = Visitor(tables)
            dying = Working(tables, Collected(), gate, file=FILE)
            await dying.enter([mia.broker.record(member("mia"))])
            record = mia.broker.record(at_the_till(NOON))
            with pytest.raises(Gone):
                await dying.work([record], NOON + SECOND)
            stop = preference(NOON + SECOND, member="mia", contact="stop")
            await mia.working.enter([mia.broker.record(stop)])
            await mia.working.work([record], NOON + MINUTE)
            await mia.working.work([record], NOON + MINUTE)
            assert mia.collected.offers() == []
            again = preference(NOON + HOUR, member="mia", contact="normal")
            await mia.working.enter([mia.broker.record(again)])
            assert await mia.come(NOON + DAY) == "tea"

    run(story())
