"""What is counted and timed, in a registry of its own; aggregated by batch, because a ping costs some 35 us.

The values of labels are members of enums and names from the configuration, so there is a bound to the series.
`docs/metrics.md` lists all of them with type, labels, unit and alert.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import accumulate, chain

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from geofences.check_ins import CheckInDoubt
from geofences.fixes import FixRejection
from geofences.states import TransitionKind
from offers.coupons import TillAnswer
from offers.withheld import Withheld
from streams import topics
from streams.batches import Batch, Processed
from streams.decoding import Fault
from streams.events import TYPES
from streams.ops.reach import Server
from streams.steps import Step

STEP_BOUNDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Seconds: from one step of a small batch in process to a server that is hardly there."""
SIZE_BOUNDS = (1, 4, 16, 64, 128, 256, 1_024, 4_096)
"""Records."""
REQUEST_BOUNDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Seconds."""

OFFERED, WITHHELD = "offered", "withheld"


class Agent(StrEnum):
    """Who works a batch."""

    PINGS = "pings"
    """Pings and check-ins."""
    FACTS = "facts"
    """Everything else."""


class CounterBy:
    """A counter with one label, whose values are all there from the start, at zero."""

    def __init__(self, registry: CollectorRegistry, name: str, told: str, label: str, values: Iterable[str]) -> None:
        counter = Counter(name, told, (label,), registry=registry)
        self._of = {value: counter.labels(value) for value in values}

    def add(self, values: Iterable[str]) -> None:
        """Count each."""
        for value, times in Tally(values).items():
            self._of[value].inc(times)


class Distribution(Collector):
    """A histogram with one label, all of whose values are there from the start.

    The library's own locks and costs some 2 us an observation, of which a batch makes a dozen; the loop alone writes
    here, so it goes without: 0.3 us.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        name: str,
        told: str,
        label: str,
        values: Iterable[str],
        bounds: Sequence[float],
    ) -> None:
        self._named = name, told, label
        self._bounds = bounds
        self._counts = {value: [0] * (len(bounds) + 1) for value in values}
        self._sums = dict.fromkeys(self._counts, 0.0)
        registry.register(self)

    def add(self, value: str, observed: float) -> None:
        """Count what was observed."""
        self._counts[value][bisect_left(self._bounds, observed)] += 1
        self._sums[value] += observed

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The family, made anew."""
        name, told, label = self._named
        family = HistogramMetricFamily(name, told, labels=(label,))
        bounds = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        for value, counts in self._counts.items():
            below = list(zip(bounds, map(float, accumulate(counts)), strict=True))
            family.add_metric((value,), below, self._sums[value])
        yield family


class Steps:
    """The wall time of each step of a batch; the gate of the pipeline is its clock."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float] = time.perf_counter) -> None:
        self._seconds = Distribution(
            *(registry, "chalandise_step_seconds", "Wall time of one step of one batch, all its rounds together."),
            *("step", Step, STEP_BOUNDS),
        )
        self._clock = clock
        self._entered: list[tuple[Step, float]] = []

    def enter(self, step: Step) -> None:
        """A step begins. With the first one a batch does, and what was measured of one that was cut off is dropped."""
        if step is Step.DECODE:
            self._entered.clear()
        self._entered.append((step, self._clock()))

    def done(self) -> None:
        """The batch is done."""
        spent: dict[Step, float] = {}
        until = self._clock()
        for step, since in reversed(self._entered):
            spent[step] = spent.get(step, 0.0) + until - since
            until = since
        self._entered.clear()
        for step, seconds in spent.items():
            self._seconds.add(step, seconds)


