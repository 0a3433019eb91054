"""What a late fix needs to know of the past, and what is believed where fences changed under a device."""

from geofences.evidence import ENOUGH, weight
from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from geofences.machine import step
from geofences.rings import Ring, Zone
from geofences.states import Presence, StorePresence

Distances = tuple[float, ...]


def noted(before: StorePresence, after: StorePresence, fix: Fix) -> StorePresence:
    """A store after a fix or timer, with what a late fix will need: `fix` is the newest, or that which is replayed."""
    if after.told >= fix.at:
        return after._replace(earlier=after.pendings, stirred=fix.at if after.pendings else 0)
    if before.pendings or after.pendings:
        return after._replace(stirred=fix.at)
    return after


def without_oldest(state: StorePresence, zone: Zone, kept: Presence, index: GeofenceIndex) -> StorePresence:
    """A store once the oldest fix of `kept` is given up: what it did to what was pending then is worked out."""
    oldest = kept.fixes[0]
    if state.stirred <= oldest.at:
        return state if not state.stirred else state._replace(earlier=(), stirred=0)
    if state.told >= oldest.at:
        return state
    distances = index.distances(zone.store, oldest.lon, oldest.lat)
    then = state._replace(pendings=state.earlier, visit_due=None)
    return state._replace(earlier=step(then, zone, distances, kept._replace(fixes=(oldest,)), []).pendings)


def carried(before: StorePresence | None, zone: Zone, fix: Fix, distances: Distances) -> StorePresence:
    """What is held of a fence that is new (`before` is None) or changed, by the last fix from before that was seen.

    What was held stays held where the fix is not certainly out; what it is certainly in is held without a word, unless
    the zone asks for ENTER; neither is a visit, unless it was one already, or its DWELL is still to come.
    """
    weights = [weight(inside, fix.accuracy) for inside in distances]
    was = Ring.OUTSIDE if before is None else before.held
    held = Ring.OUTSIDE
    for ring, weighs in zip(zone.rings, weights, strict=True):
        if (weighs >= ENOUGH and not zone.fire_on_create) or (ring <= was and weighs > -ENOUGH):
            held = ring
    if before is not None and held is was and held is not Ring.OUTSIDE:
        return before._replace(version=zone.version, pendings=(), earlier=(), stirred=0)
    return StorePresence(zone.version, held, fix.at, 0 if before is None else before.told, None, bool(held))
