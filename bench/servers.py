"""Servers for a bench: those that KAFKA_BOOTSTRAP and REDIS_URL name, or our own, on loopback."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.tables.server import RedisServer
from tests.brokers import KafkaBroker


@contextmanager
def kafka() -> Iterator[str]:
    """The address of a broker."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory() as directory:
        own = KafkaBroker(Path(directory) / "broker")
        own.start()
        try:
            yield own.bootstrap
        finally:
            own.kill()


@contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis server."""
    given = os.environ.get("REDIS_URL")
    if given:
        yield given
        return
    with RedisServer() as own:
        yield own.url