class EngineMetrics:
    """What a worker counts. `newest` is the broker's time (ms) of the newest ping processed in each partition."""

    def __init__(self, registry: CollectorRegistry, retailers: Iterable[str]) -> None:
        self.newest: dict[int, int] = {}
        self.steps = Steps(registry)
        self._count_inputs(registry)
        self._count_outcomes(registry, retailers)
        self._sizes = Distribution(
            *(registry, "chalandise_batch_records", "Records worked together; idle batches are left out."),
            *("agent", Agent, SIZE_BOUNDS),
        )

    def _count_inputs(self, registry: CollectorRegistry) -> None:
        def counter(name: str, told: str) -> Counter:
            return Counter(f"chalandise_{name}", told, registry=registry)

        self._pings = counter("pings", "Pings whose fix was looked at, believed or not.")
        self._check_ins = counter("check_ins", "Check-ins that were looked at, believed or not.")
        self._entered = counter("facts_entered", "Messages of all other topics that were entered.")
        self._repeated = counter("repeated", "Pings and check-ins that had been applied before.")
        self._without_consent = counter("dropped_without_consent", "Pings and check-ins dropped for want of consent.")
        self._unsaved = counter("presences_unsaved", "Presences not saved: they or their consent changed meanwhile.")

    def _count_outcomes(self, registry: CollectorRegistry, retailers: Iterable[str]) -> None:
        def counts(name: str, told: str, label: str, values: Iterable[str]) -> CounterBy:
            return CounterBy(registry, f"chalandise_{name}", told, label, values)

        doubts = chain(FixRejection, CheckInDoubt)
        self._rejections = counts("rejections", "Fixes and check-ins that were not believed.", "reason", doubts)
        self._transitions = counts("transitions", "Transitions of geofences.", "kind", TransitionKind)
        self._dead_letters = counts("dead_letters", "Records that are no message.", "reason", Fault)
        self._offers = counts("offers", "Offers made.", "retailer", retailers)
        decisions = Counter(
            "chalandise_decisions",
            "Decisions made; what was found already decided is not counted again.",
            ("outcome", "reason"),
            registry=registry,
        )
        self._decided = {reason: decisions.labels(WITHHELD, reason) for reason in Withheld}
        self._offered = decisions.labels(OFFERED, "")

    def observe(self, agent: Agent, processed: Processed, batch: Batch) -> None:
        """A batch is done."""
        if not batch.records and not processed.records:
            return
        self._sizes.add(agent, len(batch.records))
        self._take_inputs(processed)
        self._take_outcomes(processed)
        if agent is Agent.PINGS:
            self.steps.done()
            self.newest.update(_newest(batch))

    def _take_inputs(self, processed: Processed) -> None:
        for counter, count in (
            (self._pings, processed.pings),
            (self._check_ins, processed.check_ins),
            (self._entered, processed.entered),
            (self._repeated, processed.repeated),
            (self._without_consent, processed.without_consent),
            (self._unsaved, processed.unsaved),
        ):
            if count:
                counter.inc(count)

    def _take_outcomes(self, processed: Processed) -> None:
        if processed.rejections:
            self._rejections.add(each.reason for each in processed.rejections)
        if processed.transitions:
            self._transitions.add(transition.kind for _, _, transition in processed.transitions)
        if processed.dead_letters:
            self._dead_letters.add(letter.reason for letter in processed.dead_letters)
        if processed.verdicts:
            self._take_verdicts(processed)

    def _take_verdicts(self, processed: Processed) -> None:
        found = chain.from_iterable(verdict.decisions for _, verdict in processed.verdicts)
        for reason, count in Tally(decision.reason for decision in found).items():
            (self._offered if reason is None else self._decided[reason]).inc(count)
        self._offers.add(occasion.retailer for occasion, verdict in processed.verdicts if verdict.offer is not None)


class InfrastructureMetrics:
    """Errors of Redis and of the broker, counted in `streams.ops.reach`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._errors = CounterBy(
            *(registry, "chalandise_infrastructure_errors", "Calls to Redis or the broker that failed.", "server"),
            Server,
        )

    def failed(self, server: Server) -> None:
        """A call failed."""
        self._errors.add((server,))


def _newest(batch: Batch) -> Mapping[int, int]:
    """The broker's time of the last ping of each partition, whose records stand in their order."""
    return {record.partition: record.timestamp for record in batch.records if record.topic == topics.PINGS.name}


class GatewayMetrics:
    """What the doors count: `streams.gateway.doors.Counts`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._count_items(registry)
        self._requests = Counter(
            "chalandise_gateway_requests", "Requests answered.", ("route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "chalandise_gateway_request_seconds",
            "From a request's head to the head of its answer.",
            ("route",),
            buckets=REQUEST_BOUNDS,
            registry=registry,
        )
        self._streams = Gauge("chalandise_gateway_offer_streams", "Streams of offers held open.", registry=registry)
        self._redemptions = CounterBy(
            *(registry, "chalandise_gateway_redemptions", "What tills were told.", "answer", TillAnswer)
        )

    def _count_items(self, registry: CollectorRegistry) -> None:
        kinds = ("type",)
        self._accepted = Counter(
            "chalandise_gateway_accepted", "Messages that Kafka has acknowledged.", kinds, registry=registry
        )
        self._rejected = Counter(
            "chalandise_gateway_rejected", "Items that are no message.", ("type", "reason"), registry=registry
        )
        self._without_consent = Counter(
            *("chalandise_gateway_dropped_without_consent", "Messages dropped for want of consent.", kinds),
            registry=registry,
        )
        for kind in TYPES:
            self._accepted.labels(kind)
            self._without_consent.labels(kind)

    def watch_streams(self, held_open: Callable[[], int]) -> None:
        """Ask `held_open` how many streams of offers there are, whenever metrics are asked for."""
        self._streams.set_function(held_open)

    def accepted(self, kind: str, count: int) -> None:
        """Messages that the broker has acknowledged."""
        self._accepted.labels(kind).inc(count)

    def rejected(self, kind: str, reason: str) -> None:
        """An item that is no message, by its `Fault`."""
        self._rejected.labels(kind, reason).inc()

    def without_consent(self, kind: str, count: int) -> None:
        """Messages of devices without consent, dropped before they were stored anywhere."""
        self._without_consent.labels(kind).inc(count)

    def redeemed(self, answer: str) -> None:
        """What a till was told."""
        self._redemptions.add((answer,))

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request, by the route it took (not its address), and how long it took in seconds."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
