"""Simulated events sent when their time has come: to whoever reads them, or to Kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

from streams import topics
from streams.events import read_events
from streams.phones import Sent
from streams.records import Outgoing, Producer

MOST_AT_ONCE = 500


async def paced(sent: Iterable[Sent], start: int) -> AsyncIterator[list[Sent]]:
    """What has arrived by now, again and again, at most `MOST_AT_ONCE` together; `start` (ms UTC) is now."""
    begun = time.monotonic()
    waiting: list[Sent] = []
    for each in sent:
        if waiting and (len(waiting) == MOST_AT_ONCE or each.arrives > _simulated(start, begun)):
            yield waiting
            waiting = []
        await asyncio.sleep(max(each.arrives - _simulated(start, begun), 0) / 1_000)
        waiting.append(each)
    if waiting:
        yield waiting


def _simulated(start: int, begun: float) -> int:
    return start + int((time.monotonic() - begun) * 1_000)


async def send(sent: Iterable[Sent], start: int, producer: Producer, done: Callable[[int], None]) -> None:
    """Send `sent` as its time comes; `done` is told how many are acknowledged. Raises `InfrastructureError`."""
    async for due in paced(sent, start):
        await producer.produce(list(outgoing(due)))
        done(len(due))


def outgoing(sent: Sequence[Sent]) -> Iterator[Outgoing]:
    """The records of events; what is no event goes to `pings` as it is, as from a phone that went wrong."""
    for event in read_events(each.line for each in sent):
        topic = event.type.topic if event.type is not None else topics.PINGS.name
        yield Outgoing(topic, event.key, event.value)
