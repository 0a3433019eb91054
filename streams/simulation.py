"""Plausible phones walking among the stores of a retailer: what arrives of them, in the order in which it arrives.

Everything comes from a seed: the same seed gives the same bytes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from operator import attrgetter

from geofences.rings import Zone
from offers.campaigns import Rules
from streams.crowd import SampleMember, Stroll, fixes_of, history, stroll
from streams.phones import Network, Sent, event, pings_of

MINUTE = 60_000
USUAL = Network(late=1.0, duplicates=0.5, bad=0.0, batched=15.0)
LONGEST_DELAY = 60_000
"""No ping arrives later than this after its fix, in milliseconds."""

CHECKS_IN = 0.15
"""The share of members who say so when they come to a store."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many walk, from when (ms UTC), how long (ms), with a fix every so many ms; `seed` decides all the rest."""

    members: int
    start: int
    lasting: int
    seed: int = 0
    every: int = 8_000
    network: Network = USUAL


def simulate(rules: Rules, zones: Sequence[Zone], plan: Plan) -> Iterator[Sent]:
    """First what is known of the members, then what arrives of their phones until the end of the plan.

    Lines of JSON, each an event of its type.
    """
    samples = [SampleMember.of(number, plan.seed) for number in range(plan.members)]
    for sample in samples:
        for line in history(sample, rules, plan.start):
            yield Sent(plan.start, line)
    arriving = heapq.merge(*(_walker(sample, rules, zones, plan) for sample in samples), key=attrgetter("arrives"))
    yield from takewhile(lambda sent: sent.arrives <= plan.start + plan.lasting, arriving)


def _walker(sample: SampleMember, rules: Rules, zones: Sequence[Zone], plan: Plan) -> Iterator[Sent]:
    planned = stroll(sample, zones, plan.lasting)
    fixes = fixes_of(sample, planned, plan.start, plan.lasting, plan.every)
    sent = pings_of(rules.retailer, sample.device, fixes, plan.network, sample.random)
    return by_arrival(_with_check_in(sample, planned, sent, rules))


def _with_check_in(sample: SampleMember, planned: Stroll, sent: Iterable[Sent], rules: Rules) -> Iterator[Sent]:
    """Some scan the code at the door of the first store that they go to, when they stand still there."""
    store = planned.stores[0] if planned.stores and sample.random.random() < CHECKS_IN else None
    for each in sent:
        yield each
        if store is not None and b'"speed":0.0' in each.line:
            fields = {"member": sample.member, "device": sample.device, "store": store, "via": "qr"}
            yield Sent(each.arrives + 1, event("checkin", rules.retailer, each.arrives, **fields))
            store = None


def by_arrival(sent: Iterable[Sent]) -> Iterator[Sent]:
    """`sent` in order of arrival, where none arrives more than `LONGEST_DELAY` after one that follows it."""
    waiting: list[tuple[int, int, Sent]] = []
    for number, each in enumerate(sent):
        heapq.heappush(waiting, (each.arrives, number, each))
        while waiting[0][0] < each.arrives - LONGEST_DELAY:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
