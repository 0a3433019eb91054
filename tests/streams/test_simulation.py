"""Simulated phones: the same from the same seed, in order of arrival, with the faults that were asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import msgspec
import orjson
import pytest

from config import RetailerConfig, load_or_refuse
from config.settings import read_settings
from streams import sample_day
from streams.app import retailers_of
from streams.events import TYPES
from streams.messages import CheckIn, MemberChange, Ping, Purchase
from streams.phones import Network, Sent
from streams.replay import Files, Replay, Summary
from streams.simulation import LONGEST_DELAY, Plan, simulate
from streams.times import to_milliseconds

START = sample_day.START
PLAN = Plan(members=12, start=START, lasting=20 * 60_000, seed=3, network=Network())
MESSAGES = {"ping": Ping, "checkin": CheckIn, "member": MemberChange, "purchase": Purchase}


@pytest.fixture(scope="module")
def paris() -> RetailerConfig:
    return load_or_refuse([sample_day.EXAMPLES / "galerie-lumiere.yaml"])[0]


def run(paris: RetailerConfig, plan: Plan) -> list[Sent]:
    return list(simulate(paris.rules, paris.zones, plan))


def replayed(paris: RetailerConfig, lines: list[bytes]) -> Summary:
    retailers = retailers_of(read_settings(broker="embedded://simulated", secret=None), [paris])
    with Files(None) as files:
        return asyncio.run(Replay(retailers, files, lambda processed, batch: None).run(lines))


def pings(sent: list[Sent]) -> list[tuple[int, Ping]]:
    return [(each.arrives, msgspec.json.decode(each.line, type=Ping)) for each in sent if b'"ping"' in each.line]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(paris):
    assert run(paris, PLAN) == run(paris, PLAN)
    assert run(paris, PLAN) != run(paris, replace(PLAN, seed=4))


def test_every_event_is_a_message_of_its_type(paris):
    kinds = Counter()
    for each in run(paris, replace(PLAN, members=40)):
        kind = orjson.loads(each.line)["type"]
        msgspec.json.decode(each.line, type=MESSAGES[kind])
        kinds[kind] += 1
    assert set(kinds) == {"member", "purchase", "ping", "checkin"} <= set(TYPES)


def test_events_come_in_order_of_arrival_and_none_before_it_happened(paris):
    sent = run(paris, replace(PLAN, network=Network(late=10, duplicates=10, batched=30)))
    assert all(earlier.arrives <= later.arrives for earlier, later in pairwise(sent))
    assert all(to_milliseconds(ping.at) <= arrives for arrives, ping in pings(sent))


def test_late_pings_come_behind_newer_ones_within_the_bound(paris):
    sent = run(paris, replace(PLAN, network=Network(late=10)))
    newest: dict[str, int] = {}
    late = []
    for arrives, ping in pings(sent):
        at = to_milliseconds(ping.at)
        if at < newest.get(ping.device, 0):
            late.append(arrives - at)
        newest[ping.device] = max(newest.get(ping.device, 0), at)
    assert 0.05 < len(late) / len(pings(sent)) < 0.15
    assert max(late) <= LONGEST_DELAY


def test_without_faults_nothing_is_late_double_or_broken(paris):
    found = pings(run(paris, PLAN))
    by_device: dict[str, list[int]] = {}
    for _, ping in found:
        by_device.setdefault(ping.device, []).append(to_milliseconds(ping.at))
    assert all(times == sorted(set(times)) for times in by_device.values())


def test_duplicates_are_the_same_bytes_again(paris):
    sent = run(paris, replace(PLAN, network=Network(duplicates=10)))
    again = sum(count - 1 for count in Counter(each.line for each in sent).values())
    assert 0.05 < again / len(sent) < 0.15


def test_broken_events_become_dead_letters_and_stop_nobody(paris):
    sound = replayed(paris, [each.line for each in run(paris, PLAN)])
    broken = replayed(paris, [each.line for each in run(paris, replace(PLAN, network=Network(bad=5)))])
    assert sound.dead_letters.total() == 0 < broken.dead_letters.total()
    assert broken.transitions.total() > 0


def test_members_walk_into_stores_and_some_get_an_offer(paris):
    summary = replayed(paris, [each.line for each in run(paris, replace(PLAN, members=30))])
    assert summary.transitions["ENTER"] >= 30
    assert summary.transitions["DWELL"] > 0
    assert summary.decisions["offered"] > 0
    assert summary.without_consent > 0
