"""A gateway on a port of its own, over a real Redis and an embedded broker; and a client that reads event streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx
import orjson

from geofences.ids import timed_id
from offers.decisions import Offer, OfferCoupon
from offers.members import Grant
from offers.stopping import stop_url
from offers.triggers import Trigger, TriggerKind
from streams import topics
from streams.admitting import settle
from streams.delivery import Delivery, delivering
from streams.gateway.doors import Doors
from streams.gateway.keys import Scope, new_key
from streams.gateway.serving import serving
from streams.gateway.tokens import device_token
from streams.member_changes import change_member
from streams.messages import GrantSaid, MemberChange
from streams.newest import granted
from streams.offer_sources import EmbeddedOffers
from streams.outputs import offer_record
from streams.producers import EmbeddedProducer
from streams.records import Outgoing, Producer, Record
from streams.retailers import Retailer
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables
from streams.transport.broker import Broker, wall_clock
from tests.pipeline.boutique import NAME, retailers

HOUR = 3_600_000
SECRET_WORDS = "C0DE-OF-A-C0UPON"
"""What stands in every coupon of these tests, and may stand in no log."""


@dataclass
class Events:
    """An open event stream."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    comments: list[str] = field(default_factory=list)
    _text: str = ""

    async def next(self, seconds: float = 10.0) -> dict[str, str] | None:
        """The next event by its fields, or None at the orderly end of the stream."""
        async with asyncio.timeout(seconds):
            while True:
                while "\n\n" not in self._text:
                    chunk = await self._chunk()
                    if not chunk:
                        return None
                    self._text += chunk.decode()
                block, _, self._text = self._text.partition("\n\n")
                fields = dict(line.split(": ", 1) for line in block.split("\n"))
                if "id" in fields:
                    return fields
                self.comments += [block]

    async def id(self) -> str:
        """The id of the next event."""
        event = await self.next()
        assert event is not None, "the stream has ended"
        return event["id"]

    async def _chunk(self) -> bytes:
        size = int(await self.reader.readline(), 16)
        chunk = await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        return chunk

    def close(self) -> None:
        self.writer.close()


