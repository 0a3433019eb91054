"""Whether offers may be handed out, asked of Redis each time; what many ask at the same moment is one read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.errors import InfrastructureError
from streams.tables.recipients import Recipient, Recipients, Standing

PATIENCE = 2.0
"""Seconds for an answer of Redis; so nothing is handed out on a word older than this."""

MOST_TOGETHER = 512
"""Recipients in one read."""

_Asked = tuple[Recipient, "asyncio.Future[Standing]"]


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Raises `InfrastructureError` where Redis does not answer within `PATIENCE`."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        raise InfrastructureError(f"Redis did not answer within {PATIENCE:g} s") from None


class Standings:
    """How things stand with recipients, as read after they were asked for."""

    def __init__(self, recipients: Recipients) -> None:
        self._recipients = recipients
        self._asked: list[_Asked] = []
        self._reading: set[asyncio.Task[None]] = set()

    async def ask(self, recipient: Recipient) -> Standing:
        """How things stand with `recipient`. Raises `InfrastructureError` where Redis is away."""
        answer = asyncio.get_running_loop().create_future()
        self._asked.append((recipient, answer))
        if len(self._asked) == 1:
            reading = asyncio.create_task(self._read())  # it begins once all have asked who ask just now
            self._reading.add(reading)
            reading.add_done_callback(self._reading.discard)
        standing: Standing = await answer
        return standing

    async def _read(self) -> None:
        asked, self._asked = self._asked, []
        for place in range(0, len(asked), MOST_TOGETHER):
            await self._answer(asked[place : place + MOST_TOGETHER])

    async def _answer(self, asked: list[_Asked]) -> None:
        try:
            async with in_time():
                standings = await self._recipients.standings([recipient for recipient, _ in asked])
        except Exception as error:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), standing in zip(asked, standings, strict=True):
            if not answer.done():
                answer.set_result(standing)
