"""The embedded broker: topics in memory, in this process, on one event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType

from aiokafka.partitioner import DefaultPartitioner

from streams.errors import UserError
from streams.records import Record
from streams.transport.progress import Partition

KEEP_RECORDS = 100_000

log = logging.getLogger(__name__)
partition_of = DefaultPartitioner()  # murmur2, as all Kafka clients


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class PartitionLog:
    """One partition: its last `keep` records, by offset."""

    def __init__(self, keep: int, first: int = 0) -> None:
        self._keep = keep
        self._first = first
        self._records: list[Record] = []

    @property
    def end(self) -> int:
        """The offset the next record gets."""
        return self._first + len(self._records)

    @property
    def start(self) -> int:
        """The oldest offset that can be read."""
        return max(self._first, self.end - self._keep)

    def append(self, record: Record) -> None:
        self._records.append(record)
        if len(self._records) > self._keep + self._keep // 4 + 16:  # in pieces: cutting a list copies it
            del self._records[: self.start - self._first]
            self._first = record.offset + 1 - len(self._records)

    def read(self, offset: int, limit: int) -> list[Record]:
        """Up to `limit` records from `offset` on, which must not lie before `start`."""
        return self._records[offset - self._first : offset - self._first + limit]


class Broker:
    """Topics of partition logs, and what each consumer group committed.

    Open one by name, and close it: `with Broker("demo") as broker: broker.create_topic("pings", 4)`. An app reaches it
    as `embedded://demo`. `clock` gives the log append time of each record, in milliseconds; `first` is the first
    offset.
    """

    def __init__(
        self, name: str, *, keep: int = KEEP_RECORDS, clock: Callable[[], int] = wall_clock, first: int = 0
    ) -> None:
        if name in OPEN:
            raise UserError(f"an embedded broker named {name!r} is open already: close it, or take another name")
        self.name = name
        self.topics: dict[str, list[PartitionLog]] = {}
        self.committed: defaultdict[str, dict[Partition, int]] = defaultdict(dict)
        self.records_lost: Counter[tuple[str, Partition]] = Counter()
        self._keep = keep
        self._first = first
        self._clock = clock
        self._waiting: set[asyncio.Future[None]] = set()
        self._told: dict[tuple[str, Partition], int] = {}
        OPEN[name] = self

    def __enter__(self) -> Broker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget it and all it holds; whoever waits for more is woken."""
        OPEN.pop(self.name, None)
        self.wake()

    def create_topic(self, name: str, partitions: int) -> None:
        """A topic that is there already stays as it is, but must have as many partitions, else `UserError`."""
        logs = self.topics.setdefault(name, [PartitionLog(self._keep, self._first) for _ in range(partitions)])
        if len(logs) != partitions:
            raise UserError(f"topic {name} has {len(logs)} partitions, not {partitions}: they never change")

    def logs(self, topic: str) -> list[PartitionLog]:
        """The partitions of `topic`. Raises `UserError` where it was never created."""
        try:
            return self.topics[topic]
        except KeyError:
            raise UserError(f"no topic {topic!r} on embedded://{self.name}: create it first") from None

    def log_of(self, partition: Partition) -> PartitionLog:
        return self.logs(partition.topic)[partition.partition]

    def append(self, topic: str, key: bytes | None, value: bytes | None, timestamp: int | None = None) -> Record:
        """Write one record, to the partition of its key; `timestamp` stands in for the clock."""
        logs = self.logs(topic)
        numbers = list(range(len(logs)))
        number = partition_of(key, numbers, numbers)
        at = self._clock() if timestamp is None else timestamp
        record = Record(topic, number, logs[number].end, at, key, value)
        logs[number].append(record)
        if self._waiting:
            self.wake()
        return record

    async def read(self, topic: str, from_beginning: bool = False) -> AsyncIterator[Record]:
        """All records of `topic`, without a group: from the oldest kept, or only what comes from now on.

        Each partition in its order, those read together by their time. Ends when the broker is closed.
        """
        logs = self.logs(topic)
        positions = [each.start if from_beginning else each.end for each in logs]
        while self.name in OPEN:
            found: list[Record] = []
            for number in range(len(logs)):
                records, positions[number] = self.fetch("read", Partition(topic, number), positions[number], 1000)
                found += records
            for record in sorted(found, key=lambda each: each.timestamp):
                yield record
            if not found:
                await self.more()

    def fetch(self, reader: str, partition: Partition, offset: int, limit: int) -> tuple[list[Record], int]:
        """Up to `limit` records from `offset`, or from the oldest kept, and the offset behind them."""
        log_ = self.log_of(partition)
        if offset < log_.start:
            self._tell(reader, partition, offset, log_.start)
            offset = log_.start
        records = log_.read(offset, limit)
        return records, offset + len(records)

    def _tell(self, reader: str, partition: Partition, offset: int, start: int) -> None:
        """Once, even where the reader comes back to make sure."""
        told = self._told.get((reader, partition), 0)
        lost = start - max(offset, told)
        if lost > 0:
            self._told[reader, partition] = start
            self.records_lost[reader, partition] += lost
            log.warning("%s fell behind on %s: %s records are gone", reader, partition, lost)

    async def more(self) -> None:
        """Wait until something is appended, or somebody calls `wake()`."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)

    def wake(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for each in waiting:
            if not each.done():
                each.set_result(None)


OPEN: dict[str, Broker] = {}


def open_broker(name: str) -> Broker:
    """The open broker of that name. Raises `UserError` where there is none."""
    try:
        return OPEN[name]
    except KeyError:
        raise UserError(f"no embedded broker named {name!r} is open: {sorted(OPEN) or 'none is'}") from None


def create_topics(broker: Broker, names: Iterable[str], partitions: int) -> None:
    """Several topics with the same number of partitions."""
    for name in names:
        broker.create_topic(name, partitions)
