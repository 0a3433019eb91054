"""Finding one decision by the id of its offer, its trigger or its own: in files, or on Kafka by the id's time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from geofences.ids import time_of
from streams import topics
from streams.errors import InfrastructureError, UserError
from streams.replay import FILES
from streams.told import DecisionTold, OfferTold, Told, read_told

BEFORE, AFTER = 60_000, 26 * 3_600_000
"""Milliseconds round the time of an id in which its decision may have been written: phones send late, never early."""

Progress = Callable[[int], None]
"""Told how many records were looked at."""


@dataclass(frozen=True, slots=True)
class Found:
    """A decision, and the offer that came of it, where there is one."""

    decision: DecisionTold
    offer: OfferTold | None


def time_named(named: str) -> int:
    """The time (ms) in an id; raises UserError where it is none."""
    try:
        return time_of(named)
    except ValueError as error:
        raise UserError(f"{error}; it stands in `offers`, `decisions` and `transitions`") from None


def names(decision: DecisionTold, wanted: str) -> bool:
    """Whether `wanted` is the id of the decision, of its trigger or of its offer."""
    return wanted in (decision.id, decision.trigger.id, decision.offer)


def find_in_folder(folder: Path, wanted: str) -> Found | None:
    """Look into the files that `replay --out` or `demo --out` wrote. Raises UserError where they are not there."""
    time_named(wanted)
    written = folder / FILES[topics.DECISIONS.name]
    if not written.is_file():
        raise UserError(f"{written} is not there: name a folder that `replay --out` or `demo --out` wrote")
    decision = next((each for each in _decisions(written) if names(each, wanted)), None)
    if decision is None:
        return None
    return Found(decision, next((each for each in _offers(folder) if each.id == decision.offer), None))


def _decisions(path: Path) -> Iterator[DecisionTold]:
    for line in path.read_bytes().splitlines():
        told = read_told(topics.DECISIONS.name, line)
        if isinstance(told, DecisionTold):
            yield told


def _offers(folder: Path) -> Iterator[OfferTold]:
    path = folder / FILES[topics.OFFERS.name]
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        told = read_told(topics.OFFERS.name, line)
        if isinstance(told, OfferTold):
            yield told


def find_on_kafka(bootstrap: list[str], wanted: str, looked_at: Progress) -> Found | None:
    """Look through what was written to Kafka from the id's time on. Raises `InfrastructureError`, UserError."""
    at = time_named(wanted)
    try:
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, client_id="chalandise-why", enable_auto_commit=False)
    except KafkaError as error:
        raise InfrastructureError(f"the broker at {','.join(bootstrap)} did not answer: {error!r}") from error
    try:
        decision = _first(consumer, topics.DECISIONS.name, at, looked_at, lambda told: _is_decision(told, wanted))
        if not isinstance(decision, DecisionTold):
            return None
        offer = None
        if decision.offer is not None:
            offer = _first(consumer, topics.OFFERS.name, at, looked_at, lambda told: _is_offer(told, decision.offer))
        return Found(decision, offer if isinstance(offer, OfferTold) else None)
    except KafkaError as error:
        raise InfrastructureError(f"the broker at {','.join(bootstrap)} did not answer: {error!r}") from error
    finally:
        consumer.close()


def _is_decision(told: Told | None, wanted: str) -> bool:
    return isinstance(told, DecisionTold) and names(told, wanted)


def _is_offer(told: Told | None, wanted: str | None) -> bool:
    return isinstance(told, OfferTold) and told.id == wanted


def _first(
    consumer: KafkaConsumer, topic: str, at: int, looked_at: Progress, fits: Callable[[Told | None], bool]
) -> Told | None:
    """The first message of `topic` that fits, among those written round `at`."""
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    if not partitions:
        raise UserError(f"there is no topic {topic} on this broker: `chalandise topics create` makes it")
    consumer.assign(partitions)
    for value in _window(consumer, partitions, at, looked_at):
        told = read_told(topic, value)
        if fits(told):
            return told
    return None


def _window(
    consumer: KafkaConsumer, partitions: list[TopicPartition], at: int, looked_at: Progress
) -> Iterator[bytes | None]:
    """What was written from a little before `at` on, up to what is there now or `AFTER` later."""
    ends = consumer.end_offsets(partitions)
    starts = consumer.offsets_for_times(dict.fromkeys(partitions, max(at - BEFORE, 0)))
    left = {each for each in partitions if starts[each] is not None and starts[each].offset < ends[each]}
    consumer.assign(sorted(left))
    for each in left:
        consumer.seek(each, starts[each].offset)
    while left:
        for partition, records in consumer.poll(timeout_ms=500).items():
            looked_at(len(records))
            for record in records:
                yield record.value
                if record.offset >= ends[partition] - 1 or record.timestamp > at + AFTER:
                    left.discard(partition)
        left -= {each for each in left if consumer.position(each) >= ends[each]}
        consumer.pause(*(set(consumer.assignment()) - left))
