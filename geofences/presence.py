"""Presence: what we believe about one device and the stores near it. Everything that changes it stands in this file.

The law
-------
1. Evidence. A fix weighs `w = d / max(accuracy, FLOOR)`, cut to -1 .. 1, for each ring, where d (metres) is how far it
   lies beyond the edge that would have to be crossed: inwards for a ring not held, outwards and beyond the exit margin
   for one that is. Below FAINT it weighs nothing: an error circle over the edge decides nothing by itself.
2. A change is pending from its first evidence (`began`). Evidence adds up over fixes, contrary evidence takes away, a
   fix that is certainly on the other side ends it. It is confirmed by a fix when the evidence is ENOUGH (1) and the
   hold time is over. A change happened `at` its first evidence; `confirmed_at` says when we believed it.
3. Rings nest: who enters an inner ring is in the outer ones, who leaves an outer one has left the inner ones. ENTER
   comes outermost first, EXIT innermost first, every EXIT before any ENTER.
4. Timers, stored in the state so that they need no policy: a leave with enough evidence is confirmed when its hold time
   is over, even in silence; DWELL is due `visit_after` after the visit ring was entered, unless the device is leaving,
   or was fast at its last fix (then the next fix decides); after SILENCE everything ends with reason `timeout`.
5. Before a fix is applied, the timers due before it fire. A timed transition carries its due time, never a clock's: it
   is its `confirmed_at`, and its `at` as well, except for a leave, which happened at its first evidence.
6. A fix no newer than the newest changes nothing. The first fix, or the first after SILENCE, starts presence anew.
7. A store that is no longer in the index, or has another geometry, is forgotten without a word.
PASS_BY is a pending entry that had enough evidence, but ended before its hold time. A visit ring that was entered and
left without DWELL gives ENTER and EXIT, the latter with reason `pass_by`.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from itertools import chain

from geofences.fixes import DEFAULT_SCREEN, Fix, FixRejection, ScreenPolicy, is_reachable, least_speed, screen
from geofences.ids import timed_id
from geofences.index import GeofenceIndex, Sighting
from geofences.rings import Ring, Zone
from geofences.states import Pending, Presence, StorePresence, Transition, TransitionKind, TransitionReason

__all__ = [
    "SILENCE",
    "Outcome",
    "Pending",
    "Presence",
    "StorePresence",
    "Transition",
    "TransitionKind",
    "TransitionReason",
    "advance",
    "expire",
    "next_due",
    "screened",
    "transition_id",
]

ENOUGH = 1_000
"""Evidence is counted in thousandths of one certain fix."""
MOST = 2_000
FAINT = 100
FLOOR = 15.0
"""Metres: no phone in a street is more accurate than this, whatever it says."""
SILENCE = 30 * 60_000
FIXES_KEPT = 8
FAST = 4.0
"""m/s: nobody shops at this speed."""
_FAST_WITHIN = 60_000


Outcome = tuple[Presence, tuple[Transition, ...]]


class _Stage(Enum):
    OUT = auto()
    ENTERING = auto()
    IN = auto()
    LEAVING = auto()


class _Evidence(Enum):
    NONE = auto()  # nothing for a change, or nothing any more
    SOME = auto()  # for a change, but not enough or not long enough
    CONFIRMED = auto()  # enough, and the hold time is over
    REFUTED = auto()  # there was enough; the hold time was not over


_TABLE: Mapping[tuple[_Stage, _Evidence], tuple[_Stage, TransitionKind | None]] = {
    (_Stage.OUT, _Evidence.NONE): (_Stage.OUT, None),
    (_Stage.OUT, _Evidence.SOME): (_Stage.ENTERING, None),
    (_Stage.OUT, _Evidence.CONFIRMED): (_Stage.IN, TransitionKind.ENTER),
    (_Stage.ENTERING, _Evidence.NONE): (_Stage.OUT, None),
    (_Stage.ENTERING, _Evidence.SOME): (_Stage.ENTERING, None),
    (_Stage.ENTERING, _Evidence.CONFIRMED): (_Stage.IN, TransitionKind.ENTER),
    (_Stage.ENTERING, _Evidence.REFUTED): (_Stage.OUT, TransitionKind.PASS_BY),
    (_Stage.IN, _Evidence.NONE): (_Stage.IN, None),
    (_Stage.IN, _Evidence.SOME): (_Stage.LEAVING, None),
    (_Stage.IN, _Evidence.CONFIRMED): (_Stage.OUT, TransitionKind.EXIT),
    (_Stage.LEAVING, _Evidence.NONE): (_Stage.IN, None),
    (_Stage.LEAVING, _Evidence.SOME): (_Stage.LEAVING, None),
    (_Stage.LEAVING, _Evidence.CONFIRMED): (_Stage.OUT, TransitionKind.EXIT),
    (_Stage.LEAVING, _Evidence.REFUTED): (_Stage.IN, None),
}


def transition_id(retailer: str, device: str, transition: Transition) -> str:
    """The same transition of the same device has the same id, whoever works it out."""
    return timed_id(transition.at, "transition", retailer, device, transition.geofence, transition.kind)


def screened(
    presence: Presence, fix: Fix, now: int, policy: ScreenPolicy = DEFAULT_SCREEN
) -> tuple[Presence, FixRejection | None]:
    """Why the fix is not believed, if so. An impossible jump is remembered; a second fix near it makes it believed."""
    rejection = screen(fix, presence.newest, now, policy)
    suspect = presence.suspect
    if rejection is not FixRejection.IMPOSSIBLE_SPEED or (suspect is not None and fix.at <= suspect.at):
        return presence, rejection
    if suspect is not None and is_reachable(suspect, fix, policy):
        return presence, None
    return presence._replace(suspect=fix.quantised()), rejection


def advance(presence: Presence, fix: Fix, sightings: Iterable[Sighting], index: GeofenceIndex) -> Outcome:
    """Apply a believed fix with what `index.locate` said of it; timers that are due before it fire first."""
    fix, newest = fix.quantised(), presence.newest
    if newest is not None and fix.at <= newest.at:
        return presence, ()
    presence, fired = expire(presence, fix.at, index)
    if newest is None or fix.at - newest.at >= SILENCE:
        presence = Presence(started=fix.at)
    presence = presence._replace(fixes=(*presence.fixes[1 - FIXES_KEPT :], fix), suspect=None)
    seen = {sighting.zone.store: sighting for sighting in sightings}
    if not seen and not presence.stores:
        return presence, fired
    stores, changes = _apply(presence, _near(presence.stores, seen, fix, index))
    return presence._replace(stores=stores), fired + tuple(sorted(changes, key=_by_rank)) if changes else fired


def expire(presence: Presence, until: int, index: GeofenceIndex) -> Outcome:
    """Fire all timers due at or before `until` (ms), in order of time."""
    fired: list[Transition] = []
    while (due := next_due(presence)) is not None and due <= until:
        stores: dict[str, StorePresence] = {}
        for store, state in presence.stores.items():
            after = _fire(store, state, due, presence, index, fired)
            if after is not None:
                stores[store] = after
        presence = presence._replace(stores=stores)
    return presence, tuple(fired)


def next_due(presence: Presence) -> int | None:
    """When the next timer of this device is due (ms), if it waits for one."""
    return min(chain.from_iterable(_dues(state, presence) for state in presence.stores.values()), default=None)


def _dues(state: StorePresence, presence: Presence) -> list[int]:
    """When this store's timers are due: a device that holds no ring waits for nothing."""
    if state.held is Ring.OUTSIDE:
        return []
    dues = [presence.fixes[-1].at + SILENCE]
    leave = _certain_leave(state)
    if leave is not None:
        dues.append(leave.due)
    elif state.visit_due is not None and not _is_fast(presence.fixes):
        dues.append(state.visit_due)
    return dues


