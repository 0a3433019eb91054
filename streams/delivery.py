"""Offers as they are made: the topic read from its newest end, each offer handed to those who listen for its member.

Every gateway reads all partitions, without a group. Nothing is parsed here: the key of a record says whose it is. What
was made while the topic could not be read stands in the member's list in Redis; so whoever listens is told to look
there once reading has begun (anew).
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress

from streams.errors import InfrastructureError
from streams.offer_sources import Found, OfferSource

MOST_WAITING = 64
"""Offers that wait for one listener; a member gets a few a day, so with more of them nobody takes them."""

PULSE = 3.0
"""Seconds after which everyone looks whether they may listen still; all together, so that it is one read."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between two tries while the broker is away."""

log = logging.getLogger(__name__)


class Listener:
    """One who listens for a member's offers. `waiting` are records that came; `behind`: the list has others, perhaps.

    `ended`: no more comes.
    """

    def __init__(self) -> None:
        self.waiting: deque[bytes] = deque()
        self.behind = True
        self.ended = False
        self._news = asyncio.Event()

    async def news(self) -> None:
        """Wait until something came, at most until the next pulse."""
        await self._news.wait()
        self._news.clear()

    def hand(self, value: bytes) -> None:
        """One more offer; a listener who does not take them has ended."""
        self.waiting.append(value)
        self.ended = self.ended or len(self.waiting) > MOST_WAITING
        self._news.set()

    def look_again(self) -> None:
        """Offers may have been missed: they stand in the list."""
        self.behind = True
        self._news.set()

    def pulse(self) -> None:
        """Time to look whether anything has changed."""
        self._news.set()

    def end(self) -> None:
        """No more comes."""
        self.ended = True
        self._news.set()


class Delivery:
    """Hands offers from `source` to listeners, by owner `retailer|member`; `reading`: whether they come just now."""

    def __init__(self, source: OfferSource) -> None:
        self.reading = False
        self._source = source
        self._listeners: defaultdict[bytes, set[Listener]] = defaultdict(set)
        self._ended = False
        self._said = False

    @contextmanager
    def listen(self, owner: str) -> Iterator[Listener]:
        """Listen for the offers of `owner` until left; the first thing to do is to look at the list."""
        key, listener = owner.encode(), Listener()
        listener.ended = self._ended
        self._listeners[key].add(listener)
        try:
            yield listener
        finally:
            self._listeners[key].discard(listener)
            if not self._listeners[key]:
                del self._listeners[key]

    def listening(self, owner: str | None = None) -> int:
        """How many listen, in all or for one owner."""
        if owner is not None:
            return len(self._listeners.get(owner.encode(), ()))
        return sum(map(len, self._listeners.values()))

    def end(self) -> None:
        """Let every listener end: the gateway stops. To be called before its server waits for open connections."""
        self._ended = True
        for listener in self._all():
            listener.end()

    async def run(self) -> None:
        """Read until cancelled; what is away is tried again, and said once."""
        pulse = asyncio.create_task(self._pulse())
        try:
            await self._read_on()
        finally:
            pulse.cancel()

    async def _read_on(self) -> None:
        seconds = FIRST_PAUSE
        while not self._ended:
            try:
                async with aclosing(self._source.read()) as found:
                    async for together in found:
                        seconds = FIRST_PAUSE
                        self._take(together)
                return
            except Exception as error:  # whatever it is: without a reader nobody would get an offer any more
                self._say_away(error)
            await asyncio.sleep(seconds)
            seconds = min(seconds * 2, LONGEST_PAUSE)

    def _take(self, together: Sequence[Found]) -> None:
        if not self.reading:
            self._say_reading()
        for key, value in together:
            if key is not None and value is not None and key in self._listeners:
                for listener in self._listeners[key]:
                    listener.hand(value)

    def _say_away(self, error: Exception) -> None:
        if not self._said:
            told = error if isinstance(error, InfrastructureError) else type(error).__name__
            log.warning("%s; trying again until offers can be read", told)
        self.reading, self._said = False, True

    def _say_reading(self) -> None:
        if self._said:
            log.warning("offers can be read again")
        self.reading, self._said = True, False
        for listener in self._all():
            listener.look_again()

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE)
            for listener in self._all():
                listener.pulse()

    def _all(self) -> list[Listener]:
        return [listener for listeners in self._listeners.values() for listener in listeners]


@asynccontextmanager
async def delivering(source: OfferSource) -> AsyncIterator[Delivery]:
    """A delivery that reads as long as this is open."""
    delivery = Delivery(source)
    running = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        delivery.end()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
