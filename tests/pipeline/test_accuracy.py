"""The same positions with another accuracy: another outcome, and one that says why."""

from __future__ import annotations

from geofences.fixes import Fix
from streams import topics
from tests.pipeline.boutique import HAUSSMANN, NOON, SECOND, Collected, Topics, Working, east_of, member, ping, run
from tests.pipeline.boutique import memory_tables as tables


async def stood(accuracy: float) -> Collected:
    """Three fixes, ten seconds apart, 28 m within the proximity of Haussmann."""
    collected, broker = Collected(), Topics(1)
    working = Working(tables(), collected)
    await working.enter(broker.records([member("mia", "phone")]))
    place = east_of(HAUSSMANN, 122.0)
    fixes = [Fix(*place, accuracy, NOON + each * 10 * SECOND) for each in range(3)]
    await working.work(broker.records([ping("phone", fix) for fix in fixes]))
    return collected


def entered(collected: Collected) -> dict[str, tuple[str, str, float]]:
    """Of each ring entered: the seconds at which it was, and at which that was believed, and by which accuracy."""
    return {
        each["geofence"]: (each["at"][17:19], each["confirmed_at"][17:19], each["fix"]["accuracy"])
        for each in collected.read(topics.TRANSITIONS)
    }


def test_an_accuracy_of_10_metres_is_believed_at_once() -> None:
    collected = run(stood(10.0))
    assert entered(collected) == {"haussmann/catchment": ("00", "00", 10.0), "haussmann/proximity": ("00", "00", 10.0)}
    assert collected.reasons() == {"SHADOWED": 1, "offered": 1}
    assert [offer["created_at"][17:19] for offer in collected.offers()] == ["00"]


def test_an_accuracy_of_40_metres_needs_a_second_fix() -> None:
    collected = run(stood(40.0))
    assert entered(collected) == {"haussmann/catchment": ("00", "00", 40.0), "haussmann/proximity": ("00", "10", 40.0)}
    assert collected.reasons() == {"NO_CAMPAIGN": 1, "offered": 1}
    assert [offer["created_at"][17:19] for offer in collected.offers()] == ["10"]


def test_an_accuracy_of_120_metres_is_near_the_store_and_not_at_its_door() -> None:
    collected = run(stood(120.0))
    assert entered(collected) == {"haussmann/catchment": ("00", "00", 120.0)}
    assert collected.reasons() == {"NO_CAMPAIGN": 1}
    assert collected.offers() == []
