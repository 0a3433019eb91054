"""`GET /v1/offers` as server-sent events: each offer once, as it comes, and none that may not be given any more."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from streams.gateway.keys import Scope
from streams.gateway.offers import MOST_PER_MEMBER
from streams.gateway.serving import LET_FINISH
from streams.transport.broker import wall_clock
from tests.gateway.site import HOUR, open_site, settled, until


def test_first_comes_what_has_not_expired_oldest_first_then_each_as_it_is_made(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            now = wall_clock()
            older, newer, expired = (site.offer("anna", now - age) for age in (9, 5, HOUR))
            await site.keep(newer, older, expired)
            stream = await site.events(site.as_device("phone"))
            assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            assert stream.headers["cache-control"] == "no-store"
            assert [await stream.id(), await stream.id()] == [older.id, newer.id]
            for _ in range(3):
                assert await site.make("anna") == await stream.id()
            assert stream.comments == ["retry: 1000"]

    asyncio.run(story())


def test_an_event_says_that_it_is_an_offer_and_holds_it_on_one_line(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            offer = site.offer("anna")
            site.tell(offer)
            event = await stream.next()
            assert event is not None
            assert (event["id"], event["event"]) == (offer.id, "offer")
            assert json.loads(event["data"])["text"] == offer.text

    asyncio.run(story())


def test_an_offer_is_delivered_once_though_it_stands_in_the_list_and_is_sent_again(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            first, last = site.offer("anna", wall_clock() - 5), site.offer("anna")
            await site.keep(first)
            stream = await site.events(site.as_device("phone"))
            site.tell(first, first)
            assert await stream.id() == first.id
            site.tell(first)
            for listener in site.delivery._all():
                listener.look_again()
            site.tell(first, last)
            assert await stream.id() == last.id

    asyncio.run(story())


def test_a_phone_that_comes_back_gets_what_it_has_not_seen(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            now = wall_clock()
            made = [site.offer("anna", now - age) for age in (30, 20, 10)]
            await site.keep(*made)
            phone = site.as_device("phone")
            for seen, expected in ((made[0].id, made[1].id), (made[1].id, made[2].id), ("?", made[0].id)):
                stream = await site.events({**phone, "Last-Event-ID": seen})
                assert await stream.id() == expected
                stream.close()
            stream = await site.events({**phone, "Last-Event-ID": made[2].id})
            assert await site.make("anna") == await stream.id()

    asyncio.run(story())


def test_two_phones_of_one_member_each_get_the_one_offer_and_nobody_else_does(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone", "watch")
            await site.member("bea", "other")
            annas = [await site.events(site.as_device(device)) for device in ("phone", "watch")]
            beas = [await site.events(site.as_device("other")), await site.events(site.as_(Scope.CRM), "?member=bea")]
            await settled(site, 4)
            for_anna, for_bea = await site.make("anna"), await site.make("bea")
            assert [await stream.id() for stream in annas] == [for_anna] * 2
            assert [await stream.id() for stream in beas] == [for_bea] * 2

    asyncio.run(story())


def test_after_a_stop_nothing_is_delivered_and_the_stream_stays_for_a_change_of_mind(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            assert await site.make("anna") == await stream.id()
            assert (await site.client.post(site.stop_address("anna"))).status_code == 200
            site.tell(*(site.offer("anna") for _ in range(5)))
            await until(lambda: not any(each.waiting for each in site.delivery._all()), "they were looked at")
            normal = {"at": wall_clock(), "contact": "normal"}
            answer = await site.client.post("/v1/preferences", json=normal, headers=site.as_device("phone"))
            assert answer.status_code == 200
            assert await site.make("anna") == await stream.id()

    asyncio.run(story())


def test_without_consent_nothing_is_delivered(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone", consent=False)
            stream = await site.events(site.as_device("phone"))
            await settled(site)
            await site.make("anna")
            await until(lambda: not any(each.waiting for each in site.delivery._all()), "it was looked at")
            await site.tables.offers.forget(f"{site.name}|anna")
            await site.consents("anna", True)
            assert await site.make("anna") == await stream.id()

    asyncio.run(story())


def test_what_expired_before_it_could_be_sent_is_not_sent(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            late, good = site.offer("anna", wall_clock() - HOUR, lasting=HOUR), site.offer("anna")
            site.tell(late, good)
            assert await stream.id() == good.id

    asyncio.run(story())


def test_what_is_no_offer_of_this_member_is_never_sent_whatever_its_key(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            await settled(site)
            others = site.offer("bea")
            key = f"{site.name}|anna".encode()
            site.tell(others)
            for value in (site.record(others).value, b"", b"{}", b"\xff", b'{"id": "1"}'):
                site.broker.append("offers", key, value)
            assert await site.make("anna") == await stream.id()

    asyncio.run(story())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("way", ["to another member", "from nobody to a member", "to nobody and back"])
def test_the_stream_of_a_device_that_changes_hands_is_the_new_members_from_then_on(redis_url: str, way: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", *(["phone"] if way != "from nobody to a member" else []))
            stream = await site.events(site.as_device("phone"))
            await settled(site)
            if way == "to nobody and back":
                assert await site.make("anna") == await stream.id()
                await site.member("anna")
                await until(lambda: site.delivery.listening(f"{site.name}|anna") == 0, "it is nobody's")
                site.tell(site.offer("anna"))
            heir = "anna" if way == "to nobody and back" else "bea"
            await site.member(heir, "phone")
            if heir != "anna":
                site.tell(site.offer("anna"))
            await until(lambda: site.delivery.listening(f"{site.name}|{heir}") == 1, "it is the heir's")
            if heir != "anna":
                await site.make("anna")
            assert await site.make(heir) == await stream.id()

    asyncio.run(story())


def test_a_device_that_changed_hands_gets_no_offer_of_the_other_even_before_that_was_noticed(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            await settled(site)
            await site.member("bea", "phone")
            kept = site.offer("bea")
            await site.keep(kept)
            site.tell(site.offer("anna"))
            assert await stream.id() == kept.id  # long before the next pulse

    asyncio.run(story())


@pytest.mark.usefixtures("quick")
def test_the_stream_of_a_revoked_key_ends(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            device = await site.events(site.as_device("phone"))
            crm = await site.events(site.as_(Scope.CRM), "?member=anna")
            await settled(site, 2)
            ids = {each.scope: each.id for each in await site.tables.api_keys.all() if each.retailer == site.name}
            await site.tables.api_keys.revoke(ids["device"])
            assert await device.next() is None
            assert await site.make("anna") == await crm.id()

    asyncio.run(story())


@pytest.mark.usefixtures("quick")
def test_a_silent_stream_says_that_it_is_there(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            reading = asyncio.create_task(stream.next())
            await until(lambda: stream.comments.count(": here") >= 2, "two comments")
            assert await site.make("anna") == (await reading or {})["id"]

    asyncio.run(story())


def test_open_streams_end_in_order_when_the_gateway_stops_and_hold_nothing_up(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            streams = [await site.events(site.as_device("phone")) for _ in range(3)]
            await settled(site, 3)
            began = time.monotonic()
        assert time.monotonic() - began < LET_FINISH / 2
        assert [await stream.next() for stream in streams] == [None] * 3

    asyncio.run(story())


def test_a_client_that_goes_away_is_forgotten(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            stream = await site.events(site.as_device("phone"))
            await settled(site)
            stream.close()
            await until(lambda: site.delivery.listening() == 0, "nobody listens")

    asyncio.run(story())


def test_one_member_cannot_hold_all_streams_open(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            streams = [await site.events(site.as_device("phone")) for _ in range(MOST_PER_MEMBER)]
            await settled(site, MOST_PER_MEMBER)
            refused = await site.events(site.as_device("phone"))
            assert (refused.status, int(refused.headers["retry-after"]) > 0) == (429, True)
            streams[0].close()
            await settled(site, MOST_PER_MEMBER - 1)
            assert (await site.events(site.as_device("phone"))).status == 200

    asyncio.run(story())
