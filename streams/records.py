"""What moves over a topic: records read, records to be written, and the one way to write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """One record as a broker handed it to us. `timestamp` is the broker's (log append time), milliseconds UTC."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to be written; its key chooses the partition."""

    topic: str
    key: bytes
    value: bytes | None


class Producer(Protocol):
    """Writes records so that they are there once the call returns."""

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """Write all `records`, in their order within a key, and wait until each is acknowledged by all replicas.

        Raises `InfrastructureError` where the broker cannot be had; the caller tries again, and writes the same bytes.
        """
