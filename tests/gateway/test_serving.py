"""The gateway on a real port: what sockets do, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from streams import topics
from streams.errors import UserError
from streams.gateway.doors import Doors
from streams.gateway.limits import Limits
from streams.gateway.serving import serving
from streams.tables.server import RedisServer
from tests.gateway.doorway import Doorway, Hindered, doorway, ping, run


@asynccontextmanager
async def on_a_port(at: Doorway, limits: Limits | None = None) -> AsyncIterator[tuple[str, int]]:
    async with serving(at.doors, "127.0.0.1", 0, limits) as address:
        yield address, int(address.rpartition(":")[2])


def request(at: Doorway, length: int) -> bytes:
    key = at.headers()["Authorization"]
    return f"POST /v1/pings HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: {length}\r\n\r\n".encode()


async def said_and_closed(port: int, sent: bytes) -> bytes:
    """What is answered to an unfinished request, until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(10):
        told = await reader.read()
    writer.close()
    return told.partition(b"\r\n")[0]


def test_a_body_that_never_ends_is_answered_and_its_connection_closed(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at, on_a_port(at, Limits(body_seconds=0.1)) as (_, port):
            assert await said_and_closed(port, request(at, 100) + b'{"device":') == b"HTTP/1.1 408 Request Timeout"
            told = await said_and_closed(port, request(at, 2_000_000))
            assert told.startswith(b"HTTP/1.1 413 ")

    run(story())


def test_an_answer_is_not_held_back_until_the_phone_acknowledges(doorway_redis: str) -> None:
    async def story() -> None:
        async with (
            doorway(doorway_redis) as at,
            on_a_port(at) as (address, _),
            httpx.AsyncClient(base_url=address, headers=at.headers()) as client,
        ):
            await client.post("/v1/pings", json=[])
            began = asyncio.get_running_loop().time()
            for _ in range(50):
                assert (await client.post("/v1/pings", json=[])).status_code == 200
            assert asyncio.get_running_loop().time() - began < 50 * 0.04

    run(story())


def test_a_request_under_way_is_finished_when_the_gateway_ends(doorway_redis: str) -> None:
    begun, going_on, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hinder(_: object) -> None:
        begun.set()
        await going_on.wait()

    async def story() -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        async with doorway(doorway_redis, around=lambda inner: Hindered(inner, hinder)) as at:
            await at.admit("phone")
            served = asyncio.create_task(serve_until(stop, at.doors, port))
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=at.headers()) as client:
                await until_it_listens(port)
                answer = asyncio.create_task(client.post("/v1/pings", json=ping()))
                await begun.wait()
                stop.set()
                await asyncio.sleep(0)
                going_on.set()
                assert (await answer).json()["accepted"] == 1
            await served
            assert len(at.records(topics.PINGS)) == 1
            with pytest.raises(OSError, match="Connect call failed"):
                await asyncio.open_connection("127.0.0.1", port)

    run(story())


async def serve_until(stop: asyncio.Event, doors: Doors, port: int) -> None:
    async with serving(doors, "127.0.0.1", port):
        await stop.wait()


async def until_it_listens(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return


def test_a_port_that_is_taken_is_a_users_error(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at, on_a_port(at) as (_, port):
            with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
                async with serving(at.doors, "127.0.0.1", port):
                    pass

    run(story())


def test_a_redis_that_hangs_is_waited_for_no_longer_than_an_answer_may_take(own_redis: RedisServer) -> None:
    async def story() -> None:
        limits = Limits(answer_seconds=0.3)
        async with doorway(own_redis.url, limits) as at:
            await at.admit("phone")
            assert (await at.post("/v1/pings", ping())).status_code == 200
            server = own_redis.pid
            assert server is not None
            os.kill(server, signal.SIGSTOP)
            try:
                hung = await asyncio.gather(*(at.post("/v1/pings", ping()) for _ in range(5)))
                assert {each.status_code for each in hung} == {503}
                at.app.state.gateway.keyring._until = 0.0
                async with asyncio.timeout(5):
                    hung = await asyncio.gather(*(at.post("/v1/pings", ping()) for _ in range(20)))
                assert {each.status_code for each in hung} == {503}
            finally:
                os.kill(server, signal.SIGCONT)
            assert (await at.post("/v1/pings", ping())).status_code == 200

    run(story())
