"""What is counted is counted once and not lost, whichever call of a worker is its last, and however often it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from streams import topics
from streams.records import Record
from streams.tables.tables import Tables
from tests.pipeline.boundary import Crash, Interruption, Meanwhile, Moments, WatchedKeyspace, WatchedProducer
from tests.pipeline.boutique import (
    DAY,
    HAUSSMANN,
    HOUR,
    MINUTE,
    NAME,
    NOON,
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

MIA = f"{NAME}|mia"
AT_THE_DOOR = {"lat": HAUSSMANN[1], "lon": HAUSSMANN[0], "store": "haussmann"}


def said(kind: str, at: int, **more: Any) -> Message:
    return {"type": kind, "retailer": NAME, "at": at, "member": "mia", **more}


def bought(name: str, at: int, *products: str) -> Message:
    return said("purchase", at, id=name, lines=[{"product": each, "amount": "10.00 EUR"} for each in products])


Known = dict[str, Any]
"""What is known of the member and of what was sold."""


async def known(tables: Tables) -> Known:
    kinds = ("purchases", "visits", "contacts")
    purchases, visits, contacts = [(await tables.members.read(kind, MIA)).value for kind in kinds]
    counts = await tables.sales.counts(NAME)
    return {
        "purchases": (purchases.count, purchases.cents),
        "spent": purchases.total(0, 99_999)[:2],
        "sold": dict(counts.sold),
        "together": {name: dict(each) for name, each in counts.together.items()},
        "visits": visits.count,
        "contacts": [each.id for each in contacts if each.campaign == ""],
    }


MEMBER = member("mia", "watch", cards=["c1"])
CONSENTED = preference(NOON - 3 * DAY, device="phone", consent=["offers"])
PURCHASES = [bought("p1", NOON - DAY, "serum", "soap", "mask"), bought("p2", NOON, "serum", "comb")]
CONTACTS = [said("contact", NOON - HOUR, id="mail-1", channel="email")]
HERE = check_in(NOON, member="mia", store="haussmann", via="till")
AS_A_STRANGER = [check_in(NOON - days * DAY, device="phone", **AT_THE_DOOR) for days in (2, 1)]
LINKED = member("mia", "watch", "phone", at=NOON - HOUR, cards=["c1"])
SHOWN_TOGETHER = check_in(NOON, device="phone", card="c1", store="haussmann", via="till")

WITH_A_CARD = [
    {name: value for name, value in each.items() if name != "member"} | {"card": "c2"} for each in PURCHASES + CONTACTS
]
CARD_GIVEN = member("mia", "watch", at=NOON - HOUR, cards=["c1", "c2"])

STORIES: dict[str, tuple[list[Message], list[Message]]] = {
    "purchases": ([MEMBER], PURCHASES),
    "contacts": ([MEMBER], CONTACTS),
    "a visit": ([MEMBER], [HERE]),
    "visits handed over": ([MEMBER, CONSENTED, *AS_A_STRANGER], [LINKED]),
    "a card given to its member": ([MEMBER, *WITH_A_CARD], [CARD_GIVEN]),
    "a card used while it is given": ([MEMBER, WITH_A_CARD[0]], [CARD_GIVEN, *WITH_A_CARD[1:]]),
    "a phone linked at a till": ([MEMBER, CONSENTED, *AS_A_STRANGER], [SHOWN_TOGETHER]),
}
"""What happened before, and what a worker dies of."""
NOTHING: Known = {"purchases": (0, 0), "spent": (0, 0), "sold": {}, "together": {}, "visits": 0, "contacts": []}
ALL_PURCHASES: Known = {
    "purchases": (2, 5_000),
    "spent": (5_000, 2),
    "sold": {"serum": 2, "soap": 1, "mask": 1, "comb": 1},
    "together": {
        "serum": {"soap": 1, "mask": 1, "comb": 1},
        "soap": {"serum": 1, "mask": 1},
        "mask": {"serum": 1, "soap": 1},
        "comb": {"serum": 1},
    },
}
EXPECTED: dict[str, Known] = {
    "purchases": ALL_PURCHASES,
    "contacts": {"contacts": ["mail-1"]},
    "a card given to its member": ALL_PURCHASES | {"contacts": ["mail-1"]},
    "a card used while it is given": ALL_PURCHASES | {"contacts": ["mail-1"]},
    "a visit": {"visits": 1},
    "visits handed over": {"visits": 2},
    "a phone linked at a till": {"visits": 3},
}


async def nothing(what: str) -> None:
    """Nobody else does anything meanwhile."""


async def survives(
    tables: Tables, records: list[Record], interruption: Interruption | None = None, meanwhile: Meanwhile = nothing
) -> bool:
    """Whether a worker came to the end of these."""
    moments = Moments(meanwhile)
    moments.begin(interruption)
    watched: Any = WatchedKeyspace(tables.keyspace, moments, lambda call, given, reply: None)
    working = Working(Tables.over(watched), WatchedProducer(Collected(), moments))
    try:
        for record in records:
            moving = record.topic == topics.CHECKINS.name
            await (working.work([record], record.timestamp + MINUTE) if moving else working.enter([record]))
    except Crash:
        return False
    return True


def written(name: str) -> tuple[list[Record], list[Record], list[Record]]:
    """What came before, what a worker dies of, and the same sent once more."""
    broker, (before, messages) = Topics(1), STORIES[name]
    first, then, again = ([broker.record(each) for each in some] for some in (before, messages, messages))
    return first, then, again


async def dying_at(nth: int, name: str, tables: Tables) -> bool:
    """A worker dies at its `nth` moment, and others work the same again; whether there was such a moment."""
    before, records, again = written(name)
    assert await survives(tables, before)
    survived = await survives(tables, records, Interruption(nth, dies=True))
    assert await survives(tables, records)
    assert await survives(tables, again)
    assert await known(tables) == NOTHING | EXPECTED[name], f"dead at moment {nth}"
    return not survived


async def overtaken_at(nth: int, name: str, tables: Tables) -> bool:
    """At the `nth` moment of a worker another one works all of the same; whether there was such a moment."""
    before, records, again = written(name)
    met: list[str] = []

    async def meanwhile(what: str) -> None:
        met.append(what)
        assert await survives(tables, records)

    assert await survives(tables, before)
    assert await survives(tables, records, Interruption(nth, dies=False, meanwhile="the same"), meanwhile)
    assert await survives(tables, again)
    assert await known(tables) == NOTHING | EXPECTED[name], f"overtaken at moment {nth}"
    return bool(met)


Way = Callable[[int, str, Tables], Coroutine[Any, Any, bool]]


async def until_the_end(way: Way, name: str, opening: OpenTables) -> int:
    """`way` at each moment there is, on empty tables; how many there were."""
    nth = 0
    while True:
        async with opening() as tables:
            if not await way(nth, name, tables):
                return nth
        nth += 2  # after one call is before the next one


@pytest.mark.parametrize("name", STORIES)
def test_nothing_is_counted_twice_or_lost_wherever_a_worker_dies(name: str, open_tables: OpenTables) -> None:
    assert run(until_the_end(dying_at, name, open_tables)) >= 6


@pytest.mark.parametrize("name", STORIES)
def test_nothing_is_counted_twice_or_lost_by_two_workers_at_the_same(name: str, open_tables: OpenTables) -> None:
    assert run(until_the_end(overtaken_at, name, open_tables)) >= 6


@asynccontextmanager
async def in_process() -> AsyncIterator[Tables]:
    yield memory_tables()


def everything_in_process() -> None:
    """All of it, over tables in process."""
    for name in STORIES:
        for way in (dying_at, overtaken_at):
            run(until_the_end(way, name, in_process))
