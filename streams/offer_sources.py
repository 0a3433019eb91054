"""Where offers are read as they are written: the topic's newest end, all partitions, without a group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from streams import topics
from streams.errors import InfrastructureError
from streams.transport.broker import Broker
from streams.transport.broker_log import broker_log

FETCH_WAIT_MS = 50
PATIENCE = 10.0
"""Seconds to begin."""

Found = tuple[bytes | None, bytes | None]
"""Key and value of a record."""


class OfferSource(Protocol):
    """Where the topic `offers` is read."""

    def read(self) -> AsyncGenerator[Sequence[Found], None]:
        """What is written from now on, in what comes together; first, empty, that reading begins.

        Raises `InfrastructureError` where the broker is away and does not come back by itself.
        """


class EmbeddedOffers:
    """The topic on the embedded broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def read(self) -> AsyncGenerator[Sequence[Found], None]:
        """See `OfferSource`; ends when the broker is closed."""
        yield []
        async for record in self._broker.read(topics.OFFERS.name):
            yield [(record.key, record.value)]


class KafkaOffers:
    """The topic on Apache Kafka; partitions that are added are read, too, `refresh_ms` later at most."""

    def __init__(
        self, bootstrap: str | list[str], *, topic: str = topics.OFFERS.name, refresh_ms: int = 30_000
    ) -> None:
        self._topic = topic
        self._options = {
            "bootstrap_servers": bootstrap,
            "client_id": "chalandise-delivery",
            "group_id": None,
            "auto_offset_reset": "latest",
            "enable_auto_commit": False,
            "fetch_max_wait_ms": FETCH_WAIT_MS,
            "metadata_max_age_ms": refresh_ms,
            "request_timeout_ms": int(PATIENCE * 1_000),
        }

    async def read(self) -> AsyncGenerator[Sequence[Found], None]:
        """See `OfferSource`."""
        broker_log.install()
        consumer = AIOKafkaConsumer(self._topic, **self._options)
        try:
            await self._begin(consumer)
            yield []
            while True:
                fetched = await consumer.getmany(timeout_ms=1_000)
                broker_log.say_back_if_quiet()
                yield [(record.key, record.value) for records in fetched.values() for record in records]
        except (KafkaError, TimeoutError) as error:
            raise InfrastructureError(f"offers cannot be read: {error!r}") from error
        finally:
            await consumer.stop()

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        async with asyncio.timeout(PATIENCE):
            await consumer.start()
            if not consumer.assignment() or not await consumer.seek_to_end():
                raise InfrastructureError(f"offers cannot be read: no topic {self._topic} yet, or no answer")
