"""Countries full of stores, to look up places in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from math import cos, pi, radians

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.rings import WGS84, Circle, Geofence, Ring, Shape, Zone, default_policy

Floats = NDArray[np.float64]
RADII = {Ring.CATCHMENT: 1_500.0, Ring.PROXIMITY: 250.0, Ring.INSIDE: 50.0}
METRES_A_DEGREE = 111_200.0
SOUTH_WEST = (2.0, 44.0)


@dataclass(frozen=True)
class Country:
    """Stores at random places, so dense that `held` of them hold a place on average."""

    stores: int
    held: float
    rings: int = 1
    outlined: bool = False

    @property
    def side(self) -> float:
        """Degrees of latitude."""
        return float((self.stores * pi * RADII[Ring.CATCHMENT] ** 2 / self.held) ** 0.5 / METRES_A_DEGREE)

    def places(self, count: int, seed: int) -> tuple[Floats, Floats]:
        """Longitudes and latitudes."""
        random = np.random.default_rng(seed)
        lats = SOUTH_WEST[1] + random.random(count) * self.side
        return SOUTH_WEST[0] + random.random(count) * self.side / cos(radians(SOUTH_WEST[1] + self.side / 2)), lats

    def zones(self) -> list[Zone]:
        """A zone a store, of concentric circles or of the same as polygons of 64 corners."""
        middles = self.places(self.stores, 1)
        columns = [
            [*starmap(Circle, zip(*np.array(middles).tolist(), [RADII[ring]] * self.stores, strict=True))]
            for ring in self._rings
        ]
        shapes = [
            drawn(*middles, RADII[ring]) if self.outlined else column
            for ring, column in zip(self._rings, columns, strict=True)
        ]
        policies = [default_policy(ring, column[0]) for ring, column in zip(self._rings, columns, strict=True)]
        rows = zip(*shapes, strict=True)
        return [Zone(f"store-{n}", tuple(map(Geofence, self._rings, row, policies))) for n, row in enumerate(rows)]

    @property
    def _rings(self) -> list[Ring]:
        return list(RADII)[: self.rings]


def drawn(lons: Floats, lats: Floats, radius: float, corners: int = 64) -> list[Shape]:
    """Circles along the ellipsoid as polygons, all at once."""
    every, azimuths = np.repeat([lons, lats], corners, axis=1), np.tile(-360 * np.arange(corners) / corners, len(lons))
    east, north, _ = WGS84.fwd(*every, azimuths, np.full(len(azimuths), radius))
    return list(shapely.polygons(np.array([east, north]).T.reshape(len(lons), corners, 2)))
