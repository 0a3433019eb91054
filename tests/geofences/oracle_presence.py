"""What presence should tell, worked out plainly and slowly from its law. It shares no code with the package.

One store at a time; the clock goes second by second; a late fix makes everything be worked out again from the first.
Where two ways of measuring may differ, it says `Unsure`, and the example is not looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from geographiclib.geodesic import Geodesic

SILENT = 1_800


class Unsure(Exception):  # noqa: N818 - no error: a tie
    """So close to a threshold that rounding decides."""


@dataclass
class Ring:
    label: str
    radius: float
    margin: float
    hold_in: int
    hold_out: int


@dataclass
class Store:
    name: str
    lon: float
    lat: float
    rings: list[Ring]
    visit_after: int = 180
    crossings: bool = False


@dataclass(frozen=True)
class Place:
    """A fix: seconds, degrees, metres, m/s."""

    at: int
    lon: float
    lat: float
    accuracy: float
    speed: float | None = None


Told = tuple[str, str, int, int, str | None]
"""Kind, ring, at, confirmed_at (seconds), reason."""


def apart(a: Place, b: Place) -> float:
    return Geodesic.WGS84.Inverse(a.lat, a.lon, b.lat, b.lon)["s12"]


def compare(value: float, bound: float, slack: float) -> bool:
    """Whether value >= bound; unsure where it is close, but not where it is the same."""
    if value != bound and abs(value - bound) < slack:
        raise Unsure
    return value >= bound


def reachable(a: Place, b: Place) -> bool:
    seconds = b.at - a.at
    metres = apart(a, b) - a.accuracy - b.accuracy
    return seconds > 1_800 or not compare(metres, 100.0 * seconds, 0.01 * abs(metres) + 1)


def known(fix: Place) -> bool:
    """By more than a cell tower."""
    return fix.accuracy <= 150


def fast(fixes: list[Place]) -> bool:
    kept = fixes[-8:]
    if any(known(fix) for fix in kept):
        kept = [fix for fix in kept if known(fix)]
    last = kept[-1]
    if last.speed is not None:
        return last.speed > 4
    within = [fix for fix in kept[:-1] if last.at - fix.at <= 60]
    other = within[0] if within else kept[-2] if len(kept) > 1 else None
    if other is None:
        return False
    metres = apart(other, last) - other.accuracy - last.accuracy
    return compare(metres, 4.0 * (last.at - other.at), 0.01 * abs(metres) + 0.5)


@dataclass
class OneStore:
    """One store, by the fixes that are believed, in order."""

    store: Store
    fixes: list[Place] = field(default_factory=list)
    first: int = 0
    depth: int = 0
    entered: int = 0
    dwelt: bool = False
    changes: dict[int, list[float]] = field(default_factory=dict)  # ring -> began, due, evidence
    told: list[Told] = field(default_factory=list)

    def until(self, second: int) -> None:
        """Let the clock go on to `second`."""
        if not self.fixes:
            return
        clock = self.fixes[-1].at
        while clock < second and self.depth:
            clock += 1
            while self._tick(clock):
                pass

    def _tick(self, clock: int) -> bool:
        if not self.depth:
            return False
        leave = self._certain_leave()
        if leave is not None and self.changes[leave][1] <= clock:
            self._leave(leave, clock)
            return True
        visit = self._visit_due()
        if leave is None and visit is not None and visit == clock and not fast(self.fixes):
            self._dwell(visit, clock)
            return True
        if clock == self.fixes[-1].at + SILENT:
            self.changes.clear()
            self._leave(0, clock, "timeout")
            return True
        return False

    def see(self, fix: Place) -> None:
        self.until(fix.at)
        if not self.fixes or fix.at - self.fixes[-1].at >= SILENT:
            self.fixes, self.first, self.changes = [], fix.at, {}
        self.fixes = [*self.fixes, fix]
        rings = self.store.rings
        distance = Geodesic.WGS84.Inverse(self.store.lat, self.store.lon, fix.lat, fix.lon)["s12"]
        before = (self.depth, {number: change[2] for number, change in self.changes.items()})
        settled, settled_by = self.told[-1][3] if self.told else 0, len(self.told)
        if not (self.depth == 0 and not self.changes and distance > rings[0].radius):
            self._judge(distance, fix)
        if self.store.crossings and len(self.fixes) > 1 and self.fixes[-2].at >= settled:
            rides = self._ridden(self.fixes[-2], fix, distance, *before)
            ended = sum(told[0] in ("EXIT", "PASS_BY") for told in self.told[settled_by:])
            self.told[settled_by + ended : settled_by + ended] = rides

    def _judge(self, distance: float, fix: Place) -> None:
        rings = self.store.rings
        inner, outer = None, None
        for number, ring in enumerate(rings):
            verdict = self._weigh(number, ring, distance, fix)
            if verdict == "in":
                inner = number
            elif verdict == "out" and outer is None:
                outer = number
        if outer is not None:
            self._leave(outer, fix.at)
        elif inner is not None:
            self._enter(inner, fix.at)
        visit = self._visit_due()
        overdue = visit is not None and visit <= fix.at and self._certain_leave() is None
        if overdue and known(fix) and not fast(self.fixes):
            self._dwell(visit, fix.at)

    def _ridden(self, last: Place, fix: Place, distance: float, held: int, evidence: dict[int, float]) -> list[Told]:
        """Straight on from one fast fix to the next."""
        slow = min(last.speed or 0.0, fix.speed or 0.0) <= 4
        if slow or fix.at - last.at > 60 or max(last.accuracy, fix.accuracy) > 150:
            return []
        rides: list[Told] = []
        for number, ring in enumerate(self.store.rings):
            beyond = (distance - ring.radius) / max(fix.accuracy, 15.0)
            if number < held or compare(evidence.get(number, 0.0), 1.0, 0.003) or not compare(beyond, 1.0, 0.003):
                continue
            inside, share = middle_of_way(self.store, ring.radius, last, fix)
            if compare(inside / max(last.accuracy, fix.accuracy, 15.0), 1.0, 0.003):
                at = last.at + share * (fix.at - last.at)
                compare(at, round(at), 0.05)
                rides.append(("PASS_BY", ring.label, int(at), fix.at, None))
        return rides

    def _weigh(self, number: int, ring: Ring, distance: float, fix: Place) -> str | None:
        holding = number < self.depth
        beyond = distance - ring.radius - ring.margin if holding else ring.radius - distance
        scale = max(fix.accuracy, 15.0) + max(fix.accuracy - 150.0, 0.0)
        says = beyond / scale
        says = 1.0 if compare(says, 1.0, 0.003) else -1.0 if not compare(says, -1.0, 0.003) else says
        if not compare(abs(says), 0.1, 0.003):
            says = 0.0
        if holding and not known(fix) and 0.0 < says < 1.0:
            says = 0.0
        same = [old for old in self.fixes[-8:-1] if (old.lon, old.lat, old.accuracy) == fix_key(fix)]
        if same and fix.accuracy > 150:
            says = 0.0
        began, due, evidence = self.changes.get(
            number, [fix.at, fix.at + (ring.hold_out if holding else ring.hold_in), 0]
        )
        total = 0.0 if says == -1.0 else min(2.0, evidence + says)
        if total != 0.0 and not compare(total, 0.0, 0.003):
            total = 0.0
        if total == 0.0:
            self.changes.pop(number, None)
            if not holding and compare(evidence, 1.0, 0.003):
                self.told.append(("PASS_BY", ring.label, int(began), fix.at, None))
            return None
        self.changes[number] = [began, due, total]
        if compare(total, 1.0, 0.003) and says >= 0 and fix.at >= due:
            return "out" if holding else "in"
        return None

    def _enter(self, deepest: int, clock: int) -> None:
        for number in range(self.depth, deepest + 1):
            began = [int(self.changes[inner][0]) for inner in range(number, deepest + 1) if inner in self.changes]
            at = min([clock, *began])
            reason = "first_seen" if at == self.first else None
            self.told.append(("ENTER", self.store.rings[number].label, at, clock, reason))
            self.entered = at
        self.depth, self.dwelt = deepest + 1, False
        self.changes = {number: change for number, change in self.changes.items() if number > deepest}

    def _leave(self, outermost: int, clock: int, reason: str | None = None) -> None:
        for number in reversed(range(outermost, self.depth)):
            began = [int(self.changes[each][0]) for each in range(outermost, number + 1) if each in self.changes]
            last = number == len(self.store.rings) - 1
            why = reason or ("pass_by" if last and not self.dwelt else None)
            self.told.append(("EXIT", self.store.rings[number].label, min([clock, *began]), clock, why))
        self.depth, self.dwelt = outermost, False
        self.changes = {number: change for number, change in self.changes.items() if number < outermost}

    def _dwell(self, at: int, clock: int) -> None:
        self.told.append(("DWELL", self.store.rings[-1].label, at, clock, None))
        self.dwelt = True
        for change in self.changes.values():
            change[:2] = [max(change[0], at), max(change[1], at)]

    def _certain_leave(self) -> int | None:
        sure = [
            (change[1], number)
            for number, change in self.changes.items()
            if number < self.depth and compare(change[2], 1.0, 0.003)
        ]
        return min(sure)[1] if sure else None

    def _visit_due(self) -> int | None:
        inside = self.depth == len(self.store.rings) and not self.dwelt
        return self.entered + self.store.visit_after if inside else None


def middle_of_way(store: Store, radius: float, a: Place, b: Place) -> tuple[float, float]:
    """How deep in a ring the middle of the straight way through it lies, and at which share of the whole way."""

    def away(share: float) -> float:
        lon, lat = a.lon + share * (b.lon - a.lon), a.lat + share * (b.lat - a.lat)
        return float(Geodesic.WGS84.Inverse(store.lat, store.lon, lat, lon)["s12"])

    low, high = 0.0, 1.0
    for _ in range(60):
        third = (high - low) / 3
        if away(low + third) < away(high - third):
            high -= third
        else:
            low += third
    nearest = (low + high) / 2
    if away(nearest) > radius:
        return -1.0, nearest
    into = 0.0 if away(0.0) <= radius else crossed(away, radius, 0.0, nearest)
    middle = (into + crossed(away, radius, 1.0, nearest)) / 2
    return radius - away(middle), middle


def crossed(away: Callable[[float], float], radius: float, outside: float, inside: float) -> float:
    for _ in range(50):
        half = (outside + inside) / 2
        if away(half) > radius:
            outside = half
        else:
            inside = half
    return inside


def fix_key(fix: Place) -> tuple[float, float, float]:
    return fix.lon, fix.lat, fix.accuracy


def believed(arrivals: list[Place]) -> list[Place]:
    """Those in order that a phone can have been at; a jump is believed with the second fix."""
    kept: list[Place] = []
    suspect: Place | None = None
    for fix in arrivals:
        if kept and fix.at <= kept[-1].at:
            continue
        if kept and not reachable(kept[-1], fix):
            if suspect is not None and fix.at <= suspect.at:
                continue
            if suspect is None or not reachable(suspect, fix):
                suspect = fix
                continue
        suspect = None
        kept.append(fix)
    return kept


def in_order(store: Store, arrivals: list[Place], end: int) -> list[Told]:
    """All that is told of one store; what comes late or twice is not looked at."""
    one = OneStore(store)
    for fix in believed(arrivals):
        one.see(fix)
    one.until(end)
    return one.told


def in_any_order(store: Store, arrivals: list[Place], end: int) -> list[Told]:
    """The same where late fixes take their place among the last eight, of which every one can be reached.

    All is worked out again from the first fix, and what is more than was told before is told now. A late fix that is
    older than what was told last of this store is not looked at there.
    """
    used: list[Place] = []
    heard: list[int] = []
    told: list[Told] = []
    settled = 0
    for fix in arrivals:
        newest = max(heard, default=fix.at)
        if fix.at in heard or fix.at < newest - 60 or (len(heard) >= 8 and fix.at < sorted(heard)[-8]):
            continue
        heard.append(fix.at)
        if fix.at < newest and settled == fix.at and store.crossings:
            raise Unsure  # a timer of the very same second
        if fix.at < newest and settled >= fix.at:
            continue
        used = sorted([*used, fix], key=lambda each: each.at)
        more = again(store, used, max(newest, fix.at))[len(told) :]
        settled = more[-1][3] if more else settled
        told += [(*new[:3], newest, new[4]) for new in more] if fix.at < newest else more
    return told + again(store, used, end)[len(told) :]


def again(store: Store, fixes: list[Place], end: int) -> list[Told]:
    one = OneStore(store)
    for fix in fixes:
        one.see(fix)
    one.until(end)
    return one.told
