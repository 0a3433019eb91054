"""What must hold, whatever was killed, as it is seen from outside: on the topics, in the group, and in Redis.

- Every acknowledged ping of a visitor led to its offer, and to one only; produced again, it is the same bytes.
- What the group has committed was processed: the presence of each device below the committed offset bears its mark, and
  the offers of visitors below it stand on their topic. The committed offsets are read first, then the marks and the
  end of the topic: a mark only moves on, so that one which is missing was missing when the commit was made.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from bench.soak_load import Load, Place
from bench.world import NAME
from streams.tables.keyspace import Keyspace
from streams.tables.presences import Presences
from streams.topics import OFFERS, PINGS, Topic

ANSWER_SECONDS = 10.0
CAUGHT_UP_SECONDS = 30.0
AT_ONCE = 2_000


def places(topic: Topic, partitions: int) -> list[TopicPartition]:
    """All partitions of a topic."""
    return [TopicPartition(topic.name, number) for number in range(partitions)]


class Offers:
    """All offers, as they come."""

    def __init__(self) -> None:
        self.by_id: dict[str, bytes] = {}
        self.of_member: dict[str, set[str]] = {}
        self.read_at: dict[str, float] = {}
        self.repeated = 0
        self.differing = 0
        self.positions: dict[int, int] = {}

    @property
    def twice(self) -> int:
        """Members with more than one offer."""
        return sum(len(offers) > 1 for offers in self.of_member.values())

    def take(self, record: ConsumerRecord[bytes, bytes]) -> None:
        """One record more; one that was read before does not count."""
        if record.offset < self.positions.get(record.partition, 0):
            return
        self.positions[record.partition] = record.offset + 1
        told = orjson.loads(record.value or b"")
        digest = blake2b((record.key or b"") + (record.value or b""), digest_size=16).digest()
        before = self.by_id.setdefault(told["id"], digest)
        if told["id"] in self.of_member.setdefault(told["member"], set()):
            self.repeated += 1
            self.differing += before != digest
        self.of_member[told["member"]].add(told["id"])
        self.read_at.setdefault(told["member"], time.perf_counter())

    async def follow(self, consumer: AIOKafkaConsumer) -> None:
        """Take all that comes, for ever."""
        async for record in consumer:
            self.take(record)

    async def reach(self, ends: dict[int, int]) -> None:
        """Wait until all below `ends` is read."""
        async with asyncio.timeout(CAUGHT_UP_SECONDS):
            while any(self.positions.get(number, 0) < end for number, end in ends.items()):  # noqa: ASYNC110 - an event would cost each record
                await asyncio.sleep(0.02)


async def reader(bootstrap: str, topic: Topic, partitions: int) -> AIOKafkaConsumer:
    """Reads a topic from its beginning, without a group."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=50)
    await consumer.start()
    consumer.assign(places(topic, partitions))
    await consumer.seek_to_beginning()
    return consumer


