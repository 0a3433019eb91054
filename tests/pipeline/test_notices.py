"""Notices: a partner hears at once who is at its door, of those who agreed to that, once, and never where they are."""

from __future__ import annotations

from typing import Any

import pytest

from streams import topics
from streams.steps import Step
from tests.pipeline.boutique import (
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    Collected,
    Message,
    Topics,
    Working,
    east_of,
    member,
    memory_tables,
    pings,
    preference,
    run,
)
from tests.pipeline.conftest import OpenTables
from tests.pipeline.test_scans import PARTNER

AGREED = ("offers", "notices")


def gold(*devices: str, consent: tuple[str, ...] = AGREED, **more: Any) -> Message:
    return member("mia", *devices, consent=consent, **({"tier": "gold", "first_name": "Mia", "locale": "en"} | more))


def heard(*messages: Message, who: Message, now: int | None = None) -> list[Message]:
    """The notices that come of it."""

    async def story() -> list[Message]:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected, file="shelves.yaml")
        await working.enter(broker.records([who]))
        for record in broker.records(messages):
            await working.work([record], now)
        return collected.read(topics.NOTICES)

    notices: list[Message] = run(story())
    return notices


def test_a_notice_says_who_is_at_which_door_in_the_language_of_those_who_work_there() -> None:
    (notice,) = heard(*pings("phone", PARTNER, NOON, 3), who=gold("phone"))
    told = {name: notice[name] for name in ("notice", "store", "member", "tier", "kind", "text")}
    assert told == {
        "notice": "gold-at-the-door",
        "store": "partner",
        "member": "mia",
        "tier": "gold",
        "kind": "ENTER",
        "text": "Mia est à la porte de partner",
    }
    assert set(notice) == {*told, "id", "retailer", "at"}


@pytest.mark.parametrize(
    "who",
    [
        gold("phone", consent=("offers", "location_history")),
        gold("phone", tier="silver"),
        gold("phone", first_name=None),
        gold(),
    ],
    ids=["no consent", "another tier", "no name for the text", "nobody's phone"],
)
def test_nobody_hears_of_who_did_not_agree_or_is_not_meant(who: Message) -> None:
    assert heard(*pings("phone", PARTNER, NOON, 3), who=who) == []


def test_a_notice_needs_no_consent_to_offers() -> None:
    who = gold("phone", consent=("location_history", "notices"))
    assert len(heard(*pings("phone", PARTNER, NOON, 3), who=who)) == 1


def test_it_is_heard_at_once_or_not_at_all() -> None:
    late = NOON + 5 * MINUTE
    assert len(heard(*pings("phone", PARTNER, NOON, 1), who=gold("phone"), now=late)) == 1
    assert heard(*pings("phone", PARTNER, NOON, 1), who=gold("phone"), now=late + 1) == []


def test_two_phones_in_one_bag_are_one_notice_and_the_next_comes_after_two_hours() -> None:
    both = [*pings("phone", PARTNER, NOON, 3), *pings("watch", PARTNER, NOON + 7 * SECOND, 3)]
    assert len(heard(*both, who=gold("phone", "watch"))) == 1
    away, again = east_of(PARTNER, 2_000.0), NOON + 2 * HOUR
    gone = pings("phone", away, NOON + 10 * MINUTE, 20)
    assert len(heard(*both, *gone, *pings("phone", PARTNER, again - SECOND, 1), who=gold("phone", "watch"))) == 1
    assert len(heard(*both, *gone, *pings("phone", PARTNER, again, 1), who=gold("phone", "watch"))) == 2


class Gone(Exception):  # noqa: N818 - stands for a worker that dies
    """The worker died before it produced."""


@pytest.mark.parametrize(("stops", "count"), [(False, 1), (True, 0)])
def test_a_worker_that_dies_before_it_produced_tells_the_same_unless_the_member_said_stop(
    stops: bool, count: int, open_tables: OpenTables
) -> None:
    armed = [True]

    def gate(step: Step) -> None:
        if step is Step.PRODUCE and armed.pop():
            raise Gone

    async def story() -> Collected:
        collected, broker = Collected(), Topics(1)
        async with open_tables() as tables:
            dying = Working(tables, collected, gate, file="shelves.yaml")
            await dying.enter(broker.records([gold("phone")]))
            records = broker.records(pings("phone", PARTNER, NOON, 1))
            with pytest.raises(Gone):
                await dying.work(records)
            working = Working(tables, collected, file="shelves.yaml")
            if stops:
                await working.enter([broker.record(preference(NOON, member="mia", contact="stop"))])
            await working.work(records, NOON + MINUTE)
        return collected

    assert len(run(story()).read(topics.NOTICES)) == count
