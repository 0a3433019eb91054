"""The recorded buses of route 14, stops along their way, and their passes there by plain distance.

No stop of the route stands in the recording, so one is put every 400 m along its longest ride.
"""

from collections import defaultdict
from itertools import pairwise
from math import cos, hypot, radians
from typing import NamedTuple

from geofences.fixes import DEFAULT_ACCURACY, Fix
from tests.recorded import RECORDINGS

BUSES = next(recording for recording in RECORDINGS if recording.name == "buses")
APART = 400.0
SILENT = 300_000
"""Milliseconds without a fix after which nobody knows which way a bus took."""

Place = tuple[float, float]


class Pass(NamedTuple):
    """One bus at one stop, ms UTC; `deepest`: metres that its deepest fix lies inside the ring."""

    begin: int
    end: int
    deepest: float


def metres(a: Place, b: Place) -> float:
    """On a flat map of Liverpool."""
    return hypot((a[0] - b[0]) * 111_320 * cos(radians(53.43)), (a[1] - b[1]) * 111_270)


def rides() -> dict[str, list[Fix]]:
    """The fixes of each bus by time; one of each moment."""
    found: dict[str, list[Fix]] = defaultdict(list)
    for fix in BUSES.measured():
        at = round(fix.at.timestamp() * 1_000)
        if not found[fix.device] or found[fix.device][-1].at < at:
            found[fix.device].append(Fix(fix.lon, fix.lat, DEFAULT_ACCURACY, at))
    return found


def stops(fixes: list[Fix]) -> list[Place]:
    """A stop every so many metres of one ride's way, and none where another one is near."""
    found, since = [place_of(fixes[0])], 0.0
    for a, b in pairwise(map(place_of, fixes)):
        since += metres(a, b)
        if since >= APART and all(metres(b, other) >= APART for other in found):
            found.append(b)
            since = 0.0
    return found


def place_of(fix: Fix) -> Place:
    """Longitude and latitude."""
    return fix.lon, fix.lat


def passes(fixes: list[Fix], stop: Place, radius: float, margin: float, gone_after: int) -> list[Pass]:
    """When the straight line between fixes leads through the ring. It is one pass for as long as the bus is not beyond
    the margin for so long (ms) that it has gone."""
    found: list[Pass] = []
    beyond_since, gone = fixes[0].at, True
    for a, b in pairwise(fixes):
        gone = gone or b.at - a.at > SILENT
        if b.at - a.at > SILENT:
            continue
        for at in range(a.at, b.at + 1, 1_000):
            share = (at - a.at) / (b.at - a.at)
            apart = metres((a.lon + (b.lon - a.lon) * share, a.lat + (b.lat - a.lat) * share), stop)
            if apart <= radius + margin:
                beyond_since = at
            gone = gone or at - beyond_since >= gone_after
            if apart <= radius:
                found.append(Pass(at if gone else found.pop().begin, at, 0.0))
                gone = False
    return [
        each._replace(
            deepest=max(
                (radius - metres(place_of(fix), stop) for fix in fixes if each.begin <= fix.at <= each.end), default=0.0
            )
        )
        for each in found
    ]