@dataclass
class Site:
    """The gateway as its callers see it, and what stands behind it."""

    retailer: Retailer
    tables: Tables
    broker: Broker
    delivery: Delivery
    port: int
    client: httpx.AsyncClient
    keys: dict[Scope, str]
    ahead: int = 0
    """Milliseconds by which the gateway's clock is ahead."""

    @property
    def name(self) -> str:
        return self.retailer.name

    def clock(self) -> int:
        return wall_clock() + self.ahead

    def as_device(self, device: str) -> dict[str, str]:
        """The headers of a phone."""
        token = device_token(self.name, device, self.retailer.secret)
        return {"Authorization": f"Bearer {self.keys[Scope.DEVICE]}", "X-Device-Token": token}

    def as_(self, scope: Scope) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[scope]}"}

    def stop_address(self, member: str) -> str:
        """The path of the `stop_url` in this member's offers."""
        return stop_url("", self.name, member, self.retailer.secret)

    async def member(self, name: str, *devices: str, consent: bool = True) -> None:
        """A member with these devices."""
        said = {"offers": GrantSaid(granted=consent, at=wall_clock())}
        told = MemberChange(retailer=self.name, member=name, at=wall_clock(), devices=list(devices), consent=said)
        await change_member(told, self.tables, {})

    async def consents(self, name: str, consent: bool) -> None:
        """The member's newest word on offers."""
        grant = {"offers": Grant(consent, wall_clock())}
        await self.tables.members.revise("consent", f"{self.name}|{name}", lambda before: granted(before, grant))
        await settle(self.name, name, self.tables)

    def offer(self, member: str, at: int | None = None, lasting: int = HOUR, campaign: str = "few") -> Offer:
        """An offer made at `at`, or now."""
        at = wall_clock() if at is None else at
        trigger = Trigger(timed_id(at, "trigger"), TriggerKind.ENTER, at, "haussmann", "proximity")
        return Offer(
            id=timed_id(at, self.name, member, campaign, uuid4().hex),
            retailer=self.name,
            member=member,
            campaign=campaign,
            store="haussmann",
            ring="proximity",
            text="Pour vous : «le sérum»\nà 10 %",
            locale="fr-FR",
            created_at=at,
            expires_at=at + lasting,
            rules="rules",
            trigger=trigger,
            stop_url="https://offers.example" + self.stop_address(member),
            coupon=OfferCoupon(SECRET_WORDS, at + lasting),
        )

    def record(self, offer: Offer) -> Outgoing:
        return offer_record(offer, f"{self.name}|{offer.member}")

    async def keep(self, *offers: Offer) -> None:
        """Put offers into their members' lists, as a worker does before it produces them."""
        for each in offers:
            record = self.record(each)
            kept = (f"{self.name}|{each.member}", record.value or b"", each.expires_at)
            await self.tables.offers.put([kept], each.created_at)

    def tell(self, *offers: Offer) -> None:
        """Write offers to their topic."""
        for each in offers:
            record = self.record(each)
            self.broker.append(record.topic, record.key, record.value)

    async def make(self, member: str, **more: Any) -> str:
        """An offer, kept and told; its id."""
        offer = self.offer(member, **more)
        await self.keep(offer)
        self.tell(offer)
        return offer.id

    async def listed(self, headers: dict[str, str], query: str = "") -> list[str]:
        """The ids that `GET /v1/offers` gives."""
        answer = await self.client.get(f"/v1/offers{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()]

    async def events(self, headers: dict[str, str], query: str = "") -> Events:
        """Open a stream, and wait until it is listened to."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"GET /v1/offers{query} HTTP/1.1", "Host: gateway", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        status = int((await reader.readline()).split()[1])
        found: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            found[name.lower()] = value
        return Events(status, found, reader, writer)

    def written(self, topic: topics.Topic) -> list[Record]:
        """All records of a topic."""
        return [record for log in self.broker.logs(topic.name) for record in log.read(log.start, 100_000)]

    def messages(self, topic: topics.Topic) -> list[dict[str, Any]]:
        return [orjson.loads(record.value or b"null") for record in self.written(topic)]


def renamed(name: str) -> Retailer:
    """The boutique under another name: no other test writes to it, on whatever server."""
    known = retailers()[NAME]
    return replace(known, rules=replace(known.rules, retailer=name))


@asynccontextmanager
async def open_site(redis_url: str, name: str = "", producer: Producer | None = None) -> AsyncIterator[Site]:
    """A gateway that answers on a port; everything ends with it."""
    keyspace = await connect(redis_url)
    with Broker(f"site-{uuid4().hex}") as broker:
        for topic in topics.TOPICS:
            broker.create_topic(topic.name, topic.partitions(4))
        retailer = renamed(name or f"retailer-{uuid4().hex}")
        async with site_over(retailer, Tables.over(keyspace), broker, producer or EmbeddedProducer(broker)) as site:
            yield site
    await keyspace.close()


@asynccontextmanager
async def site_over(retailer: Retailer, tables: Tables, broker: Broker, producer: Producer) -> AsyncIterator[Site]:
    """A gateway over what is there, with keys of its own."""
    made = {scope: new_key(retailer.name, scope, wall_clock()) for scope in Scope}
    await tables.api_keys.add(*(kept for _, kept in made.values()))
    keys = {scope: shown for scope, (shown, _) in made.items()}
    async with delivering(EmbeddedOffers(broker)) as delivery:
        clock = wall_clock
        doors = Doors({retailer.name: retailer}, tables, producer, lambda: clock(), delivery)
        async with (
            serving(doors, "127.0.0.1", 0) as address,
            httpx.AsyncClient(base_url=address, timeout=20) as client,
        ):
            site = Site(retailer, tables, broker, delivery, int(address.rpartition(":")[2]), client, keys)
            clock = site.clock
            yield site


async def until(condition: Any, what: str, seconds: float = 10.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - whatever it rests on
            await asyncio.sleep(0.01)


async def settled(site: Site, streams: int = 1) -> None:
    """So many streams listen, and have looked at the list."""
    await until(lambda: site.delivery.listening() == streams, "streams are open")
    listeners = site.delivery._all()
    await until(lambda: not any(each.behind for each in listeners), "the lists were looked at")
