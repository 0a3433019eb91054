"""A street with stores, and a phone in it, for the tests of geofences."""

from collections.abc import Iterable, Sequence

import numpy as np

from geofences.fixes import Fix
from geofences.index import GeofenceIndex, Sighting
from geofences.presence import Presence, Transition, advance, expire, screened
from geofences.rings import WGS84, Circle, Geofence, Ring, RingPolicy, Zone, default_policy

START = 1_790_000_000_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
DOOR = (2.3320, 48.8737)

CATCHMENT, PROXIMITY, INSIDE = Ring.CATCHMENT, Ring.PROXIMITY, Ring.INSIDE


def a_zone(store: str, at: tuple[float, float], radii: dict[Ring, float], policy: RingPolicy | None = None) -> Zone:
    circles = {ring: Circle(*at, radius) for ring, radius in radii.items()}
    return Zone(
        store, tuple(Geofence(ring, circle, policy or default_policy(ring, circle)) for ring, circle in circles.items())
    )


def a_store(**radii: float) -> GeofenceIndex:
    """An index of one store at DOOR: `a_store(proximity=100)`."""
    return GeofenceIndex([a_zone("haussmann", DOOR, {Ring[name.upper()]: radius for name, radius in radii.items()})])


def east_of_door(metres: float, north: float = 0.0) -> tuple[float, float]:
    lon, lat, _ = WGS84.fwd(*DOOR, 90.0, metres)
    lon, lat, _ = WGS84.fwd(lon, lat, 0.0, north)
    return float(lon), float(lat)


def fix_at(metres: float, after: int, accuracy: float = 10.0, speed: float | None = None) -> Fix:
    """A fix so many metres east of the door, so many ms after START."""
    lon, lat = east_of_door(metres)
    return Fix(lon, lat, accuracy, START + after, speed)


def seen(index: GeofenceIndex, fix: Fix) -> tuple[Sighting, ...]:
    return index.locate(np.array([fix.lon]), np.array([fix.lat]))[0]


def follow(
    index: GeofenceIndex, fixes: Iterable[Fix], presence: Presence | None = None, until: int | None = None
) -> tuple[Presence, list[Transition]]:
    """Screen and apply fixes one by one; `until` (ms after START) then lets the timers fire."""
    presence, transitions = presence or Presence(), []
    for fix in fixes:
        presence, rejection = screened(presence, fix, fix.at)
        if rejection is None:
            presence, fired = advance(presence, fix, seen(index, fix), index)
            transitions += fired
    if until is not None:
        presence, fired = expire(presence, START + until, index)
        transitions += fired
    return presence, transitions


def told(transitions: Sequence[Transition]) -> list[str]:
    """`ENTER proximity`, with the reason where there is one."""
    return [" ".join(filter(None, (t.kind, t.ring.label, t.reason))) for t in transitions]


def held(presence: Presence) -> dict[str, Ring]:
    """The deepest ring held of each store that holds the device."""
    return {store: state.held for store, state in presence.stores.items() if state.held}
