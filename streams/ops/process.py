"""What a process, worker or gateway, tells operations: put together by whoever builds it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from prometheus_client import CollectorRegistry, ProcessCollector

from streams.metrics import InfrastructureMetrics
from streams.ops.collecting import HealthCollector, WorkCollector
from streams.ops.health import Health, Work
from streams.ops.reach import AnsweringProducer, LateKeyspace, Reach, Server, WatchedProducer
from streams.retailers import Retailers
from streams.tables import keys
from streams.tables.keyspace import Keyspace


class Ops:
    """The registry and the health of one process; what stands on Redis and the broker is watched through it."""

    def __init__(self, retailers: Retailers) -> None:
        self.registry = CollectorRegistry()
        self.health = Health({name: each.rules.hash for name, each in retailers.items()})
        self._failed = InfrastructureMetrics(self.registry).failed
        self.registry.register(HealthCollector(self.health))
        ProcessCollector(registry=self.registry)

    def keyspace(self, connect: Callable[[], Awaitable[Any]]) -> LateKeyspace:
        """A keyspace that connects when it is first asked; whether it answers is known from then on."""
        reach = Reach(Server.REDIS, self._failed)
        late = LateKeyspace(connect, reach)
        question = keys.timers(0)
        self.health.ask(reach, lambda: cast(Keyspace, late).read([question]))
        return late

    def producer(self, inner: AnsweringProducer) -> WatchedProducer:
        """`inner`; whether the broker answers is known from then on."""
        reach = Reach(Server.BROKER, self._failed)
        watched = WatchedProducer(inner, reach)
        self.health.ask(reach, watched.answers)
        return watched

    def watch_work(self, work: Work, newest: Mapping[int, int], clock: Callable[[], int]) -> None:
        """The process is a worker. `newest` is the time of the newest ping of each partition, `clock` ms UTC."""
        self.health.work = work
        self.registry.register(WorkCollector(self.health, newest, clock))
