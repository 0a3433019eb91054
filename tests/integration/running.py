"""The commands as processes, and what tests do on a real broker: write messages, read topics, wait for conditions."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from geofences.fixes import Fix
from geofences.rings import WGS84
from geofences.walks import walk
from streams.events import TYPES
from streams.producers import KafkaProducer
from streams.records import Outgoing
from streams.topics import Topic

ROOT = Path(__file__).parents[2]
AVENUE = Path(__file__).with_name("avenue.yaml")
NAME = "avenue"
FIRST, SECOND_STORE = (2.3320, 48.8737), (2.3360, 48.8737)
SECRET = "a secret of the tests, long enough"
PATIENCE = 25.0

Message = dict[str, Any]


def now() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


def command() -> list[str]:
    """How `chalandise` is started: as it is installed beside the interpreter, else from the sources."""
    installed = Path(sys.executable).with_name("chalandise")
    return (
        [str(installed)] if installed.exists() else [sys.executable, "-c", "from streams.commands import main; main()"]
    )


def environment(**settings: object) -> dict[str, str]:
    """That of this process without settings of its own, and these: `broker` becomes CHALANDISE_BROKER."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHALANDISE_")}
    given = {f"CHALANDISE_{name.upper()}": str(value) for name, value in settings.items()}
    ports = {"CHALANDISE_OPS_PORT": "0", "CHALANDISE_GATEWAY_PORT": "0"}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | ports | given


class Chalandise:
    """A command that runs, with what it says in files; killed at the end if it still runs."""

    def __init__(self, folder: Path, *arguments: str, **settings: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._said = {name: folder / f"{name}.txt" for name in ("out", "err")}
        with self._said["out"].open("ab") as out, self._said["err"].open("ab") as err:
            self.process = subprocess.Popen(
                [*command(), *arguments],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                env=environment(**settings),
                cwd=folder,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()

    @property
    def out(self) -> str:
        return self._said["out"].read_text()

    @property
    def err(self) -> str:
        return self._said["err"].read_text()

    def say(self, messages: Iterable[Message]) -> None:
        """Write events to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(orjson.dumps(each) + b"\n" for each in messages))
        self.process.stdin.flush()

    def end(self, how: signal.Signals) -> int:
        """Send a signal, and wait; the exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def runs(self) -> bool:
        return self.process.poll() is None


def run_command(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    return subprocess.run(
        [*command(), *arguments],
        capture_output=True,
        text=True,
        env=environment(**settings),
        timeout=PATIENCE,
        check=False,
    )


async def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
    """Wait until `condition()` holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not in {patience} s: {what}"
        await asyncio.sleep(0.02)


def outgoing(message: Message) -> Outgoing:
    """A message on its topic, under its key."""
    kind = TYPES[message["type"]]
    owner = next(message[name] for name in kind.owners if message.get(name))
    value = orjson.dumps({name: value for name, value in message.items() if name != "type"})
    return Outgoing(kind.topic, f"{message['retailer']}|{owner}".encode(), value)


class Kafka:
    """A client of a real broker."""

    def __init__(self, bootstrap: str, producer: KafkaProducer, partitions: int) -> None:
        self.bootstrap = bootstrap
        self._producer = producer
        self._partitions = partitions

    async def write(self, messages: Iterable[Message]) -> None:
        await self._producer.produce([outgoing(each) for each in messages])

    async def read(self, topic: Topic, least: int = 0, patience: float = PATIENCE) -> list[tuple[bytes, bytes | None]]:
        """Keys and values of all records, partition by partition; waits until there are `least`."""
        deadline = time.monotonic() + patience
        while len(found := await self._read(topic)) < least:
            assert time.monotonic() < deadline, f"{len(found)} of {least} records on {topic.name} in {patience} s"
            await asyncio.sleep(0.1)
        return found

    async def _read(self, topic: Topic) -> list[tuple[bytes, bytes | None]]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, fetch_max_wait_ms=100, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            places = self._places(topic)
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            found: list[tuple[bytes, bytes | None]] = []
            for place in places:
                consumer.seek(place, 0)
            for place in places:
                while await consumer.position(place) < ends[place]:
                    got = await consumer.getmany(place, timeout_ms=200)
                    found += [(record.key, record.value) for records in got.values() for record in records]
            return found
        finally:
            await consumer.stop()

    def _places(self, topic: Topic) -> list[TopicPartition]:
        return [TopicPartition(topic.name, number) for number in range(topic.partitions(self._partitions))]

    async def lag(self, group: str, topic: Topic) -> int:
        """Records of a topic that the group has not committed."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            places = self._places(topic)
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            committed = [await consumer.committed(place) or 0 for place in places]
            return sum(ends.values()) - sum(committed)
        finally:
            await consumer.stop()


@asynccontextmanager
async def client(bootstrap: str, partitions: int) -> AsyncIterator[Kafka]:
    producer = KafkaProducer(bootstrap)
    try:
        yield Kafka(bootstrap, producer, partitions)
    finally:
        await producer.stop()


def east_of(place: tuple[float, float], metres: float) -> tuple[float, float]:
    lon, lat, _ = WGS84.fwd(*place, 90.0, metres)
    return float(lon), float(lat)


def ping(device: str, fix: Fix) -> Message:
    told = {"lat": fix.lat, "lon": fix.lon, "accuracy": fix.accuracy, "speed": fix.speed, "at": fix.at}
    return {"type": "ping", "retailer": NAME, "device": device, **told}


def member(number: int, at: int, **more: Any) -> Message:
    told = {"member": f"member-{number}", "devices": [f"phone-{number}"], "consent": ["offers"], "at": at}
    return {"type": "member", "retailer": NAME, **told, **more}


def visit(
    number: int, start: int, every: int = 1_000, store: tuple[float, float] = FIRST, **more: Any
) -> list[Message]:
    """Somebody comes from 65 m away, stays eight seconds, and goes as far as it takes to have left: 56 seconds."""
    path = [east_of(store, -65.0), store, east_of(store, 118.0)]
    options = {"pace": 3.8, "every": every, "start": start, "stay": 8_000, "accuracy": 5.0, "seed": number, **more}
    return [ping(f"phone-{number}", fix) for fix in walk(path, **options)]


def settings_of(broker: str, redis: str, **more: object) -> Mapping[str, object]:
    """The settings of a worker."""
    return {"broker": f"kafka://{broker}", "redis": redis, "config": AVENUE, "secret": SECRET, **more}
