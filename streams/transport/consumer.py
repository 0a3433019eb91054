"""What both transports share: a Faust consumer that delivers whole fetched ranges and commits what was processed.

Faust counts an acknowledgement and a gap for each record, four tasks and a wait each; here one message carries up to
`RANGE_SIZE` records of one partition, and `streams.transport.progress` alone says what was delivered and processed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from faust.transport.consumer import Consumer as FaustConsumer
from faust.types import TP, ConsumerMessage

from streams.records import Record
from streams.transport.progress import FetchedRange, Gap, Ownership, Partition, Progress

if TYPE_CHECKING:
    from streams.transport.batches import FetchedBatch

RANGE_SIZE = 256
# A rebalance has `broker_rebalance_timeout` (10 s) to hear from all members; the rest of it is for the last commit.
FINISH_SECONDS = 8.0
LAST_COMMIT_SECONDS = 1.5
# While some partition waits for room in its buffer a fetch of the others stays short, so that it is not forgotten.
FETCH_SECONDS, CROWDED_FETCH_SECONDS = 1.0, 0.02


class BatchConsumer(FaustConsumer):
    """Mixed in before the consumer of a driver."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.ownership = Ownership(current=False)
        self._revocations = 0
        self._readers: dict[str, object] = {}
        self._in_flight: set[FetchedBatch] = set()
        self._nothing_in_flight = asyncio.Event()
        self._nothing_in_flight.set()
        self._room = asyncio.Event()
        super().__init__(*args, **options)

    # -- batches in flight, told by the stream

    def reads(self, stream: object, topics: Iterable[str]) -> None:
        """`stream` reads `topics` from now on. Raises `RuntimeError` where another one does."""
        for topic in topics:
            if self._readers.setdefault(topic, stream) is not stream:
                raise RuntimeError(f"two agents read {topic}: progress is kept once a partition, so read it in one")

    def begin(self, batch: FetchedBatch) -> None:
        """The agent works on `batch`: a rebalance or a stop waits for it."""
        self._in_flight.add(batch)
        self._nothing_in_flight.clear()

    def end(self, batch: FetchedBatch) -> None:
        """The agent is through with `batch`, acknowledged or not."""
        self._in_flight.discard(batch)
        if not self._in_flight:
            self._nothing_in_flight.set()

    def is_member(self) -> bool:
        """Whether the group still counts this worker in, as far as is known here without asking."""
        return True

    def caught_up(self, topic: str, partition: int) -> bool:
        """Whether the agent has been handed everything that the partition held when it was last fetched."""
        progress = self.ownership.partitions.get(Partition(topic, partition))
        end = self._end_of(Partition(topic, partition)) if progress is not None and progress.current else None
        return progress is not None and end is not None and progress.taken >= end

    def lag(self) -> dict[Partition, int | None]:
        """Records not yet processed of each owned partition; None before its first fetch."""
        lags: dict[Partition, int | None] = {}
        for partition, progress in self.ownership.partitions.items():
            end = self._end_of(partition)
            lags[partition] = None if end is None else max(0, end - progress.processed)
        return lags

    def _end_of(self, partition: Partition) -> int | None:
        try:
            return self.highwater(TP(*partition))
        except Exception:  # the driver knows it no longer, or not yet
            return None

    # -- where to begin

    async def perform_seek(self) -> None:
        """Faust calls it after each rebalance, before records flow: own what is assigned, from what was committed."""
        revocations = self._revocations
        self.ownership.give_up()
        partitions = {Partition(*tp): progress for tp, progress in (await self._start(self.assignment())).items()}
        if revocations == self._revocations:
            self.ownership = Ownership(partitions)

    async def _start(self, assigned: Iterable[TP]) -> dict[TP, Progress]:
        committed = await self.seek_to_committed()
        tps = list(assigned)
        first, end = await self.earliest_offsets(*tps), await self.highwaters(*tps)
        start = {tp: self._starting_offset(tp, committed.get(tp), first[tp], end[tp]) for tp in tps}
        # seek_to_committed() leaves alone what was never committed; so each one is sought by name
        await self.seek_wait(start)
        return {tp: Progress.starting_at(Partition(*tp), offset, committed.get(tp)) for tp, offset in start.items()}

    def _starting_offset(self, tp: TP, committed: int | None, first: int, end: int) -> int:
        if committed is None or committed < first:
            return first
        if committed > end:
            self.log.error("%s: %s was committed and the log ends at %s: reading all of it again", tp, committed, end)
            return first
        return committed

    async def read_again(self, topics: Iterable[str]) -> None:
        """Go back to the last processed record of `topics`: an agent gave up a batch, and all it had not begun."""
        back = [progress.again() for progress in self.ownership.of(topics) if progress.delivered > progress.processed]
        if back and self.ownership.current:
            self.ownership.partitions.update((progress.partition, progress) for progress in back)
            self.log.warning("reading %s again from what was processed", [progress.partition for progress in back])
            await self._seek_back(back)

    async def _seek_back(self, progresses: Iterable[Progress]) -> None:
        offsets = {TP(*progress.partition): progress.delivered for progress in progresses if progress.current}
        try:
            await self.seek_wait(offsets)
        except Exception as error:  # revoked just now: the next owner reads from what was committed
            self.log.warning("could not seek back to %s: %r", offsets, error)

    # -- fetching

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._drain_once()
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except Exception as error:
            if not (self.app.should_stop and isinstance(error, self.consumer_stopped_errors)):
                raise

    async def _drain_once(self) -> None:
        records = await self._fetch()
        if self.should_stop or not records:
            return
        if self.flow_active:
            await self.wait_first(self._deliver(records), self.suspend_flow.wait())
        else:
            await self._drop(records)

    async def _fetch(self) -> Mapping[Any, Sequence[Any]]:
        if self.flow_active and not self._get_active_partitions():
            self._room.clear()
            await self.wait_first(self._room.wait(), timeout=FETCH_SECONDS)
            return {}
        records, _ = await self._wait_next_records(
            CROWDED_FETCH_SECONDS if self._buffered_partitions else FETCH_SECONDS
        )
        return records or {}

    async def _drop(self, records: Mapping[Any, Sequence[Any]]) -> None:
        """Flow was stopped while this was fetched: go back, as the driver's own position is behind it now."""
        owned = self.ownership.partitions
        dropped = [progress for tp in records if (progress := owned.get(tp)) is not None]
        for progress in dropped:
            progress.fetch_dropped()
        await self._seek_back(dropped)

    async def _deliver(self, fetched: Mapping[Any, Sequence[Any]]) -> None:
        for tp, found in fetched.items():
            for start in range(0, len(found), RANGE_SIZE):
                records = [self._record(tp, each) for each in found[start : start + RANGE_SIZE]]
                if not (self.flow_active and await self._deliver_range(tp, records)):
                    break

    async def _deliver_range(self, tp: Any, records: Sequence[Record]) -> bool:
        progress = self.ownership.partitions.get(tp)
        if progress is None:
            return False
        try:
            records = progress.accept(records)
        except Gap as gap:
            self.log.warning("gap in %s: reading it again", gap)
            await self._seek_back([progress])
            return False
        if records:
            fetched = FetchedRange(progress, progress.delivered, records[-1].offset + 1, records)
            await self.callback(self._message(fetched))
            progress.delivered = fetched.end  # after: a delivery that was cancelled is made again
        return True

    def _record(self, tp: Any, fetched: Any) -> Record:
        return Record(tp.topic, tp.partition, fetched.offset, fetched.timestamp, fetched.key, fetched.value)

    def _message(self, fetched: FetchedRange) -> ConsumerMessage:
        topic, partition = fetched.progress.partition
        return ConsumerMessage(
            topic,
            partition,
            fetched.end - 1,
            timestamp=fetched.records[-1].timestamp / 1000,
            timestamp_type=1,
            headers=None,
            key=None,
            value=fetched,  # type: ignore[arg-type]  # a batch where Faust has bytes
            checksum=None,
            tp=TP(topic, partition),
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_drop(self, tp: TP) -> None:
        super().on_buffer_drop(tp)
        self._room.set()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        super().resume_partitions(tps)
        self._room.set()

    # -- committing

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        for partition, progress in self.ownership.partitions.items():
            if progress.current and progress.to_commit and (topics is None or partition.topic in topics):
                yield TP(*partition)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        owned = self.ownership.partitions
        return {tp: owned[Partition(*tp)].processed for tp in tps}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        owned = self.ownership.partitions
        done = await self._write_offsets(offsets)
        if done:
            for tp, offset in offsets.items():
                owned[Partition(*tp)].committed = offset
        return done

    async def _write_offsets(self, offsets: Mapping[TP, int]) -> bool:
        """Tell the broker; false where the group no longer counts this worker in."""
        raise NotImplementedError

    async def wait_empty(self) -> None:
        """Faust calls it before a rebalance and a stop: let the batch in flight finish, commit what was processed."""
        await self._finish()
        try:
            await asyncio.wait_for(self._commit_all(), LAST_COMMIT_SECONDS)
        except TimeoutError:
            self.log.warning("no commit before the partitions are given up: some records will be worked again")

    async def _finish(self) -> None:
        """Wait for the batch in flight, unless it is void anyway."""
        if self._nothing_in_flight.is_set() or not (self.ownership.current and self.is_member()):
            return
        try:
            await asyncio.wait_for(self._nothing_in_flight.wait(), FINISH_SECONDS)
        except TimeoutError:
            self.log.warning("a batch is not done after %s s: it will be worked again", FINISH_SECONDS)
            self.ownership.current = False

    async def _commit_all(self) -> None:
        while await self.maybe_wait_for_commit_to_finish():
            pass  # a commit under way began before the last acknowledgement
        current = asyncio.current_task()
        if current is not None and current.cancelling():  # Faust has swallowed it, and the broker may be away for long
            raise asyncio.CancelledError
        await self.commit_and_end_transactions()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._revocations += 1
        if not self.is_member():
            self.ownership.give_up()
        await super().on_partitions_revoked(revoked)
        self.ownership.give_up()
        self._buffered_partitions.clear()

    async def verify_all_partitions_active(self) -> None:
        """Faust's own watch counts events it no longer sees, and would cry wolf."""
