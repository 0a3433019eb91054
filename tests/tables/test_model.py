"""The same commands to the keyspace in process and to a real Redis: the same answers, whatever the commands are."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.tables.keys import key
from streams.tables.keyspace import Change, GivenPlace, Keyspace, Listed, Reminder, Reservation
from streams.tables.memory import MemoryKeyspace
from streams.tables.redis_keyspace import RedisKeyspace, connect

TTL = 600_000

Command = Callable[[Keyspace, "Names"], Awaitable[Any]]


class Names:
    """Keys of one example: nobody else writes to them, on whatever server."""

    def __init__(self) -> None:
        self._retailer = uuid4().hex
        self.partition = uuid4().int >> 68

    def of(self, kind: str, owner: int) -> str:
        """The key of a kind of value of one owner."""
        return key(kind, f"{self._retailer}|{owner}")


OWNERS = st.integers(0, 2)
KINDS = st.sampled_from(["visits", "contacts"])
VALUES = st.sampled_from([None, b"1", b"2", b"12"])
TOKENS = st.sampled_from(["a", "b", "c d"])
TIMES = st.integers(0, 3)
CAMPAIGNS = st.integers(0, 1)

CHANGES = st.lists(
    st.tuples(KINDS, VALUES, VALUES, st.booleans()), min_size=1, max_size=3, unique_by=lambda each: each[0]
)
GROUPS = st.lists(st.tuples(OWNERS, CHANGES), max_size=3)
SAVINGS = st.lists(
    st.tuples(OWNERS, st.sampled_from([b"", b"1", b"12"]), VALUES, st.sampled_from([b"1", b"12"])), max_size=2
)
SHARES = st.sampled_from(["", "day:1"])
CENTS = st.integers(0, 3)
RESERVATIONS = st.lists(
    st.tuples(
        CAMPAIGNS,
        TOKENS,
        st.none() | st.integers(0, 2),
        TIMES,
        TIMES,
        SHARES,
        CENTS,
        st.none() | st.integers(0, 5),
    ),
    max_size=3,
)


def read(asked: list[tuple[int, str]]) -> Command:
    return lambda keyspace, names: keyspace.read([names.of(kind, owner) for owner, kind in asked])


def replace(groups: list[tuple[int, list[tuple[str, bytes | None, bytes | None, bool]]]]) -> Command:
    def changes(names: Names, owner: int, group: list[tuple[str, bytes | None, bytes | None, bool]]) -> list[Change]:
        return [
            Change(names.of(kind, owner), expected, expected if looked_at else value, TTL)
            for kind, expected, value, looked_at in group
        ]

    return lambda keyspace, names: keyspace.replace([changes(names, owner, group) for owner, group in groups])


def save(savings: list[tuple[int, bytes, bytes | None, bytes]]) -> Command:
    return lambda keyspace, names: keyspace.save(
        [(names.of("visits", each), names.of("contacts", each), *rest) for each, *rest in savings], TTL
    )


def reserve(asked: list[tuple[int, str, int | None, int, int, str, int, int | None]]) -> Command:
    return lambda keyspace, names: keyspace.reserve(
        [Reservation(names.of("places", owner), *rest) for owner, *rest in asked]
    )


def confirm(given: list[tuple[int, str, int, str, int]]) -> Command:
    return lambda keyspace, names: keyspace.note(
        [GivenPlace(names.of("places", owner), *rest) for owner, *rest in given]
    )


def enlist(offers: list[tuple[int, bytes, int]], now: int, most: int) -> Command:
    return lambda keyspace, names: keyspace.note(
        [Listed(names.of("offers", owner), value, ends, now, most, TTL) for owner, value, ends in offers]
    )


def listed(owners: list[int], now: int) -> Command:
    return lambda keyspace, names: keyspace.listed([names.of("offers", owner) for owner in owners], now)


def strike(owner: int, value: bytes) -> Command:
    return lambda keyspace, names: keyspace.strike(names.of("offers", owner), value)


def drop(owner: int) -> Command:
    return lambda keyspace, names: keyspace.drop(names.of("offers", owner))


def release(owner: int, token: str, share: str, overdue: int | None) -> Command:
    return lambda keyspace, names: keyspace.release(names.of("places", owner), token, share, overdue)


def spend(owner: int, token: str, until: float, share: str, cents: int) -> Command:
    return lambda keyspace, names: keyspace.spend(names.of("places", owner), token, until, share, cents)


def overdue(owner: int, now: int) -> Command:
    async def ask(keyspace: Keyspace, names: Names) -> list[str]:
        return sorted(await keyspace.overdue(names.of("places", owner), now))

    return ask


def remind(dues: dict[str, int]) -> Command:
    return lambda keyspace, names: keyspace.note([Reminder(names.partition, dues)])


def rearm(dues: dict[str, int | None]) -> Command:
    async def ask(keyspace: Keyspace, names: Names) -> Any:
        return list((await keyspace.rearm({names.partition: dues})).values())

    return ask


def due(until: int, most: int) -> Command:
    return lambda keyspace, names: keyspace.due(names.partition, until, most)


def next_due() -> Command:
    return lambda keyspace, names: keyspace.next_due(names.partition)


DEVICES = st.sampled_from(["r|a", "r|b", "r|é", "r|A"])
KEYS: st.SearchStrategy[Command] = st.one_of(
    st.builds(read, st.lists(st.tuples(OWNERS, KINDS), max_size=6)),
    st.builds(replace, GROUPS),
    st.builds(save, SAVINGS),
)
PLACES: st.SearchStrategy[Command] = st.one_of(
    st.builds(reserve, RESERVATIONS),
    st.builds(confirm, st.lists(st.tuples(CAMPAIGNS, TOKENS, TIMES, SHARES, CENTS), max_size=2)),
    st.builds(release, CAMPAIGNS, TOKENS, SHARES, st.none() | TIMES),
    st.builds(spend, CAMPAIGNS, TOKENS, TIMES | st.just(math.inf), SHARES, CENTS),
    st.builds(overdue, CAMPAIGNS, TIMES),
)
TIMERS: st.SearchStrategy[Command] = st.one_of(
    st.builds(remind, st.dictionaries(DEVICES, TIMES, max_size=3)),
    st.builds(rearm, st.dictionaries(DEVICES, st.none() | TIMES, max_size=3)),
    st.builds(due, TIMES, st.integers(1, 4)),
    st.builds(next_due),
)
ENDS = st.sampled_from([0, TTL, 2 * TTL, 3 * TTL])
LISTS: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        enlist,
        st.lists(st.tuples(OWNERS, st.sampled_from([b"1", b"2", b"3"]), ENDS), max_size=3),
        st.sampled_from([0, TTL]),
        st.integers(1, 3),
    ),
    st.builds(listed, st.lists(OWNERS, max_size=3), ENDS),
    st.builds(strike, OWNERS, st.sampled_from([b"1", b"2"])),
    st.builds(drop, OWNERS),
)
COMMANDS = st.one_of(*(st.lists(some, max_size=25) for some in (KEYS, PLACES, TIMERS, LISTS)))
"""Each example of one kind: what is kept of one kind is nothing to the others."""

EVERYTHING: tuple[Command, ...] = (
    read([(owner, kind) for owner in range(3) for kind in ("visits", "contacts")]),
    *(overdue(campaign, now) for campaign in range(2) for now in range(5)),
    *(listed([0, 1, 2], now) for now in (0, TTL, 2 * TTL)),
    due(99, 99),
    next_due(),
    *(
        reserve([(campaign, "other", places, now, 99, share, 1, budget)])
        for now in range(5)
        for campaign in range(2)
        for share in ("", "day:1")
        for places, budget in ((1, None), (2, None), (3, None), (None, 3), (None, 6))
    ),
)
"""What tells two keyspaces apart in the end."""


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as started:
        yield started


@pytest.fixture(scope="module", params=["redis_url", "redis_cluster_url"])
def real(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Iterator[RedisKeyspace]:
    connected: RedisKeyspace = runner.run(connect(request.getfixturevalue(request.param)))
    yield connected
    runner.run(connected.close())


async def answers(keyspace: Keyspace, names: Names, commands: list[Command]) -> list[Any]:
    return [await command(keyspace, names) for command in (*commands, *EVERYTHING)]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(commands=COMMANDS)
def test_in_process_and_on_redis_the_same_commands_have_the_same_answers(
    runner: asyncio.Runner, real: RedisKeyspace, commands: list[Command]
) -> None:
    names = Names()
    expected = runner.run(answers(real, names, commands))
    assert runner.run(answers(MemoryKeyspace(lambda: 0), names, commands)) == expected
