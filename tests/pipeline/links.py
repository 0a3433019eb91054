"""What tests of links share: members and phones entered one after the other, and another worker in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from streams.tables.keyspace import Change
from streams.tables.memory import MemoryKeyspace
from streams.tables.presences import Admission
from streams.tables.tables import Tables
from tests.pipeline.boutique import (
    NAME,
    NOON,
    Collected,
    Message,
    Topics,
    Working,
    memory_tables,
)

MIA, PHONE = f"{NAME}|mia", f"{NAME}|phone"
NO = {"offers": {"granted": False, "at": NOON}}
ADMITTED = Admission(True, False, "mia")


def patch(name: str, at: int, **more: Any) -> Message:
    return {"type": "member", "retailer": NAME, "member": name, "at": at, **more}


async def entered(messages: Sequence[Message], tables: Tables | None = None) -> tuple[Working, Collected]:
    """A worker that has entered these, one after the other."""
    collected, broker = Collected(), Topics()
    working = Working(tables or memory_tables(), collected)
    for message in messages:
        await working.enter([broker.record(message)])
    return working, collected


class Interrupted(MemoryKeyspace):
    """Before an admission is written, another worker does something, once."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
        meanwhile, admits = self.meanwhile, groups[0][0].key.startswith("admission")
        if meanwhile is not None and admits:
            self.meanwhile = None
            await meanwhile()
        return await super().replace(groups)
