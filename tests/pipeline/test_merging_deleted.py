"""Deletions and merges meet: whichever is read first, and whatever comes again of before, the same comes of it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from streams import topics
from streams.errors import InfrastructureError
from streams.tables.tables import Tables
from tests.pipeline.boutique import HOUR, NAME, NOON, Collected, Message, Topics, Working, memory_tables, run
from tests.pipeline.conftest import OpenTables
from tests.pipeline.links import MIA, PHONE, patch
from tests.pipeline.test_cards import bought
from tests.pipeline.test_merging import MAX, MERGED, TWO, Dying, apart, known

DELETED = patch("max", NOON + 1, deleted=True)


@pytest.mark.parametrize("order", list(permutations((MERGED, DELETED, bought("p9", NOON - HOUR, member="max")))))
def test_a_deletion_of_the_other_after_they_were_merged_deletes_the_one_whichever_is_read_first(
    order: tuple[Message, ...],
) -> None:
    async def story() -> None:
        working, collected = await apart(memory_tables())
        await working.enter([Topics().record(each) for each in (*order, *order)])
        assert await known(working.tables) == (0, [], 0)
        assert await known(working.tables, MAX) == (0, [], 0)
        for device in (PHONE, f"{NAME}|watch"):
            assert not (await working.tables.links.admission(device)).granted
        assert dict(collected.distinct()[topics.MEMBERS.name])[MIA.encode()] is None

    run(story())


@pytest.mark.parametrize("first", [True, False], ids=["merge", "deletion"])
@pytest.mark.parametrize("dies", [True, False])
def test_that_deletion_meets_the_merge_at_another_worker_meanwhile(first: bool, dies: bool) -> None:
    """Whichever of the two is on its way, the other one comes between any of its writes, where it dies or goes on."""

    async def story() -> None:
        for write in range(1, 40):
            keyspace = Dying(lambda: NOON)
            tables = Tables.over(keyspace)
            working, collected = await apart(tables)
            words = [Topics().record(each) for each in ((MERGED, DELETED) if first else (DELETED, MERGED))]

            async def meanwhile(
                tables: Tables = tables, collected: Collected = collected, words: Any = tuple(words)
            ) -> None:
                await Working(tables, collected).enter([words[1]])
                if dies:
                    raise InfrastructureError("Redis is away")

            keyspace.meanwhile, keyspace.left = meanwhile, write
            try:
                await working.enter([words[0]])
            except InfrastructureError:
                await working.enter([words[0]])
            if keyspace.left > 0:
                return
            assert await known(tables) == (0, [], 0), write
            assert await known(tables, MAX) == (0, [], 0), write
            assert not (await tables.links.admission(PHONE)).granted, write

    run(story())


def test_who_was_deleted_before_they_were_merged_takes_nothing_with_them_and_stays_forgotten(
    open_tables: OpenTables,
) -> None:
    """What was said of them up to then may come again, after a worker died: it is nothing still."""
    again = [patch("max", NOON - 1, deleted=True), TWO[1], TWO[3]]

    async def story() -> None:
        async with open_tables() as tables:
            working, _ = await apart(tables)
            await working.enter([Topics().record(each) for each in (again[0], MERGED, *again, MERGED)])
            assert await known(tables) == (1, ["m1"], 2)
            profile = (await tables.members.read("profile", MIA)).value.profile
            assert (profile.first_name, profile.tier, profile.devices) == ("Mia", None, ("watch",))
            assert (await tables.links.admission(f"{NAME}|watch")).granted
            assert not (await tables.links.admission(PHONE)).granted

    run(story())
