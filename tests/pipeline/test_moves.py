"""What somebody does with a ring or a place, as a trigger: entering, leaving, staying, passing by."""

from __future__ import annotations

from typing import Any

import pytest

from streams import topics
from tests.pipeline.boutique import (
    HAUSSMANN,
    MINUTE,
    NOON,
    RIVOLI,
    Collected,
    Topics,
    Working,
    cut,
    east_of,
    member,
    memory_tables,
    pings,
    run,
)

CAFE, KIOSK, STATION = HAUSSMANN, RIVOLI, (2.3320, 48.8780)
AWAY = east_of(CAFE, 3_000.0)
BOTH = ("offers", "location_history")

Leg = tuple[tuple[float, float], int]
"""A place, and for how many minutes somebody stands there."""


def walked(*legs: Leg) -> list[dict[str, Any]]:
    """The pings of a phone that stands at one place after the other, a fix every ten seconds."""
    told: list[dict[str, Any]] = []
    for place, minutes in legs:
        told += pings("phone", place, NOON + len(told) * 10_000, minutes * 6)
    return told


def day(*legs: Leg, consent: tuple[str, ...] = BOTH, size: int = 20) -> Collected:
    """What comes of a day of those legs, worked in batches of `size`."""

    async def story() -> Collected:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected, file="station.yaml")
        await working.enter(broker.records([member("mia", "phone", consent=consent)]))
        for batch in cut(broker.records(walked(*legs)), size):
            await working.work(batch)
        await working.wait(working.now + 40 * MINUTE, [0])
        return collected

    collected: Collected = run(story())
    return collected


def offered(collected: Collected) -> list[tuple[str, str]]:
    """Each offer's campaign, and the store it speaks of."""
    return [(offer["campaign"], offer["store"]) for offer in collected.offers()]


@pytest.mark.parametrize(
    ("legs", "campaigns"),
    [
        ([(AWAY, 1), (CAFE, 4), (AWAY, 3)], ["stay", "goodbye"]),
        ([(AWAY, 1), (CAFE, 1), (AWAY, 3)], ["passer"]),
        ([(AWAY, 1), (KIOSK, 2), (AWAY, 3)], ["stroller"]),
        ([(AWAY, 1), (STATION, 1), (AWAY, 3)], ["arrived"]),
        ([(AWAY, 1), (STATION, 5), (AWAY, 3)], ["arrived", "waits"]),
    ],
)
def test_each_move_starts_the_campaign_that_waits_for_it(legs: list[Leg], campaigns: list[str]) -> None:
    assert [campaign for campaign, _ in offered(day(*legs))] == campaigns


def test_a_leave_that_nobody_waits_for_is_no_trigger() -> None:
    decisions = day((AWAY, 1), (KIOSK, 5), (AWAY, 3)).read(topics.DECISIONS)
    assert {each["trigger"]["kind"] for each in decisions} == {"ENTER", "VISIT"}


def test_who_only_falls_silent_has_not_left() -> None:
    collected = day((AWAY, 1), (CAFE, 4))
    assert [each["reason"] for each in collected.read(topics.TRANSITIONS) if each["kind"] == "EXIT"] == ["timeout"] * 2
    assert offered(collected) == [("stay", "cafe")]
    assert "EXIT" not in {each["trigger"]["kind"] for each in collected.read(topics.DECISIONS)}


def test_an_offer_that_begins_at_a_place_speaks_of_the_campaigns_store() -> None:
    (offer,) = day((AWAY, 1), (STATION, 1)).offers()
    assert (offer["store"], offer["text"]) == ("cafe", "cafe est à deux pas")
    assert {name: offer["trigger"].get(name) for name in ("store", "place", "geofence")} == {
        "store": None,
        "place": "station",
        "geofence": "station",
    }


def test_a_place_is_no_store_in_transitions_and_a_stay_there_no_visit() -> None:
    collected = day((AWAY, 1), (STATION, 5), (AWAY, 3))
    told = collected.read(topics.TRANSITIONS)
    assert [each["kind"] for each in told] == ["ENTER", "DWELL", "EXIT"]
    assert {(each["geofence"], each["place"], each.get("store")) for each in told} == {("station", "station", None)}
    assert {each["trigger"]["kind"] for each in collected.read(topics.DECISIONS)} == {"ENTER", "DWELL"}


def test_places_are_not_looked_at_without_consent_to_location_history() -> None:
    collected = day((AWAY, 1), (STATION, 5), (CAFE, 1), consent=("offers",))
    assert {each["geofence"].partition("/")[0] for each in collected.read(topics.TRANSITIONS)} == {"cafe"}
    assert all("station" not in (value or b"").decode() for each in collected.distinct().values() for _, value in each)


@pytest.mark.parametrize("size", [1, 7])
def test_moves_are_the_same_bytes_however_they_are_cut(size: int) -> None:
    legs: list[Leg] = [(AWAY, 1), (STATION, 5), (CAFE, 4), (AWAY, 3), (KIOSK, 2), (AWAY, 2)]
    assert day(*legs, size=size).distinct() == day(*legs, size=24).distinct()
