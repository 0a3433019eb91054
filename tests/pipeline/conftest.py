"""Where the tests of the pipeline keep what they know: a real server of their own, emptied before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from streams.tables.server import RedisServer
from streams.tables.tables import Tables
from tests.pipeline.boutique import empty, memory_tables, redis_tables

OpenTables = Callable[[], AbstractAsyncContextManager[Tables]]


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[str]:
    """A server for these tests alone, because its timers are named by partition, whoever's they are."""
    with RedisServer() as server:
        yield server.url


@pytest.fixture
def emptied_redis(shared_redis: str) -> str:
    """That server, with nothing in it."""
    empty(shared_redis)
    return shared_redis


@pytest.fixture(params=["memory", "redis"])
def open_tables(request: pytest.FixtureRequest) -> OpenTables:
    """Empty tables at each call: in process, then on a real server."""
    if request.param == "redis":
        url = request.getfixturevalue("emptied_redis")

        @asynccontextmanager
        async def opened() -> AsyncIterator[Tables]:
            empty(url)
            async with redis_tables(url) as tables:
                yield tables
    else:

        @asynccontextmanager
        async def opened() -> AsyncIterator[Tables]:
            yield memory_tables()

    return opened
