"""Presence: what we believe about one device and the stores near it.

The law stands here, what one fix or timer makes of one store in `machine.py`, the scales in `evidence.py`; nothing else
changes presence.

The law
-------
1. Evidence. A fix weighs `w = d / reach(accuracy)`, cut to -1 .. 1, for each ring, where d (metres) is how far it lies
   beyond the edge that would have to be crossed: inwards for a ring not held, outwards and beyond the exit margin for
   one that is. The reach is the accuracy, at least FLOOR; of one worse than COARSE the rest counts twice. Below FAINT
   it weighs nothing: an error circle over the edge decides nothing by itself. A coarse fix that repeats one of the last
   to the digit weighs nothing either, and for a leave only one that is certain (1) weighs anything (`evidence.py`).
2. A change is pending from its first evidence (`began`). Evidence adds up over fixes, contrary evidence takes away, a
   fix that is certainly on the other side ends it. It is confirmed by a fix when the evidence is ENOUGH (1) and the
   hold time is over. A change happened `at` its first evidence; `confirmed_at` says when we believed it.
3. Rings nest: who enters an inner ring is in the outer ones, who leaves an outer one has left the inner ones. ENTER
   comes outermost first, EXIT innermost first, every EXIT before any ENTER.
4. Timers, stored in the state so that they need no policy: a leave with enough evidence is confirmed when its hold time
   is over, even in silence; DWELL is due `visit_after` after the visit ring was entered, unless the device is leaving,
   or was fast at its last fix that is not coarse (then the next such fix decides); after SILENCE everything ends with
   reason `timeout`.
5. Before a fix is applied, the timers due before it fire. A timed transition carries its due time, never a clock's: it
   is its `confirmed_at`, and its `at` as well, except for a leave, which happened at its first evidence.
6. A late fix, older than the newest, takes its place among the last FIXES_KEPT if it is at most LATENESS late: each
   store goes through the fixes since its last transition again, in order. What was told stands: at a store where
   something was confirmed at or after the fix, it changes nothing. What it adds is believed now: its `confirmed_at` is
   the time of the newest fix. A fix that comes again changes nothing. The first fix, or the first after SILENCE, starts
   presence anew.
7. A check-in that only works in the store is certain: all its rings are entered at its time, a leave that began before
   is off, and fixes from before it, which may come after it, change nothing there. It moves no timer.
8. A store that is not in the index any more is forgotten without a word. Where a fence is new or another than it was,
   who was certainly in it at the last fix is in it without a word, unless it asks for `fire_on_create`; who held a ring
   holds it for as long as the last fix is not certainly out of it.
9. Where a zone `tells_crossings`, who rides (FAST by the phone's own speed at two fixes within CROSSED_WITHIN, both
   not before what was told last of the store) straight through a ring that is not held gives PASS_BY, `at` the middle
   of the way through it, if that is certainly inside, and the second fix certainly out of it. It never gives ENTER.
PASS_BY is also a pending entry that had enough evidence, but ended before its hold time. A visit ring that was entered
and left without DWELL gives ENTER and EXIT, the latter with reason `pass_by`.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

from geofences.check_ins import place_of
from geofences.evidence import FLOOR
from geofences.fixes import (
    DEFAULT_SCREEN,
    FIXES_KEPT,
    LATENESS,
    Fix,
    FixRejection,
    ScreenPolicy,
    is_reachable,
    late_rejection,
    screen,
    screen_late,
)
from geofences.ids import timed_id
from geofences.index import GeofenceIndex, Sighting
from geofences.machine import SILENCE, dues, enter, fire, first_due, is_kept, step
from geofences.passing import pass_through
from geofences.replaying import carried, noted, without_oldest
from geofences.rings import Zone
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
    "arrive",
    "expire",
    "next_due",
    "screened",
    "transition_id",
]

Outcome = tuple[Presence, tuple[Transition, ...]]


_named = lru_cache(maxsize=1_024)(timed_id)
"""A transition is named where it is told, and again where it starts an offer."""


def transition_id(retailer: str, device: str, transition: Transition) -> str:
    """The same transition of the same device has the same id, whoever works it out."""
    return _named(transition.at, "transition", retailer, device, transition.geofence, transition.kind)


def screened(
    presence: Presence, fix: Fix, now: int, policy: ScreenPolicy = DEFAULT_SCREEN
) -> tuple[Presence, FixRejection | None]:
    """Why the fix is not believed, if so. An impossible jump is remembered; a second fix near it makes it believed."""
    newest, suspect = presence.newest, presence.suspect
    if newest is not None and fix.at < newest.at:
        return presence, screen_late(fix, presence.fixes, now, policy)
    rejection = screen(fix, newest, now, policy)
    if rejection is not FixRejection.IMPOSSIBLE_SPEED or (suspect is not None and fix.at <= suspect.at):
        return presence, rejection
    if suspect is not None and is_reachable(suspect, fix, policy):
        return presence, None
    return presence._replace(suspect=fix.quantised()), rejection


def advance(presence: Presence, fix: Fix, sightings: Iterable[Sighting], index: GeofenceIndex) -> Outcome:
    """Apply a believed fix with what `index.locate` said of it; timers that are due before it fire first."""
    fix, newest = fix.quantised(), presence.newest
    if newest is not None and fix.at <= newest.at:
        kept = presence.fixes
        return (presence, ()) if late_rejection(fix, kept) else _overtaken(presence, fix, sightings, index)
    presence, fired = expire(presence, fix.at, index)
    if newest is None or (fix.at - newest.at >= SILENCE and not _holds(presence)):
        presence, newest = Presence(started=fix.at), None
    before = presence
    presence = presence._replace(fixes=(*presence.fixes[1 - FIXES_KEPT :], fix), suspect=None)
    seen = {sighting.zone.store: sighting for sighting in sightings}
    if index.crossings:
        _see_crossed(seen, newest, fix, index)
    if not seen and not presence.stores:
        return presence, fired
    stores, changes = _apply(presence, _near(presence.stores, seen, fix, newest, index), index)
    if len(before.fixes) >= FIXES_KEPT:
        stores = _without_oldest(stores, before, index)
    return presence._replace(stores=stores), fired + tuple(sorted(changes, key=_by_rank)) if changes else fired


def arrive(presence: Presence, store: str, at: int, index: GeofenceIndex) -> Outcome:
    """Apply a check-in at `at` (ms) that only works in the store: who made it is there, wherever its fixes lie."""
    zone, newest = index.zone(store), presence.newest
    if zone is None or (newest is not None and newest.at - at > LATENESS):
        return presence, ()
    fired: tuple[Transition, ...] = ()
    here = Fix(*place_of(zone), FLOOR, at).quantised()
    if newest is None or at - newest.at >= SILENCE:
        presence, fired = expire(presence, at, index)
        presence = Presence((here,), None, {}, at)
    presence = _reconciled(presence, index)
    state = presence.stores.get(store) or StorePresence(zone.version)
    if state.told > at:
        return presence, fired
    changes: list[Transition] = []
    entries = tuple(p for p in state.pendings if p.ring > state.held)
    state = state._replace(told=at, pendings=entries, earlier=(), stirred=0)
    if state.held is not zone.rings[-1]:
        state = enter(state, zone, len(zone.rings) - 1, presence._replace(fixes=(here,)), changes)
    return presence._replace(stores={**presence.stores, store: state}), (*fired, *changes)


def expire(presence: Presence, until: int, index: GeofenceIndex) -> Outcome:
    """Fire all timers due at or before `until` (ms), in order of time."""
    fired: list[Transition] = []
    presence = _reconciled(presence, index)
    while (due := next_due(presence)) is not None and due <= until:
        stores = {}
        for store, state in presence.stores.items():
            zone = index.zone(store)
            if zone is not None:
                after = fire(state, zone, due, presence, fired)
                stores[store] = state if after is state else noted(state, after, presence.fixes[-1])
        presence = presence._replace(stores=stores)
    return presence, tuple(fired)


def _overtaken(presence: Presence, late: Fix, sightings: Iterable[Sighting], index: GeofenceIndex) -> Outcome:
    """Put a late fix in its place, and take each store through the fixes since its last transition again."""
    presence = _reconciled(presence, index)
    newest = presence.fixes[-1]
    fixes = tuple(sorted((*presence.fixes, late), key=lambda fix: fix.at))
    told: list[Transition] = []
    # Of a store that nothing is remembered of something may have been told, but not within LATENESS.
    unknown = newest.at - LATENESS - 1
    stores = {**presence.stores}
    for near in (*(sighting.zone for sighting in sightings), *_crossed_by(late, fixes, index)):
        stores.setdefault(near.store, StorePresence(near.version, told=unknown))
    again = presence._replace(fixes=fixes, started=min(presence.started, late.at))
    for store, state in stores.items():
        zone = index.zone(store)
        if zone is not None and state.told < late.at:
            changes: list[Transition] = []
            stores[store] = _again(state, zone, again, index, changes)
            told += changes
    kept = {store: state for store, state in stores.items() if is_kept(state, newest)}
    if len(fixes) > FIXES_KEPT:
        kept = _without_oldest(kept, again, index)
    told.sort(key=lambda change: (change.confirmed_at, *_by_rank(change)))
    now = tuple(change._replace(confirmed_at=newest.at, fix=newest) for change in told)
    return again._replace(fixes=fixes[-FIXES_KEPT:], stores=kept), now


def _crossed_by(late: Fix, fixes: tuple[Fix, ...], index: GeofenceIndex) -> list[Zone]:
    """The zones that were ridden through on the way to a late fix, or from there to the next."""
    place = fixes.index(late)
    ways = pairwise(fixes[max(place - 1, 0) : place + 2])
    return [zone for before, fix in ways for zone in index.crossings.between(before, fix)]


def _without_oldest(
    stores: Mapping[str, StorePresence], kept: Presence, index: GeofenceIndex
) -> dict[str, StorePresence]:
    """The stores once the oldest of the fixes `kept` is given up."""
    left, newest = {}, kept.fixes[-1]
    for store, state in stores.items():
        zone = index.zone(store)
        after = state if zone is None or not state.stirred else without_oldest(state, zone, kept, index)
        if after is state or is_kept(after, newest):
            left[store] = after
    return left


def _again(
    state: StorePresence, zone: Zone, presence: Presence, index: GeofenceIndex, changes: list[Transition]
) -> StorePresence:
    """One store through all fixes since its last transition, with the late one among them."""
    fixes = presence.fixes
    state = state._replace(pendings=state.earlier, stirred=0)
    since = state.told
    for place, fix in enumerate(fixes):
        if fix.at <= since:
            continue
        before = presence._replace(fixes=fixes[:place])
        while before.fixes and (due := min(dues(state, before), default=fix.at + 1)) <= fix.at:
            fired = fire(state, zone, due, before, changes)
            state = noted(state, fired, before.fixes[-1])
        distances = index.distances(zone.store, fix.lon, fix.lat)
        state = _stepped(state, zone, distances, presence._replace(fixes=fixes[: place + 1]), index, changes)
    return state


def _stepped(
    state: StorePresence,
    zone: Zone,
    distances: tuple[float, ...],
    presence: Presence,
    index: GeofenceIndex,
    changes: list[Transition],
) -> StorePresence:
    after = step(state, zone, distances, presence, changes)
    if zone.tells_crossings:
        after = pass_through(state, after, zone, distances, presence, index, changes)
    return noted(state, after, presence.fixes[-1])


def _reconciled(presence: Presence, index: GeofenceIndex) -> Presence:
    """Stores that are gone are forgotten; of those with another geometry the last fix says what is still held."""
    if all((zone := index.zone(store)) and zone.version == state.version for store, state in presence.stores.items()):
        return presence
    fix, stores = presence.fixes[-1], {}
    for store, state in presence.stores.items():
        zone = index.zone(store)
        if zone is not None and zone.version != state.version:
            state = carried(state, zone, fix, index.distances(store, fix.lon, fix.lat))
        if zone is not None and is_kept(state, fix):
            stores[store] = state
    return presence._replace(stores=stores)


def _holds(presence: Presence) -> bool:
    return any(state.held for state in presence.stores.values())


def next_due(presence: Presence) -> int | None:
    """When the next timer of this device is due (ms), if it waits for one."""
    held = [state for state in presence.stores.values() if state.held]
    return min([first_due(state, presence) for state in held], default=None) if held else None


def _see_crossed(seen: dict[str, Sighting], before: Fix | None, fix: Fix, index: GeofenceIndex) -> None:
    """Add the stores that were ridden through on the way to a fix."""
    for zone in index.crossings.between(before, fix):
        if zone.store not in seen:
            seen[zone.store] = Sighting(zone, index.distances(zone.store, fix.lon, fix.lat))


def _near(
    stores: Mapping[str, StorePresence], seen: dict[str, Sighting], fix: Fix, before: Fix | None, index: GeofenceIndex
) -> list[tuple[StorePresence, Zone, tuple[float, ...]]]:
    """The stores that matter to a fix: those remembered, wherever they are, and those that hold it."""
    near = []
    for store, state in stores.items():
        zone = index.zone(store)
        if zone is not None:
            sighting = seen.pop(store, None)
            near.append((state, zone, sighting.distances if sighting else index.distances(store, fix.lon, fix.lat)))
    for store, (zone, distances) in seen.items():
        state = StorePresence(zone.version)
        if before is not None:
            state = carried(None, zone, before, index.distances(store, before.lon, before.lat))
        near.append((state, zone, distances))
    return near


def _apply(
    presence: Presence, near: list[tuple[StorePresence, Zone, tuple[float, ...]]], index: GeofenceIndex
) -> tuple[Mapping[str, StorePresence], list[Transition]]:
    changes: list[Transition] = []
    stores: dict[str, StorePresence] = {}
    fix = presence.fixes[-1]
    for state, zone, distances in near:
        after = state if state.told > fix.at else _stepped(state, zone, distances, presence, index, changes)
        if is_kept(after, fix):
            stores[zone.store] = after
    return stores, changes


_RANKS = {TransitionKind.EXIT: 0, TransitionKind.PASS_BY: 0, TransitionKind.ENTER: 1, TransitionKind.DWELL: 2}


def _by_rank(transition: Transition) -> tuple[int, str]:
    """What ended, then what began, then what lasted; the rings of a store stay in their order."""
    return _RANKS[transition.kind], transition.store