def _certain_leave(state: StorePresence) -> Pending | None:
    """The first due of the leaves with enough evidence; of equals the outermost, which takes the others along."""
    leaves = [p for p in state.pendings if p.ring <= state.held and p.evidence >= ENOUGH]
    return min(leaves, key=lambda p: (p.due, p.ring), default=None)


def _is_fast(fixes: tuple[Fix, ...]) -> bool:
    """By what the phone says of its speed, else by how far it came within the last minute."""
    last = fixes[-1]
    if last.speed is not None or len(fixes) < 2:
        return (last.speed or 0.0) > FAST
    earlier = next((fix for fix in fixes[:-1] if last.at - fix.at <= _FAST_WITHIN), fixes[-2])
    return least_speed(earlier, last) > FAST


def _fire(
    store: str, state: StorePresence, due: int, presence: Presence, index: GeofenceIndex, fired: list[Transition]
) -> StorePresence | None:
    """One timer of one store, if one is due then; None where nothing is left to remember."""
    zone = index.zone(store)
    if zone is None or zone.version != state.version:
        return None
    if due not in _dues(state, presence):
        return state
    fix = presence.fixes[-1]
    leave = _certain_leave(state)
    if leave is not None and leave.due == due:
        return _exit(state, zone, zone.rings.index(leave.ring), due, None, fix, fired)
    if leave is None and state.visit_due == due:
        return _dwell(state, zone, due, fix, fired)
    silent = state._replace(pendings=())
    return _exit(silent, zone, 0, due, TransitionReason.TIMEOUT, fix, fired)


