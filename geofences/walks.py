"""Seeded walks: what a phone would send whose owner goes along a path. For simulations, demos and tests."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt
from random import Random

from geofences.fixes import Fix
from geofences.rings import WGS84

Place = tuple[float, float]

# The circle that holds 68 % of errors with standard deviation 1 in each of two directions.
_SIGMAS = 1.51


def walk(
    path: Sequence[Place],
    *,
    pace: float,
    every: int,
    start: int,
    stay: int = 0,
    accuracy: float = 12.0,
    seed: int | Random = 0,
    gaps: Sequence[tuple[int, int]] = (),
) -> Iterator[Fix]:
    """Fixes along `path` (lon, lat in degrees) at `pace` m/s, one every `every` ms from `start` (ms) on.

    At each place after the first the walker stays `stay` ms. Each fix has an accuracy round `accuracy` metres and an
    error drawn from it. None is sent within a gap: (from, to) in ms after the start. ValueError for a pace or interval
    of none.
    """
    if not path or pace <= 0 or every <= 0:
        raise ValueError("a walk needs a place, a pace above 0 m/s and an interval above 0 ms")
    random = seed if isinstance(seed, Random) else Random(seed)
    for after, (lon, lat), speed in _true_places(path, pace, every, stay):
        fix = _measured(lon, lat, start + after, speed, accuracy, random)
        if not any(begin <= after < end for begin, end in gaps):
            yield fix


def _true_places(path: Sequence[Place], pace: float, every: int, stay: int) -> Iterator[tuple[int, Place, float]]:
    """(ms after the start, where the walker truly is, m/s) every `every` ms, until the last stay is over."""
    after, begun = 0, 0.0
    for (lon1, lat1), (lon2, lat2) in pairwise(path if len(path) > 1 else (path[0], path[0])):
        azimuth, _, length = WGS84.inv(lon1, lat1, lon2, lat2)
        arrived = begun + length / pace * 1_000
        while after < arrived:
            lon, lat, _ = WGS84.fwd(lon1, lat1, azimuth, (after - begun) / 1_000 * pace)
            yield after, (float(lon), float(lat)), pace
            after += every
        begun = arrived + stay
        while after < begun:
            yield after, (lon2, lat2), 0.0
            after += every
    if stay == 0:
        yield after, path[-1], 0.0


def _measured(lon: float, lat: float, at: int, speed: float, usual: float, random: Random) -> Fix:
    accuracy = usual * random.lognormvariate(0.0, 0.35)
    apart = accuracy / _SIGMAS * sqrt(2 * random.expovariate(1.0))
    there_lon, there_lat, _ = WGS84.fwd(lon, lat, random.uniform(0.0, 360.0), apart)
    return Fix(float(there_lon), float(there_lat), round(accuracy, 1), at, speed).quantised()
