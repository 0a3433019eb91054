"""A gateway of its own, put together from the settings: Kafka, Redis and the retailers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import cast

from config.settings import Settings
from streams.app import EMBEDDED, bootstrap, retailers_of
from streams.collector import spare_the_collector
from streams.delivery import delivering
from streams.errors import UserError
from streams.gateway.doors import Doors
from streams.metrics import GatewayMetrics
from streams.offer_sources import KafkaOffers
from streams.ops.process import Ops
from streams.producers import KafkaProducer
from streams.tables.keyspace import Keyspace
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables

WRITE_WITHIN_MS = 3_000
"""A phone waits for the broker no longer than this; a worker, which has time, does."""


@asynccontextmanager
async def build_doors(settings: Settings) -> AsyncIterator[tuple[Doors, Ops]]:
    """The doors that `settings` describe, and what operations see of them; on leaving, all that was opened is closed.

    Neither Redis nor the broker need be there: requests get 503 until they are. Raises `UserError` for an embedded
    broker or no Redis, which nobody could share.
    """
    url = shared_redis(settings)
    if settings.broker.startswith(EMBEDDED):
        raise UserError(
            "a gateway of its own writes to a broker that workers read: set CHALANDISE_BROKER=kafka://…, "
            "or use `chalandise up`, which has a gateway"
        )
    async with AsyncExitStack() as opened:
        retailers = retailers_of(settings)
        ops = Ops(retailers)
        keyspace = ops.keyspace(partial(connect, url))
        opened.push_async_callback(keyspace.close)
        producer = ops.producer(_writing(settings, opened))
        tills = producer.beside(_writing(settings, opened))
        tables = Tables.over(cast(Keyspace, keyspace), settings.presence_ttl)
        delivery = await opened.enter_async_context(delivering(KafkaOffers(bootstrap(settings))))
        counts = GatewayMetrics(ops.registry)
        counts.watch_streams(delivery.listening)
        spare_the_collector()
        yield Doors(retailers, tables, producer, delivery=delivery, counts=counts, till_producer=tills), ops


def _writing(settings: Settings, opened: AsyncExitStack) -> KafkaProducer:
    producer = KafkaProducer(bootstrap(settings), request_timeout_ms=WRITE_WITHIN_MS)
    opened.push_async_callback(producer.stop)
    return producer


def shared_redis(settings: Settings) -> str:
    """Where Redis is. Raises `UserError` where none is named: one of our own would know nothing that others do."""
    if settings.redis is None:
        raise UserError("no Redis is named: set CHALANDISE_REDIS=redis://… to the one that the workers use")
    return settings.redis
