"""What rests on what a member did before: sequences, series, an absence; through the whole pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from offers.members import Consent, Grant
from streams import topics
from streams.steps import Step
from tests.pipeline.boutique import (
    DAY,
    HOUR,
    MINUTE,
    NAME,
    NOON,
    SECOND,
    Collected,
    Message,
    Topics,
    Working,
    check_in,
    member,
    memory_tables,
    preference,
    run,
)
from tests.pipeline.conftest import OpenTables
from tests.pipeline.test_moves import AWAY, BOTH, KIOSK, STATION, offered, walked


def at_the_door(minutes: int) -> list[Message]:
    """Away for so long after the station was left, then at the kiosk until its hold time is over."""
    return walked((STATION, 2), (AWAY, minutes), (KIOSK, 4))


async def worked(messages: Sequence[Message], tables: Any, *consent: str, size: int = 20) -> Collected:
    collected, broker = Collected(), Topics(1)
    working = Working(tables, collected, file="station.yaml")
    await working.enter(broker.records([member("mia", "phone", consent=consent)]))
    records = broker.records(messages)
    for place in range(0, len(records), size):
        await working.work(records[place : place + size])
    return collected


@pytest.mark.parametrize(("minutes", "campaigns"), [(20, ["arrived", "after-work"]), (100, ["arrived", "discover"])])
def test_a_sequence_starts_with_its_last_step_where_the_first_was_not_too_long_ago(
    minutes: int, campaigns: list[str], open_tables: OpenTables
) -> None:
    async def story() -> Collected:
        async with open_tables() as tables:
            return await worked(at_the_door(minutes), tables, *BOTH)

    assert [campaign for campaign, _ in offered(run(story()))] == campaigns


@pytest.mark.parametrize("size", [1, 7])
def test_a_sequence_gives_the_same_bytes_however_it_is_cut(size: int) -> None:
    one, other = (run(worked(at_the_door(20), memory_tables(), *BOTH, size=each)) for each in (size, 24))
    assert one.distinct() == other.distinct()


def test_without_consent_to_location_history_no_step_at_a_place_is_kept() -> None:
    tables = memory_tables()
    collected = run(worked(at_the_door(20), tables, "offers"))
    assert "after-work" not in dict(offered(collected))
    assert run(tables.members.read("visits", f"{NAME}|mia")).value.trail == ()


def test_a_step_is_not_kept_where_consent_was_withdrawn_while_its_fix_was_on_its_way() -> None:
    """The withdrawal has reached the member, and not yet the device."""
    tables = memory_tables()

    async def story() -> Collected:
        collected, broker = Collected(), Topics(1)
        working = Working(tables, collected, file="station.yaml")
        await working.enter(broker.records([member("mia", "phone", consent=BOTH)]))
        await tables.members.revise("consent", f"{NAME}|mia", lambda _: Consent({"offers": Grant(True, NOON)}))
        for record in broker.records(walked((STATION, 2), (AWAY, 3))):
            await working.work([record])
        return collected

    assert "EXIT" in {each["kind"] for each in run(story()).read(topics.TRANSITIONS)}
    assert run(tables.members.read("visits", f"{NAME}|mia")).value.trail == ()


def visits(*days: int) -> list[Message]:
    """Check-ins at the kiosk, so many days after the first."""
    return [check_in(NOON + day * DAY, member="mia", store="kiosk", via="till") for day in days]


async def on_their_days(messages: Sequence[Message], tables: Any, late: int = 0) -> Collected:
    """Each message worked when it happens, or `late` milliseconds after."""
    collected, broker = Collected(), Topics(1)
    working = Working(tables, collected, file="station.yaml")
    await working.enter(broker.records([member("mia")]))
    for message in messages:
        await working.work([broker.record(message)], message["at"] + late)
    return collected


def test_a_series_gives_one_step_a_visit_and_then_keeps_silent(open_tables: OpenTables) -> None:
    async def story() -> Collected:
        async with open_tables() as tables:
            return await on_their_days(visits(0, 1, 2, 3), tables)

    collected = run(story())
    assert [offer["service"] for offer in collected.offers()] == ["parking", "alterations"]
    assert collected.reasons()["HISTORY"] == 2


def test_a_step_that_was_withheld_comes_at_the_next_visit() -> None:
    """Two visits within four hours: the same campaign makes no second offer so soon, and skips nothing."""
    soon = check_in(NOON + 3 * HOUR, member="mia", store="kiosk", via="till")
    collected = run(on_their_days([*visits(0), soon, *visits(2)], memory_tables()))
    assert [offer["service"] for offer in collected.offers()] == ["parking", "alterations"]
    assert collected.reasons()["PER_MEMBER"] == 1


def test_a_visit_that_comes_too_late_makes_history_and_takes_no_step() -> None:
    tables = memory_tables()
    collected = run(on_their_days(visits(0), tables, late=6 * MINUTE))
    history = run(tables.members.read("visits", f"{NAME}|mia")).value
    assert (collected.reasons(), history.count, dict(history.series)) == ({"STALE_TRIGGER": 2}, 1, {})


class Gone(Exception):  # noqa: N818 - stands for a worker that dies
    """The worker died before it produced."""


def test_a_step_that_a_stop_kept_back_is_given_at_the_next_visit(open_tables: OpenTables) -> None:
    """The worker dies between claim and produce, the member says stop, and says normal again a day later."""
    armed = [True]

    def gate(step: Step) -> None:
        if step is Step.PRODUCE and armed.pop():
            raise Gone

    async def story() -> Collected:
        collected, broker = Collected(), Topics(1)
        async with open_tables() as tables:
            dying = Working(tables, collected, gate, file="station.yaml")
            await dying.enter(broker.records([member("mia")]))
            first, second = broker.records(visits(0, 2))
            with pytest.raises(Gone):
                await dying.work([first], NOON)
            working = Working(tables, collected, file="station.yaml")
            stop = preference(NOON + SECOND, member="mia", contact="stop")
            await working.enter([broker.record(stop)])
            await working.work([first], NOON + MINUTE)
            again = preference(NOON + DAY, member="mia", contact="normal")
            await working.enter([broker.record(again, received=NOON)])
            await working.work([second], NOON + 2 * DAY)
        return collected

    collected = run(story())
    assert [offer["service"] for offer in collected.offers()] == ["parking"]
    assert collected.reasons()["STOPPED"] == 2


@pytest.mark.parametrize(("days", "campaigns"), [(60, ["comeback"]), (59, [])])
def test_who_was_away_for_long_is_greeted_when_they_come_again(days: int, campaigns: list[str]) -> None:
    again = check_in(NOON + days * DAY, member="mia", store="cafe", via="till")
    collected = run(on_their_days([*visits(0), again], memory_tables()))
    assert [offer["campaign"] for offer in collected.offers()][1:] == campaigns


def test_a_step_leaves_no_decision_and_no_trace_but_its_trail() -> None:
    tables = memory_tables()
    leaving = walked((STATION, 2), (AWAY, 3))
    collected = run(worked(leaving, tables, *BOTH))
    (passage,) = run(tables.members.read("visits", f"{NAME}|mia")).value.trail
    assert (passage.kind, passage.where, passage.ring) == ("EXIT", "station", "")
    assert {each["trigger"]["kind"] for each in collected.read(topics.DECISIONS)} == {"ENTER"}
