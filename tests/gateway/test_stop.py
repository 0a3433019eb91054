"""`/v1/stop`: whoever holds the address of an offer ends them all in one step, and nobody else does."""

from __future__ import annotations

import asyncio
import logging
import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from offers.members import Consent, Wish
from offers.stopping import stop_token
from streams import topics
from streams.gateway.keys import Scope
from streams.member_changes import change_member
from streams.messages import MemberChange
from streams.newest import wished
from streams.producers import KafkaProducer
from streams.tables.server import RedisServer
from streams.transport.broker import wall_clock
from tests.brokers import free_port
from tests.gateway.site import HOUR, Site, open_site

ONE_CLICK = {"content": b"List-Unsubscribe=One-Click", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


async def wish(site: Site, member: str = "anna") -> Wish:
    consent: Consent = (await site.tables.members.read("consent", f"{site.name}|{member}")).value
    return consent.wish


@pytest.mark.parametrize("sent", [{}, ONE_CLICK, {"data": {"any": "thing"}}], ids=["bare", "one click", "form"])
def test_a_post_stops_all_offers_once_it_is_answered(redis_url: str, sent: dict[str, object]) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            await site.make("anna")
            answer = await site.client.post(site.stop_address("anna"), **sent)
            assert answer.status_code == 200
            assert await wish(site) == "stop"
            assert await site.tables.offers.unexpired(f"{site.name}|anna", 0) == []
            (record,) = site.written(topics.PREFERENCES)
            assert record.key == f"{site.name}|anna".encode()
            (told,) = site.messages(topics.PREFERENCES)
            assert (told["retailer"], told["member"], told["contact"]) == (site.name, "anna", "stop")

    asyncio.run(story())


def test_the_address_of_one_who_was_merged_stops_the_one_who_stays(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            await site.member("anne", "watch")
            await site.make("anne")
            offer = await site.make("anna")
            merged = MemberChange(retailer=site.name, member="anna", at=site.clock(), merges=["anne"])
            await change_member(merged, site.tables, {})
            for device in ("phone", "watch"):
                assert await site.listed(site.as_device(device)) == [offer]
            assert await site.listed(site.as_(Scope.CRM), "?member=anne") == [offer]
            answer = await site.client.post(site.stop_address("anne"))
            assert (answer.status_code, await wish(site)) == (200, "stop")
            assert await site.listed(site.as_device("watch")) == []

    asyncio.run(story())


def test_again_is_the_same(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            answers = [await site.client.post(site.stop_address("anna")) for _ in range(3)]
            assert {answer.status_code for answer in answers} == {200}
            assert await wish(site) == "stop"

    asyncio.run(story())


def test_a_get_shows_one_button_in_two_languages_and_changes_nothing(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            await site.make("anna")
            for method in ("GET", "HEAD"):
                answer = await site.client.request(method, site.stop_address("anna"))
                assert answer.status_code == (200 if method == "GET" else 405)
            page = (await site.client.get(site.stop_address("anna"))).text
            assert page.count("<button") == page.count("<form") == 1
            assert ("Ne plus recevoir" in page, "Stop all offers" in page) == (True, True)
            assert "anna" not in page
            assert await wish(site) == "normal"
            assert len(await site.tables.offers.unexpired(f"{site.name}|anna", 0)) == 1
            assert site.written(topics.PREFERENCES) == []

    asyncio.run(story())


def test_its_button_stops(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna & bea/ü", "phone")
            page = await site.client.get(site.stop_address("anna & bea/ü"))
            assert re.findall(r"<form[^>]*>", page.text) == ['<form method="post">']  # so to the page's own address
            answer = await site.client.post(str(page.url), data={})
            assert answer.status_code == 200
            assert await wish(site, "anna & bea/ü") == "stop"

    asyncio.run(story())


def changed(address: str, **changes: str) -> str:
    """`address` with other parameters."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return f"{parts.path}?{urlencode(query)}"


def test_a_wrong_token_is_refused_and_nothing_changes(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            await site.member("bea", "watch")
            own = site.stop_address("anna")
            token = stop_token(site.name, "anna", site.retailer.secret)
            wrong = [
                *(changed(own, token=each) for each in ("", "x", token[:-1], token + "A", token.swapcase(), "é\0")),
                changed(own, member="bea"),
                changed(own, member="ANNA"),
                changed(own, retailer="another"),
                changed(own, retailer="another", token=stop_token("another", "anna", b"nobody's")),
                "/v1/stop",
                own.partition("&token")[0],
            ]
            answers = [await site.client.request(how, each) for each in wrong for how in ("POST", "GET")]
            assert {(answer.status_code, answer.text) for answer in answers} == {(403, answers[0].text)}
            assert [await wish(site, each) for each in ("anna", "bea")] == ["normal"] * 2
            assert site.written(topics.PREFERENCES) == []

    asyncio.run(story())


def check_headers(answer: httpx.Response) -> None:
    headers = answer.headers
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    policy = headers["content-security-policy"]
    assert all(word in policy for word in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"))


def test_no_answer_is_kept_framed_or_leaks_the_address(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            for how in ("GET", "POST"):
                for address in (site.stop_address("anna"), "/v1/stop?token=wrong"):
                    answer = await site.client.request(how, address)
                    check_headers(answer)
                    assert "token" not in answer.text
                    assert "http" not in answer.text  # nothing is fetched from anywhere

    asyncio.run(story())


class Tags(HTMLParser):
    """The names of all tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.add(tag)


def test_whatever_a_retailer_is_called_it_is_text_on_the_page(redis_url: str) -> None:
    async def story() -> None:
        name = '<script>"x"</script>&{body}<i'
        async with open_site(redis_url, name) as site:
            await site.member("anna", "phone")
            for how in ("GET", "POST"):
                page = (await site.client.request(how, site.stop_address("anna"))).text
                assert "&lt;script&gt;&quot;x&quot;&lt;/script&gt;&amp;{body}&lt;i" in page
                assert not Tags(page).found & {"script", "i"}

    asyncio.run(story())


def test_a_wish_said_by_a_clock_that_is_ahead_does_not_outlive_a_stop(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            owner = f"{site.name}|anna"
            ahead = wall_clock() + HOUR
            await site.tables.members.revise("consent", owner, lambda before: wished(before, Wish.NORMAL, ahead))
            assert (await site.client.post(site.stop_address("anna"))).status_code == 200
            assert await wish(site) == "stop"
            assert site.messages(topics.PREFERENCES)[0]["at"] == ahead

    asyncio.run(story())


def test_a_member_of_whom_nothing_is_known_may_stop_too(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            assert (await site.client.post(site.stop_address("nobody"))).status_code == 200
            assert await wish(site, "nobody") == "stop"

    asyncio.run(story())


def test_while_redis_is_away_it_says_later_and_then_it_stops(own_redis: RedisServer) -> None:
    async def story() -> None:
        async with open_site(own_redis.url) as site:
            await site.member("anna", "phone")
            own_redis.stop()
            answer = await site.client.post(site.stop_address("anna"))
            assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
            check_headers(answer)
            assert site.written(topics.PREFERENCES) == []
            own_redis.start()
            assert (await site.client.post(site.stop_address("anna"))).status_code == 200
            assert await wish(site) == "stop"

    asyncio.run(story())


def test_while_the_broker_is_away_there_is_no_200_but_within_seconds_an_answer(redis_url: str) -> None:
    async def story() -> None:
        nowhere = KafkaProducer(f"127.0.0.1:{free_port()}", request_timeout_ms=1_000)
        async with open_site(redis_url, producer=nowhere) as site:
            await site.member("anna", "phone")
            answer = await site.client.post(site.stop_address("anna"), timeout=8)
            assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)

    asyncio.run(story())


def test_neither_token_nor_member_is_in_a_log(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> str:
        async with open_site(redis_url) as site:
            await site.member("anna-the-member", "phone")
            for how in ("GET", "POST"):
                await site.client.request(how, site.stop_address("anna-the-member"))
            return stop_token(site.name, "anna-the-member", site.retailer.secret)

    with caplog.at_level(logging.DEBUG):
        token = asyncio.run(story())
    said = [
        record.getMessage() for record in caplog.records if record.name.partition(".")[0] not in ("httpx", "httpcore")
    ]
    assert not [line for line in said if token in line or "anna-the-member" in line]
