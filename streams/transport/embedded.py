"""embedded:// -- a Faust transport on the in-process broker: the same agents, without Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from faust.transport import base
from faust.transport.consumer import RecordMap
from faust.types import TP, ConsumerMessage

from streams.records import Record
from streams.transport.broker import Broker, open_broker, partition_of
from streams.transport.consumer import BatchConsumer
from streams.transport.progress import Partition
from streams.transport.silent import SilentProducer


class Group:
    """The members of one consumer group. Everyone stops, partitions are dealt by range, everyone goes on."""

    def __init__(self) -> None:
        self.members: dict[str, Consumer] = {}
        self.generation = 0
        self._lock = asyncio.Lock()

    async def rebalance(self) -> None:
        """Take all partitions from all members and deal them anew."""
        async with self._lock:
            members = [self.members[name] for name in sorted(self.members)]
            for member in members:
                await member.revoke()
            self.generation += 1
            for place, member in enumerate(members):
                await member.assign(self._share(member, place, len(members)), self.generation)

    def _share(self, member: Consumer, place: int, count: int) -> set[TP]:
        """By range: partition n of all topics with the same number of partitions goes to the same member."""
        share: set[TP] = set()
        for topic in member.topics:
            each, left_over = divmod(len(member.broker.logs(topic)), count)
            first = place * each + min(place, left_over)
            share.update(TP(topic, first + number) for number in range(each + (place < left_over)))
        return share


GROUPS: WeakKeyDictionary[Broker, dict[str, Group]] = WeakKeyDictionary()


class Consumer(BatchConsumer):
    """A Faust consumer of the embedded broker."""

    transport: Transport
    _numbers = itertools.count(1)

    def __init__(self, transport: Transport, *args: Any, **options: Any) -> None:
        self.broker: Broker = transport.broker
        self.topics: set[str] = set()
        self._assignment: set[TP] = set()
        self._position: dict[TP, int] = {}
        instance = transport.app.conf.consumer_group_instance_id or "worker"
        self._name = f"{instance}-{next(self._numbers):06}"
        super().__init__(transport, *args, **options)

    @property
    def group_id(self) -> str:
        return str(self.app.conf.id)

    @property
    def group(self) -> Group:
        return GROUPS.setdefault(self.broker, {}).setdefault(self.group_id, Group())

    # -- the group

    async def subscribe(self, topics: Iterable[str]) -> None:
        self.topics = set(topics)
        for topic in self.topics:
            self.broker.logs(topic)
        self.group.members[self._name] = self
        # never inline: Faust waits for this call to return before it takes an assignment
        self.add_future(self.group.rebalance())

    async def revoke(self) -> None:
        """The group takes back what it gave; returns once nothing of it is in flight."""
        self.app.on_rebalance_start()
        if self._assignment:
            await self.on_partitions_revoked(set(self._assignment))

    async def assign(self, share: set[TP], generation: int) -> None:
        """The group gives `share`."""
        self._assignment, self._position = share, {}
        self.app.consumer_generation_id = generation
        await self.on_partitions_assigned(set(share), generation)

    async def on_stop(self) -> None:
        await super().on_stop()
        self.group.members.pop(self._name, None)
        self._assignment = set()
        survivor = next(iter(self.group.members.values()), None)
        if survivor is not None:
            survivor.add_future(self.group.rebalance())

    def assignment(self) -> set[TP]:
        return self._assignment

    # -- fetching

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> RecordMap:  # noqa: ASYNC109 - Faust's signature
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self.flow_active and not self.should_stop:
                    if fetched := self._fetch_now(active_partitions or self._assignment):
                        return fetched
                    await self.broker.more()
        return {}

    def _fetch_now(self, partitions: Iterable[TP]) -> dict[TP, list[Record]]:
        limit = self.app.conf.broker_max_poll_records
        fetched: dict[TP, list[Record]] = {}
        for tp in partitions:
            if tp in self._position:
                records, self._position[tp] = self.broker.fetch(
                    self.group_id, Partition(*tp), self._position[tp], limit
                )
                if records:
                    fetched[tp] = records
        return fetched

    def _record(self, tp: Any, fetched: Any) -> Record:
        return fetched  # type: ignore[no-any-return]  # untyped in Faust

    def on_buffer_drop(self, tp: TP) -> None:
        super().on_buffer_drop(tp)
        self.broker.wake()

    def stop_flow(self) -> None:
        super().stop_flow()
        self.broker.wake()

    # -- offsets

    async def _write_offsets(self, offsets: Mapping[TP, int]) -> bool:
        self.broker.committed[self.group_id].update((Partition(*tp), offset) for tp, offset in offsets.items())
        return True

    async def _seek(self, partition: TP, offset: int) -> None:
        self._position[partition] = offset

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        self._position.update(partitions)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        committed = self.broker.committed[self.group_id]
        return {tp: committed[Partition(*tp)] for tp in self._assignment if Partition(*tp) in committed}

    async def position(self, tp: TP) -> int | None:
        return self._position.get(tp)

    def highwater(self, tp: TP) -> int:
        return self.broker.log_of(Partition(*tp)).end

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: self.highwater(tp) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: self.broker.log_of(Partition(*tp)).start for tp in partitions}

    # -- what Faust asks for besides

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        raise NotImplementedError("ranges are delivered, not records")

    def topic_partitions(self, topic: str) -> int | None:
        return len(self.broker.topics[topic]) if topic in self.broker.topics else None

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        numbers = list(range(len(self.broker.logs(topic))))
        return partition_of(key, numbers, numbers) if partition is None else partition

    async def create_topic(self, topic: str, *args: Any, **options: Any) -> None:
        """Faust declares no topics here."""


class Transport(base.Transport):
    """The open broker that the URL names: `embedded://demo`."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    Producer: ClassVar[type[SilentProducer]] = SilentProducer
    default_port = 0
    driver_version = "embedded"

    def __init__(self, url: Any, app: Any, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__(url, app, loop)
        self.broker = open_broker(url[0].host)
