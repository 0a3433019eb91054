"""Two workers at one partition for a moment, after a rebalance that one of them has not heard of yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from geofences.fixes import Fix
from streams import topics
from streams.batches import Batch
from streams.records import Outgoing, Record
from streams.working import Worker
from tests.pipeline.boutique import (
    HAUSSMANN,
    MINUTE,
    NAME,
    NOON,
    Collected,
    Topics,
    Working,
    member,
    memory_tables,
    ping,
    run,
)
from tests.pipeline.conftest import OpenTables


class Interrupted(Collected):
    """A producer in whose first call somebody else gets something done."""

    def __init__(self, between: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._between: Callable[[], Awaitable[object]] | None = between

    async def produce(self, records: Sequence[Outgoing]) -> None:
        await super().produce(records)
        between, self._between = self._between, None
        if between is not None:
            await between()


def test_what_a_former_owner_saved_between_is_worked_again_before_the_batch_is_acknowledged(
    open_tables: OpenTables,
) -> None:
    async def story() -> None:
        broker = Topics()
        async with open_tables() as tables:
            former = Working(tables, Collected())
            await former.enter(broker.records([member("mia", "phone")]))
            records = broker.records([ping("phone", Fix(*HAUSSMANN, 10.0, NOON + each * MINUTE)) for each in range(6)])
            collected = Interrupted(lambda: former.work(records[:3]))
            new = Working(tables, collected)
            worker = Worker(new.pipeline.process, tables, collected, lambda: records[-1].timestamp)
            processed = [each async for each in worker.work(Batch(records, {}))]
            (device,) = await tables.presences.admit([f"{NAME}|phone"])
        assert device.has_ping(records[-1].partition, records[-1].offset)
        assert [(each.pings, each.unsaved) for each in processed] == [(6, 1), (3, 0)]
        assert set(collected.distinct()[topics.TRANSITIONS.name]) == await told_undisturbed(broker, records)

    run(story())


async def told_undisturbed(broker: Topics, records: Sequence[Record]) -> set[tuple[bytes, bytes | None]]:
    alone = Collected()
    working = Working(memory_tables(), alone)
    await working.enter(broker.records([member("mia", "phone")]))
    await working.work(records)
    return set(alone.distinct()[topics.TRANSITIONS.name])


def test_a_timer_that_was_overtaken_is_looked_after_again(open_tables: OpenTables) -> None:
    async def story() -> None:
        broker, stay = Topics(1), [ping("phone", Fix(*HAUSSMANN, 10.0, NOON + each * MINUTE)) for each in range(2)]
        async with open_tables() as tables:
            former = Working(tables, Collected())
            await former.enter(broker.records([member("mia", "phone")]))
            await former.work(broker.records(stay))
            late = broker.records([ping("phone", Fix(*HAUSSMANN, 10.0, NOON + 2 * MINUTE))])
            collected = Interrupted(lambda: former.work(late))
            new = Working(tables, collected)
            processed = await new.wait(NOON + 40 * MINUTE, [0])  # everything ends there, for want of a later ping
            assert processed.unsaved == 1
            assert await tables.timers.next_due(0) is not None
            await Working(tables, collected).wait(NOON + 40 * MINUTE, [0])
            assert await tables.timers.next_due(0) is None
        kinds = [each["kind"] for each in collected.read(topics.TRANSITIONS)]
        assert kinds[-1] == "EXIT"

    run(story())
