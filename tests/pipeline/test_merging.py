"""Two members who turn out to be one: nothing of either is lost, nothing counts twice, and both names lead to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from offers.coupons import TillAnswer
from streams import topics
from streams.errors import InfrastructureError
from streams.tables.keyspace import Change
from streams.tables.memory import MemoryKeyspace
from streams.tables.presences import Admission
from streams.tables.tables import Tables
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
    pings,
    preference,
    run,
)
from tests.pipeline.conftest import OpenTables
from tests.pipeline.links import ADMITTED, MIA, PHONE, entered, patch
from tests.pipeline.test_cards import bought, mailed
from tests.pipeline.test_limits import redeem

MAX = f"{NAME}|max"
TWO = [
    member("mia", "watch", cards=["c"], first_name="Mia", attributes={"a": 1}),
    member("max", "phone", cards=["d"], tier="gold", attributes={"b": 2}),
    bought("p1", member="mia"),
    bought("p2", NOON - DAY, member="max"),
    mailed("m1", member="mia"),
    mailed("m2", member="max"),
]
MERGED = patch("mia", NOON, merges=["max"])


def at_the_till(at: int, who: str) -> Message:
    return check_in(at, member=who, store="haussmann", via="till")


async def come(working: Working, at: int, *who: str) -> None:
    broker = Topics()
    await working.work([broker.record(at_the_till(at, each)) for each in who], at + MINUTE)


async def known(tables: Tables, owner: str = MIA) -> tuple[int, list[str], int]:
    """How many purchases, which contacts of other channels, how many visits."""
    purchases = (await tables.members.read("purchases", owner)).value
    contacts = (await tables.members.read("contacts", owner)).value
    visits = (await tables.members.read("visits", owner)).value
    return purchases.count, sorted(each.id for each in contacts if each.channel), visits.count


async def apart(tables: Tables) -> tuple[Working, Collected]:
    """Two members, who came on two days each, one of them the same."""
    working, collected = await entered(TWO, tables)
    await come(working, NOON - 3 * DAY, "mia")
    await come(working, NOON - 2 * DAY, "mia", "max")
    await come(working, NOON - DAY, "max")
    return working, collected


@pytest.mark.parametrize(
    "words",
    [
        [MERGED],
        [MERGED, MERGED],
        [MERGED, patch("max", NOON + 1, merges=["mia"])],
        [MERGED, patch("max", NOON - 1, merges=["mia"]), MERGED],
    ],
    ids=["once", "twice", "either way", "either way and again"],
)
def test_what_both_did_is_what_the_one_did_each_counted_once(words: list[Message], open_tables: OpenTables) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            working, collected = await apart(tables)
            assert await known(tables) == (1, ["m1"], 2)
            await working.enter([Topics().record(word) for word in words])
            assert await known(tables) == (2, ["m1", "m2"], 3)
            assert await known(tables, MAX) == (0, [], 0)
            profile = (await tables.members.read("profile", MIA)).value.profile
            assert (profile.first_name, profile.tier, dict(profile.attributes)) == ("Mia", "gold", {"a": 1, "b": 2})
            assert set(profile.devices) == {"watch", "phone"}
            assert await tables.links.admission(PHONE) == ADMITTED
            cards = await tables.links.members_of([f"{NAME}|c", f"{NAME}|d"])
            assert set(cards.values()) == {"mia"}
            told = dict(collected.distinct()[topics.MEMBERS.name])
            assert told[MAX.encode()] is None
            assert collected.read(topics.DEAD_LETTERS) == []

    run(story())


def test_the_order_in_which_all_of_it_becomes_known_does_not_matter() -> None:
    words = [*TWO[:4], MERGED]

    async def story() -> None:
        found = set()
        for order in permutations(words):
            tables = memory_tables()
            await entered(order, tables)
            profile = (await tables.members.read("profile", MIA)).value.profile
            devices = [(await tables.links.admission(f"{NAME}|{name}")).member for name in ("phone", "watch")]
            cards = list((await tables.links.members_of([f"{NAME}|c", f"{NAME}|d"])).values())
            sets = tuple(frozenset(each) for each in (profile.devices, profile.cards, profile.attributes.items()))
            count, *_ = await known(tables)
            found.add((count, profile.first_name, profile.tier, *sets, *devices, *cards))
        assert len(found) == 1
        assert found.pop()[0] == 2

    run(story())


def test_the_other_way_round_the_other_one_stays() -> None:
    async def story() -> None:
        working, _ = await apart(memory_tables())
        await working.enter([Topics().record(patch("max", NOON, merges=["mia"]))])
        assert await known(working.tables, MAX) == (2, ["m1", "m2"], 3)
        assert await known(working.tables) == (0, [], 0)

    run(story())


def test_whoever_names_the_other_means_the_one(open_tables: OpenTables) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            working, _ = await apart(tables)
            later = [
                MERGED,
                bought("p3", NOON, member="max"),
                bought("p4", NOON, card="d"),
                mailed("m3", member="max"),
                patch("max", NOON + 1, points=7),
            ]
            await working.enter([Topics().record(each) for each in later])
            await come(working, NOON + DAY, "max")
            assert await known(tables) == (4, ["m1", "m2", "m3"], 4)
            assert await known(tables, MAX) == (0, [], 0)
            assert (await tables.members.read("profile", MIA)).value.profile.points == 7
            await working.enter([Topics().record(preference(NOON + DAY, member="max", contact="stop"))])
            assert (await tables.members.read("consent", MIA)).value.wish == "stop"

    run(story())


def test_a_stop_of_either_holds_for_both_whichever_comes_first() -> None:
    words = [*TWO[:2], MERGED, preference(NOON + 1, member="max", contact="stop")]

    async def story() -> None:
        for order in permutations(words):
            tables = memory_tables()
            await entered([*order, MERGED], tables)
            assert (await tables.members.read("consent", MIA)).value.wish == "stop"
            assert await tables.links.admission(PHONE) == ADMITTED

    run(story())


def test_an_offer_to_the_other_is_the_ones_and_its_coupon_is_used_for_them(open_tables: OpenTables) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            working, collected = await entered(TWO[:2], tables)
            await working.work(Topics().records(pings("phone", HAUSSMANN, NOON, 8)))
            (offer,) = [each for each in collected.offers() if "coupon" in each][:1]
            assert offer["member"] == "max"
            await working.enter([Topics().record(patch("mia", NOON + HOUR, merges=["max"]))])
            assert await redeem(tables, offer, "till-1", NOON + HOUR) is TillAnswer.ACCEPTED
            contacts = (await tables.members.read("contacts", MIA)).value
            assert [each.redeemed for each in contacts if each.id == offer["id"]] == [NOON + HOUR]
            again = Topics().records(pings("watch", HAUSSMANN, NOON + HOUR, 8))
            await working.work(again)
            campaigns = [each["campaign"] for each in collected.offers()]
            assert len(campaigns) == len(set(campaigns))  # both phones are in one bag

    run(story())


def test_three_are_one_however_they_were_merged() -> None:
    words = [patch("max", NOON, merges=["tom"]), MERGED]

    async def story() -> None:
        for order in permutations(words):
            tables = memory_tables()
            three = [*TWO, member("tom", cards=["e"]), bought("p9", member="tom")]
            await entered([*three, *order], tables)
            assert (await known(tables))[0] == 3
            await entered([bought("p10", member="tom"), bought("p11", card="e")], tables)
            assert (await known(tables))[0] == 5

    run(story())


@pytest.mark.parametrize("merges", [["max"], ["mia"]], ids=["again", "of oneself"])
def test_a_merge_that_says_nothing_new_leaves_what_was_said_since_the_last_one_as_it_is(merges: list[str]) -> None:
    """A phone that was given away does not come back with an old word that comes twice."""
    phones = [patch("mia", NOON + 1, devices=["sold"]), patch("mia", NOON + 2, devices=["watch"])]

    async def story() -> None:
        words = [*TWO[:2], MERGED, *phones, patch("mia", NOON + 3, merges=merges), *phones]
        working, _ = await entered(words)
        assert (await working.tables.members.read("profile", MIA)).value.profile.devices == ("watch",)
        assert await working.tables.links.member_of("link", f"{NAME}|sold") is None

    run(story())


class Dying(MemoryKeyspace):
    """Fails once, at the write that was chosen; or lets something happen before it."""

    left = 1_000
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
        self.left -= 1
        if self.left == 0:
            if self.meanwhile is None:
                raise InfrastructureError("Redis is away")
            await self.meanwhile()
        return await super().replace(groups)


@pytest.mark.parametrize("write", range(1, 24))
def test_a_worker_that_dies_on_the_way_loses_nothing_and_counts_nothing_twice(write: int) -> None:
    async def story() -> None:
        keyspace = Dying(lambda: NOON)
        working, _ = await apart(Tables.over(keyspace))
        keyspace.left = write
        record = Topics().record(MERGED)
        try:
            await working.enter([record])
        except InfrastructureError:
            await working.enter([record])
        assert await known(working.tables) == (2, ["m1", "m2"], 3)
        assert await known(working.tables, MAX) == (0, [], 0)
        assert await working.tables.links.admission(PHONE) == ADMITTED

    run(story())


OTHERS: list[tuple[Message, tuple[int, list[str], int]]] = [
    (bought("p3", member="max"), (3, ["m1", "m2"], 3)),
    (mailed("m3", member="max"), (2, ["m1", "m2", "m3"], 3)),
    (preference(NOON + 1, member="max", contact="stop"), (2, ["m1", "m2"], 3)),
    (patch("max", NOON + 1, points=7), (2, ["m1", "m2"], 3)),
]


@pytest.mark.parametrize(
    ("other", "expected"), OTHERS, ids=lambda each: each.get("type", "") if isinstance(each, dict) else ""
)
@pytest.mark.parametrize("first", [True, False], ids=["merge", "other"])
def test_what_is_said_of_the_other_at_another_worker_meanwhile_is_not_left_behind(
    other: Message, expected: Any, first: bool
) -> None:
    """Whichever of the two is on its way, the other one comes between any of its writes."""

    async def story() -> None:
        for write in range(1, 24):
            keyspace = Dying(lambda: NOON)
            tables = Tables.over(keyspace)
            working, _ = await apart(tables)
            words = [MERGED, other] if first else [other, MERGED]
            keyspace.meanwhile = partial(Working(tables, Collected()).enter, [Topics().record(words[1])])
            keyspace.left = write
            await working.enter([Topics().record(words[0])])
            if keyspace.left > 0:
                return
            assert await known(tables) == expected, write
            assert await known(tables, MAX) == (0, [], 0), write
            consent = (await tables.members.read("consent", MIA)).value
            assert consent.wish == ("stop" if other["type"] == "preference" else "normal"), write
            assert await tables.links.admission(PHONE) == Admission(True, False, "mia")

    run(story())


@pytest.mark.parametrize("first", [True, False], ids=["merge", "visit"])
def test_a_visit_of_the_other_that_is_on_its_way_is_not_left_behind_and_counts_once(first: bool) -> None:
    """It counts; or it finds no consent any more under the old name, and then nothing comes of it."""

    async def story() -> None:
        for write in range(1, 24):
            keyspace = Dying(lambda: NOON)
            tables = Tables.over(keyspace)
            working, collected = await apart(tables)
            other = Working(tables, collected)
            visit, word = Topics().record(at_the_till(NOON + HOUR, "max")), Topics().record(MERGED)
            visiting = partial(other.work, [visit], NOON + HOUR + MINUTE)
            keyspace.meanwhile = visiting if first else partial(other.enter, [word])
            keyspace.left = write
            await (working.enter([word]) if first else working.work([visit], NOON + HOUR + MINUTE))
            if keyspace.left > 0:
                return
            count, contacts, visits = await known(tables)
            assert (count, contacts) == (2, ["m1", "m2"]), write
            assert visits in (3, 4), write
            assert await known(tables, MAX) == (0, [], 0), write
            offered = (await tables.members.read("contacts", MIA)).value
            assert len({each.id for each in offered}) == len(offered)

    run(story())


def test_a_merge_from_before_the_member_was_deleted_brings_nobody_back() -> None:
    async def story() -> None:
        working, _ = await apart(memory_tables())
        await working.enter([Topics().record(patch("mia", NOON + 1, deleted=True)), Topics().record(MERGED)])
        assert await known(working.tables) == (0, [], 0)
        assert await known(working.tables, MAX) == (1, ["m2"], 2)

    run(story())
