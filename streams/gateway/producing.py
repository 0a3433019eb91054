"""Writing for many requests at once: one call of the producer for all that wait, and never a second beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.errors import RecordTooLarge
from streams.records import Outgoing, Producer


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    records: Sequence[Outgoing]
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Together:
    """A producer for requests: it may be given up while it writes, and no write is then left half begun.

    While the broker is away, one call at a time finds that out, for all that wait.
    """

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """See `Producer`."""
        if not records:
            return
        waiting = _Waiting(records)
        self._waiting.append(waiting)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await waiting.done

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                await self._write_group([each for each in group if not each.done.done()])
        finally:
            self._writing = None

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        try:
            await self._producer.produce([record for each in group for record in each.records])
        except RecordTooLarge as error:
            if len(group) == 1:
                _tell(group, error)
                return
            for each in group:  # whose it is, and whether it is the only one, each finds out alone
                await self._write_group([each])
        except BaseException as error:
            _tell(group, error)
            if not isinstance(error, Exception):
                raise
        else:
            _tell(group, None)


def _tell(group: Sequence[_Waiting], error: BaseException | None) -> None:
    for each in group:
        if each.done.done():
            continue
        if error is None:
            each.done.set_result(None)
        elif isinstance(error, Exception):
            each.done.set_exception(error)
        else:
            each.done.cancel()
