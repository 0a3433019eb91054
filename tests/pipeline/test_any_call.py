"""A worker dies at each call there is, or is overtaken there: the oracle agrees with what comes of it, all the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.pipeline.boundary import Interruption
from tests.pipeline.boutique import MINUTE, NOON, SECOND, Message, run
from tests.pipeline.conftest import OpenTables
from tests.pipeline.oracle_pressure import MEMBERS, Disagreement
from tests.pipeline.two_workers import Town

Story = Callable[[Town, Interruption], Awaitable[None]]
"""Its last work is the one that is interrupted."""


async def in_one_town(open_tables: OpenTables, story: Story, interruption: Interruption) -> bool:
    """Whether there was such a moment."""
    async with open_tables() as tables:
        town = Town([tables.keyspace] * 2)
        await town.begin()
        try:
            await story(town, interruption)
            met = all(worker.moments.interruption is None for worker in town.workers)
            await town.check()
        except Disagreement as found:
            raise AssertionError(f"at {interruption}: {found}") from found
    return met


async def all_come(town: Town, interruption: Interruption) -> None:
    """Everybody comes at once, by phone and to a till, and one worker has all of them."""
    for name in MEMBERS:
        town.check_in(name, "rivoli", 0, 1)
        town.arrive(name, "haussmann", 0, 1)
    town.take_over(0)
    await town.workers[0].work(20, interruption)
    town.now += MINUTE


@pytest.mark.parametrize("meanwhile", [None, "takes over"])
def test_a_worker_dies_at_any_call(meanwhile: str | None, open_tables: OpenTables) -> None:
    async def story() -> int:
        nth = 0
        while await in_one_town(open_tables, all_come, Interruption(nth, meanwhile is None, meanwhile)):
            nth += 2  # after one call is before the next one
        return nth

    assert run(story()) > 20


async def used_and_taken_back(town: Town, interruption: Interruption) -> None:
    """A coupon is used, and at once taken back, while the worker that enters it is overtaken."""
    town.check_in("anna", "rivoli", 0, 1)
    for worker in town.workers:
        await worker.work(20)
    town.redeem(0, "till-1", False, 50, False)
    town.redeem(0, "till-1", False, None, True)
    town.now += SECOND
    for worker in town.workers:
        await worker.enter(20, interruption)


@pytest.mark.parametrize("call", ["replace", "note", "spend"])
def test_a_till_that_is_overtaken_by_one_that_takes_back_leaves_no_place_and_no_rest(
    call: str, open_tables: OpenTables
) -> None:
    overtake_tills(call, open_tables)


def overtake_tills(call: str, open_tables: OpenTables) -> None:
    for nth in range(4):
        overtaken = Interruption(nth, False, "takes over and enters", call)
        run(in_one_town(open_tables, used_and_taken_back, overtaken))


SAID: list[Message] = [
    {"type": "preference", "contact": "stop"},
    {"type": "preference", "consent": {"offers": {"granted": False, "at": 1 << 41}}},
    {"type": "contact", "id": "mail-1", "channel": "email", "at": NOON},
]


@pytest.mark.parametrize("said", SAID, ids=["stop", "no consent", "mail"])
def test_who_speaks_between_a_decision_and_its_claim_was_heard(said: Message, open_tables: OpenTables) -> None:
    async def spoken(town: Town, interruption: Interruption) -> None:
        town.check_in("anna", "rivoli", 0, 1)
        town.say({"member": "anna"} | said)
        town.take_over(0)
        await town.workers[0].work(20, interruption)
        assert town.collected.offers() == []

    for call, nth in (("reserve", 0), ("reserve", 1), ("replace", 0)):
        assert run(in_one_town(open_tables, spoken, Interruption(nth, False, "enters", call)))
