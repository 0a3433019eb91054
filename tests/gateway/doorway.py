"""A gateway in this process: real Redis, the embedded broker, and a client that needs no port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx
import orjson
import redis
from fastapi import FastAPI

from streams import topics
from streams.gateway.application import gateway_app
from streams.gateway.doors import Doors
from streams.gateway.keys import Scope, sample_keys
from streams.gateway.limits import Limits
from streams.gateway.tokens import device_token
from streams.producers import EmbeddedProducer
from streams.records import Outgoing, Producer
from streams.tables.presences import Admission
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables
from streams.transport.broker import Broker
from tests.pipeline.boutique import NAME, retailers

OTHER = "another-shop"
AT = 1_795_172_400_000
Message = dict[str, Any]


def ping(device: str = "phone", **more: Any) -> Message:
    return {"device": device, "lat": 48.8737, "lon": 2.3320, "at": AT, **more}


@dataclass
class Counted:
    """Counts as one list of what was said."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def accepted(self, kind: str, count: int) -> None:
        self.told.append(("accepted", kind, count))

    def rejected(self, kind: str, reason: str) -> None:
        self.told.append(("rejected", kind, reason))

    def without_consent(self, kind: str, count: int) -> None:
        self.told.append(("without_consent", kind, count))

    def redeemed(self, answer: str) -> None:
        self.told.append(("redeemed", answer))

    def answered(self, route: str, status: int, seconds: float) -> None:
        self.told.append(("answered", route, status))


@dataclass
class Doorway:
    """The gateway, its keys, what it stands on, and what came of it."""

    app: FastAPI
    client: httpx.AsyncClient
    keys: dict[Scope, str]
    other_keys: dict[Scope, str]
    doors: Doors
    broker: Broker
    counted: Counted
    redis: redis.Redis

    def headers(self, scope: Scope = Scope.CRM, device: str | None = None) -> dict[str, str]:
        """Those of a key of that scope, and of a device's token."""
        token = {} if device is None else {"X-Device-Token": self.token(device)}
        return {"Authorization": f"Bearer {self.keys[scope]}"} | token

    def token(self, device: str, retailer: str = NAME) -> str:
        return device_token(retailer, device, self.doors.retailers[retailer].secret)

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """The answer to a body: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.client.post(path, content=content, headers=self.headers() if headers is None else headers)

    async def admit(self, *devices: str, retailer: str = NAME) -> None:
        """These devices consented."""
        for device in devices:
            await self.doors.tables.links.admit(f"{retailer}|{device}", Admission(True, True, None))

    def records(self, topic: topics.Topic) -> list[tuple[str, Message]]:
        """Keys and messages on a topic."""
        found = [record for log in self.broker.logs(topic.name) for record in log.read(log.start, 10_000)]
        return [((each.key or b"").decode(), orjson.loads(each.value or b"null")) for each in found]

    def stored(self) -> dict[str, Any]:
        """Everything there is: on all topics, and in Redis."""
        told: dict[str, Any] = {topic.name: found for topic in topics.TOPICS if (found := self.records(topic))}
        return told | self.in_redis()

    def in_redis(self) -> dict[str, Any]:
        """Everything in Redis but the keys of the gateway."""
        names = [name for name in self.redis.scan_iter("*", 1_000) if not name.startswith(b"api_keys")]
        return {name.decode(): self.redis.dump(name) for name in names}


@asynccontextmanager
async def doorway(
    url: str, limits: Limits | None = None, around: Callable[[EmbeddedProducer], Producer] = lambda inner: inner
) -> AsyncIterator[Doorway]:
    """A gateway for two retailers over an emptied Redis; `around` may put something before the broker."""
    with Broker(f"doorway-{uuid4()}") as broker, redis.Redis.from_url(url) as admin:
        admin.flushall()
        for topic in topics.TOPICS:
            broker.create_topic(topic.name, topic.partitions(4))
        keyspace = await connect(url)
        tables, counted = Tables.over(keyspace), Counted()
        doors = Doors(two_retailers(), tables, around(EmbeddedProducer(broker)), counts=counted)
        app = gateway_app(doors, limits)
        keys, others = [await sample_keys(each, tables.api_keys, AT) for each in (NAME, OTHER)]
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Doorway(app, client, keys, others, doors, broker, counted, admin)
        await keyspace.close()


def two_retailers() -> dict[str, Any]:
    boutique = retailers()[NAME]
    other = replace(boutique, rules=replace(boutique.rules, retailer=OTHER), secret=b"another secret, long enough")
    return {NAME: boutique, OTHER: other}


class Hindered:
    """A producer that waits, or raises, before it writes; `hinder` is called with the records."""

    def __init__(self, inner: Producer, hinder: Callable[[Sequence[Outgoing]], Awaitable[None]]) -> None:
        self._inner = inner
        self._hinder = hinder

    async def produce(self, records: Sequence[Outgoing]) -> None:
        await self._hinder(records)
        await self._inner.produce(records)


def run(story: Any) -> Any:
    return asyncio.run(story)
