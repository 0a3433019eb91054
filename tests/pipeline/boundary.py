"""What stands between a worker and its tables and producer: it tells what took effect, and may end the worker there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from streams.records import Outgoing
from tests.pipeline.boutique import Collected


class Crash(BaseException):
    """The worker is gone, in the middle of a call; nothing in it may catch that."""


class Interruption(NamedTuple):
    """What happens at one moment of a worker: each call has two, one before it takes effect and one after it has.

    `meanwhile` is what another worker gets done there; then this one dies, or goes on and knows nothing of it. With
    `call` only the moments of calls of that name count.
    """

    nth: int
    dies: bool
    meanwhile: str | None = None
    call: str | None = None


Meanwhile = Callable[[str], Awaitable[None]]
TookEffect = Callable[[str, Sequence[Any], Any], None]
"""Told of each call to the tables that took effect: its name, what was given, the reply."""


@dataclass
class Moments:
    """Counts the moments of one worker, and interrupts it once."""

    meanwhile: Meanwhile
    interruption: Interruption | None = None
    passed: int = 0

    def begin(self, interruption: Interruption | None) -> None:
        """A piece of work begins."""
        self.interruption, self.passed = interruption, 0

    async def pass_one(self, call: str) -> None:
        """One moment of a call of this name; raises Crash where it is the last one of this worker."""
        fatal = self.interruption
        self.passed += fatal is not None and fatal.call in (None, call)
        if fatal is not None and self.passed > fatal.nth:
            self.interruption = None
            if fatal.meanwhile is not None:
                await self.meanwhile(fatal.meanwhile)
            if fatal.dies:
                raise Crash


class WatchedKeyspace:
    """A keyspace of which each call is told once it took effect."""

    def __init__(self, inner: Any, moments: Moments, took_effect: TookEffect) -> None:
        self._inner, self._moments, self._took_effect = inner, moments, took_effect

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)

        async def called(*given: Any) -> Any:
            await self._moments.pass_one(name)
            reply = await call(*given)
            self._took_effect(name, given, reply)
            await self._moments.pass_one(name)
            return reply

        return called


class WatchedProducer:
    """A producer that keeps what it is given; who dies in the middle has written some of it."""

    def __init__(self, collected: Collected, moments: Moments) -> None:
        self._collected, self._moments = collected, moments

    async def produce(self, records: Sequence[Outgoing]) -> None:
        await self._moments.pass_one("produce")
        await self._collected.produce(records[: len(records) // 2])
        await self._moments.pass_one("produce")
        await self._collected.produce(records[len(records) // 2 :])
        await self._moments.pass_one("produce")
