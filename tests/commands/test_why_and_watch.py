"""`chalandise why` and `chalandise watch`: decisions found again and shown as they come, in words."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from threading import Timer

import orjson
import pytest

from geofences.ids import timed_id
from streams import sample_day
from streams.producers import KafkaProducer
from streams.records import Outgoing
from streams.times import written
from streams.topics import create_topics
from streams.transport.broker import wall_clock
from tests.commands.commands import PARIS, chalandise, started


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replayed")
    events = folder / "events.jsonl"
    events.write_bytes(b"\n".join(sample_day.read_day().lines))
    done = chalandise("replay", PARIS, events, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def decisions(folder: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in (folder / "decisions.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("name_of", [lambda told: told["id"], lambda told: told["trigger"]["id"]])
def test_a_withheld_offer_is_explained_by_the_id_of_its_decision_or_its_trigger(replayed, name_of):
    refused = next(told for told in decisions(replayed) if told.get("reason") == "TIER")
    done = chalandise("why", name_of(refused), "--from", replayed, "--config", PARIS)
    assert done.returncode == 0, done.stderr
    assert "sample-theo: came near Galerie Lumière Haussmann" in done.stdout
    assert "Tuesday 24 November 2026, 12:03:35 (Europe/Paris)" in done.stdout
    assert "tier is silver, asked for: gold, platinum" in done.stdout


def test_an_offer_is_explained_with_its_text_and_coupon(replayed):
    offer = next(
        each
        for line in (replayed / "offers.jsonl").read_bytes().splitlines()
        if "coupon" in (each := orjson.loads(line))
    )
    done = chalandise("why", offer["id"], "--from", replayed)
    assert offer["text"] in done.stdout
    assert offer["coupon"]["code"] in done.stdout
    assert "nothing speaks against it" in done.stdout


def test_what_is_not_there_is_said_with_exit_1(replayed):
    done = chalandise("why", timed_id(sample_day.START, "nothing"), "--from", replayed)
    assert done.returncode == 1
    assert "no decision, trigger or offer" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["offer-7", "--from", "/tmp"], "'offer-7' is not an id"),
        ([timed_id(1, "x"), "--from", "/nowhere"], "name a folder that `replay --out` or `demo --out` wrote"),
        ([timed_id(1, "x")], "Name a folder with --from DIR"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(arguments, told):
    done = chalandise("why", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_embedded_broker_cannot_be_watched_from_outside():
    done = chalandise("watch")
    assert done.returncode == 2
    assert "`chalandise demo` and `chalandise up`" in done.stderr


def now_told(member: str, reason: str | None) -> tuple[Outgoing, Outgoing | None]:
    """A decision of just now, and its offer where there is no reason against one."""
    at = wall_clock()
    trigger = {"kind": "ENTER", "id": timed_id(at, "trigger", member), "at": _written(at), "store": "haussmann"}
    trigger["geofence"] = "haussmann/proximity"
    offer = None if reason else timed_id(at, "offer", member)
    decision = {
        "id": timed_id(at, "decision", member),
        "rules": "0123456789ab",
        "trigger": trigger,
        "retailer": "galerie-lumiere",
        "member": member,
        "at": _written(at),
        "outcome": "withheld" if reason else "offered",
        "candidates": [{"campaign": "hello"} | ({"reason": reason} if reason else {})],
        "steps": [f"hello: {reason}, heard enough" if reason else "hello: nothing speaks against it"],
    }
    decision |= {"reason": reason} if reason else {"campaign": "hello", "offer": offer}
    key = f"galerie-lumiere|{member}".encode()
    if offer is None:
        return Outgoing("decisions", key, orjson.dumps(decision)), None
    told = {name: decision[name] for name in ("retailer", "member", "rules", "trigger")} | {
        **{"id": offer, "campaign": "hello", "store": "haussmann", "text": f"Bonjour {member}", "locale": "fr-FR"},
        **{"created_at": _written(at), "expires_at": _written(at + 3_600_000)},
    }
    return Outgoing("decisions", key, orjson.dumps(decision)), Outgoing("offers", key, orjson.dumps(told))


def _written(at: int) -> str:
    return written(at)


async def _produce(bootstrap: str, records: list[Outgoing]) -> None:
    producer = KafkaProducer(bootstrap)
    await producer.produce(records)
    await producer.stop()


@pytest.mark.kafka
def test_on_kafka_a_decision_is_found_by_the_time_in_its_id(kafka_bootstrap):
    create_topics(kafka_bootstrap, 4)
    made, offer = now_told("sample-why", None)
    assert offer is not None
    others = [now_told(f"other-{number}", "CAP")[0] for number in range(200)]
    asyncio.run(_produce(kafka_bootstrap, [*others[:100], made, offer, *others[100:]]))
    broker = f"kafka://{kafka_bootstrap}"
    named = orjson.loads(offer.value or b"")["id"]
    done = chalandise("why", named, CHALANDISE_BROKER=broker)
    assert done.returncode == 0, done.stderr
    assert "Bonjour sample-why" in done.stdout
    missing = chalandise("why", timed_id(wall_clock(), "nothing"), CHALANDISE_BROKER=broker)
    assert missing.returncode == 1
    assert "keeps decisions 30 days" in missing.stderr


@pytest.mark.kafka
def test_offers_and_refusals_are_watched_as_they_come(kafka_bootstrap):
    create_topics(kafka_bootstrap, 4)
    process = started("watch", "--member", "sample-seen", CHALANDISE_BROKER=f"kafka://{kafka_bootstrap}")
    assert process.stdout is not None
    assert process.stderr is not None
    guard = Timer(30, process.kill)
    guard.start()
    try:
        assert "watching" in process.stderr.readline()
        made, offer = now_told("sample-seen", None)
        assert offer is not None
        hidden, refused = now_told("sample-hidden", "CAP")[0], now_told("sample-seen", "CAP")[0]
        asyncio.run(_produce(kafka_bootstrap, [hidden, made, offer, refused]))
        seen = process.stdout.readline() + process.stdout.readline()
    finally:
        guard.cancel()
        process.send_signal(signal.SIGINT)
        process.wait(10)
    assert "sample-hidden" not in seen
    assert "Bonjour sample-seen" in seen
    assert "heard enough from us for now" in seen
    assert "Traceback" not in process.stderr.read()