@dataclass
class Checks:
    """The checks of one run; each may be made at any time."""

    bootstrap: str
    group: str
    partitions: int
    load: Load
    keyspace: Keyspace
    offers: Offers = field(default_factory=Offers)
    made: int = 0
    put_off: int = 0
    """Because the broker did not answer just then."""
    marks: int = 0
    """Marks looked at."""
    committed: dict[int, int] = field(default_factory=dict)
    lag: int = 0
    unmarked: dict[tuple[int, Place], str] = field(default_factory=dict)
    """Device and place of pings that were committed and bore no mark, and what was found instead."""
    unoffered: set[int] = field(default_factory=set)
    """Visitors whose ping was committed while their offer stood nowhere."""
    _seen: set[int] = field(default_factory=set)

    async def look(self, consumer: AIOKafkaConsumer) -> None:
        """Compare what is committed with what was processed. `consumer` follows the offers."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self.committed = await self._committed()
                ends = await consumer.end_offsets(places(OFFERS, self.partitions) + places(PINGS, self.partitions))
            offered = {each.partition: end for each, end in ends.items() if each.topic == OFFERS.name}
            self.lag = sum(end for each, end in ends.items() if each.topic == PINGS.name) - sum(self.committed.values())
            await self._look_at_marks()
            await self.offers.reach(offered)
        except Exception:  # away, in one of many ways
            self.put_off += 1
            return
        self.made += 1
        self._look_at_offers()

    async def _committed(self) -> dict[int, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5_000)
        try:
            await admin.start()
            found = await admin.list_consumer_group_offsets(self.group)
        finally:
            await admin.close()
        return {each.partition: told.offset for each, told in found.items() if each.topic == PINGS.name}

    def _covered(self, place: Place) -> bool:
        return place.offset < self.committed.get(place.partition, 0)

    def _to_look_at(self) -> Iterator[tuple[int, Place]]:
        """The newest committed ping of each device that is watched, and of visitors not looked at before."""
        for device, place in self.load.visits.items():
            if device not in self._seen and self._covered(place):
                yield device, place
        for device, known in self.load.watched.items():
            newest = next((place for place in reversed(known) if self._covered(place)), None)
            if newest is not None:
                yield device, newest

    async def _look_at_marks(self) -> None:
        wanted = list(self._to_look_at())
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            devices = await Presences(self.keyspace).admit([f"{NAME}|d{device:06d}" for device, _ in some])
            for (device, place), found in zip(some, devices, strict=True):
                if not found.has_ping(place.partition, place.offset):
                    where, mark = f"{place.partition}/{place.offset}", f"{found.pings.partition}/{found.pings.offset}"
                    told = f"d{device:06d} at {where}, {self.committed[place.partition]} committed, mark {mark}"
                    self.unmarked.setdefault((device, place), told)
        self.marks += len(wanted)

    def _look_at_offers(self) -> None:
        covered = {device for device, place in self.load.visits.items() if self._covered(place)} - self._seen
        self.unoffered |= {device for device in covered if member(device) not in self.offers.of_member}
        self._seen |= covered

    def missing(self) -> list[int]:
        """Visitors whose ping was acknowledged, and who have no offer."""
        return sorted(device for device in self.load.visits if member(device) not in self.offers.of_member)

    def waits(self) -> list[float]:
        """From the acknowledgement of each visitor's ping to the reading of its offer, milliseconds, sorted."""
        found = self.offers.read_at
        visits = self.load.visits.items()
        return sorted(1e3 * (found[member(each)] - place.at) for each, place in visits if member(each) in found)

    async def read_all_again(self) -> Offers:
        """The offers as they stand on their topic at the end, whatever was read meanwhile."""
        consumer, again = await reader(self.bootstrap, OFFERS, self.partitions), Offers()
        following = asyncio.create_task(again.follow(consumer))
        try:
            ends = await consumer.end_offsets(places(OFFERS, self.partitions))
            await again.reach({each.partition: end for each, end in ends.items()})
        finally:
            following.cancel()
            await consumer.stop()
        return again

    async def what_became_of(self, pings: Iterable[tuple[int, Place]]) -> list[str]:
        """For each: whether it stands where it was acknowledged, is committed, and bears a mark."""
        consumer, told = await reader(self.bootstrap, PINGS, self.partitions), []
        for device, place in pings:
            where = TopicPartition(PINGS.name, place.partition)
            consumer.seek(where, place.offset)
            got = (await consumer.getmany(where, timeout_ms=2_000, max_records=1)).get(where, [])
            stands = bool(got) and got[0].key == f"{NAME}|d{device:06d}".encode()
            (found,) = await Presences(self.keyspace).admit([f"{NAME}|d{device:06d}"])
            told.append(
                f"d{device:06d} at {place.partition}/{place.offset}: {'stands there' if stands else 'is NOT there'}, "
                f"{'committed' if self._covered(place) else 'not committed'}, mark {tuple(found.pings)}"
            )
        await consumer.stop()
        return told


def member(device: int) -> str:
    """The member behind a visitor's device."""
    return f"m{device:06d}"
