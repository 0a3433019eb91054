"""What was bought and said with a card that nobody had is its member's once they have it: once, in any order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import permutations

import pytest

from streams import topics
from streams.errors import InfrastructureError
from streams.held import card_owner
from streams.tables.keyspace import Change
from streams.tables.memory import MemoryKeyspace
from streams.tables.tables import Tables
from tests.pipeline.boutique import (
    DAY,
    HOUR,
    NAME,
    NOON,
    Collected,
    Message,
    Topics,
    Working,
    member,
    run,
)
from tests.pipeline.conftest import OpenTables
from tests.pipeline.links import MIA, entered, patch

LINES = [{"category": "beauty", "product": "serum", "amount": "39.00 EUR"}]
HELD = card_owner(NAME, "c")


def bought(name: str, at: int = NOON - HOUR, **who: str) -> Message:
    return {"type": "purchase", "retailer": NAME, "id": name, "at": at, "lines": LINES, **(who or {"card": "c"})}


def mailed(name: str, **who: str) -> Message:
    told = {"type": "contact", "retailer": NAME, "id": name, "at": NOON - HOUR, "channel": "email"}
    return told | (who or {"card": "c"})


async def known(tables: Tables, owner: str = MIA) -> tuple[int, int, list[str]]:
    """How many purchases, what they came to, and which messages came."""
    purchases = (await tables.members.read("purchases", owner)).value
    contacts = (await tables.members.read("contacts", owner)).value
    return purchases.count, purchases.cents, [contact.id for contact in contacts]


def test_it_does_not_matter_whether_the_card_or_what_was_bought_with_it_comes_first(open_tables: OpenTables) -> None:
    words = [bought("p1"), bought("p2", NOON - DAY), mailed("m1"), patch("mia", NOON, cards=["c"])]

    async def story() -> None:
        for order in permutations(words):
            async with open_tables() as tables:
                _, collected = await entered([*order, *order], tables)
                assert await known(tables) == (2, 7_800, ["m1"])
                assert await known(tables, HELD) == (0, 0, [])
                assert collected.read(topics.DEAD_LETTERS) == []

    run(story())


def test_it_is_added_to_what_the_member_has_and_counted_as_if_it_had_been_theirs_all_along() -> None:
    async def story() -> None:
        own = [bought(f"own-{day}", NOON - day * DAY, member="mia") for day in range(3)]
        held = [bought(f"held-{day}", NOON - day * DAY - HOUR) for day in range(3)]
        apart, _ = await entered([*own, mailed("mine", member="mia"), *held, mailed("theirs"), CARD])
        together, _ = await entered([CARD, *own, mailed("mine", member="mia"), *held, mailed("theirs")])
        for kind in ("purchases", "contacts"):
            merged = (await apart.tables.members.read(kind, MIA)).value
            straight = (await together.tables.members.read(kind, MIA)).value
            if kind == "contacts":
                assert merged == straight
            else:
                assert (merged.count, merged.cents, merged.last) == (straight.count, straight.cents, straight.last)
                assert (merged.sums, merged.habits) == (straight.sums, straight.habits)
                assert (merged.categories, merged.products) == (straight.categories, straight.products)

    run(story())


CARD = member("mia", cards=["c"], at=NOON)


def test_who_has_the_card_next_does_not_get_what_was_its_first_members() -> None:
    async def story() -> None:
        working, _ = await entered([bought("p1"), CARD, patch("max", NOON + 1, cards=["c"])])
        await working.enter([Topics().record(bought("p2"))])
        assert await known(working.tables) == (1, 3_900, [])
        assert await known(working.tables, f"{NAME}|max") == (1, 3_900, [])

    run(story())


class Watched(MemoryKeyspace):
    """Before a write to a key of this kind, something else happens, once."""

    def __init__(self, kind: str) -> None:
        super().__init__(lambda: NOON)
        self.kind = kind
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
        meanwhile = self.meanwhile
        if meanwhile is not None and any(each.key.startswith(self.kind) for group in groups for each in group):
            self.meanwhile = None
            await meanwhile()
        return await super().replace(groups)


def test_what_is_bought_while_the_card_is_given_is_not_left_behind() -> None:
    async def story() -> None:
        for kind, first, then in (("purchases", bought("p1"), CARD), ("card:", CARD, bought("p1"))):
            keyspace = Watched(kind)
            tables = Tables.over(keyspace)
            keyspace.meanwhile = partial(Working(tables, Collected()).enter, [Topics().record(then)])
            await entered([first], tables)
            assert keyspace.meanwhile is None
            assert await known(tables) == (1, 3_900, [])
            assert await known(tables, HELD) == (0, 0, [])

    run(story())


async def away() -> None:
    raise InfrastructureError("Redis is away")


@pytest.mark.parametrize("write", range(8))
def test_a_worker_that_dies_on_the_way_loses_nothing_and_counts_nothing_twice(write: int) -> None:
    """Its batch is worked again, whichever write it died before."""

    class Dying(MemoryKeyspace):
        left = 1_000

        async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
            self.left -= 1
            if self.left == 0:
                await away()
            return await super().replace(groups)

    async def story() -> None:
        keyspace = Dying(lambda: NOON)
        tables = Tables.over(keyspace)
        working, _ = await entered([bought("p1"), mailed("m1")], tables)
        keyspace.left = write + 1
        record = Topics().record(CARD)
        try:
            await working.enter([record])
        except InfrastructureError:
            keyspace.left = 1_000
            await working.enter([record])
        assert await known(tables) == (1, 3_900, ["m1"])
        assert await known(tables, HELD) == (0, 0, [])
        assert await tables.members.set_aside(HELD) is None

    run(story())


@pytest.mark.parametrize(
    ("first", "then", "later"),
    [
        (bought("p1"), CARD, patch("mia", NOON + 1, points=3)),
        (bought("p1", member="max"), patch("mia", NOON, merges=["max"]), patch("mia", NOON + 1, merges=["max"])),
    ],
    ids=["card", "merge"],
)
def test_a_worker_that_counts_for_who_was_meant_before_and_dies_counts_nothing_twice(
    first: Message, then: Message, later: Message
) -> None:
    """Another one gives the card away or merges them just before it counts, and it dies right after that."""

    class Dying(Watched):
        dies = False

        async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
            done = await super().replace(groups)
            if self.dies and groups[0][0].key.startswith(self.kind):
                self.dies = False
                await away()
            return done

    async def story() -> None:
        keyspace = Dying("purchases")
        tables, record = Tables.over(keyspace), Topics().record(first)
        working, _ = await entered([member("mia", at=NOON - DAY), member("max", at=NOON - DAY)], tables)

        async def meanwhile() -> None:
            await Working(tables, Collected()).enter([Topics().record(then)])
            keyspace.dies = True

        keyspace.meanwhile = meanwhile
        with pytest.raises(InfrastructureError):
            await working.enter([record])
        await working.enter([record, Topics().record(later)])
        assert (await known(tables))[:2] == (1, 3_900)

    run(story())


def test_no_member_is_named_like_the_history_of_a_card() -> None:
    async def story() -> None:
        _, collected = await entered([member("card|c")])
        assert [each["reason"] for each in collected.read(topics.DEAD_LETTERS)] == ["WRONG_TYPE"]

    run(story())
