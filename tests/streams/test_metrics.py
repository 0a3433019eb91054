"""What a batch came to is counted once it is done, under labels that have a bound, and for next to nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from geofences.check_ins import CheckInDoubt
from geofences.fixes import FixRejection
from geofences.states import TransitionKind
from offers.coupons import TillAnswer
from offers.withheld import Withheld
from streams.batches import Batch, Processed, Rejection
from streams.decoding import DeadLetter, Fault
from streams.metrics import Agent, EngineMetrics, GatewayMetrics, Steps
from streams.records import Record
from streams.steps import Step
from tests.pipeline.boutique import Collected, Topics, Working, cut, memory_tables, run, town

EMPTY = Batch([], {})


def batch(*partitions: int, topic: str = "pings") -> Batch:
    """One record of each partition, a second apart."""
    return Batch([Record(topic, each, place, place * 1_000, b"", b"") for place, each in enumerate(partitions)], {})


class Counting:
    """Engine metrics and what is in them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = EngineMetrics(self.registry, ["boutique"])

    def of(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"chalandise_{name}", labels)


def test_what_is_counted_of_a_batch_adds_up() -> None:
    counting = Counting()
    processed = Processed(pings=3, check_ins=2, repeated=1, unseen=list(batch(*range(4)).records), unsaved=5)
    processed.rejections = [Rejection(FixRejection.STALE, "boutique", "phone", 0)] * 2
    processed.dead_letters = [DeadLetter(Fault.WRONG_KEY, "", "pings", 0, 0, None)]
    for _ in range(2):
        counting.metrics.observe(Agent.PINGS, processed, batch(0, 1))
    assert (counting.of("pings_total"), counting.of("check_ins_total"), counting.of("repeated_total")) == (6, 4, 2)
    assert (counting.of("dropped_without_consent_total"), counting.of("presences_unsaved_total")) == (8, 10)
    assert counting.of("rejections_total", reason="STALE") == 4
    assert counting.of("dead_letters_total", reason="WRONG_KEY") == 2
    assert counting.of("batch_records_sum", agent="pings") == 4


def test_a_town_is_counted_as_it_was_decided() -> None:
    counting = Counting()
    members, walked = town(walkers=4)
    sent, topics = Collected(), Topics()
    working = Working(memory_tables(), sent)

    async def story() -> None:
        await working.enter(topics.records(members))
        for records in cut(topics.records(walked), 7):
            counting.metrics.observe(Agent.PINGS, await working.work(records), Batch(records, {}))

    run(story())
    assert sent.reasons()
    for reason, count in sent.reasons().items():
        labels = ("offered", "") if reason == "offered" else ("withheld", reason)
        assert counting.of("decisions_total", outcome=labels[0], reason=labels[1]) == count
    assert counting.of("offers_total", retailer="boutique") == sent.reasons()["offered"] > 0
    assert counting.of("transitions_total", kind="ENTER")


@pytest.mark.parametrize(
    ("name", "label", "values"),
    [
        ("rejections_total", "reason", [*FixRejection, *CheckInDoubt]),
        ("dead_letters_total", "reason", list(Fault)),
        ("transitions_total", "kind", list(TransitionKind)),
        ("step_seconds_count", "step", list(Step)),
        ("batch_records_count", "agent", list(Agent)),
        ("offers_total", "retailer", ["boutique"]),
    ],
)
def test_every_value_of_a_label_is_there_from_the_start_at_zero(name: str, label: str, values: Sequence[str]) -> None:
    counting = Counting()
    assert [counting.of(name, **{label: value}) for value in values] == [0] * len(values)


def test_every_reason_of_a_decision_is_there_from_the_start() -> None:
    counting = Counting()
    assert [counting.of("decisions_total", outcome="withheld", reason=reason) for reason in Withheld] == [0] * len(
        Withheld
    )


def test_an_idle_batch_is_not_counted() -> None:
    counting = Counting()
    counting.metrics.steps.enter(Step.DECODE)
    counting.metrics.observe(Agent.PINGS, Processed(), EMPTY)
    assert counting.of("batch_records_count", agent="pings") == 0
    assert counting.of("step_seconds_count", step="decode") == 0


