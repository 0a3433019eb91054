"""Servers of a bench's own, on loopback, for as long as it runs: it deletes all that is there between two runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.tables.server import RedisServer
from tests.brokers import KafkaBroker


@contextmanager
def kafka() -> Iterator[str]:
    """The address of a broker."""
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
    with RedisServer() as own:
        yield own.url
