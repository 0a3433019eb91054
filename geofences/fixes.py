"""Fixes: where a phone says it was, and which of them are not believed."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import asin, cos, isfinite, radians, sin, sqrt
from typing import NamedTuple

DEFAULT_ACCURACY = 30.0
"""Metres, for a phone that gives no accuracy: a usual one in a street."""

EARTH_RADIUS = 6_371_008.8
"""Mean radius in metres (IUGG)."""

LONGEST_DEGREE = 111_700.0
"""Metres: no degree of latitude or longitude is longer."""

DEGREE = 10_000_000
"""Positions are kept in units of 1e-7 degree: 1.1 cm."""

FIXES_KEPT = 8
LATENESS = 60_000
"""Milliseconds: a fix that is so much older than the newest of its device still takes its place among those kept."""

FAST = 4.0
"""m/s: nobody shops at this speed."""
FAST_WITHIN = 60_000

COARSE = 150.0
"""Metres: a worse fix comes from a cell tower. Its circle is wider than it says, and the next one repeats its error."""

LARGEST_ACCURACY = 6_553.5
LARGEST_SPEED = 655.34


class Fix(NamedTuple):
    """One position of one phone. Degrees WGS 84, accuracy in metres (68 % circle), `at` in ms UTC, speed in m/s."""

    lon: float
    lat: float
    accuracy: float
    at: int
    speed: float | None = None
    mocked: bool = False

    def quantised(self) -> "Fix":
        """As presence keeps it, so that storing a state never changes an outcome: 1e-7 degree, 0.1 m, 0.01 m/s."""
        return Fix(
            round(self.lon * DEGREE) / DEGREE,
            round(self.lat * DEGREE) / DEGREE,
            tenths(self.accuracy) / 10,
            self.at,
            None if self.speed is None or not self.speed >= 0 else hundredths(self.speed) / 100,
        )


def tenths(accuracy: float) -> int:
    """An accuracy as it is kept: tenths of a metre, at most 6,553.5 m."""
    return int(accuracy * 10 + 0.5) if accuracy < LARGEST_ACCURACY else 65_535


def hundredths(speed: float) -> int:
    """A speed as it is kept: hundredths of a m/s, at most 655.34 m/s."""
    return int(speed * 100 + 0.5) if speed < LARGEST_SPEED else 65_534


class FixRejection(StrEnum):
    """Why a fix is not believed, in the order in which they are looked for."""

    NOT_FINITE = "NOT_FINITE"  # a coordinate or an accuracy that is no number
    OUT_OF_RANGE = "OUT_OF_RANGE"  # latitude 91
    NULL_ISLAND = "NULL_ISLAND"  # (0, 0): a phone that knew nothing
    BAD_ACCURACY = "BAD_ACCURACY"  # an accuracy below zero
    INACCURATE = "INACCURATE"  # a circle of 17 km
    MOCKED = "MOCKED"  # the phone says that an app made it up
    FUTURE = "FUTURE"  # more than a minute ahead of us
    STALE = "STALE"  # older than a day
    DUPLICATE = "DUPLICATE"  # one of the last fixes once more
    OUT_OF_ORDER = "OUT_OF_ORDER"  # too late to take its place among the last fixes of the device
    IMPOSSIBLE_SPEED = "IMPOSSIBLE_SPEED"  # 200 m in a second; a second fix there makes it believed


@dataclass(frozen=True, slots=True)
class ScreenPolicy:
    """What is believed. Metres, milliseconds, m/s."""

    max_accuracy: float = 5_000.0
    max_age: int = 24 * 3_600_000
    max_ahead: int = 60_000
    max_speed: float = 100.0
    speed_within: int = 30 * 60_000
    accept_mocked: bool = False


DEFAULT_SCREEN = ScreenPolicy()


def screen(fix: Fix, newest: Fix | None, now: int, policy: ScreenPolicy = DEFAULT_SCREEN) -> FixRejection | None:
    """Why `fix` is not believed at `now` (ms) of a device whose newest believed fix is `newest`; None if it is."""
    rejection = screen_alone(fix, now, policy)
    if rejection is not None or newest is None:
        return rejection
    if fix.at == newest.at:
        return FixRejection.DUPLICATE
    if fix.at < newest.at:
        return FixRejection.OUT_OF_ORDER
    return None if is_reachable(newest, fix, policy) else FixRejection.IMPOSSIBLE_SPEED


def screen_late(fix: Fix, kept: Sequence[Fix], now: int, policy: ScreenPolicy = DEFAULT_SCREEN) -> FixRejection | None:
    """Why a fix older than the newest of those `kept` (oldest first) is not believed; None if it is.

    It must be one that `late_rejection` lets in, reachable from the one before it, and the one after it from there.
    """
    rejection = screen_alone(fix, now, policy) or late_rejection(fix, kept)
    if rejection is not None:
        return rejection
    place = bisect_left(kept, fix.at, key=_time)
    reachable = is_reachable(fix, kept[place], policy) and (place == 0 or is_reachable(kept[place - 1], fix, policy))
    return None if reachable else FixRejection.IMPOSSIBLE_SPEED


def late_rejection(fix: Fix, kept: Sequence[Fix]) -> FixRejection | None:
    """Why a fix no newer than the newest of those `kept` (oldest first) cannot take its place; None if it can."""
    if any(fix.at == each.at for each in kept):
        return FixRejection.DUPLICATE
    too_old = kept[-1].at - fix.at > LATENESS or (len(kept) >= FIXES_KEPT and fix.at < kept[0].at)
    return FixRejection.OUT_OF_ORDER if too_old else None


def _time(fix: Fix) -> int:
    return fix.at


def screen_alone(fix: Fix, now: int, policy: ScreenPolicy) -> FixRejection | None:
    """What is wrong with a fix by itself. The usual case is one expression; a NaN compares false."""
    lon, lat, accuracy, at, _, mocked = fix
    if (
        -180 <= lon <= 180
        and -90 <= lat <= 90
        and (lon > 1e-6 or lat > 1e-6 or lon < -1e-6 or lat < -1e-6)
        and 0 <= accuracy <= policy.max_accuracy
        and now - policy.max_age <= at <= now + policy.max_ahead
        and not mocked
    ):
        return None
    return _by_itself(fix, now, policy)


def _by_itself(fix: Fix, now: int, policy: ScreenPolicy) -> FixRejection | None:
    lon, lat, accuracy, at, _, mocked = fix
    checks = (
        (FixRejection.NOT_FINITE, not (isfinite(lon) and isfinite(lat) and isfinite(accuracy))),
        (FixRejection.OUT_OF_RANGE, not (-180 <= lon <= 180 and -90 <= lat <= 90)),
        (FixRejection.NULL_ISLAND, abs(lon) <= 1e-6 and abs(lat) <= 1e-6),
        (FixRejection.BAD_ACCURACY, accuracy < 0),
        (FixRejection.INACCURATE, accuracy > policy.max_accuracy),
        (FixRejection.MOCKED, mocked and not policy.accept_mocked),
        (FixRejection.FUTURE, at > now + policy.max_ahead),
        (FixRejection.STALE, at < now - policy.max_age),
    )
    return next((rejection for rejection, holds in checks if holds), None)


def is_reachable(earlier: Fix, later: Fix, policy: ScreenPolicy = DEFAULT_SCREEN) -> bool:
    """Whether a phone can be in both error circles; after a long silence it can be anywhere."""
    elapsed = later.at - earlier.at
    at_most = (abs(later.lon - earlier.lon) + abs(later.lat - earlier.lat)) * LONGEST_DEGREE
    return (
        at_most * 1_000 <= policy.max_speed * elapsed
        or elapsed > policy.speed_within
        or least_speed(earlier, later) <= policy.max_speed
    )


def is_fast(fixes: Sequence[Fix]) -> bool:
    """Whether somebody rode at the last fix that is not coarse: by the phone, else by how far it came in a minute."""
    fixes = [fix for fix in fixes if fix.accuracy <= COARSE] or fixes
    last = fixes[-1]
    if last.speed is not None or len(fixes) < 2:
        return (last.speed or 0.0) > FAST
    earlier = next((fix for fix in fixes[:-1] if last.at - fix.at <= FAST_WITHIN), fixes[-2])
    return least_speed(earlier, last) > FAST


def least_speed(earlier: Fix, later: Fix) -> float:
    """The lowest speed (m/s) that leads from one error circle to the other; `later` must be later."""
    apart = metres_between(earlier.lon, earlier.lat, later.lon, later.lat) - earlier.accuracy - later.accuracy
    return max(apart, 0.0) * 1_000 / (later.at - earlier.at)


def metres_between(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Great-circle distance in metres (haversine): within 0.6 % of the geodesic, for speeds only."""
    south, north = radians(lat1), radians(lat2)
    a = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(sqrt(min(a, 1.0)))
