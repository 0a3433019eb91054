"""The visits that each method tells of a day's fixes: when it was entered, when that was believed, when it was left."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import atan2, degrees, hypot
from typing import NamedTuple

import numpy as np

from bench.field.phones import Measured
from bench.field.rivals import AccuracyCutOff, PointInPolygon, Rival, TwoFixConfirmation
from bench.field.truth import RADIUS, Interval
from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from geofences.presence import Presence, Transition, advance, expire, screened
from geofences.rings import DEFAULT_VISIT_AFTER, WGS84, Circle, Geofence, Ring, Zone, default_policy

DOOR = (2.3320, 48.8737)
MIDNIGHT = 1_790_000_000_000
"""Milliseconds."""
VISIT_AFTER = DEFAULT_VISIT_AFTER / 1_000
LONG_AFTER = 10**8


class Entry(NamedTuple):
    """One ENTER with its EXIT: when it happened, when it was believed, when it was left (seconds of the day)."""

    at: float
    confirmed_at: float
    left: float
    visit: bool
    """Whether a visit was told: by DWELL, for others by being held for as long as a DWELL takes."""

    @property
    def interval(self) -> Interval:
        """From when to when."""
        return Interval(self.at, self.left)


Method = Callable[[Sequence[Measured]], list[Entry]]


def told_by(make: Callable[[], Rival]) -> Method:
    """The entries that a rival tells; what it believes at the last fix it believes to the end."""

    def entries(fixes: Sequence[Measured]) -> list[Entry]:
        rival, begun, found = make(), None, []
        for fix in fixes:
            holds = rival.holds(hypot(fix.east, fix.north) <= RADIUS, fix.accuracy)
            if holds and begun is None:
                begun = fix.at
            elif not holds and begun is not None:
                found.append(_entry(begun, fix.at))
                begun = None
        return found if begun is None else [*found, _entry(begun, fixes[-1].at)]

    return entries


def _entry(begun: float, left: float) -> Entry:
    return Entry(begun, begun, left, left - begun >= VISIT_AFTER)


def told_by_presence(fixes: Sequence[Measured]) -> list[Entry]:
    """The entries that `geofences.presence` tells with its defaults."""
    transitions = list(transitions_of(as_sent(fixes)))
    visits = {each.at for each in transitions if each.kind == "DWELL"}
    enters, exits = ([each for each in transitions if each.kind == kind] for kind in ("ENTER", "EXIT"))
    return [
        Entry(
            _seconds(enter.at),
            _seconds(enter.confirmed_at),
            _seconds(leave.at),
            any(enter.at <= at <= leave.confirmed_at for at in visits),
        )
        for enter, leave in zip(enters, exits, strict=True)
    ]


def _seconds(at: int) -> float:
    return (at - MIDNIGHT) / 1_000


def the_store() -> GeofenceIndex:
    """One store with one ring, and its defaults."""
    circle = Circle(*DOOR, RADIUS)
    return GeofenceIndex([Zone("store", (Geofence(Ring.PROXIMITY, circle, default_policy(Ring.PROXIMITY, circle)),))])


def as_sent(fixes: Sequence[Measured]) -> list[Fix]:
    """In degrees and milliseconds, without a speed, as the recorded phone sent them."""
    azimuths = [degrees(atan2(fix.east, fix.north)) for fix in fixes]
    count = len(fixes)
    lons, lats, _ = WGS84.fwd(
        [DOOR[0]] * count, [DOOR[1]] * count, azimuths, [hypot(fix.east, fix.north) for fix in fixes]
    )
    return [
        Fix(float(lon), float(lat), fix.accuracy, MIDNIGHT + round(fix.at * 1_000))
        for lon, lat, fix in zip(lons, lats, fixes, strict=True)
    ]


def transitions_of(fixes: Iterable[Fix]) -> Iterator[Transition]:
    """Each fix as it comes, and long after the last the timers."""
    index, presence, last = the_store(), Presence(), 0
    for fix in fixes:
        last = fix.at
        presence, rejection = screened(presence, fix, fix.at)
        if rejection is None:
            place = np.array([fix.lon]), np.array([fix.lat]), np.array([fix.accuracy])
            presence, fired = advance(presence, fix, index.locate(*place)[0], index)
            yield from fired
    yield from expire(presence, last + LONG_AFTER, index)[1]


METHODS: dict[str, Method] = {
    "presence": told_by_presence,
    "point in polygon": told_by(PointInPolygon),
    "accuracy cut-off, 50 m": told_by(AccuracyCutOff),
    "two fixes, of 100 m at most": told_by(TwoFixConfirmation),
}
