"""One keyspace for each test: in process, on a real Redis, and on a Redis Cluster of one node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import uuid4

import pytest

from streams.tables.keyspace import Keyspace
from streams.tables.memory import MemoryKeyspace
from streams.tables.redis_keyspace import RedisKeyspace, connect
from streams.tables.tables import Tables

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs a coroutine; all of one test in one event loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def retailer() -> str:
    """A retailer that no other test writes to, on whatever server."""
    return f"retailer-{uuid4().hex}"


@pytest.fixture
def partition() -> int:
    """A partition that no other test writes to."""
    return uuid4().int >> 68


@pytest.fixture(params=["memory", "redis", "cluster"])
def peers(request: pytest.FixtureRequest, run: Run) -> Iterator[list[Keyspace]]:
    """Four workers before the same keys: on Redis each with connections of its own."""
    if request.param == "memory":
        yield [MemoryKeyspace(lambda: 0)] * 4
        return
    url = request.getfixturevalue("redis_url" if request.param == "redis" else "redis_cluster_url")
    connected: list[RedisKeyspace] = [run(connect(url)) for _ in range(4)]
    yield [*connected]
    for each in connected:
        run(each.close())


@pytest.fixture
def keyspace(peers: list[Keyspace]) -> Keyspace:
    """One of them."""
    return peers[0]


@pytest.fixture
def tables(keyspace: Keyspace) -> Tables:
    """All tables over it."""
    return Tables.over(keyspace)
