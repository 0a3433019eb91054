"""A Redis server for these tests alone, because they empty it and look at all that is in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.tables.server import RedisServer


@pytest.fixture(scope="session")
def doorway_redis() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url
