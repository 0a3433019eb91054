"""How far each partition of this worker is, and when a record may be believed, taken and committed.

The law of this file, and there is no other place that moves these offsets. Each is that of the *next* record:

    committed <= processed <= taken <= delivered

- `delivered`: fetched, and put into the buffer of the stream;
- `taken`: handed to the agent in a batch;
- `processed`: acknowledged by the agent, without a hole before it: what may be committed;
- `committed`: what the broker knows of it.

A fetch counts only where it goes on from `delivered`. What lies before it was delivered already; what lies behind it
leaves a gap, and is read again once before the gap is believed: a fetch dropped anywhere on its way is only late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.records import Record


class Partition(NamedTuple):
    """One partition of one topic; equal to the same pair of Faust and of aiokafka."""

    topic: str
    partition: int


class Gap(Exception):  # noqa: N818 - not a fault as such: compaction and retention make gaps too
    """The fetched records do not go on where the last ones ended."""


@dataclass(slots=True, eq=False)
class Progress:
    """The offsets of one partition while it is owned; `current` is false once it was revoked or is read again."""

    partition: Partition
    delivered: int
    taken: int
    processed: int
    committed: int | None
    current: bool = True
    gap_at: int | None = None

    @classmethod
    def starting_at(cls, partition: Partition, offset: int, committed: int | None) -> Progress:
        return cls(partition, offset, offset, offset, committed)

    def again(self) -> Progress:
        """The same partition from its last processed record; whatever was fetched for the old one is void."""
        self.current = False
        return Progress.starting_at(self.partition, self.processed, self.committed)

    def accept(self, records: Sequence[Record]) -> Sequence[Record]:
        """The part of `records` that was not delivered yet. Raises `Gap` where some are missing before it: once."""
        if records[0].offset < self.delivered:
            records = [record for record in records if record.offset >= self.delivered]
        if records and records[0].offset > self.delivered and self.gap_at != self.delivered:
            self.gap_at = self.delivered
            raise Gap(f"{self.partition}: {records[0].offset} where {self.delivered} was due")
        return records

    def fetch_dropped(self) -> None:
        """A fetch was thrown away: the next gap proves nothing about the log."""
        self.gap_at = None

    @property
    def to_commit(self) -> bool:
        return self.processed > (self.committed or 0)


@dataclass(slots=True, eq=False)
class FetchedRange:
    """Records of one partition that follow each other: all from offset `start` up to, not including, `end`."""

    progress: Progress
    start: int
    end: int
    records: Sequence[Record]

    def split(self, at: int) -> tuple[FetchedRange, FetchedRange]:
        """The first `at` records (0 < at < len), and the rest."""
        middle = self.records[at].offset
        first = FetchedRange(self.progress, self.start, middle, self.records[:at])
        return first, FetchedRange(self.progress, middle, self.end, self.records[at:])

    def take(self) -> bool:
        """Count it as handed to the agent; false where it is void or not the next one."""
        progress = self.progress
        if not progress.current or self.start != progress.taken:
            return False
        progress.taken = self.end
        return True

    def acknowledge(self) -> bool:
        """Count it as processed; false where it is void, or something before it was never acknowledged."""
        progress = self.progress
        if not progress.current or self.start != progress.processed:
            return False
        progress.processed = self.end
        return True


@dataclass(slots=True, eq=False)
class Ownership:
    """The partitions this worker owns from one rebalance to the next."""

    partitions: dict[Partition, Progress] = field(default_factory=dict)
    current: bool = True

    def give_up(self) -> None:
        """They belong to somebody else from now on: whatever was fetched of them is void."""
        self.current = False
        for progress in self.partitions.values():
            progress.current = False

    def of(self, topics: Iterable[str]) -> list[Progress]:
        """The progress of the owned partitions of `topics`."""
        wanted = frozenset(topics)
        return [progress for partition, progress in self.partitions.items() if partition.topic in wanted]
