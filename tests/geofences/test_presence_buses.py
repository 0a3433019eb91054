"""The recorded buses at stops along their route: one ENTER and one EXIT a pass, or one PASS_BY, never more."""

import warnings
from collections import Counter

import pytest

from geofences.fixes import DEFAULT_ACCURACY
from geofences.index import GeofenceIndex
from tests.geofences.bus_route import BUSES, passes, rides, stops
from tests.geofences.street import PROXIMITY, START, a_zone, follow

pytestmark = pytest.mark.recorded

NEARLY = 60_000
"""Milliseconds by which what is told may lie beside the pass by plain distance."""


def stories(transitions, store):
    """(kinds, from when, to when) of each ENTER with its EXIT, and of each PASS_BY."""
    found, entered = [], None
    for each in transitions:
        if each.store != store:
            continue
        if each.kind == "ENTER":
            assert entered is None
            entered = each.at
        elif each.kind == "EXIT":
            found.append(("ENTER EXIT", entered, each.at))
            entered = None
        elif each.kind == "PASS_BY":
            found.append(("PASS_BY", each.at, each.confirmed_at))
    assert entered is None
    return found


@pytest.mark.parametrize("radius", [60, 100, 150])
def test_a_bus_that_passes_a_stop_enters_and_leaves_it_once(radius):
    if not BUSES.path.is_file():
        warnings.warn(f"{BUSES.path.name} is not there: no bus was followed", stacklevel=2)
        return
    buses = rides()
    places = {f"stop-{n}": place for n, place in enumerate(stops(max(buses.values(), key=len)))}
    zones = [a_zone(store, place, {PROXIMITY: radius}) for store, place in places.items()]
    index, policy = GeofenceIndex(zones), zones[0].geofences[0].policy
    counted = Counter()
    for fixes in buses.values():
        _, transitions = follow(index, fixes, until=fixes[-1].at + 10**8 - START)
        for store, place in places.items():
            told = stories(transitions, store)
            for each in passes(fixes, place, radius, policy.exit_margin, policy.gone_after):
                of_it = [s for s in told if s[1] <= each.end + NEARLY and s[2] >= each.begin - NEARLY]
                certain = each.deepest >= DEFAULT_ACCURACY
                assert len(of_it) <= 1
                assert len(of_it) == 1 or not certain
                told = [story for story in told if story not in of_it]
                counted["passes"] += 1
                counted["certain"] += certain
                counted.update(kinds for kinds, _, _ in of_it)
            assert told == []
    assert counted["passes"] > 100
    assert counted["certain"] > 50
