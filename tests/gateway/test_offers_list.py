"""`GET /v1/offers`: the member's offers that have not expired, to those alone who may see them."""

from __future__ import annotations

import asyncio
import logging

import pytest

from offers.members import Wish
from streams.gateway.keys import Scope, new_key
from streams.newest import wished
from streams.outputs import offer_record
from streams.tables.server import RedisServer
from streams.transport.broker import wall_clock
from tests.gateway.site import HOUR, SECRET_WORDS, open_site


def test_a_phone_gets_its_members_offers_newest_first_byte_for_byte(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            now = wall_clock()
            made = [
                site.offer("anna", now - age, lasting) for age, lasting in ((0, HOUR), (9, 3 * HOUR), (5, 2 * HOUR))
            ]
            await site.keep(*made)
            answer = await site.client.get("/v1/offers", headers=site.as_device("phone"))
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
            assert answer.headers["cache-control"] == "no-store"
            values = [offer_record(made[each], "").value or b"" for each in (0, 2, 1)]
            assert answer.content == b"[" + b",".join(values) + b"]"

    asyncio.run(story())


def test_it_is_there_though_no_gateway_ran_when_the_offer_was_made(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone", "watch")
            offer = site.offer("anna")
            await site.keep(offer)
            assert await site.listed(site.as_device("watch")) == [offer.id]

    asyncio.run(story())


def test_an_expired_offer_disappears(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            short, long = site.offer("anna", lasting=HOUR), site.offer("anna", lasting=3 * HOUR)
            await site.keep(short, long)
            assert set(await site.listed(site.as_device("phone"))) == {short.id, long.id}
            site.ahead = HOUR
            assert await site.listed(site.as_device("phone")) == [long.id]

    asyncio.run(story())


@pytest.mark.parametrize("way", ["never consented", "withdrew", "stopped"])
def test_without_consent_the_list_is_empty_whatever_a_worker_wrote_meanwhile(redis_url: str, way: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone", consent=way != "never consented")
            if way == "withdrew":
                await site.consents("anna", False)
            if way == "stopped":
                await site.tables.members.revise(
                    "consent", f"{site.name}|anna", lambda before: wished(before, Wish.STOP, wall_clock())
                )
            await site.keep(site.offer("anna"))
            assert await site.listed(site.as_device("phone")) == []

    asyncio.run(story())


def test_a_device_that_nobody_is_known_behind_gets_an_empty_list(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.keep(site.offer("phone"), site.offer("device|phone"))
            assert await site.listed(site.as_device("phone")) == []

    asyncio.run(story())


def test_a_device_that_went_to_another_member_gets_that_ones_offers_and_no_others(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            await site.member("bea", "phone")
            mine, theirs = site.offer("bea"), site.offer("anna")
            await site.keep(mine, theirs)
            assert await site.listed(site.as_device("phone")) == [mine.id]

    asyncio.run(story())


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_another_devices_offers_are_refused(redis_url: str, accept: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            await site.member("bea", "watch")
            await site.keep(site.offer("bea"))
            phone = {**site.as_device("phone"), "Accept": accept}
            answers = [
                await site.client.get("/v1/offers", params=query, headers=phone)
                for query in ({"device": "watch"}, {"member": "bea"}, {"member": "anna"}, {"device": "phon"})
            ]
            assert [answer.status_code for answer in answers] == [403] * 4
            assert {answer.text for answer in answers} == {'{"detail":"Forbidden"}'}
            swapped = {**phone, "X-Device-Token": "x" + phone["X-Device-Token"]}
            assert (await site.client.get("/v1/offers", headers=swapped)).status_code == 401
            till = {**site.as_(Scope.TILL), "Accept": accept}
            assert (await site.client.get("/v1/offers?device=watch", headers=till)).status_code == 403
            assert (await site.client.get("/v1/offers?device=watch", headers={"Accept": accept})).status_code == 401

    asyncio.run(story())


def test_the_retailers_own_systems_may_ask_for_any_device_or_member_of_theirs(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            offer = site.offer("anna")
            await site.keep(offer)
            crm = site.as_(Scope.CRM)
            assert await site.listed(crm, "?device=phone") == await site.listed(crm, "?member=anna") == [offer.id]
            assert await site.listed(crm, "?member=bea") == []
            for query in ("", "?device=phone&member=anna", "?device="):
                assert (await site.client.get(f"/v1/offers{query}", headers=crm)).status_code == 422

    asyncio.run(story())


def test_the_openapi_page_tells_both_forms_and_every_answer(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            paths = (await site.client.get("/openapi.json")).json()["paths"]
            offers = paths["/v1/offers"]["get"]
            assert set(offers["responses"]) == {"200", "401", "403", "422", "429", "503"}
            assert set(offers["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
            named = {"device", "member", "X-Device-Token", "Last-Event-ID"}
            assert {each["name"] for each in offers["parameters"]} == named
            assert set(paths["/v1/stop"]) == {"get", "post"}

    asyncio.run(story())


def test_a_key_of_another_retailer_finds_nobody(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site, open_site(redis_url) as other:
            await site.member("anna", "phone")
            await site.keep(site.offer("anna"))
            shown, kept = new_key(other.name, Scope.CRM, wall_clock())
            await site.tables.api_keys.add(kept)
            crm = {"Authorization": f"Bearer {shown}"}
            assert await other.listed(crm, "?member=anna") == []
            assert (await site.client.get("/v1/offers?member=anna", headers=crm)).status_code == 401

    asyncio.run(story())


def test_while_redis_is_away_phones_are_told_to_come_again(own_redis: RedisServer) -> None:
    async def story() -> None:
        async with open_site(own_redis.url) as site:
            await site.member("anna", "phone")
            offer = site.offer("anna")
            await site.keep(offer)
            phone = site.as_device("phone")
            assert await site.listed(phone) == [offer.id]
            own_redis.stop()
            for accept in ("application/json", "text/event-stream"):
                answer = await site.client.get("/v1/offers", headers={**phone, "Accept": accept})
                assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
            own_redis.start()
            assert await site.listed(phone) == [offer.id]

    asyncio.run(story())


def test_codes_are_in_no_log(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            await site.make("anna")
            stream = await site.events(site.as_device("phone"))
            await stream.id()
            site.broker.append(
                "offers", f"{site.name}|anna".encode(), b'{"coupon": {"code": "%s"}' % SECRET_WORDS.encode()
            )
            await site.make("anna")
            await stream.id()
            assert SECRET_WORDS in (await site.client.get("/v1/offers", headers=site.as_device("phone"))).text

    with caplog.at_level(logging.DEBUG):
        asyncio.run(story())
    assert SECRET_WORDS not in caplog.text
