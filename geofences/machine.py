"""One store's state machine: its transitions stand in one table. Its law stands on top of `presence.py`."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from geofences.evidence import ENOUGH, MOST, is_repeated, is_steady, leave_weight, weight
from geofences.fixes import COARSE, LATENESS, Fix, is_fast
from geofences.rings import Ring, Zone
from geofences.states import Pending, Presence, StorePresence, Transition, TransitionKind, TransitionReason

SILENCE = 30 * 60_000


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


def first_due(state: StorePresence, presence: Presence) -> int:
    """The first of the timers of a store with a ring that is held."""
    if state.pendings or state.visit_due is not None:
        return min(dues(state, presence))
    return max(presence.fixes[-1].at, state.since) + SILENCE


def dues(state: StorePresence, presence: Presence) -> list[int]:
    """When this store's timers are due: a device that holds no ring waits for nothing."""
    if state.held is Ring.OUTSIDE:
        return []
    dues = [max(presence.fixes[-1].at, state.since) + SILENCE]
    leave = _certain_leave(state)
    if leave is not None:
        dues.append(leave.due)
    elif state.visit_due is not None and _stands(state.visit_due, presence.fixes):
        dues.append(state.visit_due)
    return dues


def _stands(visit_due: int, fixes: Sequence[Fix]) -> bool:
    """Whether a DWELL may be told: nobody who rides stays, and of one that waited a coarse fix knows nothing."""
    last = fixes[-1]
    return (last.accuracy <= COARSE or last.at < visit_due) and not is_fast(fixes)


def _certain_leave(state: StorePresence) -> Pending | None:
    """The first due of the leaves with enough evidence; of equals the outermost, which takes the others along."""
    leaves = [p for p in state.pendings if p.ring <= state.held and p.evidence >= ENOUGH]
    return min(leaves, key=lambda p: (p.due, p.ring), default=None)


def fire(state: StorePresence, zone: Zone, due: int, presence: Presence, fired: list[Transition]) -> StorePresence:
    """One timer of one store, if one is due then."""
    if due not in dues(state, presence):
        return state
    fix = presence.fixes[-1]
    leave = _certain_leave(state)
    if leave is not None and leave.due == due:
        return _exit(state, zone, zone.rings.index(leave.ring), due, None, fix, fired)
    if leave is None and state.visit_due == due:
        return _dwell(state, zone, due, fix, fired)
    silent = state._replace(pendings=())
    return _exit(silent, zone, 0, due, TransitionReason.TIMEOUT, fix, fired)


def step(
    state: StorePresence, zone: Zone, distances: tuple[float, ...], presence: Presence, changes: list[Transition]
) -> StorePresence:
    """What the newest fix makes of one store."""
    if state.pendings or not is_steady(state.held, zone, distances, presence.fixes[-1].accuracy):
        state = _weigh(state, zone, distances, presence, changes)
    return state if state.visit_due is None else _late_dwell(state, zone, presence, changes)


def _weigh(
    state: StorePresence, zone: Zone, distances: tuple[float, ...], presence: Presence, changes: list[Transition]
) -> StorePresence:
    """Put the newest fix on the scales of each ring, then let the rings take each other along."""
    fix, repeated = presence.fixes[-1], is_repeated(presence.fixes)
    pendings = {pending.ring: pending for pending in state.pendings}
    entered = left = None
    for level, (geofence, inside) in enumerate(zip(zone.geofences, distances, strict=True)):
        ring, policy, leaving = geofence.ring, geofence.policy, geofence.ring <= state.held
        weighs = leave_weight(-inside - policy.exit_margin, fix.accuracy) if leaving else weight(inside, fix.accuracy)
        hold = policy.gone_after if leaving else policy.enter_after
        evidence, pending = _observe(pendings.pop(ring, None), ring, 0 if repeated else weighs, fix.at, hold)
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
            state = state._replace(told=fix.at)
    state = state._replace(pendings=tuple(pendings[ring] for ring in zone.rings if ring in pendings))
    if left is not None:
        return _exit(state, zone, left, fix.at, None, fix, changes)
    return state if entered is None else enter(state, zone, entered, presence, changes)


