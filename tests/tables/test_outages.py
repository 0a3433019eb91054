"""Redis that is away, comes back, forgot its scripts, or is left in the middle of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from streams.errors import InfrastructureError
from streams.tables.keys import key
from streams.tables.keyspace import Change, GivenPlace, Keyspace, Reservation
from streams.tables.redis_keyspace import RedisKeyspace, connect
from streams.tables.server import RedisServer
from tests.tables.conftest import Run

TTL = 60_000
NAMES = [key("profile", f"galerie|{member}") for member in range(100)]


@pytest.fixture(scope="module", params=["redis", "cluster"])
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server of these tests alone, with its file."""
    with RedisServer(tmp_path_factory.mktemp("redis"), cluster_enabled=request.param == "cluster") as server:
        yield server


@pytest.fixture
def server(started: RedisServer) -> RedisServer:
    """The same, running, empty, and as it was configured."""
    if started.pid is None:
        started.start()
    with redis.Redis.from_url(started.url) as client:
        client.client_unpause()
        client.config_set("maxmemory", 0)
        client.flushall()
    return started


@pytest.fixture
def keyspace(server: RedisServer, run: Run) -> Iterator[RedisKeyspace]:
    connected: RedisKeyspace = run(connect(server.url))
    yield connected
    run(connected.close())


def writing(value: bytes, expected: bytes | None = None) -> list[list[Change]]:
    return [[Change(name, expected, value, TTL)] for name in NAMES]


CALLS: dict[str, Callable[[Keyspace], object]] = {
    "read": lambda keyspace: keyspace.read(NAMES),
    "replace": lambda keyspace: keyspace.replace(writing(b"1")),
    "save": lambda keyspace: keyspace.save(
        [(key("presence", "galerie|p"), key("admission", "galerie|p"), b"", None, b"1")], TTL
    ),
    "reserve": lambda keyspace: keyspace.reserve([Reservation(key("places", "galerie|a"), "1", 1, 0, 1)]),
    "note": lambda keyspace: keyspace.note([GivenPlace(key("places", "galerie|a"), "1", 9)]),
    "release": lambda keyspace: keyspace.release(key("places", "galerie|a"), "1"),
    "due": lambda keyspace: keyspace.due(0, 0, 1),
    "rearm": lambda keyspace: keyspace.rearm({0: {"galerie|phone": 1}}),
}


def test_every_call_says_that_redis_is_away_and_works_again_by_itself(
    server: RedisServer, keyspace: RedisKeyspace, run: Run
) -> None:
    run(keyspace.replace(writing(b"before")))
    server.stop()
    for call in CALLS.values():
        for _ in range(2):
            with pytest.raises(InfrastructureError, match="Redis"):
                run(call(keyspace))
    server.start()
    assert run(keyspace.read(NAMES)) == [b"before"] * 100
    for call in CALLS.values():
        run(call(keyspace))


def test_a_server_that_was_killed_and_came_back_between_two_calls_is_away_at_most_once(
    server: RedisServer, keyspace: RedisKeyspace, run: Run
) -> None:
    run(keyspace.replace(writing(b"before")))
    server.kill()
    server.start()
    with suppress(InfrastructureError):
        run(keyspace.read(NAMES))
    assert run(keyspace.read(NAMES)) == [b"before"] * 100


def test_scripts_that_a_restarted_server_does_not_know_are_loaded_again(
    server: RedisServer, keyspace: RedisKeyspace, run: Run
) -> None:
    for flush in range(2):
        with redis.Redis.from_url(server.url) as client:
            client.script_flush()
        places = key("places", f"galerie|{flush}")
        reservations = [Reservation(places, str(each), 2, 0, 1) for each in range(3)]
        assert run(keyspace.reserve(reservations)) == [True, True, False]
        with redis.Redis.from_url(server.url) as client:
            client.script_flush()
        assert run(keyspace.replace(writing(b"%d" % flush, b"0" if flush else None))) == [True] * 100


def test_connecting_to_nothing_says_so(tmp_path: Path, run: Run) -> None:
    server = RedisServer(tmp_path / "redis")
    with server:
        url = server.url
    with pytest.raises(InfrastructureError, match="Redis is away"):
        run(connect(url))


def test_a_mistake_of_ours_is_not_called_an_outage(server: RedisServer, keyspace: RedisKeyspace, run: Run) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.lpush(NAMES[0], "a list")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        run(keyspace.replace(writing(b"1")[:1]))


def test_a_server_out_of_memory_is_an_outage_and_reading_goes_on(
    server: RedisServer, keyspace: RedisKeyspace, run: Run
) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(InfrastructureError, match="maxmemory"):
            run(keyspace.replace(writing(b"1")))
        assert run(keyspace.read(NAMES)) == [None] * 100
        client.config_set("maxmemory", 0)
    assert run(keyspace.replace(writing(b"1"))) == [True] * 100


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
@pytest.mark.parametrize("name", ["replace", "reserve", "note"])
def test_a_call_that_was_left_in_the_middle_does_not_answer_the_next(
    server: RedisServer, keyspace: RedisKeyspace, run: Run, name: str, how: str
) -> None:
    """Writes are paused while a call waits for its reply; the calls after it must get their own."""
    before = [b"%d" % place for place in range(100)]
    run(keyspace.replace([[Change(name, None, value, TTL)] for name, value in zip(NAMES, before, strict=True)]))

    async def leave_one(client: redis.Redis) -> None:
        def waiting() -> bool:
            return client.info("clients")["blocked_clients"] > 0

        client.client_pause(60_000, all=False)
        left = asyncio.ensure_future(CALLS[name](keyspace))  # type: ignore[arg-type]  # each call has its own
        await until(waiting)
        if how == "cancelled":
            left.cancel()
        with pytest.raises((asyncio.CancelledError, TimeoutError)):
            await asyncio.wait_for(left, 0.001)
        assert await keyspace.read(NAMES) == before
        client.client_unpause()
        for _ in range(5):
            assert await keyspace.read(NAMES) == before
            assert await keyspace.due(7, 0, 1) == []

    with redis.Redis.from_url(server.url) as client:
        run(leave_one(client))
