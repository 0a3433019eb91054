"""Crowds of phones among stores, for the benches of presence: all stand well off every edge, some go elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from bench.countries import RADII, Country
from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Ring, RingPolicy, Zone

Floats = NDArray[np.float64]
START = 1_790_000_000_000
EVERY = 60_000
ACCURACY = 10.0
OFF = 25.0
"""Metres from every edge: then a bare point test tells the same as one that weighs error circles."""
JITTER = 2e-5
"""Degrees: some 2 m."""
FAR = 0.012
"""Degrees from home to the other place, at most."""
MOVING = 0.02


def without_patience(zone: Zone) -> Zone:
    """The same without margins and hold times; a visit is one at once."""
    impatient = RingPolicy(0, 0.0, 0)
    return replace(zone, geofences=tuple(replace(each, policy=impatient) for each in zone.geofences), visit_after=0)


def resized(zones: Sequence[Zone], by: float) -> GeofenceIndex:
    """The outermost rings, so many metres larger."""
    radius = RADII[Ring.CATCHMENT] + by
    fences = [(zone.store, zone.geofences[0]) for zone in zones]
    return GeofenceIndex([Zone(store, (replace(each, shape=_grown(each, radius)),)) for store, each in fences])


def _grown(fence: Geofence, radius: float) -> Circle:
    shape = fence.shape
    if not isinstance(shape, Circle):
        raise TypeError("only circles grow")
    return replace(shape, radius=radius)


@dataclass
class Crowd:
    """So many devices, each with two places well off the edges of `zones`."""

    country: Country
    zones: Sequence[Zone]
    devices: int
    seed: int = 1

    def __post_init__(self) -> None:
        larger, smaller = resized(self.zones, OFF), resized(self.zones, -OFF)
        random = np.random.default_rng(self.seed)
        found: list[Floats] = []
        while sum(map(len, found)) < self.devices:
            lons, lats = self.country.places(self.devices, int(random.integers(1 << 30)))
            pair = np.stack([lons, lats, *(each + random.uniform(-FAR, FAR, len(lons)) for each in (lons, lats))]).T
            good = [_is_off(larger, smaller, pair[:, first], pair[:, first + 1]) for first in (0, 2)]
            found.append(pair[good[0] & good[1]])
        self.places = np.concatenate(found)[: self.devices].tolist()

    def rounds(self) -> Iterator[list[tuple[str, Fix]]]:
        """A fix of every device in an order of chance, a minute after the one before; without end."""
        random, at = Random(self.seed), START
        order, away = list(range(self.devices)), [0] * self.devices
        while True:
            at += EVERY
            random.shuffle(order)
            yield [(f"d{device}", self._fix(device, away, at, random)) for device in order]

    def _fix(self, device: int, away: list[int], at: int, random: Random) -> Fix:
        if random.random() < MOVING:
            away[device] = 2 - away[device]
        lon, lat = self.places[device][away[device] : away[device] + 2]
        lon, lat = lon + JITTER * (random.random() - 0.5), lat + JITTER * (random.random() - 0.5)
        return Fix(lon, lat, ACCURACY, at, 1.0)


def _is_off(larger: GeofenceIndex, smaller: GeofenceIndex, lons: Floats, lats: Floats) -> NDArray[np.bool_]:
    pairs = zip(larger.locate(lons, lats), smaller.locate(lons, lats), strict=True)
    return np.array([len(near) == len(within) for near, within in pairs])
