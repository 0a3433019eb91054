"""Where the straight way between two fixes goes through rings, for zones that tell of who rides through them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shapely import STRtree, get_parts
from shapely.geometry import LineString

from geofences.fixes import COARSE, FAST, Fix
from geofences.meridian import aligned
from geofences.rings import Zone, outline

CROSSED_WITHIN = 60_000
"""Milliseconds: of a longer ride a straight line says too little of the way."""


class Crossing(NamedTuple):
    """The middle of the way through the ring at `level` of a zone: degrees, and when it was passed (ms)."""

    level: int
    lon: float
    lat: float
    at: int


def rode(before: Fix, fix: Fix) -> bool:
    """Whether the phone says of both that it rides, from one to the next and without a stop: two good fixes, near."""
    return (
        (before.speed or 0.0) > FAST
        and (fix.speed or 0.0) > FAST
        and before.accuracy <= COARSE
        and fix.accuracy <= COARSE
        and 0 < fix.at - before.at <= CROSSED_WITHIN
    )


class Crossings:
    """The zones of an index that tell of who rides through them; false where there is none."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = [zone for zone in zones if zone.tells_crossings]
        self._tree = STRtree([outline(zone.geofences[0].shape) for zone in self._zones])

    def __bool__(self) -> bool:
        return bool(self._zones)

    def between(self, before: Fix | None, fix: Fix) -> list[Zone]:
        """Those whose outermost ring lies on the way from one fix to the next."""
        if not self._zones or before is None or not rode(before, fix):
            return []
        way = _way(before, fix)
        met = {number for each in _images(way) for number in self._tree.query(each, "intersects").tolist()}
        return [self._zones[number] for number in sorted(met)]


def crossings_of(zone: Zone, before: Fix, fix: Fix) -> Iterator[Crossing]:
    """The longest way through each ring of one zone, outermost first."""
    if not rode(before, fix):
        return
    way = _way(before, fix)
    for level, geofence in enumerate(zone.geofences):
        within = way.intersection(aligned(outline(geofence.shape), way.centroid.x))
        part = max(get_parts(within), key=lambda each: each.length, default=None)
        if part is not None and part.length > 0:
            middle = part.interpolate(0.5, normalized=True)
            passed = before.at + round((fix.at - before.at) * way.project(middle, normalized=True))
            yield Crossing(level, middle.x, middle.y, passed)


def _way(before: Fix, fix: Fix) -> LineString:
    """Straight in longitude and latitude, the short way round the earth."""
    lon = fix.lon - 360 * round((fix.lon - before.lon) / 360)
    return LineString([(before.lon, before.lat), (lon, fix.lat)])


def _images(way: LineString) -> list[LineString]:
    """The way, and where it lies for zones that go on past the 180th meridian."""
    west, _, east, _ = way.bounds
    turns = [0.0, *([360.0] if west < -170 else []), *([-360.0] if east > 170 else [])]
    return [LineString([(lon + turn, lat) for lon, lat in way.coords]) for turn in turns]
