"""Whether Redis and the broker answer, as the work itself finds it; errors of either are counted here alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence, Sized
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from streams.errors import InfrastructureError
from streams.records import Outgoing, Producer

Done = TypeVar("Done")

QUIET_SECONDS = 1.0
"""How long nothing may be heard of a server before it is asked."""
ANSWER_SECONDS = 1.0
"""How long an answer to a mere question may take."""


class Server(StrEnum):
    """What the work stands on."""

    REDIS = "redis"
    BROKER = "broker"


def _named(server: Server) -> str:
    return "Redis" if server is Server.REDIS else "the broker"


class Reach:
    """What is known of one server. `failed` is told of each error; `clock` gives seconds, whatever they count from."""

    def __init__(
        self,
        server: Server,
        failed: Callable[[Server], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server = server
        self.away: str | None = f"nothing was heard of {_named(server)} yet"
        self._failed = failed
        self._clock = clock
        self._heard = -QUIET_SECONDS

    async def watch(self, work: Awaitable[Done]) -> Done:
        """The result of `work`, which asks the server; raises what it raises."""
        try:
            done = await work
        except InfrastructureError as error:
            self._fail(str(error))
            raise
        self._heard, self.away = self._clock(), None
        return done

    async def ask_if_quiet(self, question: Callable[[], Awaitable[object]]) -> None:
        """Ask where nothing was heard for `QUIET_SECONDS`. It never raises."""
        if self._clock() - self._heard < QUIET_SECONDS:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await question()
        except TimeoutError:
            self._fail(f"{_named(self.server)} does not answer within {ANSWER_SECONDS:.0f} s")
        except InfrastructureError:
            return  # counted where it was watched
        except Exception as error:  # a user without the right to ask: whoever looks about goes on
            self._fail(f"{_named(self.server)} answers with {type(error).__name__}")

    def _fail(self, why: str) -> None:
        self._heard, self.away = self._clock(), why
        self._failed(self.server)


def _asks(arguments: Sequence[Any]) -> bool:
    """Whether a call asks the server: one with nothing to do is done at once, and says nothing about it."""
    return not (arguments and isinstance(arguments[0], Sized) and not arguments[0])


class LateKeyspace:
    """A keyspace that connects when it is first asked, so that a process may start before its Redis; watched.

    It has the calls of `streams.tables.keyspace.Keyspace`, each of which raises `InfrastructureError` where Redis
    cannot be had.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], reach: Reach) -> None:
        self._connect = connect
        self._reach = reach
        self._connecting = asyncio.Lock()
        self._inner: Any = None

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **named: Any) -> Any:
            called = self._call(name, *arguments, **named)
            return await (self._reach.watch(called) if _asks(arguments) else called)

        setattr(self, name, call)
        return call

    async def close(self) -> None:
        """Give the connections back, if there are any."""
        if self._inner is not None:
            await self._inner.close()

    async def _call(self, name: str, *arguments: Any, **named: Any) -> Any:
        inner = self._inner if self._inner is not None else await self._connected()
        return await getattr(inner, name)(*arguments, **named)

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._inner is None:
                self._inner = await self._connect()
            return self._inner


class AnsweringProducer(Producer, Protocol):
    """A producer that can be asked whether the broker answers."""

    async def answers(self) -> None:
        """Raises `InfrastructureError` where the broker cannot be had."""


class WatchedProducer:
    """A producer whose errors are seen."""

    def __init__(self, inner: AnsweringProducer, reach: Reach) -> None:
        self._inner = inner
        self._reach = reach

    def beside(self, inner: AnsweringProducer) -> WatchedProducer:
        """Another producer to the same broker: whether that answers is known of both together."""
        return WatchedProducer(inner, self._reach)

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """As `Producer.produce`."""
        if records:
            await self._reach.watch(self._inner.produce(records))

    async def answers(self) -> None:
        """Raises `InfrastructureError` where the broker cannot be had."""
        await self._reach.watch(self._inner.answers())
