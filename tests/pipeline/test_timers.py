"""Timers: what happens to somebody of whom nothing is heard."""

from __future__ import annotations

from typing import Any

import pytest

from streams import topics
from streams.tables.tables import Tables
from tests.pipeline.boutique import (
    HAUSSMANN,
    HOUR,
    LATENCY,
    MINUTE,
    NOON,
    SECOND,
    Collected,
    Topics,
    Working,
    cut,
    member,
    memory_tables,
    pings,
    run,
)
from tests.pipeline.conftest import OpenTables

DUE = NOON + 2 * MINUTE + LATENCY
"""When nothing was heard for long enough: as much later as fixes are received after they are measured."""


async def entered(tables: Tables, collected: Collected) -> Working:
    """Somebody went in at noon, and nothing is heard of them any more."""
    working = Working(tables, collected)
    await working.enter(Topics(1).records([member("mia", "phone")]))
    await working.work(Topics(1).records(pings("phone", HAUSSMANN, NOON, 2)))
    return working


def kinds(collected: Collected) -> list[tuple[str, str]]:
    return [(each["kind"], each["confirmed_at"][11:23]) for each in collected.read(topics.TRANSITIONS)][3:]


def test_a_dwell_fires_in_silence_at_its_own_time_and_once(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected = Collected()
        async with open_tables() as tables:
            working = await entered(tables, collected)
            await working.wait(DUE - 1, [0])
            assert kinds(collected) == []
            await working.wait(DUE + 7 * SECOND, [0])
            sent = len(collected.sent)
            for later in range(1, 5):
                await working.wait(DUE + later * MINUTE, [0])
        assert kinds(collected) == [("DWELL", "11:02:00.000")]
        assert len(collected.sent) == sent
        assert [offer["campaign"] for offer in collected.offers()] == ["few", "stay"]

    run(story())


def test_what_a_timer_gives_does_not_depend_on_the_clock_that_noticed_it() -> None:
    async def story(noticed: int) -> Collected:
        collected = Collected()
        working = await entered(memory_tables(), collected)
        await working.wait(noticed, [0])
        return collected

    prompt = run(story(DUE))
    for later in (1, 999, 3 * SECOND, 2 * MINUTE):
        assert run(story(DUE + later)).distinct() == prompt.distinct()


def test_a_timer_survives_a_restart(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected = Collected()
        async with open_tables() as tables:
            await entered(tables, collected)
            fresh = Working(tables, collected)
            await fresh.wait(DUE, [0])
        assert kinds(collected) == [("DWELL", "11:02:00.000")]
        undisturbed = Collected()
        await (await entered(memory_tables(), undisturbed)).wait(DUE, [0])
        assert collected.distinct() == undisturbed.distinct()

    run(story())


def test_who_is_silent_for_half_an_hour_has_left(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected = Collected()
        async with open_tables() as tables:
            working = await entered(tables, collected)
            await working.wait(NOON + HOUR, [0])
        left = [each for each in collected.read(topics.TRANSITIONS) if each["kind"] == "EXIT"]
        assert [each["geofence"] for each in left] == [
            *("haussmann/inside", "haussmann/proximity", "haussmann/catchment")
        ]
        assert {each["reason"] for each in left} == {"timeout"}

    run(story())


def test_a_backlog_makes_nobody_leave(open_tables: OpenTables) -> None:
    """The worker was away for two hours: the clock of the partition is that of its records, whatever time it is."""

    async def story() -> None:
        collected, broker = Collected(), Topics(1)
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone"), member("max", "other")]))
            stream = [*pings("phone", HAUSSMANN, NOON, 60), *pings("other", HAUSSMANN, NOON + SECOND, 60)]
            records = broker.records(stream)
            for place in range(0, len(records), 10):
                await working.work(records[place : place + 10], NOON + 2 * HOUR)
        assert {kind for kind, _ in kinds(collected)} <= {"ENTER", "DWELL"}
        assert collected.offers() == []
        assert set(collected.reasons()) == {"STALE_TRIGGER"}

    run(story())


class Counting:
    """Keeps the names of the calls to a keyspace that ask for anything: one of no keys costs nothing."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def call(*given: Any) -> Any:
            if given[0] != []:
                self.calls.append(name)
            return await getattr(self._inner, name)(*given)

        return call


def test_nothing_is_asked_while_nothing_is_due() -> None:
    async def story() -> None:
        collected = Collected()
        inner = memory_tables().presences.keyspace
        await entered(Tables.over(inner), collected)
        counting = Counting(inner)
        working = Working(Tables.over(counting), collected)
        await working.wait(NOON + MINUTE, [0, 1])
        first = len(counting.calls)
        assert counting.calls.count("next_due") == 2
        for seconds in range(50):
            await working.wait(NOON + MINUTE + seconds * SECOND, [0, 1])
        assert counting.calls[first:] == []
        working.pipeline.assigned()
        await working.wait(DUE - 1, [0, 1])
        assert counting.calls.count("next_due") == 4  # another worker may have set a timer meanwhile

    run(story())


@pytest.mark.parametrize("size", [1, 5])
def test_timers_of_many_devices_fire_in_the_order_of_time(size: int, open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics(1)
        async with open_tables() as tables:
            working = Working(tables, collected)
            names = [f"phone-{number}" for number in range(8)]
            await working.enter(broker.records([member(f"member-{name}", name) for name in names]))
            start = {name: NOON + (number * 5 % 8) * SECOND for number, name in enumerate(names)}
            stream = broker.records([each for name in names for each in pings(name, HAUSSMANN, start[name], 1)])
            for place in range(0, len(stream), size):
                await working.work(stream[place : place + size])
            await working.wait(NOON + 10 * MINUTE, [0])
        dwells = [each for each in collected.read(topics.TRANSITIONS) if each["kind"] == "DWELL"]
        assert [each["device"] for each in dwells] == sorted(names, key=lambda name: start[name])

    run(story())


@pytest.mark.parametrize("size", [1, 7, 256])
def test_an_old_batch_that_comes_in_order_makes_nobody_leave_between_its_fixes(size: int) -> None:
    """A phone that was offline for two hours sends an hour of standing in the shop, all at once."""
    late = NOON + 2 * HOUR
    told = pings("phone", HAUSSMANN, NOON, 60, every=MINUTE)

    async def story() -> Collected:
        collected = Collected()
        working = Working(memory_tables(), collected)
        await working.enter(Topics(1).records([member("mia", "phone")]))
        records = [each._replace(timestamp=late) for each in Topics(1).records(told)]
        for batch in cut(records, size):
            await working.work(batch)
        return collected

    transitions = run(story()).read(topics.TRANSITIONS)
    assert [each["kind"] for each in transitions] == ["ENTER", "ENTER", "ENTER", "DWELL"]


def test_after_an_old_batch_silence_counts_from_when_it_came() -> None:
    late = NOON + 2 * HOUR

    async def story(silent: int) -> list[str]:
        collected = Collected()
        working = Working(memory_tables(), collected)
        await working.enter(Topics(1).records([member("mia", "phone")]))
        records = [each._replace(timestamp=late) for each in Topics(1).records(pings("phone", HAUSSMANN, NOON, 2))]
        await working.work(records)
        await working.wait(late + silent, [0])
        return [each["kind"] for each in collected.read(topics.TRANSITIONS)]

    entered_only = ["ENTER", "ENTER", "ENTER"]
    assert run(story(MINUTE)) == entered_only
    assert run(story(29 * MINUTE)) == [*entered_only, "DWELL"]
    assert run(story(31 * MINUTE)) == [*entered_only, "DWELL", "EXIT", "EXIT", "EXIT"]
