"""What a store was believed before its last fixes, and what it is believed where its fences changed under a device."""

from collections.abc import Sequence
from itertools import accumulate

from geofences.evidence import ENOUGH, MOST, is_repeated, weight
from geofences.fixes import Fix
from geofences.rings import Ring, Zone
from geofences.states import Pending, StorePresence

Distances = tuple[float, ...]


def rewound(
    state: StorePresence, zone: Zone, fixes: Sequence[Fix], last: Sequence[tuple[Fix, Distances]]
) -> StorePresence:
    """A store before the `last` of `fixes`, each with its signed distances; no transition was confirmed by them.

    Exact for what began among them; of what began before, their weight is taken back.
    """
    if not last:
        return state
    older = (p for p in state.pendings if p.began < last[0][0].at)
    return state._replace(pendings=tuple(_before(p, state.held, zone, fixes, last) for p in older))


def _before(
    pending: Pending, held: Ring, zone: Zone, fixes: Sequence[Fix], last: Sequence[tuple[Fix, Distances]]
) -> Pending:
    level = zone.rings.index(pending.ring)
    margin = zone.exit_margins[level]
    seen = accumulate((fix for fix, _ in last), lambda fixes, fix: (*fixes, fix), initial=tuple(fixes[: -len(last)]))
    next(seen)
    added = 0
    for fixes_then, (fix, distances) in zip(seen, last, strict=True):
        inside = distances[level]
        if not is_repeated(fixes_then):
            added += weight(-inside - margin if pending.ring <= held else inside, fix.accuracy)
    return pending._replace(evidence=min(max(pending.evidence - added, 1), MOST))


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
        return before._replace(version=zone.version, pendings=())
    return StorePresence(zone.version, held, fix.at, 0 if before is None else before.told, None, bool(held))
