"""A record that makes us raise is put aside, whatever step it breaks; nothing else is lost, nothing waits for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams import topics
from streams.batches import Batch, Processed
from streams.records import Record
from streams.steps import Step
from streams.tables.tables import Tables
from streams.working import MOST_BROKEN, TooManyBroken, Worker
from tests.pipeline.boutique import (
    HAUSSMANN,
    MINUTE,
    NOON,
    RIVOLI,
    Collected,
    Message,
    Topics,
    Working,
    cut,
    member,
    memory_tables,
    pings,
    run,
)

GOOD = [f"good-{number}" for number in range(6)]
PIPELINE_STEPS = [step for step in Step if step is not Step.ACK]


class Poisoned:
    """A worker whose pipeline raises a ValueError at one step whenever a batch holds a poisoned record."""

    def __init__(self, tables: Tables, collected: Collected, step: Step, poisoned: frozenset[int]) -> None:
        self._step, self._poisoned = step, poisoned
        self._batch: Sequence[Record] = ()
        self.clock = NOON
        self.working = Working(tables, collected, self.gate)
        self.worker = Worker(self.process, tables, collected, lambda: self.clock)

    def gate(self, step: Step) -> None:
        if step is self._step and any(record.offset in self._poisoned for record in self._batch):
            raise ValueError("a fault of ours")

    async def process(self, batch: Batch, tables: Tables, now: int) -> Processed:
        self._batch = batch.records
        return await self.working.pipeline.process(batch, tables, now)

    async def work(self, records: Sequence[Record]) -> list[Processed]:
        newest = max(record.timestamp for record in records)
        self.clock = newest
        return [each async for each in self.worker.work(Batch(records, {0: newest}))]


def visitors() -> list[Message]:
    return [member(f"member-{name}", name) for name in [*GOOD, "bad"]]


def footage() -> list[Record]:
    """Six who stand in a store, and one whose first ping will be poisoned; one partition."""
    walked = [each for name in GOOD for each in pings(name, HAUSSMANN, NOON, 5)]
    return Topics(1).records([*walked, *pings("bad", RIVOLI, NOON + 5_000, 4)])


def poison(records: Sequence[Record]) -> int:
    return next(record.offset for record in records if record.key == b"boutique|bad")


@pytest.mark.parametrize("step", PIPELINE_STEPS)
def test_a_value_error_in_a_step_makes_one_dead_letter_and_loses_nothing(step: Step) -> None:
    async def story() -> None:
        tables, collected, records = memory_tables(), Collected(), footage()
        poisoned = Poisoned(tables, collected, step, frozenset([poison(records)]))
        await poisoned.working.enter(Topics(1).records(visitors()))
        processed = [each for batch in cut(records, 8) for each in await poisoned.work(batch)]
        await poisoned.working.wait(NOON + 10 * MINUTE, [0])
        (letter,) = collected.read(topics.DEAD_LETTERS)
        assert (letter["reason"], letter["detail"], letter["offset"]) == ("INTERNAL", "ValueError", poison(records))
        assert "raw" not in letter
        assert sum(each.pings for each in processed) + (step is not Step.SAVE) >= len(records) - 1
        assert told_of_the_good(collected) == told_of_the_good(await undisturbed(records))
        later = [each for each in collected.read(topics.TRANSITIONS) if each["device"] == "bad"]
        assert [each["kind"] for each in later][:2] == ["ENTER", "ENTER"]
        # what was claimed counts, so that nobody is ever spoken to twice: here an offer that was never produced
        spoken = {"PER_MEMBER"} if step is Step.PRODUCE else {"offered"}
        of_the_bad = [each for each in collected.read(topics.DECISIONS) if each["member"] == "member-bad"]
        assert {each.get("reason", "offered") for each in of_the_bad} >= spoken

    run(story())


async def undisturbed(records: Sequence[Record]) -> Collected:
    collected = Collected()
    working = Working(memory_tables(), collected)
    await working.enter(Topics(1).records(visitors()))
    for batch in cut(records, 8):
        await working.work(batch)
    await working.wait(NOON + 10 * MINUTE, [0])
    return collected


def told_of_the_good(collected: Collected) -> dict[str, list[tuple[bytes, bytes | None]]]:
    """What was sent by topic, without the one whose ping was poisoned."""
    return {
        topic: [(key, value) for key, value in records if b"bad" not in key]
        for topic, records in collected.distinct().items()
        if topic not in (topics.DEAD_LETTERS.name, topics.MEMBERS.name)
    }


def test_more_than_ten_broken_records_a_minute_end_the_worker_and_commit_nothing() -> None:
    async def story() -> None:
        tables, collected, records = memory_tables(), Collected(), footage()
        everything = frozenset(record.offset for record in records)
        poisoned = Poisoned(tables, collected, Step.LOCATE, everything)
        await poisoned.working.enter(Topics(1).records(visitors()))
        with pytest.raises(TooManyBroken, match="11 records raised within a minute"):
            await poisoned.work(records)
        assert len(collected.read(topics.DEAD_LETTERS)) == MOST_BROKEN
        assert collected.read(topics.TRANSITIONS) == []

    run(story())


def test_ten_broken_records_a_minute_are_borne_minute_after_minute() -> None:
    async def story() -> None:
        tables, collected, records = memory_tables(), Collected(), footage()[:20]
        poisoned = Poisoned(tables, collected, Step.LOCATE, frozenset(record.offset for record in records))
        await poisoned.working.enter(Topics(1).records(visitors()))
        await poisoned.work(records[:10])
        later = [record._replace(timestamp=record.timestamp + MINUTE) for record in records[10:]]
        await poisoned.work(later)
        assert len(collected.read(topics.DEAD_LETTERS)) == 20

    run(story())


def test_an_entry_that_raises_becomes_a_dead_letter_and_the_others_are_entered() -> None:
    async def story() -> None:
        tables, collected, broker = memory_tables(), Collected(), Topics(1)
        working = Working(tables, collected)
        facts = broker.records([member("one", "phone-1"), member("two", "phone-2"), member("three", "phone-3")])

        async def process(batch: Batch, tables: Tables, now: int) -> Processed:
            if any(record.offset == 1 for record in batch.records):
                raise ValueError("a fault of ours")
            return await working.entries.process(batch, tables, now)

        worker = Worker(process, tables, collected, lambda: NOON)
        entered = sum([each.entered async for each in worker.work(Batch(facts, {}))])
        assert entered == 2
        (letter,) = collected.read(topics.DEAD_LETTERS)
        assert (letter["reason"], letter["topic"], letter["offset"]) == ("INTERNAL", "member-changes", 1)
        assert {each["member"] for each in collected.read(topics.MEMBERS)} == {"one", "three"}

    run(story())


def test_timers_fire_between_the_records_of_a_batch_that_is_worked_record_by_record() -> None:
    async def story() -> None:
        early = [each for name in GOOD[:3] for each in pings(name, HAUSSMANN, NOON, 5)]
        late = [each for name in GOOD[3:] for each in pings(name, HAUSSMANN, NOON + 10 * MINUTE, 5)]
        records = Topics(1).records([*early, *pings("bad", RIVOLI, NOON + 5_000, 4), *late])
        tables, collected, whole = memory_tables(), Collected(), Collected()
        poisoned = Poisoned(tables, collected, Step.ADVANCE, frozenset([poison(records)]))
        await poisoned.working.enter(Topics(1).records(visitors()))
        await poisoned.work(records)
        working = Working(memory_tables(), whole)
        await working.enter(Topics(1).records(visitors()))
        await working.work(records)
        kinds = [each["kind"] for each in whole.read(topics.TRANSITIONS)]
        assert kinds.index("DWELL") < len(kinds) - 1 - kinds[::-1].index("ENTER")  # a timer was due in between
        assert told_of_the_good(collected) == told_of_the_good(whole)

    run(story())