def _near(
    stores: Mapping[str, StorePresence], seen: dict[str, Sighting], fix: Fix, index: GeofenceIndex
) -> list[tuple[StorePresence, Zone, tuple[float, ...]]]:
    """The stores that matter to a fix: those remembered, wherever they are, and those that hold it."""
    near = []
    for store, state in stores.items():
        zone = index.zone(store)
        if zone is not None and zone.version == state.version:
            sighting = seen.pop(store, None)
            near.append((state, zone, sighting.distances if sighting else index.distances(store, fix.lon, fix.lat)))
    near += [(StorePresence(zone.version), zone, distances) for zone, distances in seen.values()]
    return near


def _apply(
    presence: Presence, near: list[tuple[StorePresence, Zone, tuple[float, ...]]]
) -> tuple[Mapping[str, StorePresence], list[Transition]]:
    changes: list[Transition] = []
    stores: dict[str, StorePresence] = {}
    fix = presence.fixes[-1]
    for state, zone, distances in near:
        after: StorePresence | None = state
        if state.pendings or not is_steady(state.held, zone, distances, fix.accuracy):
            after = _weigh(state, zone, distances, presence, changes)
        if after is not None and after.visit_due is not None:
            after = _late_dwell(after, zone, presence, changes)
        if after is not None and (after.held or after.pendings):
            stores[zone.store] = after
    return stores, changes


def is_steady(held: Ring, zone: Zone, distances: tuple[float, ...], accuracy: float) -> bool:
    """No ring has more than faint evidence for a change: by far the most frequent case, so it is looked at first."""
    # A little below FAINT, so that rounding never makes this say yes where the scales say no.
    faint = 0.00099 * FAINT * (accuracy if accuracy > FLOOR else FLOOR)
    for ring, margin, inside in zip(zone.rings, zone.exit_margins, distances, strict=True):
        if (-inside - margin if ring <= held else inside) >= faint:
            return False
    return True


def _weigh(
    state: StorePresence, zone: Zone, distances: tuple[float, ...], presence: Presence, changes: list[Transition]
) -> StorePresence | None:
    """Put the newest fix on the scales of each ring, then let the rings take each other along."""
    fix = presence.fixes[-1]
    pendings = {pending.ring: pending for pending in state.pendings}
    entered = left = None
    for level, (geofence, inside) in enumerate(zip(zone.geofences, distances, strict=True)):
        ring, policy, leaving = geofence.ring, geofence.policy, geofence.ring <= state.held
        weight = _weight(-inside - policy.exit_margin if leaving else inside, fix.accuracy)
        hold = policy.gone_after if leaving else policy.enter_after
        evidence, pending = _observe(pendings.pop(ring, None), ring, weight, fix.at, hold)
        stage = _stage(leaving, any(before.ring == ring for before in state.pendings))
        kind = _TABLE[stage, evidence][1]
        if pending is not None:
            pendings[ring] = pending
        if kind is TransitionKind.ENTER:
            entered = level
        elif kind is TransitionKind.EXIT and left is None:
            left = level
        elif kind is TransitionKind.PASS_BY:
            began = next(before.began for before in state.pendings if before.ring == ring)
            changes.append(Transition(kind, zone.store, ring, began, fix.at, None, fix))
    state = state._replace(pendings=tuple(pendings[ring] for ring in zone.rings if ring in pendings))
    if left is not None:
        return _exit(state, zone, left, fix.at, None, fix, changes)
    return state if entered is None else _enter(state, zone, entered, presence, changes)


def _weight(beyond: float, accuracy: float) -> int:
    weight = round(ENOUGH * min(max(beyond / max(accuracy, FLOOR), -1.0), 1.0))
    return weight if abs(weight) >= FAINT else 0