def _stage(held: bool, pending: bool) -> _Stage:
    if held:
        return _Stage.LEAVING if pending else _Stage.IN
    return _Stage.ENTERING if pending else _Stage.OUT


def _observe(pending: Pending | None, ring: Ring, weight: int, at: int, hold: int) -> tuple[_Evidence, Pending | None]:
    """What one fix's weight makes of a pending change, or of none."""
    before = pending or Pending(ring, at, at + hold, 0)
    evidence = accumulated(before.evidence, weight)
    if evidence == 0:
        return (_Evidence.REFUTED if before.evidence >= ENOUGH else _Evidence.NONE), None
    after = before._replace(evidence=evidence)
    return (_Evidence.CONFIRMED if is_confirmed(evidence, weight, at, before.due) else _Evidence.SOME), after


def accumulated(before: int, weight: int) -> int:
    """The evidence after a fix: it adds up, and a fix that is certainly on the other side ends it."""
    return 0 if weight <= -ENOUGH else min(max(before + weight, 0), MOST)


def is_confirmed(evidence: int, weight: int, at: int, due: int) -> bool:
    """Whether a fix confirms a change: one that does not speak against it, with enough evidence, after the hold."""
    return evidence >= ENOUGH and weight >= 0 and at >= due


def enter(
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
    visit_due = at + zone.visit_after if waits else None
    return state._replace(held=held, since=at, told=fix.at, visit_due=visit_due, visited=False, pendings=rest)


def _exit(
    state: StorePresence,
    zone: Zone,
    outermost: int,
    confirmed_at: int,
    reason: TransitionReason | None,
    fix: Fix,
    changes: list[Transition],
) -> StorePresence:
    """EXIT of every ring held from the innermost out to `outermost`."""
    began = {pending.ring: pending.began for pending in state.pendings if pending.ring <= state.held}
    at = confirmed_at
    for level in range(zone.rings.index(state.held), outermost - 1, -1):
        ring = zone.rings[level]
        at = min(began.get(outer, confirmed_at) for outer in zone.rings[outermost : level + 1])
        passed = ring is zone.visit_ring and not state.visited
        why = reason or (TransitionReason.PASS_BY if passed else None)
        changes.append(Transition(TransitionKind.EXIT, zone.store, ring, at, confirmed_at, why, fix))
    held = zone.rings[outermost - 1] if outermost else Ring.OUTSIDE
    rest = tuple(pending for pending in state.pendings if pending.ring <= held)
    return state._replace(held=held, since=at, told=confirmed_at, visit_due=None, visited=False, pendings=rest)


def _late_dwell(state: StorePresence, zone: Zone, presence: Presence, changes: list[Transition]) -> StorePresence:
    """A DWELL that was due, but waited for this fix to say that the device is neither leaving nor fast."""
    fix = presence.fixes[-1]
    if state.visit_due is None or state.visit_due > fix.at or state.visit_due not in dues(state, presence):
        return state
    return _dwell(state, zone, fix.at, fix, changes)


def _dwell(state: StorePresence, zone: Zone, confirmed_at: int, fix: Fix, changes: list[Transition]) -> StorePresence:
    at = confirmed_at if state.visit_due is None else state.visit_due
    changes.append(Transition(TransitionKind.DWELL, zone.store, zone.visit_ring, at, confirmed_at, None, fix))
    # A leave that began in doubt before the visit was one cannot have happened before it.
    pendings = tuple(p._replace(began=max(p.began, at), due=max(p.due, at)) for p in state.pendings)
    return state._replace(told=confirmed_at, visit_due=None, visited=True, pendings=pendings)


def is_kept(state: StorePresence, fix: Fix) -> bool:
    """Whether anything is worth remembering: that a store was left matters while fixes from before may come."""
    return bool(state.held or state.pendings or state.stirred) or fix.at - state.told <= LATENESS
