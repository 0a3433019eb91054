"""The load of the soak: pings at a steady rate, sent again until they are acknowledged, and where they stand."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from aiokafka.errors import KafkaError

from bench.world import World, ping
from streams.errors import InfrastructureError
from streams.producers import KafkaProducer
from streams.records import Outgoing

TRIGGERS_EVERY = 50
TICK = 0.01
"""Seconds between two sends of what is due."""
MOST_AT_ONCE = 500
"""Records of one send, when there is something to make good after the broker was away."""
WATCHED_EVERY = 50
"""One device in so many is watched: where its last pings stand."""
CATCHMENT, BETWEEN = 0.0045, 0.015
"""Degrees north of a store: inside its catchment, and in no ring."""


class Place(NamedTuple):
    """Where an acknowledged record stands, and when it was acknowledged (seconds of `time.perf_counter`)."""

    partition: int
    offset: int
    at: float


class AcknowledgedProducer(KafkaProducer):
    """The producer of the engine, that tells of each record whether it was acknowledged."""

    async def write(self, records: Sequence[Outgoing]) -> list[Place | None]:
        """Where each of `records` stands; None where that is not known."""
        producer = await self._connected()
        try:
            async with asyncio.timeout(self._patience):
                sent = [await producer.send(record.topic, record.value, record.key) for record in records]
                done = await asyncio.gather(*sent, return_exceptions=True)
        except (KafkaError, TimeoutError):
            await self._discard(producer)
            return [None] * len(records)
        if any(isinstance(each, BaseException) for each in done):
            await self._discard(producer)
        now = time.perf_counter()
        return [None if isinstance(each, BaseException) else Place(each.partition, each.offset, now) for each in done]


@dataclass
class Load:
    """1,000 pings a second, say: every fiftieth the only one of a visitor, the others of devices that stay put.

    What was not acknowledged is sent again, as a phone does; pings due meanwhile wait, so that order within a device
    holds.
    """

    world: World
    bootstrap: str
    rate: int
    seed: int = 1
    sent: int = 0
    again: int = 0
    visits: dict[int, Place] = field(default_factory=dict)
    """Where the ping of each visitor stands."""
    watched: defaultdict[int, deque[Place]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=400)))
    """Where the last pings of some devices stand."""

    async def run(self, seconds: float) -> None:
        """Send for `seconds`, and until all that was due by then is acknowledged."""
        producer = AcknowledgedProducer(self.bootstrap, client_id="soak", request_timeout_ms=5_000)
        random = Random(self.seed)
        began = time.perf_counter()
        try:
            while self.sent < round(seconds * self.rate):
                due = min(round((time.perf_counter() - began) * self.rate), round(seconds * self.rate))
                numbers = range(self.sent, min(due, self.sent + MOST_AT_ONCE))
                await self._send(producer, [(number, *self._ping(number, random)) for number in numbers])
                self.sent = numbers.stop
                if due - self.sent < MOST_AT_ONCE:
                    await asyncio.sleep(TICK)
        finally:
            await producer.stop()

    async def _send(self, producer: AcknowledgedProducer, pings: list[tuple[int, int, Outgoing]]) -> None:
        """Write all of `pings` (number, device, record), and those again that were not acknowledged."""
        while pings:
            try:
                places = await producer.write([record for _, _, record in pings])
            except InfrastructureError:
                places = [None] * len(pings)
            for (number, device, _), place in zip(pings, places, strict=True):
                if place is not None:
                    self._stands(number, device, place)
            pings = [each for each, place in zip(pings, places, strict=True) if place is None]
            self.again += len(pings)
            if pings:
                await asyncio.sleep(10 * TICK)

    def _stands(self, number: int, device: int, place: Place) -> None:
        if number % TRIGGERS_EVERY == 0:
            self.visits[device] = place
        elif device % WATCHED_EVERY == 1:
            self.watched[device].append(place)

    def _ping(self, number: int, random: Random) -> tuple[int, Outgoing]:
        at, stores = time.time_ns() // 1_000_000, self.world.fences // 2
        if number % TRIGGERS_EVERY == 0:
            visitor = number // TRIGGERS_EVERY
            device = self.world.devices + visitor
            return device, ping(device, *self.world.place_of(visitor % stores), at)
        device = number % self.world.devices
        lon, lat = self.world.place_of(device % stores)
        north = CATCHMENT if device // stores % 2 else BETWEEN
        return device, ping(device, lon + random.gauss(0, 3e-5), lat + north + random.gauss(0, 3e-5), at)


def visitors_of(rate: int, seconds: float) -> int:
    """How many visitors come in a run."""
    return round(rate * seconds) // TRIGGERS_EVERY + 1
