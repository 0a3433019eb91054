"""The composition root: the only place where clients, tables and the Faust app are built, and put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import faust

from config import RetailerConfig, load_or_refuse
from config.settings import Settings
from streams import topics
from streams.agents import Clock, Observe, define_agents
from streams.collector import spare_the_collector
from streams.entries import Entries
from streams.errors import UserError
from streams.metrics import EngineMetrics
from streams.ops.health import Lag, Work
from streams.ops.process import Ops
from streams.ops.reach import WatchedProducer
from streams.pipeline import Pipeline
from streams.producers import EmbeddedProducer, KafkaProducer
from streams.retailers import Retailer, Retailers, retailer_secret, with_geofences
from streams.tables.keyspace import Keyspace
from streams.tables.redis_keyspace import connect
from streams.tables.server import RedisServer
from streams.tables.tables import Tables
from streams.transport.broker import Broker, wall_clock
from streams.transport.faust_app import new_faust_app, run
from streams.working import Patience

SAMPLE_SECRET = "a sample secret, for trying only"
EMBEDDED = "embedded://"


@dataclass
class Engine:
    """A worker with all it stands on. `broker` is the embedded one, or None on Kafka."""

    app: faust.App
    pipeline: Pipeline
    retailers: Retailers
    tables: Tables
    broker: Broker | None
    producer: WatchedProducer
    ops: Ops
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    broken: Exception | None = None

    async def run(self) -> None:
        """Work until `stop` is set; a broker that is not there yet is waited for. Raises what made it end before."""
        try:
            await self._until_broker_or_stop()
            if not self.stop.is_set():
                await run(self.app, self.stop)
            if self.broken is not None:
                raise self.broken
        finally:
            self.ops.health.ended = "the worker has ended"

    def lag(self) -> Lag | None:
        """Records not yet processed of each partition owned; None while none are assigned."""
        consumer: Any = self.app.consumer if self.app.started else None
        return consumer.lag() if consumer is not None and consumer.ownership.current else None

    async def _until_broker_or_stop(self) -> None:
        stopping = asyncio.create_task(self.stop.wait(), name="stop wanted")
        there = asyncio.create_task(Patience().until_done(self.producer.answers, lambda: None), name="broker there")
        try:
            done, _ = await asyncio.wait((stopping, there), return_when=asyncio.FIRST_COMPLETED)
            if there in done:
                there.result()
        finally:
            stopping.cancel()
            there.cancel()

    def end(self, error: Exception) -> None:
        """Stop, because of `error`: nothing more is committed."""
        self.broken = error
        self.stop.set()


def _nobody(*_: object) -> None:
    """Observes nothing."""


@asynccontextmanager
async def build_app(
    settings: Settings,
    retailers: Retailers | None = None,
    *,
    observe: Observe = _nobody,
    clock: Clock = wall_clock,
    state: Path | None = None,
) -> AsyncIterator[Engine]:
    """An engine built from `settings`, not yet run; on leaving, all that was opened is closed.

    Without `retailers` those of `settings.config` are read. Where `settings` names no Redis, a server of our own is
    started, that keeps its data under `state`, or for as long as it runs. Neither Redis nor the broker need be there:
    the work waits for them. `clock` is the worker's and, where it is embedded, the broker's.
    """
    retailers = retailers_of(settings) if retailers is None else retailers
    async with AsyncExitStack() as opened:
        url = settings.redis or opened.enter_context(RedisServer(state)).url
        ops = Ops(retailers)
        keyspace = ops.keyspace(partial(connect, url))
        opened.push_async_callback(keyspace.close)
        broker = _embedded_broker(settings, opened, clock)
        written = KafkaProducer(bootstrap(settings)) if broker is None else EmbeddedProducer(broker)
        opened.push_async_callback(written.stop)
        producer = ops.producer(written)
        tables = Tables.over(cast(Keyspace, keyspace), settings.presence_ttl)
        pipeline = Pipeline(retailers, producer)
        app = new_faust_app(settings.group, settings.broker, instance_id=settings.instance_id)
        engine = Engine(app, pipeline, retailers, tables, broker, producer, ops)
        work, metrics = Work(engine.lag), EngineMetrics(ops.registry, retailers)
        ops.watch_work(work, metrics.newest, clock)
        define_agents(
            *(app, pipeline, Entries(retailers, producer), tables, producer, metrics, work),
            clock=clock,
            observe=observe,
            end=engine.end,
            limit=settings.batch_limit,
        )
        spare_the_collector()
        yield engine


def retailers_of(settings: Settings, configs: Sequence[RetailerConfig] | None = None) -> Retailers:
    """The retailers that `settings.config` describes; raises `UserError` for none, `ConfigError` for findings."""
    if configs is None:
        if not settings.config:
            raise UserError("no retailer is configured: name the YAML files, or set CHALANDISE_CONFIG")
        configs = load_or_refuse(settings.config)
    secret = settings.secret.get_secret_value() if settings.secret is not None else _sample_secret(settings)
    return {each.retailer: _retailer(each, secret, settings.public_url) for each in configs}


def bootstrap(settings: Settings) -> list[str]:
    """The addresses behind `kafka://host:port[,host:port]`."""
    return [part.removeprefix("kafka://") for part in settings.broker.replace(",", ";").split(";")]


def _sample_secret(settings: Settings) -> str:
    if not settings.broker.startswith(EMBEDDED):
        raise UserError("CHALANDISE_SECRET is not set: coupon codes rest on it; give every worker the same long secret")
    return SAMPLE_SECRET


def _retailer(described: RetailerConfig, secret: str, public_url: str) -> Retailer:
    own = retailer_secret(secret, described.retailer)
    return with_geofences(described.rules, described.zones, described.places, own, public_url)


def _embedded_broker(settings: Settings, opened: AsyncExitStack, clock: Clock) -> Broker | None:
    if not settings.broker.startswith(EMBEDDED):
        return None
    # Presence in Redis may outlive this process, and with it the offsets it marks: never give one a second time.
    broker = opened.enter_context(Broker(settings.broker.removeprefix(EMBEDDED), clock=clock, first=clock()))
    for topic in topics.TOPICS:
        broker.create_topic(topic.name, topic.partitions(settings.partitions))
    return broker
