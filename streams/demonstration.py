"""Sample phones through a whole engine in this process, at several times real speed, and what came of each batch."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from config.settings import Settings
from streams import topics
from streams.app import Engine, build_app
from streams.batches import Batch, Processed
from streams.events import Event, read_events
from streams.phones import Sent
from streams.records import Record
from streams.retailers import Retailers
from streams.simulated_time import SimulatedClock

Observe = Callable[[Processed, Batch], None]


@dataclass(frozen=True)
class Programme:
    """What is shown: the history before `start` (ms UTC), and what arrives from then on, in order of arrival."""

    retailers: Retailers
    start: int
    history: Sequence[Sent]
    arriving: Sequence[Sent]

    @property
    def lasting(self) -> int:
        """Milliseconds from the start to the last arrival."""
        return self.arriving[-1].arrives - self.start if self.arriving else 0


@dataclass
class Tally:
    """Counts of what was processed, and how long each record took from its append, in milliseconds of real time."""

    pings: int = 0
    without_consent: int = 0
    latencies: list[float] = field(default_factory=list)
    decisions: Counter[str] = field(default_factory=Counter)
    transitions: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    dead_letters: int = 0

    def add(self, processed: Processed) -> None:
        """Count one batch."""
        self.pings += processed.pings + processed.without_consent
        self.without_consent += processed.without_consent
        self.decisions.update(str(outcome) for outcome in processed.decisions().elements())
        self.transitions.update(transition.kind.value for _, _, transition in processed.transitions)
        self.rejections.update(rejection.reason for rejection in processed.rejections)
        self.dead_letters += len(processed.dead_letters)

    def latency(self, share: float) -> float:
        """The latency (ms) that `share` of the records stayed below; 0 before the first."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


class Demonstration:
    """Runs a programme on an engine of its own; `observe` is told of each batch."""

    def __init__(self, programme: Programme, speed: float, observe: Observe) -> None:
        self.programme = programme
        self.clock = SimulatedClock(programme.start, speed)
        self.tally = Tally()
        self.running_since: float | None = None
        self._observe = observe
        self._on_the_way: dict[tuple[str, int, int], float] = {}
        self._quiet = asyncio.Event()

    @asynccontextmanager
    async def engine(self, settings: Settings) -> AsyncIterator[Engine]:
        """The engine that works it."""
        async with build_app(settings, self.programme.retailers, observe=self._done, clock=self.clock) as engine:
            yield engine

    async def run(self, engine: Engine) -> None:
        """Until all is worked, or the engine is stopped."""
        working = asyncio.create_task(engine.run())
        sending = asyncio.create_task(self._send_all(engine))
        try:
            await asyncio.wait((working, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            engine.stop.set()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await working
        if not sending.cancelled():
            sending.result()

    async def _send_all(self, engine: Engine) -> None:
        for each in _events(self.programme.history):
            self._append(engine, each)
        await self._worked()
        self.clock.run()
        self.running_since = time.monotonic()
        for sent in self.programme.arriving:
            await self.clock.until(sent.arrives)
            for each in _events([sent]):
                self._append(engine, each)
        await self._worked()

    def _append(self, engine: Engine, event: Event) -> None:
        assert engine.broker is not None
        if event.type is None:
            return
        record = engine.broker.append(event.type.topic, event.key, event.value)
        self._on_the_way[_place(record)] = time.perf_counter()
        self._quiet.clear()

    async def _worked(self) -> None:
        """Wait until nothing is on the way."""
        if self._on_the_way:
            await self._quiet.wait()

    def _done(self, processed: Processed, batch: Batch) -> None:
        now = time.perf_counter()
        for record in batch.records:
            sent = self._on_the_way.pop(_place(record), None)
            if sent is not None and record.topic == topics.PINGS.name:
                self.tally.latencies.append((now - sent) * 1_000)
        if not self._on_the_way:
            self._quiet.set()
        self.tally.add(processed)
        self._observe(processed, batch)


def _place(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _events(sent: Iterable[Sent]) -> Iterable[Event]:
    return read_events(each.line for each in sent)


def cut_short(programme: Programme, lasting: int) -> Programme:
    """Only what arrives within the first `lasting` milliseconds."""
    until = programme.start + lasting
    return replace(programme, arriving=[sent for sent in programme.arriving if sent.arrives <= until])
