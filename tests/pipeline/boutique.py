"""A retailer, its members and their walks, as records; and what it takes to work them through the real pipeline."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import redis

from config import load_or_refuse
from geofences.fixes import Fix
from geofences.rings import WGS84
from geofences.walks import walk
from streams import topics
from streams.batches import Batch, Processed
from streams.entries import Entries
from streams.events import TYPES
from streams.pipeline import Pipeline
from streams.records import Outgoing, Producer, Record
from streams.retailers import Retailers, retailer_secret, with_geofences
from streams.steps import Gate, open_gate
from streams.tables.keyspace import Keyspace
from streams.tables.memory import MemoryKeyspace
from streams.tables.redis_keyspace import RedisKeyspace, connect
from streams.tables.tables import Tables

NAME = "boutique"
HAUSSMANN, RIVOLI, ODEON = (2.3320, 48.8737), (2.3400, 48.8600), (2.3390, 48.8510)
NOON = 1_795_172_400_000  # 2026-11-20T12:00 in Paris
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
PARTITIONS = 4
LATENCY = 250
"""Milliseconds from a fix to its record."""

Message = dict[str, Any]


@cache
def retailers(file: str = "boutique.yaml") -> Retailers:
    """The retailer of a YAML beside this file."""
    (described,) = load_or_refuse([Path(__file__).with_name(file)])
    secret = retailer_secret("a secret of the tests", described.retailer)
    return {NAME: with_geofences(described.rules, described.zones, described.places, secret, "https://offers.example")}


def east_of(place: tuple[float, float], metres: float) -> tuple[float, float]:
    """So many metres east of a place."""
    lon, lat, _ = WGS84.fwd(*place, 90.0, metres)
    return float(lon), float(lat)


def ping(device: str, fix: Fix, **more: Any) -> Message:
    """The message of a fix."""
    told = {"lat": fix.lat, "lon": fix.lon, "accuracy": fix.accuracy, "at": fix.at, "speed": fix.speed}
    return {"type": "ping", "retailer": NAME, "device": device, **told, **more}


def pings(device: str, place: tuple[float, float], start: int, count: int, every: int = 10 * SECOND) -> list[Message]:
    """Somebody who stands at a place with a good phone."""
    return [ping(device, Fix(*place, 10.0, start + each * every)) for each in range(count)]


def member(name: str, *devices: str, at: int = 0, consent: Any = ("offers",), **more: Any) -> Message:
    """A member with these devices, who consents to offers."""
    told = {"devices": list(devices), "consent": list(consent) if isinstance(consent, tuple) else consent}
    return {"type": "member", "retailer": NAME, "member": name, "at": at or NOON - DAY, **told, **more}


def check_in(at: int, **more: Any) -> Message:
    return {"type": "checkin", "retailer": NAME, "at": at, **more}


def preference(at: int, **more: Any) -> Message:
    return {"type": "preference", "retailer": NAME, "at": at, **more}


class Topics:
    """Turns messages into records, with an offset for each in its partition, as a broker would."""

    def __init__(self, partitions: int = PARTITIONS) -> None:
        self._partitions = partitions
        self._next: defaultdict[tuple[str, int], int] = defaultdict(int)

    def record(self, message: Message, received: int | None = None) -> Record:
        """The record of a message, received a moment after it happened or when it is said."""
        kind = TYPES[message["type"]]
        owner = next(message[name] for name in kind.owners if message.get(name))
        value = orjson.dumps({name: value for name, value in message.items() if name != "type"})
        return self.raw(kind.topic, value, message["at"] + LATENCY if received is None else received, f"{NAME}|{owner}")

    def raw(self, topic: str, value: bytes | None, received: int, key: str | bytes = b"") -> Record:
        """A record of any bytes."""
        key = key.encode() if isinstance(key, str) else key
        partition = crc32(key) % self._partitions
        offset = self._next[topic, partition]
        self._next[topic, partition] += 1
        return Record(topic, partition, offset, received, key, value)

    def records(self, messages: Iterable[Message]) -> list[Record]:
        """All of `messages`, in order of time."""
        return [self.record(each) for each in sorted(messages, key=lambda each: (each["at"], each.get("device") or ""))]


@dataclass
class Collected:
    """A producer that keeps what it is given."""

    sent: list[Outgoing] = field(default_factory=list)

    async def produce(self, records: Sequence[Outgoing]) -> None:
        self.sent += records

    def distinct(self) -> dict[str, list[tuple[bytes, bytes | None]]]:
        """By topic what was sent, in order, the same record once."""
        told: defaultdict[str, dict[tuple[bytes, bytes | None], None]] = defaultdict(dict)
        for each in self.sent:
            told[each.topic][each.key, each.value] = None
        return {topic: list(records) for topic, records in told.items()}

    def read(self, topic: topics.Topic) -> list[Message]:
        """The messages of one topic, the same once."""
        return [orjson.loads(value or b"null") for _, value in self.distinct().get(topic.name, [])]

    def offers(self) -> list[Message]:
        return self.read(topics.OFFERS)

    def reasons(self) -> Counter[str]:
        """How often each decision: `offered`, or why not."""
        return Counter(each.get("reason", "offered") for each in self.read(topics.DECISIONS))


class Working:
    """One worker: a pipeline and the entries over `tables`, with the clock that partitions have come to."""

    def __init__(self, tables: Tables, producer: Producer, gate: Gate = open_gate, file: str = "boutique.yaml") -> None:
        known = retailers(file)
        self.tables = tables
        self.pipeline = Pipeline(known, producer, gate)
        self.entries = Entries(known, producer)
        self.clocks: dict[int, int] = {}

    async def enter(self, records: Sequence[Record]) -> Processed:
        """Work records of the other topics."""
        return await self.entries.process(Batch(records, {}), self.tables, NOON)

    async def work(self, records: Sequence[Record], now: int | None = None) -> Processed:
        """Work one batch of pings and check-ins, with the clock where the timestamps of the pings are."""
        for record in (each for each in records if each.topic == topics.PINGS.name):
            self.clocks[record.partition] = max(record.timestamp, self.clocks.get(record.partition, 0))
        return await self.pipeline.process(Batch(records, dict(self.clocks)), self.tables, now or self.now)

    async def wait(self, until: int, partitions: Iterable[int] = range(PARTITIONS)) -> Processed:
        """Nothing comes, and the clock of these partitions goes on to `until`."""
        self.clocks |= dict.fromkeys(partitions, until)
        return await self.pipeline.process(Batch([], dict(self.clocks)), self.tables, until)

    @property
    def now(self) -> int:
        return max(self.clocks.values(), default=NOON)


def cut(records: Sequence[Record], size: int) -> list[Sequence[Record]]:
    """`records` in batches of `size`."""
    return [records[place : place + size] for place in range(0, len(records), size)]


def town(seed: int = 1, walkers: int = 16) -> tuple[list[Message], list[Message]]:
    """Members, and the pings of a quarter of an hour.

    Two thirds go to Haussmann, every second of those by two phones; the others to Rivoli. They stay long enough for a
    visit, some of them without a word, and go.
    """
    members, walked = [], []
    for number in range(walkers):
        store = RIVOLI if number % 3 == 2 else HAUSSMANN
        devices = [f"phone-{number}", f"watch-{number}"][: 2 if number % 2 == 0 else 1]
        members.append(member(f"member-{number}", *devices))
        begin = NOON + number * 7_137
        path = [east_of(store, 220.0), store, east_of(store, 230.0)]
        gaps = [(4 * MINUTE, 6 * MINUTE)] if number % 4 == 1 else []
        for place, device in enumerate(devices):
            steps = walk(
                path,
                pace=1.4,
                every=10_000,
                start=begin + place * 3_011,
                stay=3 * MINUTE,
                seed=seed * 1_000 + number * 2 + place,
                gaps=gaps,
            )
            walked += [ping(device, fix) for fix in steps]
    return members, walked


def memory_tables(clock: Callable[[], int] = lambda: NOON) -> Tables:
    """Tables in process."""
    return Tables.over(MemoryKeyspace(clock))


@asynccontextmanager
async def redis_tables(
    url: str, around: Callable[[RedisKeyspace], Keyspace] = lambda inner: inner
) -> AsyncIterator[Tables]:
    """Tables on a real server; `around` may put something between them and it."""
    keyspace = await connect(url)
    try:
        yield Tables.over(around(keyspace))
    finally:
        await keyspace.close()


def empty(url: str) -> None:
    """Take everything from a server that is ours alone."""
    with redis.Redis.from_url(url) as client:
        client.flushall()


def run(story: Coroutine[Any, Any, Any]) -> Any:
    """Run a story on a loop of its own."""
    return asyncio.run(story)
