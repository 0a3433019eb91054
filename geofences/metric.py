"""Signed distances in metres, positive inside, in a flat metric round a place.

Positions are whole numbers of 1e-7 degree held in float64, so that which side of an edge they lie on is exact (products
of differences stay below 2^53 up to 9 degrees across), and the same whether one position is asked for or many.

The metric: a unit north and a unit east are M(lat) and N(lat) cos(lat) times the angle (radii of curvature of WGS 84 in
the meridian and in the prime vertical). Between two places it is taken at their middle latitude (Gauss' mid-latitude
formula), whose error at 50 km is some 1e-5 of the distance up to 70 degrees; for an edge it is taken at the place. Both
are parabolas round the middle of the geofence.
"""

import numpy as np
from numpy.typing import NDArray

from geofences.fixes import DEGREE

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

SEMI_MAJOR = 6_378_137.0
ECCENTRICITY_SQUARED = 0.006_694_379_990_14
ROUND = 360.0 * DEGREE
"""Units round the earth."""
_STEP = 0.25 * DEGREE


def to_units(degrees: float) -> float:
    """Degrees as a whole number of 1e-7 degree."""
    return float(round(degrees * DEGREE))


def metrics_at(lats: Floats) -> Floats:
    """The metric round each latitude (units), a column each: lat, n0, n1, n2, e0, e1, e2.

    At h units north of lat a unit north has n0 + n1 h + n2 h^2 metres, and a unit east e0 + e1 h + e2 h^2.
    """
    below, middle, above = (metres_a_unit(lats + step) for step in (-_STEP, 0.0, _STEP))
    slope, bend = (above - below) / (2 * _STEP), (above - 2 * middle + below) / (2 * _STEP * _STEP)
    return np.array([lats, middle[0], slope[0], bend[0], middle[1], slope[1], bend[1]])


def circle_rows(lons: Floats, lats: Floats, radii: Floats) -> Floats:
    """A row of `lookup.Layout.rings` for each circle, in degrees and metres."""
    metrics, none = metrics_at(np.rint(lats * DEGREE)), np.zeros(len(lons))
    return np.array([np.rint(lons * DEGREE), metrics[0], radii, *[none] * 5, *metrics, none]).T.copy()


def per_unit_at(metrics: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Metres a unit north and a unit east at each y, by one column of `metrics_at` each."""
    lat, n0, n1, n2, e0, e1, e2 = metrics
    h = y - lat
    return n0 + h * (n1 + h * n2), e0 + h * (e1 + h * e2)


def expand(firsts: Indices, counts: Indices) -> Indices:
    """The numbers of `counts` neighbours from each of `firsts` on, one after the other."""
    before = np.cumsum(counts) - counts
    numbers: Indices = np.arange(int(counts.sum())) + np.repeat(firsts - before, counts)
    return numbers


def metres_a_unit(lats: Floats) -> Floats:
    """Metres a unit north and a unit east at these latitudes (units): two rows."""
    angle = np.radians(lats / DEGREE)
    w = np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(angle) ** 2)
    unit = np.pi / 180 / DEGREE
    return np.array([SEMI_MAJOR * (1 - ECCENTRICITY_SQUARED) / w**3 * unit, SEMI_MAJOR / w * np.cos(angle) * unit])
