"""Bodies that are too large, too slow, packed to burst or not at all: refused, with nothing stored."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import orjson
import pytest

from streams import topics
from streams.gateway.bodies import Gzip
from streams.gateway.limits import Limits
from tests.gateway.doorway import Doorway, Hindered, doorway, ping, run

GZIP = {"Content-Encoding": "gzip"}
MEBIBYTE = 1_048_576


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def padded(size: int) -> bytes:
    """A ping in a body of `size` bytes."""
    body = orjson.dumps(ping())
    return body + b" " * (size - len(body))


async def posted(at: Doorway, body: bytes | AsyncIterator[bytes], **headers: str) -> tuple[int, str]:
    answer = await at.client.post("/v1/pings", content=body, headers=at.headers() | headers)
    return answer.status_code, answer.headers.get("connection", "")


def test_a_body_of_the_largest_size_is_taken_and_one_byte_more_is_not(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            before = at.stored()
            too_large = padded(MEBIBYTE + 1)
            assert await posted(at, too_large) == (413, "close")
            assert await posted(at, pieces(too_large[:MEBIBYTE], too_large[MEBIBYTE:])) == (413, "close")
            assert at.stored() == before
            assert (await posted(at, padded(MEBIBYTE)))[0] == 200
            assert (await posted(at, pieces(padded(MEBIBYTE))))[0] == 200

    run(story())


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 64 * MEBIBYTE])
def test_of_a_gzip_bomb_no_more_is_unpacked_than_is_allowed(doorway_redis: str, size: int) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(MEBIBYTE)) for _ in range(size // MEBIBYTE))
    bomb += packer.compress(bytes(size % MEBIBYTE)) + packer.flush()

    async def story() -> None:
        async with doorway(doorway_redis) as at:
            assert len(bomb) < MEBIBYTE
            assert len(Gzip().unpack(bomb, 10)) == 10
            assert await posted(at, bomb, **GZIP) == (413, "close")
            assert at.app.state.gateway.in_flight.held == 0
            assert at.stored() == {}

    run(story())


def test_what_unpacks_to_nothing_has_an_end_too(doorway_redis: str) -> None:
    packer = zlib.compressobj(wbits=31)
    nothing = packer.flush(zlib.Z_FULL_FLUSH) + b"".join(b"\0\0\0\xff\xff" for _ in range(MEBIBYTE // 5))

    async def story() -> None:
        async with doorway(doorway_redis) as at:
            assert len(nothing) > MEBIBYTE
            assert await posted(at, pieces(nothing), **GZIP) == (413, "close")

    run(story())


def test_gzip_to_the_largest_size_is_taken(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            packed = gzip.compress(padded(MEBIBYTE))
            assert (await posted(at, packed, **GZIP))[0] == 200
            one_by_one = pieces(*(packed[place : place + 1] for place in range(len(packed))))
            assert (await posted(at, one_by_one, **GZIP))[0] == 200

    run(story())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        gzip.compress(b"{}")[:-1],
        gzip.compress(b"{}") + b"x",
        gzip.compress(b"{}") + gzip.compress(b"{}"),
        gzip.compress(b"{}")[:-8] + bytes(8),
        zlib.compress(b"{}"),
    ],
)
def test_what_is_no_whole_gzip_is_refused(doorway_redis: str, body: bytes) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            assert (await posted(at, body, **GZIP))[0] == 400

    run(story())


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_encodings_are_refused(doorway_redis: str, encoding: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            assert (await posted(at, b"{}", **{"Content-Encoding": encoding}))[0] == 415

    run(story())


def test_a_body_that_does_not_arrive_in_time_is_given_up(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis, Limits(body_seconds=0.05)) as at:
            never = asyncio.Event()

            async def slow() -> AsyncIterator[bytes]:
                yield b'{"device":'
                await never.wait()

            assert await posted(at, slow()) == (408, "close")
            assert at.app.state.gateway.in_flight.held == 0
            assert at.stored() == {}

    run(story())


def test_more_items_than_allowed_are_refused_as_a_whole(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            before = at.stored()
            answer = await at.post("/v1/pings", [ping()] * 1_001)
            assert (answer.status_code, answer.json()["detail"]) == (422, "an array has at most 1000 items")
            assert at.stored() == before
            assert (await at.post("/v1/pings", [ping()] * 1_000)).json()["accepted"] == 1_000

    run(story())


def test_what_is_too_much_at_once_is_sent_away_and_comes_again(doorway_redis: str) -> None:
    async def story() -> None:
        going_on, begun = asyncio.Event(), asyncio.Event()

        async def hinder(_: object) -> None:
            begun.set()
            await going_on.wait()

        size = len(orjson.dumps(ping())) + Limits().request_bytes
        limits = Limits(bytes_in_flight=2 * size)
        async with doorway(doorway_redis, limits, lambda inner: Hindered(inner, hinder)) as at:
            await at.admit("phone")
            first = asyncio.create_task(at.post("/v1/pings", ping()))
            await begun.wait()
            second = asyncio.create_task(at.post("/v1/pings", ping()))
            while at.app.state.gateway.in_flight.held < 2 * size:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            third = await at.post("/v1/pings", ping())
            assert (third.status_code, third.headers["retry-after"]) == (503, "1")
            assert at.records(topics.PINGS) == []
            going_on.set()
            assert [(await each).status_code for each in (first, second)] == [200, 200]
            assert (await at.post("/v1/pings", ping())).status_code == 200
            assert len(at.records(topics.PINGS)) == 3

    run(story())


def test_a_sender_who_goes_away_leaves_nothing_behind(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            said = [{"type": "http.request", "body": b'{"dev', "more_body": True}, {"type": "http.disconnect"}]
            heard: list[object] = []

            async def receive() -> dict[str, object]:
                return said.pop(0)

            async def send(message: object) -> None:
                heard.append(message)

            headers = [(name.lower().encode(), value.encode()) for name, value in at.headers().items()]
            scope = {"type": "http", "method": "POST", "path": "/v1/pings", "headers": headers, "query_string": b""}
            await at.app(scope, receive, send)  # type: ignore[arg-type]  # bare ASGI
            assert heard == []
            assert at.app.state.gateway.in_flight.held == 0
            assert ("answered", "/v1/pings", 499) in at.counted.told

    run(story())
