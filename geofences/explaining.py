"""Why a device is in, and why it did not leave: each ring's evidence of one fix, kept or dropped, to be printed."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from geofences.evidence import ENOUGH, is_repeated, leave_weight, weight
from geofences.fixes import DEFAULT_SCREEN, Fix, FixRejection, ScreenPolicy
from geofences.index import GeofenceIndex, Sighting
from geofences.presence import advance, next_due, screened
from geofences.rings import Ring, Zone
from geofences.states import Pending, Presence, StorePresence, Transition


class Weighed(NamedTuple):
    """One ring and one fix: metres inside its edge, thousandths of evidence for a change, what is pending after it."""

    store: str
    ring: Ring
    held: bool
    inside: float
    beyond: float
    weight: int
    repeated: bool
    before: Pending | None
    after: Pending | None

    def __str__(self) -> str:
        """`haussmann/proximity: in, 35 m outside its edge; +0.50 for a leave, 0.50 of 1 since …, hold until …`."""
        change = "a leave" if self.held else "an entry"
        state = "in" if self.held else "out"
        side = "inside" if self.inside >= 0 else "outside"
        told = f"{self.store}/{self.ring.label}: {state}, {abs(self.inside):.0f} m {side} its edge; "
        if self.repeated:
            return told + "a coarse fix that came before, to the digit: no new evidence"
        if self.weight == 0:
            return told + f"{self.beyond:+.0f} m beyond what {change} asks for: too near the edge to weigh"
        told += f"{self.weight / ENOUGH:+.2f} for {change}"
        if self.after is None:
            return told + ("; what was pending is over" if self.before is not None else "; nothing is pending")
        began, due = _clock(self.after.began), _clock(self.after.due)
        return told + f", {self.after.evidence / ENOUGH:.2f} of 1 since {began}, hold until {due}"


class Explanation(NamedTuple):
    """What a fix came to: why it was not believed, or what it weighed for each ring near it, and what that told."""

    rejection: FixRejection | None
    rings: tuple[Weighed, ...]
    transitions: tuple[Transition, ...]
    next_due: int | None

    def __str__(self) -> str:
        """A line each."""
        lines = [f"not believed: {self.rejection}"] if self.rejection is not None else []
        lines += map(str, self.rings)
        lines += map(line, self.transitions)
        return "\n".join([*lines, "no timer" if self.next_due is None else f"next timer at {_clock(self.next_due)}"])


def line(transition: Transition) -> str:
    """`ENTER haussmann/proximity at 11:00:03, believed at 11:01:03 (first_seen)`; hours are UTC."""
    told = f"{transition.kind} {transition.geofence} at {_clock(transition.at)}"
    if transition.confirmed_at != transition.at:
        told += f", believed at {_clock(transition.confirmed_at)}"
    return told + (f" ({transition.reason})" if transition.reason is not None else "")


def explain(
    presence: Presence,
    fix: Fix,
    sightings: Iterable[Sighting],
    index: GeofenceIndex,
    now: int,
    policy: ScreenPolicy = DEFAULT_SCREEN,
) -> Explanation:
    """What `screened` and `advance` make of a fix, and why; `presence` is that from before it, and stays as it is."""
    fix, sightings = fix.quantised(), tuple(sightings)
    after, rejection = screened(presence, fix, now, policy)
    if rejection is not None:
        return Explanation(rejection, (), (), next_due(presence))
    after, transitions = advance(after, fix, sightings, index)
    zones = [*filter(None, map(index.zone, presence.stores)), *(sighting.zone for sighting in sightings)]
    rings = [
        weighed
        for zone in {zone.store: zone for zone in zones}.values()
        for weighed in _weighed(presence, after, zone, fix, index)
    ]
    return Explanation(None, tuple(rings), transitions, next_due(after))


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000, UTC).strftime("%H:%M:%S")


def _weighed(before: Presence, after: Presence, zone: Zone, fix: Fix, index: GeofenceIndex) -> Iterator[Weighed]:
    unknown = StorePresence(zone.version)
    was, became = before.stores.get(zone.store, unknown), after.stores.get(zone.store, unknown)
    repeated = is_repeated((*(each for each in before.fixes if each.at < fix.at), fix))
    distances = index.distances(zone.store, fix.lon, fix.lat)
    for ring, margin, inside in zip(zone.rings, zone.exit_margins, distances, strict=True):
        held = ring <= was.held
        beyond = -inside - margin if held else inside
        weighs = 0 if repeated else (leave_weight if held else weight)(beyond, fix.accuracy)
        pendings = _pending(was, ring), _pending(became, ring)
        yield Weighed(zone.store, ring, held, inside, beyond, weighs, repeated, *pendings)


def _pending(state: StorePresence, ring: Ring) -> Pending | None:
    return next((pending for pending in state.pendings if pending.ring == ring), None)
