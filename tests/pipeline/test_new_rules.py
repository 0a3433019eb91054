"""New rules, other fences: what becomes of those who are in them, from one batch to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import load_or_refuse
from geofences.index import GeofenceIndex
from streams import topics
from streams.retailers import Retailer, Retailers
from tests.pipeline.boutique import (
    HAUSSMANN,
    MINUTE,
    NAME,
    NOON,
    SECOND,
    Collected,
    Topics,
    Working,
    east_of,
    member,
    memory_tables,
    pings,
    run,
)

HEAD = "retailer: boutique\ntimezone: Europe/Paris\nlocale: fr-FR\nstores:\n"
STORE = "  - id: {}\n    location: {{lat: 48.8737, lon: 2.3320}}\n    proximity: {{radius: {}}}\n    on_create: {}\n"
BEFORE = [("haussmann", "150m", "silent"), ("passage", "150m", "silent"), ("moved", "150m", "silent")]
AFTER = [("haussmann", "60m", "silent"), ("annexe", "90m", "silent"), ("kiosque", "90m", "fire")]
MOVED = "  - {id: moved, location: {lat: 48.8600, lon: 2.3400}, proximity: {radius: 150m}}\n"


def rules(folder: Path, stores: list[tuple[str, str, str]], more: str = "") -> Retailers:
    file = folder / "boutique.yaml"
    file.write_text(HEAD + "".join(STORE.format(*store) for store in stores) + more, "utf-8")
    (described,) = load_or_refuse([file])
    return {NAME: Retailer(described.rules, GeofenceIndex(described.zones), b"secret", "https://offers.example")}


def told(sent: Collected) -> list[str]:
    """What was told since this was asked last."""
    new = [f"{each['kind']} {each['store']}" for each in sent.read(topics.TRANSITIONS)]
    sent.sent.clear()
    return new


@pytest.mark.parametrize("again", [False, True], ids=["the worker goes on", "the worker starts anew"])
def test_who_is_in_a_fence_when_the_rules_change_hears_only_of_those_that_fire(tmp_path: Path, again: bool) -> None:
    async def story() -> tuple[list[str], list[str], list[str]]:
        broker, sent = Topics(), Collected()
        worker = Working(memory_tables(), sent)
        worker.pipeline.retailers = rules(tmp_path, BEFORE)
        await worker.enter([broker.record(member("m", "phone"))])
        await worker.work(broker.records(pings("phone", HAUSSMANN, NOON, 2)))
        first = told(sent)
        if again:
            worker = Working(worker.tables, sent)
        worker.pipeline.retailers = rules(tmp_path, AFTER, MOVED)
        await worker.work(broker.records(pings("phone", HAUSSMANN, NOON + 30 * SECOND, 2)))
        second = told(sent)
        await worker.work(broker.records(pings("phone", east_of(HAUSSMANN, 900), NOON + 10 * MINUTE, 20)))
        return first, second, told(sent)

    first, second, third = run(story())
    assert first == ["ENTER haussmann", "ENTER moved", "ENTER passage"]
    assert second == ["ENTER kiosque"]
    assert sorted(each for each in third if "DWELL" not in each) == ["EXIT annexe", "EXIT haussmann", "EXIT kiosque"]
    assert "DWELL annexe" not in third  # nobody saw them come, so that it is no visit
