"""The state machine of `machine.py` on rows of numbers, for compiled code: each function does what its namesake does.

Tests hold that both come to the same bytes and the same transitions.
"""

from typing import NamedTuple

from geofences.compiled import called, compiled, shared, whole
from geofences.evidence import ENOUGH, bound, leave_weight, reach_of, weight
from geofences.fixes import COARSE, DEGREE, FAST, FAST_WITHIN, LATENESS, metres_between
from geofences.machine import SILENCE, accumulated, is_confirmed
from geofences.metric import Floats, Indices
from geofences.presence_rows import (
    BEGAN,
    DUE,
    EARLIER,
    EVIDENCE,
    HELD,
    NEVER,
    PENDINGS,
    RINGS,
    SINCE,
    SIZE,
    STIRRED,
    TOLD,
    VISIT_DUE,
    VISITED,
    WIDTH,
    copy,
    has_pendings,
)
from geofences.told_rows import (
    COUNT,
    DWELL,
    ENTER,
    EXIT,
    FIRST_SEEN,
    NO_REASON,
    PASS_BY,
    PASSED,
    TIMEOUT,
    Telling,
    tell,
)
from geofences.zone_table import ZoneTable

LON, LAT, ACCURACY, AT, SPEED = range(5)
"""Columns of a fix, as it is packed, but for the time, which is in ms."""
NO_SPEED = 0xFFFF
SHARED = shared(weight, leave_weight, reach_of, bound, accumulated, is_confirmed, metres_between)


class Fixes(NamedTuple):
    """The fixes of one device, a row each, from the oldest to the newest that are believed."""

    rows: Indices
    first: int
    last: int


@compiled
def step(
    row: Indices, fixes: Fixes, zone: int, table: ZoneTable, distances: Floats, started: int, telling: Telling
) -> None:
    """What the newest fix makes of one store."""
    _weigh(row, fixes, zone, table, distances, started, telling)
    fix = fixes.rows[fixes.last]
    if row[VISIT_DUE] != NEVER and row[VISIT_DUE] <= fix[AT] and _is_due(row, row[VISIT_DUE], fixes):
        _dwell(row, zone, table, fix[AT], fix, telling)


@compiled
def _weigh(
    row: Indices, fixes: Fixes, zone: int, table: ZoneTable, distances: Floats, started: int, telling: Telling
) -> None:
    fix, first = fixes.rows[fixes.last], table.firsts[zone]
    accuracy, at, repeated = fix[ACCURACY] / 10, fix[AT], _is_repeated(fixes)
    entered, left, passed = whole(-1), whole(-1), False
    for level in range(table.firsts[zone + 1] - first):
        ring = table.rings[first + level]
        pending, leaving = PENDINGS + (ring - 1) * SIZE, ring <= row[HELD]
        inside = distances[level]
        weighs = weight(inside, accuracy)
        if leaving:
            weighs = leave_weight(-inside - table.margins[first + level], accuracy)
        if repeated:
            weighs = 0
        before = row[pending + EVIDENCE]
        evidence = accumulated(before, weighs)
        if evidence and not before:
            row[pending + BEGAN] = at
            row[pending + DUE] = at + (table.gone_after[first + level] if leaving else table.enter_after[first + level])
        row[pending + EVIDENCE] = evidence
        if evidence == 0:
            if before >= ENOUGH and not leaving:
                tell(telling, zone, ring, whole(PASS_BY), row[pending + BEGAN], at, whole(NO_REASON), fix)
                passed = True
        elif is_confirmed(evidence, weighs, at, row[pending + DUE]):
            if not leaving:
                entered = level
            elif left < 0:
                left = level
    if passed:
        row[TOLD] = at
    if left >= 0:
        _exit(row, zone, table, left, at, whole(NO_REASON), fix, telling)
    elif entered >= 0:
        _enter(row, zone, table, entered, fix, started, telling)


@compiled
def _is_repeated(fixes: Fixes) -> bool:
    last = fixes.rows[fixes.last]
    if last[ACCURACY] / 10 > COARSE:
        for number in range(fixes.first, fixes.last):
            fix = fixes.rows[number]
            if fix[LON] == last[LON] and fix[LAT] == last[LAT] and fix[ACCURACY] == last[ACCURACY]:
                return True
    return False


