"""A Redis server for these tests alone, because they empty it and look at all that is in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.tables.server import RedisServer


@pytest.fixture(scope="session")
def doorway_redis() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stream looks at every few seconds, it looks at all the time."""
    monkeypatch.setattr("streams.delivery.PULSE", 0.02)
    monkeypatch.setattr("streams.gateway.offer_stream.HEARTBEAT", 0.05)
    monkeypatch.setattr("streams.gateway.keys.HELD", 0.02)
