"""Fixtures: a real Redis server for a test. One of ours from the wheel, or the one that REDIS_URL names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.tables.server import RedisServer


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A single server for the whole run: REDIS_URL, or our own. Tests share it: use keys of your own, or a retailer."""
    if given := os.environ.get("REDIS_URL"):
        yield given
        return
    with RedisServer() as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_cluster_url() -> Iterator[str]:
    """A Redis Cluster of one node, always our own: it refuses what a cluster of many would refuse."""
    with RedisServer(cluster_enabled=True) as server:
        yield server.url


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A running server of this test alone, to stop, kill and start again on the same port and the same data."""
    with RedisServer(tmp_path / "redis") as server:
        yield server
