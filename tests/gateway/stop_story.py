"""Everyone stops, in the middle of their offers: what is delivered after the 200 of each stop, and how much later.

A whole engine, its gateway and an open stream for each member in one process; as many pings a second as members come at
a steady rate, and beside the engine a worker that has heard of no stop goes on writing offers for everyone, to the
topic and into their lists.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import cycle, islice
from random import Random
from statistics import median
from uuid import uuid4

from config.settings import Settings
from streams import topics
from streams.app import build_app
from streams.gateway.keys import Scope
from streams.producers import EmbeddedProducer
from streams.transport.broker import wall_clock
from tests.gateway.site import Events, Site, renamed, site_over, until
from tests.pipeline.boutique import HAUSSMANN, east_of

PROMISED = 5.0
"""Seconds after the 200 of a stop."""
STOPPING = 5.0
"""Seconds over which the stops are spread."""
TICK, POST = 0.05, 0.1
"""Seconds between two looks of the worker that has not heard, and between two posts of pings."""

Names = list[str]


@dataclass
class Story:
    """What was delivered to whom, and when each stop was answered; times are seconds of one clock."""

    site: Site
    names: Names
    random: Random = field(default_factory=lambda: Random(4))
    stopped: dict[str, float] = field(default_factory=dict)
    delivered: dict[str, list[float]] = field(default_factory=dict)
    written: dict[str, float] = field(default_factory=dict)
    """When the worker that has not heard last wrote an offer for a member."""
    rate: float = 0.0
    """Pings a second, as they were acknowledged."""

    @property
    def members(self) -> int:
        """Each stops once, and so many pings come a second."""
        return len(self.names)

    async def read(self, name: str, stream: Events) -> None:
        """Note each event of a stream."""
        while await stream.next(60) is not None:
            self.delivered.setdefault(name, []).append(time.monotonic())

    async def ping(self) -> None:
        """Everyone walks about before the door, in turn, at the rate."""
        begun, place = time.monotonic(), 0
        while True:
            now, pings = wall_clock(), []
            for _ in range(int(self.members * POST)):
                place += 1
                lon, lat = east_of(HAUSSMANN, 300.0 if place // self.members % 2 else 60.0)
                device = f"phone-{place % self.members}"
                pings.append({"device": device, "lat": lat, "lon": lon, "at": now, "accuracy": 10})
            answer = await self.site.client.post("/v1/pings", json=pings, headers=self.site.as_(Scope.CRM))
            assert answer.status_code == 200, answer.text
            passed = time.monotonic() - begun
            self.rate = place / passed
            await asyncio.sleep(max(place / self.members - passed, 0))

    async def offer_on(self) -> None:
        """A worker that has heard of no stop: an offer every two seconds for each member."""
        turn = cycle(self.random.sample(self.names, self.members))
        while True:
            for name in islice(turn, int(self.members * TICK / 2)):
                offer = self.site.offer(name)
                if self.random.random() < 0.2:
                    await self.site.keep(offer)
                self.site.tell(offer)
                self.written[name] = time.monotonic()
            await asyncio.sleep(TICK)

    async def stop_all(self) -> None:
        """Each member stops, at a time of their own: by the address, or by their phone."""
        began = time.monotonic()
        moments = sorted((self.random.uniform(0, STOPPING), name) for name in self.names)
        async with asyncio.TaskGroup() as stops:
            for moment, name in moments:
                await asyncio.sleep(max(moment - (time.monotonic() - began), 0))
                stops.create_task(self._stop(name))

    async def _stop(self, name: str) -> None:
        phone = name.replace("member", "phone")
        if self.random.random() < 0.5:
            answer = await self.site.client.post(self.site.stop_address(name))
        else:
            said = {"at": wall_clock(), "contact": "stop"}
            answer = await self.site.client.post("/v1/preferences", json=said, headers=self.site.as_device(phone))
        assert answer.status_code == 200, answer.text
        self.stopped[name] = time.monotonic()


@dataclass(frozen=True)
class Came:
    """What came of it: members, pings a second, offers delivered, and seconds from each 200 to the last offer.

    Below 0 for a member whose last offer came before; `made` offers were the engine's own.
    """

    members: int
    rate: float
    delivered: int
    late: list[float]
    made: int

    def __str__(self) -> str:
        after = sorted(each for each in self.late if each > 0)
        told = f"{self.members} stops among {self.rate:.0f} pings/s, {self.delivered} offers delivered: "
        if not after:
            return f"{told}nobody got one after its 200"
        late = f"median {median(after) * 1000:.0f} ms, the last one {after[-1] * 1000:.0f} ms"
        return f"{told}{len(after)} members got one after its 200, {late}"


async def everyone_stops(redis_url: str, members: int) -> Came:
    """The whole story of so many members, on a Redis of its own."""
    retailer = renamed(f"retailer-{uuid4().hex}")
    settings = Settings(broker=f"embedded://promise-{uuid4().hex}", redis=redis_url)
    async with build_app(settings, {retailer.name: retailer}) as engine:
        assert engine.broker is not None
        working = asyncio.create_task(engine.run())
        async with site_over(retailer, engine.tables, engine.broker, EmbeddedProducer(engine.broker)) as site:
            told = await play(site, members)
        engine.stop.set()
        await working
    late = [max(times) - told.stopped[name] for name, times in told.delivered.items()]
    made = [each for each in site.messages(topics.OFFERS) if each["campaign"] in ("plenty", "stay")]
    return Came(len(told.stopped), told.rate, sum(map(len, told.delivered.values())), late, len(made))


async def play(site: Site, members: int) -> Story:
    """Streams are opened, load begins, everyone stops; then it goes on for longer than was promised."""
    told = Story(site, [f"member-{number}" for number in range(members)])
    readers = []
    for number, name in enumerate(told.names):
        await site.member(name, f"phone-{number}")
        stream = await site.events(site.as_device(f"phone-{number}"))
        readers.append(asyncio.create_task(told.read(name, stream)))
    await until(lambda: site.delivery.listening() == members, "all streams are open", 30)
    load = [asyncio.create_task(told.ping()), asyncio.create_task(told.offer_on())]
    await until(lambda: len(told.delivered) == members, "everyone had an offer", 60)
    await told.stop_all()
    last = time.monotonic()
    await until(lambda: min(told.written.values()) > last + PROMISED, "offers were written for everyone later", 60)
    for name in told.names[:20]:
        assert await site.listed(site.as_(Scope.CRM), f"?member={name}") == []
    for task in load:
        assert not task.done(), task.exception()
        task.cancel()
    for reader in readers:
        assert not reader.done()
        reader.cancel()
    return told
