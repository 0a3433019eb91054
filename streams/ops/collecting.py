"""Metrics that are looked up when they are asked for: lag, age, what can be reached, and whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from streams.ops.health import Health
from streams.topics import PINGS


class HealthCollector(Collector):
    """Of any process: whether it is ready, what it can reach, and its rules."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily | InfoMetricFamily]:
        """The families, made anew."""
        yield GaugeMetricFamily(
            "chalandise_ready", "1 where /readyz says ready.", value=0.0 if self._health.reasons() else 1.0
        )
        reached = GaugeMetricFamily("chalandise_server_up", "1 where the server answers.", labels=("server",))
        for reach in self._health.reaches:
            reached.add_metric((reach.server,), 0.0 if reach.away else 1.0)
        yield reached
        rules = InfoMetricFamily("chalandise_rules", "The rules in force, by their hash.", labels=("retailer",))
        for retailer, digest in self._health.rules.items():
            rules.add_metric((retailer,), {"hash": digest})
        yield rules


class WorkCollector(Collector):
    """Of a worker: how far behind it is. `newest` is in milliseconds, as is `clock`."""

    def __init__(self, health: Health, newest: Mapping[int, int], clock: Callable[[], int]) -> None:
        self._health = health
        self._newest = newest
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families, made anew; of partitions of other workers nothing is said."""
        lag = (self._health.work and self._health.work.lag()) or {}
        waiting = GaugeMetricFamily(
            *("chalandise_consumer_lag_records", "Records not yet processed, of partitions owned."),
            labels=("topic", "partition"),
        )
        for (topic, partition), count in lag.items():
            if count is not None:
                waiting.add_metric((topic, str(partition)), count)
        yield waiting
        yield self._ages({partition for topic, partition in lag if topic == PINGS.name})

    def _ages(self, owned: set[int]) -> GaugeMetricFamily:
        ages = GaugeMetricFamily(
            "chalandise_newest_ping_age_seconds",
            "Time since the broker took in the newest ping that was processed.",
            labels=("partition",),
        )
        for partition in sorted(owned & self._newest.keys()):
            ages.add_metric((str(partition),), max(0, self._clock() - self._newest[partition]) / 1_000)
        return ages
