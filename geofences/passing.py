"""Who rode through a ring between two fixes: PASS_BY, where the store asks for it. Its law is in `presence.py`."""

from geofences.crossings import crossings_of
from geofences.evidence import ENOUGH, weight
from geofences.index import GeofenceIndex
from geofences.rings import Zone
from geofences.states import Presence, StorePresence, Transition, TransitionKind


def pass_through(
    before: StorePresence,
    after: StorePresence,
    zone: Zone,
    distances: tuple[float, ...],
    presence: Presence,
    index: GeofenceIndex,
    changes: list[Transition],
) -> StorePresence:
    """PASS_BY of each ring that was ridden through to the newest fix, which made `after` of `before` at this store."""
    if len(presence.fixes) < 2 or presence.fixes[-2].at < before.told:
        return after
    last, fix = presence.fixes[-2:]
    accuracy = max(last.accuracy, fix.accuracy)
    enough = {pending.ring for pending in before.pendings if pending.evidence >= ENOUGH}
    for crossing in crossings_of(zone, last, fix):
        ring = zone.rings[crossing.level]
        is_out = weight(distances[crossing.level], fix.accuracy) <= -ENOUGH
        if is_out and ring > before.held and ring not in enough:
            inside = index.distances(zone.store, crossing.lon, crossing.lat)[crossing.level]
            if weight(inside, accuracy) >= ENOUGH:
                changes.append(Transition(TransitionKind.PASS_BY, zone.store, ring, crossing.at, fix.at, None, fix))
                after = after._replace(told=fix.at)
    return after