def test_the_newest_ping_of_each_partition_is_known_and_check_ins_do_not_count() -> None:
    counting = Counting()
    counting.metrics.observe(Agent.PINGS, Processed(), batch(0, 1, 0))
    counting.metrics.observe(Agent.PINGS, Processed(), batch(1, 1, 1, 1, 1, topic="checkins"))
    counting.metrics.observe(Agent.FACTS, Processed(entered=1), batch(0, 0, 0, 0, topic="purchases"))
    assert counting.metrics.newest == {0: 2_000, 1: 1_000}


class Timed:
    """Steps on a clock set by hand."""

    def __init__(self) -> None:
        self.registry, self.now = CollectorRegistry(), 0.0
        self.steps = Steps(self.registry, lambda: self.now)

    def go(self, *steps: tuple[Step, float]) -> None:
        for step, seconds in steps:
            self.steps.enter(step)
            self.now += seconds

    def spent(self, step: Step) -> tuple[float | None, float | None]:
        """How often, and seconds in all."""
        names = (f"chalandise_step_seconds_{each}" for each in ("count", "sum"))
        count, seconds = (self.registry.get_sample_value(name, {"step": step}) for name in names)
        return count, seconds


def test_a_step_that_comes_again_in_a_batch_is_timed_as_one() -> None:
    timed = Timed()
    timed.go((Step.DECODE, 1.0), (Step.LOAD, 2.0), (Step.CLAIM, 4.0), (Step.LOAD, 8.0), (Step.CLAIM, 16.0))
    timed.steps.done()
    assert timed.spent(Step.DECODE) == (1, 1.0)
    assert timed.spent(Step.LOAD) == (1, 10.0)
    assert timed.spent(Step.CLAIM) == (1, 20.0)
    assert timed.spent(Step.SAVE) == (0, 0.0)


def test_a_batch_that_was_cut_off_and_tried_again_is_timed_once_without_the_pause() -> None:
    timed = Timed()
    timed.go((Step.DECODE, 1.0), (Step.ADMIT, 60.0), (Step.DECODE, 2.0), (Step.ADMIT, 3.0))
    timed.steps.done()
    timed.steps.done()
    assert (timed.spent(Step.DECODE), timed.spent(Step.ADMIT)) == ((1, 2.0), (1, 3.0))


def test_a_bound_of_a_histogram_belongs_to_what_is_below_it() -> None:
    timed = Timed()
    for seconds in (0.001, 0.0011, 100.0):
        timed.go((Step.DECODE, seconds))
        timed.steps.done()
    found = {
        sample.labels["le"]: sample.value
        for family in timed.registry.collect()
        for sample in family.samples
        if sample.name.endswith("_bucket") and sample.labels["step"] == Step.DECODE
    }
    assert (found["0.0003"], found["0.001"], found["0.003"], found["3.0"], found["+Inf"]) == (0, 1, 2, 2, 3)


def test_counting_costs_far_less_than_a_microsecond_a_ping() -> None:
    """0.2 us on the machine where it was written; the bound is wide, because others may use this one too."""
    metrics, full, processed = Counting().metrics, batch(*([0, 1, 2, 3] * 64)), Processed(pings=256)

    def once() -> float:
        began = time.process_time()
        for _ in range(200):
            for step in Step:
                metrics.steps.enter(step)
            metrics.observe(Agent.PINGS, processed, full)
        return (time.process_time() - began) / 200 / 256

    assert min(once() for _ in range(5)) < 1e-6


def test_the_doors_are_counted() -> None:
    registry = CollectorRegistry()
    doors = GatewayMetrics(registry)
    doors.accepted("ping", 20)
    doors.rejected("ping", Fault.WRONG_TYPE)
    doors.without_consent("ping", 3)
    doors.redeemed(TillAnswer.ACCEPTED)
    doors.answered("/v1/pings", 200, 0.002)
    doors.watch_streams(lambda: 7)
    found = {
        (sample.name.removeprefix("chalandise_gateway_"), *sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
    }
    assert found["accepted_total", "ping"] == 20
    assert found["accepted_total", "purchase"] == 0
    assert found["rejected_total", "ping", "WRONG_TYPE"] == 1
    assert found["dropped_without_consent_total", "ping"] == 3
    assert (found["redemptions_total", "ACCEPTED"], found["redemptions_total", "EXPIRED"]) == (1, 0)
    assert found["requests_total", "/v1/pings", "200"] == found["request_seconds_count", "/v1/pings"] == 1
    assert found[("offer_streams",)] == 7