def _stage(held: bool, pending: bool) -> _Stage:
    if held:
        return _Stage.LEAVING if pending else _Stage.IN
    return _Stage.ENTERING if pending else _Stage.OUT


def _observe(pending: Pending | None, ring: Ring, weight: int, at: int, hold: int) -> tuple[_Evidence, Pending | None]:
    """What one fix's weight makes of a pending change, or of none."""
    before = pending or Pending(ring, at, at + hold, 0)
    evidence = 0 if weight <= -ENOUGH else min(max(before.evidence + weight, 0), MOST)
    if evidence == 0:
        return (_Evidence.REFUTED if before.evidence >= ENOUGH else _Evidence.NONE), None
    after = before._replace(evidence=evidence)
    confirmed = evidence >= ENOUGH and weight >= 0 and at >= before.due
    return (_Evidence.CONFIRMED if confirmed else _Evidence.SOME), after


def _enter(
    state: StorePresence, zone: Zone, deepest: int, presence: Presence, changes: list[Transition]
) -> StorePresence:
    """ENTER of every ring down to `deepest` that is not held yet, each at its own first evidence."""
    fix, at = presence.fixes[-1], 0
    began = {pending.ring: pending.began for pending in state.pendings}
    for level, ring in enumerate(zone.rings[: deepest + 1]):
        if ring > state.held:
            at = min(began.get(inner, fix.at) for inner in zone.rings[level : deepest + 1])
            reason = TransitionReason.FIRST_SEEN if at == presence.started else None
            changes.append(Transition(TransitionKind.ENTER, zone.store, ring, at, fix.at, reason, fix))
    held = zone.rings[deepest]
    waits = zone.visit_ring is held
    rest = tuple(pending for pending in state.pendings if pending.ring > held)
    return state._replace(
        held=held, since=at, visit_due=at + zone.visit_after if waits else None, visited=False, pendings=rest
    )


def _exit(
    state: StorePresence,
    zone: Zone,
    outermost: int,
    confirmed_at: int,
    reason: TransitionReason | None,
    fix: Fix,
    changes: list[Transition],
) -> StorePresence | None:
    """EXIT of every ring held from the innermost out to `outermost`; None where no ring is left to hold."""
    began = {pending.ring: pending.began for pending in state.pendings if pending.ring <= state.held}
    at = confirmed_at
    for level in range(zone.rings.index(state.held), outermost - 1, -1):
        ring = zone.rings[level]
        at = min(began.get(outer, confirmed_at) for outer in zone.rings[outermost : level + 1])
        passed = ring is zone.visit_ring and not state.visited
        why = reason or (TransitionReason.PASS_BY if passed else None)
        changes.append(Transition(TransitionKind.EXIT, zone.store, ring, at, confirmed_at, why, fix))
    if outermost == 0:
        return None
    held = zone.rings[outermost - 1]
    rest = tuple(pending for pending in state.pendings if pending.ring <= held)
    return state._replace(held=held, since=at, visit_due=None, visited=False, pendings=rest)


def _late_dwell(state: StorePresence, zone: Zone, presence: Presence, changes: list[Transition]) -> StorePresence:
    """A DWELL that was due, but waited for this fix to say that the device is neither leaving nor fast."""
    fix = presence.fixes[-1]
    if state.visit_due is None or state.visit_due > fix.at or state.visit_due not in _dues(state, presence):
        return state
    return _dwell(state, zone, fix.at, fix, changes)


def _dwell(state: StorePresence, zone: Zone, confirmed_at: int, fix: Fix, changes: list[Transition]) -> StorePresence:
    at = confirmed_at if state.visit_due is None else state.visit_due
    changes.append(Transition(TransitionKind.DWELL, zone.store, zone.visit_ring, at, confirmed_at, None, fix))
    # A leave that began in doubt before the visit was one cannot have happened before it.
    pendings = tuple(p._replace(began=max(p.began, at), due=max(p.due, at)) for p in state.pendings)
    return state._replace(visit_due=None, visited=True, pendings=pendings)


_RANKS = {TransitionKind.EXIT: 0, TransitionKind.PASS_BY: 0, TransitionKind.ENTER: 1, TransitionKind.DWELL: 2}


def _by_rank(transition: Transition) -> tuple[int, str]:
    """What ended, then what began, then what lasted; the rings of a store stay in their order."""
    return _RANKS[transition.kind], transition.store