@called
def _enter(
    row: Indices, zone: int, table: ZoneTable, deepest: int, fix: Indices, started: int, telling: Telling
) -> None:
    first, at = table.firsts[zone], 0
    for level in range(deepest + 1):
        if table.rings[first + level] > row[HELD]:
            at = fix[AT]
            for inner in range(level, deepest + 1):
                pending = PENDINGS + (table.rings[first + inner] - 1) * SIZE
                if row[pending + EVIDENCE]:
                    at = min(at, row[pending + BEGAN])
            reason = FIRST_SEEN if at == started else NO_REASON
            tell(telling, zone, table.rings[first + level], whole(ENTER), at, fix[AT], reason, fix)
    waits = first + deepest + 1 == table.firsts[zone + 1]
    _hold(row, table.rings[first + deepest], at, fix[AT])
    row[VISIT_DUE] = at + table.visit_after[zone] if waits else NEVER
    for ring in range(row[HELD]):
        row[PENDINGS + ring * SIZE + EVIDENCE] = 0


@called
def _exit(
    row: Indices,
    zone: int,
    table: ZoneTable,
    outermost: int,
    confirmed_at: int,
    reason: int,
    fix: Indices,
    telling: Telling,
) -> None:
    first, at = table.firsts[zone], confirmed_at
    innermost = table.firsts[zone + 1] - first - 1
    for level in range(innermost, outermost - 1, -1):
        ring = table.rings[first + level]
        if ring > row[HELD]:
            continue
        at = confirmed_at
        for outer in range(outermost, level + 1):
            pending = PENDINGS + (table.rings[first + outer] - 1) * SIZE
            if row[pending + EVIDENCE]:
                at = min(at, row[pending + BEGAN])
        passed = level == innermost and not row[VISITED] and reason == NO_REASON
        tell(telling, zone, ring, whole(EXIT), at, confirmed_at, PASSED if passed else reason, fix)
    _hold(row, table.rings[first + outermost - 1] if outermost else 0, at, confirmed_at)
    row[VISIT_DUE] = NEVER
    for ring in range(row[HELD], RINGS):
        row[PENDINGS + ring * SIZE + EVIDENCE] = 0


@compiled
def _hold(row: Indices, ring: int, since: int, told: int) -> None:
    row[HELD], row[SINCE], row[TOLD], row[VISITED] = ring, since, told, 0


@called
def _dwell(row: Indices, zone: int, table: ZoneTable, confirmed_at: int, fix: Indices, telling: Telling) -> None:
    at = row[VISIT_DUE]
    tell(
        telling,
        zone,
        table.rings[table.firsts[zone + 1] - 1],
        whole(DWELL),
        at,
        confirmed_at,
        whole(NO_REASON),
        fix,
    )
    for inner in range(RINGS):
        pending = PENDINGS + inner * SIZE
        row[pending + BEGAN] = max(row[pending + BEGAN], at)
        row[pending + DUE] = max(row[pending + DUE], at)
    row[TOLD], row[VISIT_DUE], row[VISITED] = confirmed_at, NEVER, 1


@called
def first_due(row: Indices, fixes: Fixes) -> int:
    """The first of the timers of a store, or NEVER."""
    if not row[HELD]:
        return NEVER
    due = max(fixes.rows[fixes.last, AT], row[SINCE]) + SILENCE
    leave = _certain_leave(row)
    if leave != NEVER:
        return int(min(due, row[leave + DUE]))
    if row[VISIT_DUE] != NEVER and _stands(row[VISIT_DUE], fixes):
        return int(min(due, row[VISIT_DUE]))
    return int(due)


@called
def _is_due(row: Indices, due: int, fixes: Fixes) -> bool:
    """`due in dues(…)`."""
    if not row[HELD]:
        return False
    leave = _certain_leave(row)
    if due == max(fixes.rows[fixes.last, AT], row[SINCE]) + SILENCE:
        return True
    if leave != NEVER:
        return bool(due == row[leave + DUE])
    return bool(due == row[VISIT_DUE] and _stands(due, fixes))


@compiled
def _certain_leave(row: Indices) -> int:
    """Where the first leave with enough evidence stands in the row, or NEVER."""
    found = NEVER
    for ring in range(row[HELD]):
        pending = PENDINGS + ring * SIZE
        if row[pending + EVIDENCE] >= ENOUGH and (found == NEVER or row[pending + DUE] < row[found + DUE]):
            found = pending
    return found


