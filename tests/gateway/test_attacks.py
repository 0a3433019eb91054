"""What somebody tries who means harm: each of these once did some."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from offers.members import Purpose, Wish
from streams import topics
from streams.gateway.keys import Scope
from streams.gateway.limits import Limits
from streams.gateway.offers import MOST_PER_MEMBER
from streams.gateway.protocol import MOST_HEAD, MOST_PIPELINED
from tests.gateway.doorway import AT, run
from tests.gateway.doorway import doorway as open_doorway
from tests.gateway.site import open_site, until
from tests.gateway.test_serving import on_a_port, request
from tests.pipeline.boutique import NAME

PIECE = 16_384


async def told(port: int, *sent: bytes) -> bytes:
    """All that is answered until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for each in sent:
            writer.write(each)
            await writer.drain()
    except ConnectionError:
        pass
    async with asyncio.timeout(10):
        answered = await reader.read()
    writer.close()
    return answered


def status(answered: bytes) -> int:
    return int(answered.split(b" ", 2)[1])


@pytest.mark.parametrize("begun", [b"GET /", b"GET /v1/stop HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_head_without_end_is_cut_off_before_anybody_is_asked_for_a_key(doorway_redis: str, begun: bytes) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at, on_a_port(at) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begun + b"a" * MOST_HEAD)
            async with asyncio.timeout(10):
                assert status(await reader.read()) == 431
            writer.close()

    run(story())


def test_trailers_are_no_headers_and_have_an_end(doorway_redis: str) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at, on_a_port(at) as (_, port):
            await at.admit("phone")
            key = f"Authorization: {at.headers()['Authorization']}\r\nConnection: close\r\n\r\n".encode()
            body = b"POST /v1/pings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n%b\r\n2\r\n{}\r\n0\r\n"
            assert status(await told(port, body % b"Connection: close\r\n" + key)) == 401
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(body % b"")
            writer.write(b"X: y\r\n" * PIECE)
            writer.write(b"X: y\r\n" * PIECE)
            async with asyncio.timeout(10):
                await reader.read()  # it is closed
            writer.close()

    run(story())


def test_requests_that_wait_for_one_another_are_bounded(doorway_redis: str) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at, on_a_port(at) as (_, port):
            one = b"GET /v1/stop HTTP/1.1\r\nHost: x\r\n\r\n"
            answered = await told(port, one * (MOST_PIPELINED + 2))
            assert b"HTTP/1.1 400 " in answered
            last = b"GET /v1/stop HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            assert (await told(port, one * (MOST_PIPELINED - 1) + last)).count(b"HTTP/1.1 403 ") == MOST_PIPELINED

    run(story())


@pytest.mark.parametrize("together", [True, False])
def test_who_offers_another_protocol_is_answered_and_nothing_is_lost(doorway_redis: str, together: bool) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at, on_a_port(at) as (_, port):
            await at.admit("phone")
            body = b'{"device":"phone","lat":48.8737,"lon":2.332,"at":%d}' % AT
            offering = (
                b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
            )
            head = request(at, len(body)).removesuffix(b"\r\n") + offering
            last = request(at, len(body)).removesuffix(b"\r\n") + b"Connection: close\r\n\r\n" + body
            parts = [head + body + last] if together else [head, body, last]
            assert (await told(port, *parts)).count(b'{"accepted":1') == 2
            assert len(at.records(topics.PINGS)) == 2

    run(story())


def test_what_is_no_http_gets_400_and_no_line_in_the_log(doorway_redis: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at, on_a_port(at) as (_, port):
            for nonsense in (b"\x16\x03\x01\r\n\r\n", b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /\n\n"):
                assert status(await told(port, nonsense)) == 400
            assert not caplog.records

    run(story())


def test_without_a_key_nobody_hears_more_than_401_and_nothing_is_quoted(doorway_redis: str) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at:
            for query in ("device=", "member=" + "SECRET" * 50, "device=" + "SECRET" * 50):
                answer = await at.client.get(f"/v1/offers?{query}")
                assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})
                answer = await at.client.get(f"/v1/offers?{query}", headers=at.headers())
                assert answer.status_code == 422
                assert "SECRET" not in answer.text
            answer = await at.client.post("/v1/stop?retailer=x&member=y&token=" + "SECRET" * 50)
            assert answer.status_code == 403
            assert "SECRET" not in answer.text

    run(story())


@pytest.mark.parametrize("field", ["points", "visits"])
def test_a_number_that_nobody_can_keep_is_rejected_alone(doorway_redis: str, field: str) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at:
            withdrawn = {"consent": {"offers": {"granted": False, "at": AT}}}
            members = [{"member": "anna", "at": AT, field: 1 << 63} | withdrawn, {"member": "bea", "at": AT}]
            members += [{"member": "eve", "at": AT, field: (1 << 63) - 1} | withdrawn]
            answer = await at.post("/v1/members", members)
            assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
            assert [each["index"] for each in answer.json()["rejected"]] == [0]

    run(story())


@pytest.mark.parametrize("path", ["/v1/preferences", "/v1/members"])
def test_consent_cannot_be_given_so_far_ahead_that_nobody_can_take_it_back(doorway_redis: str, path: str) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at:
            before = at.stored()
            said = {"offers": {"granted": True, "at": "2900-01-01T00:00:00Z"}}
            answer = await at.post(path, {"member": "anna", "at": AT, "consent": said})
            assert (answer.status_code, answer.json()["rejected"][0]["reason"]) == (422, "WRONG_TYPE")
            assert at.stored() == before

    run(story())


def test_many_streams_asked_for_at_once_are_no_more_than_allowed(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            asked = [site.events(site.as_(Scope.CRM), "?member=anna") for _ in range(3 * MOST_PER_MEMBER)]
            streams = await asyncio.gather(*asked)
            assert [each.status for each in streams].count(200) == MOST_PER_MEMBER
            for each in streams:
                each.close()
            await until(lambda: site.delivery.listening() == 0, "nobody listens any more")

    asyncio.run(story())


def test_phones_that_hold_all_room_for_bodies_leave_some_to_tills_and_stops(doorway_redis: str) -> None:
    held = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b" " * 1_000
        await held.wait()

    async def story() -> None:
        limits = Limits(bytes_in_flight=10_000, spare_bytes=5_000)
        async with open_doorway(doorway_redis, limits) as at:
            phone, in_flight = at.headers(Scope.DEVICE, "phone"), at.app.state.gateway.in_flight
            many = [asyncio.create_task(at.client.post("/v1/pings", content=body(), headers=phone)) for _ in range(9)]
            while not in_flight.held:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            refused = await at.post("/v1/pings", b" " * 5_000, phone)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            asked = {"id": "till-1", "coupon": "nothing", "store": "haussmann", "at": AT}
            answer = await at.post("/v1/redemptions", asked, at.headers(Scope.TILL))
            assert answer.json()["result"] == "UNKNOWN"
            held.set()
            await asyncio.gather(*many)
            assert in_flight.held == 0

    run(story())


def test_what_a_phone_takes_back_holds_though_its_clock_is_behind(doorway_redis: str) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at:
            phone, now = at.headers(Scope.DEVICE, "phone"), at.doors.clock()
            for behind, granted, contact in ((0, True, "normal"), (80_000, False, "stop")):
                said = {"offers": {"granted": granted, "at": now - behind}}
                body = {"at": now - behind, "contact": contact, "consent": said}
                assert (await at.post("/v1/preferences", body, phone)).json()["accepted"] == 1
            consent = (await at.doors.tables.members.read("consent", f"{NAME}|device|phone")).value
            assert (consent.wish, consent.allows(Purpose.OFFERS)) == (Wish.STOP, False)

    run(story())


def test_what_a_clock_ahead_said_does_not_outlast_a_stop_or_a_withdrawal(doorway_redis: str) -> None:
    async def story() -> None:
        async with open_doorway(doorway_redis) as at:
            phone, now = at.headers(Scope.DEVICE, "phone"), at.doors.clock()
            for ahead, granted, contact in ((80_000_000, True, "normal"), (0, False, "stop")):
                said = {"offers": {"granted": granted, "at": now + ahead}}
                body = {"at": now + ahead, "contact": contact, "consent": said}
                assert (await at.post("/v1/preferences", body, phone)).json()["accepted"] == 1
                now = at.doors.clock()
            consent = (await at.doors.tables.members.read("consent", f"{NAME}|device|phone")).value
            assert (consent.wish, consent.allows(Purpose.OFFERS)) == (Wish.STOP, False)
            assert all(message["at"] <= now for _, message in at.records(topics.PREFERENCES))

    run(story())
