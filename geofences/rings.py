"""Rings round a store: their shapes, their policies, and the zone that they make together."""

from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import blake2b
from math import cos, pi, radians, sqrt

import numpy as np
from pyproj import Geod
from shapely import to_wkb
from shapely.geometry import MultiPolygon, Polygon

from geofences.meridian import continuous

WGS84 = Geod(ellps="WGS84")

CIRCLE_CORNERS = 128
"""Corners of a circle drawn as a polygon: its area is then 0.04 % below that of the circle."""


class Ring(IntEnum):
    """How near. A greater one lies within a smaller one of the same store."""

    OUTSIDE = 0
    CATCHMENT = 1
    PROXIMITY = 2
    INSIDE = 3

    @property
    def label(self) -> str:
        """The word for it in YAML and messages: `catchment`."""
        return self.name.lower()


RINGS = tuple(Ring)
"""`RINGS[n]` is `Ring(n)`, only faster."""


@dataclass(frozen=True, slots=True)
class Circle:
    """All that is nearer than `radius` metres, along the ellipsoid, to a place in degrees WGS 84."""

    lon: float
    lat: float
    radius: float


Shape = Circle | Polygon | MultiPolygon


@dataclass(frozen=True, slots=True)
class RingPolicy:
    """What it takes to enter (ms of hold) and to leave (metres beyond the edge, ms of hold)."""

    enter_after: int
    exit_margin: float
    gone_after: int


@dataclass(frozen=True, slots=True)
class Geofence:
    """One ring's geometry and policy. A polygon's edges are straight in longitude and latitude."""

    ring: Ring
    shape: Shape
    policy: RingPolicy


DEFAULT_VISIT_AFTER = 3 * 60_000
SHORTEST_GONE_AFTER = 2 * 60_000
LONGEST_GONE_AFTER = 10 * 60_000
STROLL = 1.25
"""m/s: somebody who has time."""
SMALLEST_EXIT_MARGIN = 15.0
LARGEST_EXIT_MARGIN = 100.0


@dataclass(frozen=True)
class Zone:
    """The rings of one store, outermost first, each within the one before, and the ms that make a visit.

    ValueError where there is no ring, or where rings are not in their order. `version` changes with the geometry only;
    `key` is what a packed presence knows it by.
    `fire_on_create`: who is in it already when it is new or changed gives ENTER, too. `tells_crossings`: who rides
    through a ring between two fixes gives PASS_BY (`crossings.py`).
    """

    store: str
    geofences: tuple[Geofence, ...]
    visit_after: int = DEFAULT_VISIT_AFTER
    fire_on_create: bool = False
    tells_crossings: bool = False
    rings: tuple[Ring, ...] = field(init=False, compare=False)
    exit_margins: tuple[float, ...] = field(init=False, compare=False)
    visit_ring: Ring = field(init=False, compare=False)
    version: int = field(init=False, compare=False)
    key: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        rings = tuple(geofence.ring for geofence in self.geofences)
        if not rings or Ring.OUTSIDE in rings or list(rings) != sorted(set(rings)):
            raise ValueError(
                f"store {self.store!r}: the rings of a zone are catchment, proximity, inside, in this order"
            )
        object.__setattr__(self, "rings", rings)
        object.__setattr__(self, "exit_margins", tuple(geofence.policy.exit_margin for geofence in self.geofences))
        object.__setattr__(self, "visit_ring", rings[-1])
        object.__setattr__(self, "version", _version(self.geofences))
        object.__setattr__(self, "key", zone_key(self.store, self.version))

    def geofence(self, ring: Ring) -> Geofence | None:
        """The geofence of that ring, if the store has one."""
        return next((geofence for geofence in self.geofences if geofence.ring == ring), None)


def zone_key(store: str, version: int) -> bytes:
    """Length u8 and bytes of a store's id, and its version as u32, little endian."""
    name = store.encode()
    return bytes((len(name),)) + name + version.to_bytes(4, "little")


def default_policy(ring: Ring, shape: Shape) -> RingPolicy:
    """What suits a ring of this size.

    Nobody waits on the way in, whatever the size: an offer is for the doorstep, the first fix in a ring enters it, and
    a visit needs its DWELL anyway. On the way out the margin is a tenth of the ring's radius, at least what a good fix
    is wrong by; and the hold is the time in which one could stroll back to the middle, from 2 min, in which the error
    of a phone in a street goes round once, to 10 min, after which nobody would say that they are there still.
    """
    radius = typical_radius(shape)
    margin = min(max(radius / 10, SMALLEST_EXIT_MARGIN), LARGEST_EXIT_MARGIN)
    stroll = round(radius / STROLL / 10) * 10_000
    gone_after = min(max(stroll, SHORTEST_GONE_AFTER), LONGEST_GONE_AFTER)
    return RingPolicy(enter_after=0, exit_margin=round(margin, 1), gone_after=gone_after)


def typical_radius(shape: Shape) -> float:
    """Metres: the radius of a circle of the same area."""
    if isinstance(shape, Circle):
        return shape.radius
    area, _ = WGS84.geometry_area_perimeter(shape)
    return sqrt(abs(area) / pi)


def geodesic_circle(circle: Circle, corners: int = CIRCLE_CORNERS) -> Polygon:
    """The circle as a polygon in degrees, counter-clockwise; its corners lie on the circle along the ellipsoid.

    Across the 180th meridian its longitudes go on.
    """
    azimuths = [-360.0 * corner / corners for corner in range(corners)]
    lons, lats, _ = WGS84.fwd(
        [circle.lon] * corners, [circle.lat] * corners, azimuths, [circle.radius] * corners, return_back_azimuth=True
    )
    return Polygon(np.column_stack([continuous(np.array(lons)), lats]))


def outline(shape: Shape) -> Polygon | MultiPolygon:
    """The shape as a polygon in degrees, for drawing and for comparing."""
    return geodesic_circle(shape) if isinstance(shape, Circle) else shape


def bounds(shape: Shape) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees: a box that holds the shape, for a circle with a little room to spare."""
    if not isinstance(shape, Circle):
        west, south, east, north = shape.bounds
        return west, south, east, north
    up = shape.radius / 110_500 * 1.001
    across = shape.radius / (111_300 * cos(radians(min(abs(shape.lat) + up, 89.0)))) * 1.001
    return shape.lon - across, shape.lat - up, shape.lon + across, shape.lat + up


def _version(geofences: tuple[Geofence, ...]) -> int:
    digest = blake2b(digest_size=4)
    for geofence in geofences:
        shape = geofence.shape
        form = repr(shape).encode() if isinstance(shape, Circle) else to_wkb(shape, byte_order=1)
        digest.update(bytes([geofence.ring]) + len(form).to_bytes(4, "big") + form)
    return int.from_bytes(digest.digest(), "big")
