"""Places reserved for what then comes otherwise: nothing is held for good, and nothing held is given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from offers.members import Consent, Wish
from streams import topics
from streams.errors import InfrastructureError
from streams.tables.places import DEADLINE
from streams.tables.tables import Tables
from tests.pipeline.boutique import (
    DAY,
    HAUSSMANN,
    NAME,
    NOON,
    RIVOLI,
    Collected,
    Topics,
    Working,
    member,
    memory_tables,
    pings,
    preference,
    run,
)

CROWD = [f"phone-{number}" for number in range(6)]


class Between:
    """A keyspace in whose first `call` something else happens first."""

    def __init__(self, inner: Any, call: str, work: Callable[[], Awaitable[object]]) -> None:
        self._inner, self._call, self._work = inner, call, work
        self._done = False

    def __getattr__(self, name: str) -> Any:
        async def call(*given: Any) -> Any:
            if name == self._call and not self._done:
                self._done = True
                await self._work()
            return await getattr(self._inner, name)(*given)

        return call


class Two:
    """Two workers over the same tables, of which the second does something in the midst of a call of the first."""

    def __init__(self) -> None:
        self.broker, self.collected, self.tables = Topics(), Collected(), memory_tables()
        self.other = Working(self.tables, self.collected)

    async def enter(self) -> None:
        await self.other.enter(self.broker.records([member(f"member-{name}", name) for name in CROWD]))

    def interrupted(self, call: str, work: Callable[[], Awaitable[object]]) -> Working:
        return Working(Tables.over(Between(self.tables.presences.keyspace, call, work)), self.collected)  # type: ignore[arg-type]

    async def stop(self, name: str) -> None:
        def stopped(consent: Consent) -> Consent:
            return replace(consent, wish=Wish.STOP, wish_at=NOON)

        await self.tables.members.revise("consent", f"{NAME}|member-{name}", stopped)

    async def arrivals_of_others(self) -> Counter[str]:
        before = len(self.collected.offers())
        for name in CROWD[1:]:
            await self.other.work(self.broker.records(pings(name, HAUSSMANN, NOON, 1)))
        return Counter(offer["campaign"] for offer in self.collected.offers()[before:])


def test_a_place_reserved_for_one_who_says_stop_before_the_claim_is_there_for_others_at_once() -> None:
    async def story() -> None:
        two = Two()
        await two.enter()
        worker = two.interrupted("replace", lambda: two.stop(CROWD[0]))
        await worker.work(two.broker.records(pings(CROWD[0], HAUSSMANN, NOON, 1)))
        assert set(two.collected.reasons()) == {"STOPPED"}
        assert await two.tables.places.overdue(f"{NAME}|few", NOON + DAY) == []
        assert await two.arrivals_of_others() == {"few": 3, "plenty": 2}

    run(story())


def test_a_place_that_another_worker_reserved_and_claimed_for_the_same_occasion_stays_given() -> None:
    async def story() -> None:
        two = Two()
        await two.enter()
        records = two.broker.records(pings(CROWD[0], HAUSSMANN, NOON, 1))
        await two.interrupted("replace", lambda: two.other.work(records)).work(records)
        assert [offer["campaign"] for offer in two.collected.offers()] == ["few"]
        assert await two.tables.places.overdue(f"{NAME}|few", NOON + DAY) == []
        assert await two.arrivals_of_others() == {"few": 2, "plenty": 3}

    run(story())


@pytest.mark.parametrize(("milliseconds", "claims"), [(DEADLINE // 2, True), (DEADLINE // 2 + 1, False)])
def test_a_claim_later_than_half_the_deadline_after_its_places_is_not_made(
    milliseconds: int, claims: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=lambda: clock.seconds, seconds=0.0)
    monkeypatch.setattr("streams.deciding.time", clock)

    async def pass_time() -> None:
        clock.seconds = milliseconds / 1_000

    async def story() -> None:
        two = Two()
        await two.enter()
        worker, records = two.interrupted("reserve", pass_time), two.broker.records(pings(CROWD[0], RIVOLI, NOON, 1))
        if claims:
            await worker.work(records)
        else:
            with pytest.raises(InfrastructureError, match="between reserving places and claiming them"):
                await worker.work(records)
        assert len(two.collected.offers()) == claims

    run(story())


def test_who_is_refused_a_place_comes_before_those_after_them_in_its_next_campaign() -> None:
    """The first gold one gets `first`; the second wants `second` then, which plain has reserved in the same round."""

    async def story() -> None:
        broker, collected = Topics(1), Collected()
        working = Working(memory_tables(), collected, file="pair.yaml")
        crowd = {"gold-1": "gold", "gold-2": "gold", "plain": "plain", "stopped": "gold"}
        await working.enter(broker.records([member(name, name, tier=tier) for name, tier in crowd.items()]))
        await working.enter(broker.records([preference(NOON - DAY, member="stopped", contact="stop")]))
        arrivals = [each for n, name in enumerate(crowd) for each in pings(name, HAUSSMANN, NOON + n, 1)]
        await working.work(broker.records(arrivals))
        told = collected.read(topics.DECISIONS)
        assert {each["member"]: each.get("campaign", each.get("reason")) for each in told} == {
            "gold-1": "first",
            "gold-2": "second",
            "plain": "TIER",
            "stopped": "STOPPED",
        }
        (plain,) = (each["candidates"] for each in told if each["member"] == "plain")
        assert [each["reason"] for each in plain] == ["TIER", "OUT_OF_STOCK"]

    run(story())
