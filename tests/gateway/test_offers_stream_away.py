"""A stream of offers while Redis is away: it stays open, nothing is sent unchecked, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence

import orjson
import pytest

from geofences.ids import timed_id
from offers.members import Consent, Grant
from streams.delivery import Listener
from streams.errors import InfrastructureError
from streams.gateway.offer_stream import RECONNECT, OfferStream
from streams.gateway.standings import Standings
from streams.tables.memory import MemoryKeyspace
from streams.tables.recipients import Recipient
from streams.tables.server import RedisServer
from streams.tables.tables import Tables
from streams.transport.broker import wall_clock
from tests.gateway.site import HOUR, open_site, settled, until


@pytest.mark.usefixtures("quick")
def test_while_redis_is_away_nothing_is_sent_and_the_offer_comes_when_it_is_back(own_redis: RedisServer) -> None:
    async def story() -> None:
        async with open_site(own_redis.url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            reading = asyncio.create_task(stream.next(30))
            await settled(site)
            own_redis.stop()
            offer = site.offer("anna")
            site.tell(offer)
            comments = len(stream.comments)
            await until(lambda: len(stream.comments) > comments + 3, "the stream goes on")
            assert not reading.done()
            own_redis.start()
            assert (await reading or {})["id"] == offer.id

    asyncio.run(story())


@pytest.mark.usefixtures("quick")
def test_what_stands_in_the_list_waits_until_redis_is_back(own_redis: RedisServer) -> None:
    async def story() -> None:
        async with open_site(own_redis.url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            reading = asyncio.create_task(stream.next(30))
            await settled(site)
            offer = site.offer("anna")
            await site.keep(offer)
            own_redis.stop()
            for listener in site.delivery._all():
                listener.look_again()
            comments = len(stream.comments)
            await until(lambda: len(stream.comments) > comments + 3, "the stream goes on")
            own_redis.start()
            assert (await reading or {})["id"] == offer.id

    asyncio.run(story())


class FailingOnce(MemoryKeyspace):
    """Cannot be read the first time."""

    failed = False

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        if not self.failed:
            self.failed = True
            raise InfrastructureError("away")
        return await super().read(keys)


def test_a_list_that_was_read_is_not_lost_where_consent_could_not_be_read_then() -> None:
    async def story() -> None:
        keyspace = FailingOnce(wall_clock)
        keyspace.failed = True
        tables, listener, anna = Tables.over(keyspace), Listener(), Recipient("r", "anna")
        consent = Consent({"offers": Grant(True, 1)})
        await tables.members.revise("consent", anna.owner, lambda _: consent)
        record = orjson.dumps(OFFER | {"id": timed_id(wall_clock(), "offer"), "retailer": "r", "member": "anna"})
        await tables.offers.put([(anna.owner, record, wall_clock() + HOUR)], wall_clock())
        standings = Standings(tables.recipients)
        events = OfferStream(listener, anna, tables.offers, standings, asyncio.Event().wait, wall_clock).events()
        assert await anext(events) == RECONNECT
        keyspace.failed = False
        sent = asyncio.create_task(anext(events))
        await until(lambda: keyspace.failed, "it was asked")
        listener.pulse()
        assert record in await asyncio.wait_for(sent, 5)

    asyncio.run(story())


OFFER = {
    "campaign": "few",
    "store": "haussmann",
    "text": "Pour vous",
    "locale": "fr-FR",
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2999-01-01T00:00:00Z",
    "trigger": {"kind": "enter", "id": "1", "at": "2026-01-01T00:00:00Z", "store": "haussmann"},
}


@pytest.mark.usefixtures("quick")
def test_a_redis_that_does_not_answer_ends_no_stream_and_nothing_is_sent_meanwhile(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.gateway.standings.PATIENCE", 0.2)

    async def story() -> None:
        async with open_site(own_redis.url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            reading = asyncio.create_task(stream.next(30))
            await settled(site)
            os.kill(own_redis.pid or 0, signal.SIGSTOP)
            site.tell(offer := site.offer("anna"))
            comments = len(stream.comments)
            await until(lambda: len(stream.comments) > comments + 2, "the stream goes on")
            assert not reading.done()
            os.kill(own_redis.pid or 0, signal.SIGCONT)
            assert (await reading or {})["id"] == offer.id

    asyncio.run(story())
