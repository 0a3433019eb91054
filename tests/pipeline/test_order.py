"""What arrives out of order: `replay` puts it right within a minute; live nothing waits, and no promise is broken."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random

import orjson
import pytest

from geofences.fixes import Fix
from geofences.presence_codec import unpack
from geofences.states import Presence
from streams.events import LATENESS
from streams.records import Record
from streams.replay import Files, Replay
from streams.steps import Step
from tests.pipeline.boutique import (
    HAUSSMANN,
    NAME,
    SECOND,
    Collected,
    Message,
    Topics,
    Working,
    cut,
    member,
    ping,
    preference,
    retailers,
    run,
    town,
)
from tests.pipeline.boutique import memory_tables as tables

SEEDS = [1, 2, 3]


class Kept(Files):
    """The files of a replay, in memory."""

    def __init__(self) -> None:
        super().__init__(None)
        self.lines: defaultdict[str, list[bytes]] = defaultdict(list)

    def _write(self, name: str, line: bytes) -> None:
        if line not in self.lines[name]:
            self.lines[name].append(line)


def events(seed: int) -> list[Message]:
    members, walked = town(seed, walkers=10)
    return sorted([*members, *walked], key=lambda each: each["at"])


def shuffled(messages: list[Message], seed: int, bound: int = LATENESS) -> list[Message]:
    """Each as late as chance has it, less than `bound`."""
    random = Random(seed)
    return sorted(messages, key=lambda each: each["at"] + random.uniform(0, bound - 1))


def replayed(messages: list[Message]) -> dict[str, list[bytes]]:
    kept = Kept()
    run(Replay(retailers(), kept, lambda *_: None).run(orjson.dumps(each) for each in messages))
    return kept.lines


@pytest.mark.parametrize("seed", SEEDS)
def test_replay_gives_the_same_bytes_for_what_is_shuffled_within_the_lateness_bound(seed: int) -> None:
    in_order = events(seed)
    mixed = shuffled(in_order, seed)
    assert mixed != in_order
    lines = replayed(in_order)
    assert len(lines["offers.jsonl"]) > 5
    assert replayed(mixed) == lines


def test_replay_gives_the_same_offers_for_everything_twice() -> None:
    once = events(1)
    lines, twice = replayed(once), replayed([each for message in once for each in (message, message)])
    assert twice["offers.jsonl"] == lines["offers.jsonl"]
    assert twice["transitions.jsonl"] == lines["transitions.jsonl"]
    assert Counter(orjson.loads(line)["reason"] for line in twice["rejections.jsonl"]).keys() == {"DUPLICATE"}


async def live(messages: list[Message], stops: dict[str, int]) -> tuple[Collected, dict[str, Presence]]:
    """Work messages in the order in which they come; members stop at a place in that order. The presence at the end."""
    collected, broker = Collected(), Topics()
    working = Working(tables(), collected)
    await working.enter(broker.records(town(1, walkers=10)[0]))
    for place, batch in enumerate(cut(received(messages, broker), 16)):
        due = [name for name, at in stops.items() if at == place]
        await working.enter([broker.record(preference(working.now, member=name, contact="stop")) for name in due])
        collected.stopped_at = len(collected.sent)  # type: ignore[attr-defined]  # noted on the list
        await working.work(batch)
    owners = sorted({f"{NAME}|{message['device']}" for message in messages})
    devices = await working.tables.presences.admit(owners)
    return collected, {device.owner: unpack(device.body) for device in devices}


def received(messages: list[Message], broker: Topics) -> list[Record]:
    """Records in the order of `messages`, each received when the newest of those before it happened, or it did."""
    records, newest = [], 0
    for message in messages:
        newest = max(newest, message["at"])
        records.append(broker.record(message, newest + 250))
    return records


def held(presence: Presence) -> dict[str, str]:
    return {store: state.held.label for store, state in presence.stores.items() if state.held}


def then_in_order(messages: list[Message]) -> list[Message]:
    """Afterwards every device stands at Haussmann, and says so in order, for longer than the longest hold time."""
    end = max(each["at"] for each in messages) + LATENESS
    devices = sorted({each["device"] for each in messages})
    return [ping(device, Fix(*HAUSSMANN, 10.0, end + each * 10 * SECOND)) for each in range(30) for device in devices]


@pytest.mark.parametrize("seed", SEEDS)
def test_live_the_rings_held_are_the_same_in_the_end(seed: int) -> None:
    walked = town(1, walkers=10)[1]
    in_order = sorted(walked, key=lambda each: each["at"])
    calm = then_in_order(walked)
    _, expected = run(live([*in_order, *calm], {}))
    _, found = run(live([*shuffled(in_order, seed), *calm], {}))
    assert {owner: held(presence) for owner, presence in found.items()} == {
        owner: held(presence) for owner, presence in expected.items()
    }
    assert all(held(presence) == {"haussmann": "inside"} for presence in found.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_live_no_cap_no_stock_and_no_stop_is_broken_by_any_order(seed: int) -> None:
    walked = sorted(town(1, walkers=10)[1], key=lambda each: each["at"])
    stops = {"member-0": 0, "member-2": 6, "member-4": 12}
    collected, _ = run(live(shuffled(walked, seed, 2 * LATENESS), stops))
    offers = collected.offers()
    campaigns = Counter(offer["campaign"] for offer in offers)
    assert campaigns["few"] <= 3
    assert campaigns["ten"] <= 10
    assert max(Counter(offer["member"] for offer in offers).values()) <= 3
    by_campaign = Counter((offer["member"], offer["campaign"]) for offer in offers)
    assert max(by_campaign.values()) == 1
    assert "member-0" not in {offer["member"] for offer in offers}
    assert len(offers) >= 5


def test_an_offer_after_a_stop_is_never_made_whatever_step_the_batch_is_at() -> None:
    async def story() -> None:
        for step in (Step.LOAD, Step.DECIDE):
            collected, broker = Collected(), Topics()
            working = Working(tables(), collected)
            await working.enter(broker.records([member("mia", "phone")]))
            stop = broker.record(preference(1_795_172_400_000, member="mia", contact="stop"))
            working.pipeline.gate = once(step, working, [stop])
            await working.work(broker.records([ping("phone", Fix(*HAUSSMANN, 10.0, 1_795_172_400_000))]))
            assert collected.offers() == []

    run(story())


def once(step: Step, working: Working, records: list[Record]):
    """A gate at which another worker enters `records`, at once."""

    def gate(reached: Step) -> None:
        if reached is step and records:
            entering = working.enter([records.pop()])
            try:
                entering.send(None)
            except StopIteration:
                return
            raise AssertionError("tables in process never wait")

    return gate
