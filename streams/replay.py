"""Recorded events through the real pipeline, on tables in process and with the events' own clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

from streams import topics
from streams.batches import Batch, Processed, Rejection
from streams.decoding import Fault, dead_letter
from streams.entries import Entries
from streams.events import Event, as_record, in_order, read_events
from streams.outputs import dead_letter_record
from streams.pipeline import Pipeline
from streams.records import Outgoing, Record
from streams.retailers import Retailers
from streams.tables.memory import MemoryKeyspace
from streams.tables.tables import Tables
from streams.times import written

FILES = {
    topics.TRANSITIONS.name: "transitions.jsonl",
    topics.DECISIONS.name: "decisions.jsonl",
    topics.OFFERS.name: "offers.jsonl",
    topics.NOTICES.name: "notices.jsonl",
    topics.DEAD_LETTERS.name: "dead-letters.jsonl",
}
REJECTIONS = "rejections.jsonl"


@dataclass
class Summary:
    """What a replay came to."""

    events: int = 0
    transitions: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    without_consent: int = 0

    def add(self, processed: Processed) -> None:
        """Count one batch."""
        self.transitions.update(transition.kind.value for _, _, transition in processed.transitions)
        self.decisions.update(processed.decisions())
        self.rejections.update(rejection.reason for rejection in processed.rejections)
        self.dead_letters.update(letter.reason.value for letter in processed.dead_letters)
        self.without_consent += processed.without_consent


class Files:
    """The files of one replay, in a folder or, without one, nowhere. The same record twice stands there once."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._open: dict[str, IO[bytes]] = {}
        self._seen: set[bytes] = set()

    def __enter__(self) -> Self:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name in (*FILES.values(), REJECTIONS):
                self._open[name] = (self._folder / name).open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            file.close()

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """Write each record to the file of its topic."""
        for record in records:
            self._keep(record)

    def _keep(self, record: Outgoing) -> None:
        name = FILES.get(record.topic)
        if name is not None and record.value is not None:
            self._write(name, record.value)

    def take(self, processed: Processed) -> None:
        """Write what came of a batch that somebody else produced."""
        for record in processed.records:
            self._keep(record)
        for rejection in processed.rejections:
            self.reject(rejection)

    def reject(self, rejection: Rejection) -> None:
        """Write a rejection."""
        told = {"reason": rejection.reason, "retailer": rejection.retailer, "device": rejection.device}
        self._write(REJECTIONS, orjson.dumps({**told, "at": written(rejection.at)}))

    def _write(self, name: str, line: bytes) -> None:
        if line not in self._seen:
            self._seen.add(line)
            if name in self._open:
                self._open[name].write(line + b"\n")


class Replay:
    """A pipeline on tables of its own; `observe` is told of each batch, which is one event or a timer."""

    def __init__(self, retailers: Retailers, files: Files, observe: Callable[[Processed, Batch], None]) -> None:
        self.summary = Summary()
        self._clock = 0
        self._files = files
        self._observe = observe
        self.tables = Tables.over(MemoryKeyspace(lambda: self._clock))
        self._pipeline = Pipeline(retailers, files)
        self._entries = Entries(retailers, files)

    async def run(self, lines: Iterable[bytes]) -> Summary:
        """Play `lines`, then let all timers fire."""
        for event in in_order(read_events(lines)):
            await self.play(event)
        await self.finish()
        return self.summary

    async def play(self, event: Event) -> None:
        """Play one event, after the timers that are due by then."""
        self.summary.events += 1
        await self.reach(event.at)
        await self._work(event)

    async def reach(self, at: int) -> None:
        """Let time come to `at` (ms UTC): the timers due by then fire, each at its own time as they would live."""
        await self._fire(at)
        self._clock = max(self._clock, at)

    async def finish(self) -> None:
        """Let all timers fire."""
        await self._fire(None)

    async def _work(self, event: Event) -> None:
        record = as_record(event, self._clock)
        if event.type is None:
            await self._bury(record)
            return
        # by its place in time, not in the file: a device takes a lower offset than its last for one it has applied
        record = record._replace(offset=self.summary.events)
        of_presence = event.type.topic in (topics.PINGS.name, topics.CHECKINS.name)
        process = self._pipeline.process if of_presence else self._entries.process
        clocks = {0: self._clock} if of_presence else {}
        batch = Batch([record], clocks)
        self._done(await process(batch, self.tables, self._clock), batch)

    async def _fire(self, until: int | None) -> None:
        while (due := await self.tables.timers.next_due(0)) is not None and (until is None or due <= until):
            self._clock = max(self._clock, due)
            self._pipeline.assigned()
            batch = Batch([], {0: due})
            self._done(await self._pipeline.process(batch, self.tables, self._clock), batch)

    async def _bury(self, record: Record) -> None:
        letter = dead_letter(record, Fault.WRONG_TYPE, "an event is a JSON object with a `type` that we know")
        buried = Processed(dead_letters=[letter], records=[dead_letter_record(letter)])
        self._done(buried, Batch([record], {}))
        await self._files.produce(buried.records)

    def _done(self, processed: Processed, batch: Batch) -> None:
        for rejection in processed.rejections:
            self._files.reject(rejection)
        self.summary.add(processed)
        self._observe(processed, batch)
