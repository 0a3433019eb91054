"""Whether a check-in is believed: what the member says, held against where the phone was."""

from collections.abc import Sequence
from enum import StrEnum

from shapely import point_on_surface

from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from geofences.rings import Circle, Ring, Zone


class CheckInDoubt(StrEnum):
    """Why a check-in is not believed."""

    UNKNOWN_STORE = "UNKNOWN_STORE"
    NOWHERE = "NOWHERE"  # the code of a product, which is sold in many stores, and nothing says in which it was scanned
    TOO_FAR = "TOO_FAR"  # the position that came with it lies certainly elsewhere
    OUT_OF_REACH = "OUT_OF_REACH"  # from the last fix the store could not be reached in the time between


SURE_OF_THEMSELVES = frozenset({"wifi", "till", "card"})
"""Ways to check in that only work in the store."""

IN_THE_STORE = frozenset({"wifi", "till"})
"""Those of them that are evidence of where the phone is; a card may have been lent."""

EVIDENCE_WITHIN = 10 * 60_000
MARGIN = 100.0
"""Metres beyond the edge that are forgiven: queues, parking, a poster across the street."""
REACH = 25.0
"""m/s: how fast somebody may have come since the last fix."""


def believe(
    index: GeofenceIndex, store: str, at: int, via: str | None, position: Fix | None, last_fixes: Sequence[Fix]
) -> CheckInDoubt | None:
    """Why a check-in at `store` at `at` (ms) is not believed; None if it is.

    Its own position counts, else the newest of the device's last fixes within ten minutes. Without evidence nothing
    contradicts it, and it is believed. `store` is empty where nothing says which one it is.
    """
    if not store:
        return CheckInDoubt.NOWHERE
    zone = index.zone(store)
    if zone is None:
        return CheckInDoubt.UNKNOWN_STORE
    if via in SURE_OF_THEMSELVES:
        return None
    if position is not None:
        return CheckInDoubt.TOO_FAR if _certainly_beyond(index, zone, position) > 0 else None
    near = [fix for fix in last_fixes if abs(at - fix.at) <= EVIDENCE_WITHIN]
    newest = max(near, key=lambda fix: fix.at, default=None)
    if newest is None or _certainly_beyond(index, zone, newest) <= REACH * abs(at - newest.at) / 1_000:
        return None
    return CheckInDoubt.OUT_OF_REACH


def place_of(zone: Zone) -> tuple[float, float]:
    """Longitude and latitude of a place in the innermost ring: where somebody is who is certainly in the store."""
    shape = zone.geofences[-1].shape
    if isinstance(shape, Circle):
        return shape.lon, shape.lat
    within = point_on_surface(shape)
    return float(within.x), float(within.y)


def _certainly_beyond(index: GeofenceIndex, zone: Zone, fix: Fix) -> float:
    """Metres from the nearest point of the error circle to the ring where a check-in may be made, margin and all."""
    ring = Ring.PROXIMITY if Ring.PROXIMITY in zone.rings else zone.visit_ring
    inside = index.distances(zone.store, fix.lon, fix.lat)[zone.rings.index(ring)]
    return -inside - fix.accuracy - MARGIN