@called
def fire(row: Indices, zone: int, table: ZoneTable, due: int, fixes: Fixes, telling: Telling) -> bool:
    """One timer of one store, if one is due then."""
    if not _is_due(row, due, fixes):
        return False
    fix, leave = fixes.rows[fixes.last], _certain_leave(row)
    if leave != NEVER and row[leave + DUE] == due:
        _exit(
            row,
            zone,
            table,
            _level(zone, table, (leave - PENDINGS) // SIZE + 1),
            due,
            whole(NO_REASON),
            fix,
            telling,
        )
    elif leave == NEVER and row[VISIT_DUE] == due:
        _dwell(row, zone, table, due, fix, telling)
    else:
        for ring in range(RINGS):
            row[PENDINGS + ring * SIZE + EVIDENCE] = 0
        _exit(row, zone, table, whole(0), due, whole(TIMEOUT), fix, telling)
    return True


@compiled
def _level(zone: int, table: ZoneTable, ring: int) -> int:
    level = whole(0)
    while table.rings[table.firsts[zone] + level] != ring:
        level += 1
    return level


@called
def _stands(visit_due: int, fixes: Fixes) -> bool:
    """Whether a DWELL may be told: nobody who rides stays, and of one that waited a coarse fix knows nothing."""
    last = fixes.rows[fixes.last]
    return bool((not _is_coarse(last) or last[AT] < visit_due) and not _is_fast(fixes))


@compiled
def _is_coarse(fix: Indices) -> bool:
    return bool(fix[ACCURACY] / 10 > COARSE)


@compiled
def _is_fast(fixes: Fixes) -> bool:
    """At the last fix that is not coarse, if there is one."""
    rows, last = fixes.rows, _before(fixes.last + 1, True, fixes)
    good = last >= fixes.first
    if not good:
        last = fixes.last
    before = _before(last, good, fixes)
    if rows[last, SPEED] != NO_SPEED or before < fixes.first:
        return bool(rows[last, SPEED] != NO_SPEED and rows[last, SPEED] / 100 > FAST)
    earlier = _before(before, good, fixes)
    while earlier >= fixes.first and rows[last, AT] - rows[earlier, AT] <= FAST_WITHIN:
        before, earlier = earlier, _before(earlier, good, fixes)
    return _least_speed(rows[before], rows[last]) > FAST


@compiled
def _before(number: int, good: bool, fixes: Fixes) -> int:
    """The fix before a fix, of the good ones or of all; before the first where there is none."""
    number -= 1
    while good and number >= fixes.first and _is_coarse(fixes.rows[number]):
        number -= 1
    return number


@compiled
def _least_speed(earlier: Indices, later: Indices) -> float:
    apart = metres_between(earlier[LON] / DEGREE, earlier[LAT] / DEGREE, later[LON] / DEGREE, later[LAT] / DEGREE)
    apart = apart - earlier[ACCURACY] / 10 - later[ACCURACY] / 10
    return float(max(apart, 0.0) * 1_000 / (later[AT] - earlier[AT]))


@compiled
def note(row: Indices, had_pendings: bool, fixes: Fixes) -> None:
    """`replaying.noted`."""
    has = has_pendings(row)
    if row[TOLD] >= fixes.rows[fixes.last, AT]:
        copy(row, PENDINGS, row, EARLIER, RINGS * SIZE)
        row[STIRRED] = fixes.last + 1 if has else 0
    elif had_pendings or has:
        row[STIRRED] = fixes.last + 1


@called
def without_oldest(
    row: Indices,
    then: Indices,
    fixes: Fixes,
    zone: int,
    table: ZoneTable,
    distances: Floats,
    started: int,
    telling: Telling,
) -> None:
    """`replaying.without_oldest`, where the oldest fix did not stir the store last; `fixes` are that one alone.

    `then` is a row to work in.
    """
    count = telling.state[COUNT]
    copy(row, 0, then, 0, WIDTH)
    copy(row, EARLIER, then, PENDINGS, RINGS * SIZE)
    then[VISIT_DUE] = NEVER
    step(then, fixes, zone, table, distances, started, telling)
    copy(then, PENDINGS, row, EARLIER, RINGS * SIZE)
    telling.state[COUNT] = count


@compiled
def is_kept(row: Indices, at: int) -> bool:
    """Whether anything is worth remembering."""
    return bool(row[HELD] or row[STIRRED] or has_pendings(row) or at - row[TOLD] <= LATENESS)
