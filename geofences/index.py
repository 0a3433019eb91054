"""Which zones hold a fix, and how far it is from the edge of each of their rings.

Three steps, each exact. `cells.py` says which boxes of outermost rings may hold a place; a circle has a formula; the
box of a polygon is cut into tiles (`tiles.py`), each with the edges that matter to it. One place at a time is looked up
without arrays, many at once with them, and the answers are the same to the last bit.

An index never changes. A new one is built beside it, and the holder lets go of the old one between two batches.
"""

from collections.abc import Sequence
from math import copysign
from operator import itemgetter
from struct import Struct
from sys import getsizeof
from typing import NamedTuple

import numpy as np

from geofences.cells import Cells
from geofences.crossings import Crossings
from geofences.fixes import DEGREE
from geofences.metric import (
    ROUND,
    Floats,
    Indices,
    circle_distance,
    circle_distances,
    circle_rows,
    to_units,
)
from geofences.rings import Circle, Zone, bounds
from geofences.tiles import Tiles

BYTES_OF_A_FLOAT = 32
"""In a list, with its place there."""
FEW = 8
"""So many fixes are looked up faster one by one than as arrays."""
_CIRCLE = Struct("=9d")
_ENTRY = Struct("=4d")
_FIRST = itemgetter(0)
_new = tuple.__new__


class Sighting(NamedTuple):
    """A zone that holds a fix: signed distances to the edges of its rings, outermost first; metres, positive inside."""

    zone: Zone
    distances: tuple[float, ...]


class GeofenceIndex:
    """All zones of one retailer. ValueError where two have the same store."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self.zones = tuple(zones)
        self._by_store = {zone.store: number for number, zone in enumerate(self.zones)}
        if len(self._by_store) < len(self.zones):
            raise ValueError("two zones have the same store")
        self.crossings = Crossings(self.zones)
        self._add_rings()
        self._add_entries()

    def zone(self, store: str) -> Zone | None:
        """The zone of that store, if there is one."""
        number = self._by_store.get(store)
        return None if number is None else self.zones[number]

    def distances(self, store: str, lon: float, lat: float, accuracy: float = np.inf) -> tuple[float, ...]:
        """Signed distances (metres) of a place in degrees to the rings of one store. KeyError without such a store.

        For `accuracy` see `locate`; without it they are exact.
        """
        number = self._by_store[store]
        x, y = to_units(lon), to_units(lat)
        x -= ROUND * round((x - self._middles[number]) / ROUND)
        reach = accuracy + self._margins[number]
        first = self._firsts[number]
        return tuple([self._distance(first + depth, x, y, reach) for depth in range(len(self.zones[number].geofences))])

    def locate(self, lons: Floats, lats: Floats, accuracies: Floats | None = None) -> list[tuple[Sighting, ...]]:
        """For each place in degrees the zones whose outermost ring holds it, in the order of `zones`.

        Places must be finite. Exactly the answers of `distances`, for any size of batch. With accuracies (metres), a
        distance larger than the accuracy and the widest exit margin of its zone may be a bound instead: of the same
        sign, larger than these two, and at most the true distance. It is much cheaper for polygons.
        """
        if len(lons) <= FEW:
            reaches = [np.inf] * len(lons) if accuracies is None else accuracies.tolist()
            return [self._sighted(*place) for place in zip(lons.tolist(), lats.tolist(), reaches, strict=True)]
        sightings: list[tuple[Sighting, ...]] = [()] * len(lons)
        x, y = np.rint(lons * DEGREE), np.rint(lats * DEGREE)
        places, entries = self._cells.pairs(x, y)
        if len(places):
            shift, zone, _, margin = self._entries[entries].T
            reach = np.full(len(places), np.inf) if accuracies is None else accuracies[places] + margin
            self._fill(sightings, places, zone.astype(np.int64), x[places] + shift, y[places], reach)
        return sightings

    @property
    def size_in_bytes(self) -> int:
        """Of all that is looked up in; the zones, which whoever made them holds as well, come on top."""
        arrays = self._circles.nbytes + self._entries.nbytes + self._kinds.nbytes + 2 * self._ring_firsts.nbytes
        lists = BYTES_OF_A_FLOAT * (len(self._middles) + len(self._margins)) + getsizeof(self._by_store)
        tiles = self._tiles.size_in_bytes if (self._kinds < 0).any() else 0
        return arrays + lists + tiles + self._cells.size_in_bytes

    def _sighted(self, lon: float, lat: float, accuracy: float) -> tuple[Sighting, ...]:
        """The same for one place, without arrays."""
        x, y = to_units(lon), to_units(lat)
        found = []
        for entry in self._cells.holding(x, y):
            shift, zone, first, margin = _ENTRY.unpack_from(self._entry_bytes, entry * _ENTRY.size)
            ring, reach = int(first), accuracy + margin
            outermost = self._distance(ring, x + shift, y, reach)
            if copysign(1.0, outermost) > 0:
                of = self.zones[int(zone)]
                inner = range(ring + 1, ring + len(of.rings))
                distances = (outermost, *[self._distance(each, x + shift, y, reach) for each in inner])
                found.append((zone, _new(Sighting, (of, distances))))
        if len(found) > 1:
            found.sort(key=_FIRST)
        return tuple([sighting for _, sighting in found])

    def _distance(self, ring: int, x: float, y: float, reach: float) -> float:
        number = self._kinds_view[ring]
        if number < 0:
            return self._tiles.distance(~number, x, y, reach)
        return circle_distance(_CIRCLE.unpack_from(self._circle_bytes, number * _CIRCLE.size), x, y)

    def _fill(
        self, into: list[tuple[Sighting, ...]], places: Indices, zones: Indices, x: Floats, y: Floats, reach: Floats
    ) -> None:
        outermost = self._distances(self._ring_firsts[zones], x, y, reach)
        held = np.flatnonzero(~np.signbit(outermost))
        order = held[np.lexsort((zones[held], places[held]))]
        places, zones = places[order], zones[order]
        x, y, reach = x[order], y[order], reach[order]
        counts, columns = self._ring_counts[zones], [outermost[order].tolist()]
        for depth in range(1, int(counts.max(initial=0))):
            distances = np.full(len(zones), np.nan)
            deep = np.flatnonzero(counts > depth)
            rings = self._ring_firsts[zones[deep]] + depth
            distances[deep] = self._distances(rings, x[deep], y[deep], reach[deep])
            columns.append(distances.tolist())
        rows = zip(*columns, strict=True)
        for place, zone, count, row in zip(places.tolist(), zones.tolist(), counts.tolist(), rows, strict=True):
            into[place] += (_new(Sighting, (self.zones[zone], row[:count])),)

    def _distances(self, rings: Indices, x: Floats, y: Floats, reach: Floats) -> Floats:
        numbers = self._kinds[rings]
        drawn = numbers < 0
        if not drawn.any():
            return circle_distances(self._circles[numbers].T, x, y)
        if drawn.all():
            return self._tiles.distances(~numbers, x, y, reach)
        found, round_ = np.empty(len(rings)), ~drawn
        found[round_] = circle_distances(self._circles[numbers[round_]].T, x[round_], y[round_])
        found[drawn] = self._tiles.distances(~numbers[drawn], x[drawn], y[drawn], reach[drawn])
        return found

    def _add_rings(self) -> None:
        """The rings of all zones, one after the other: circles by number, polygons by ~number."""
        shapes = [geofence.shape for zone in self.zones for geofence in zone.geofences]
        self._ring_counts: Indices = np.array([len(zone.geofences) for zone in self.zones], np.int64)
        self._ring_firsts: Indices = np.cumsum(self._ring_counts) - self._ring_counts
        is_circle = np.array([isinstance(shape, Circle) for shape in shapes], bool)
        self._kinds: Indices = np.where(is_circle, np.cumsum(is_circle) - 1, -np.cumsum(~is_circle))
        circles = [(shape.lon, shape.lat, shape.radius) for shape in shapes if isinstance(shape, Circle)]
        self._circles = circle_rows(*np.array(circles).reshape(-1, 3).T)
        polygons = [shape for shape in shapes if not isinstance(shape, Circle)]
        if polygons:
            self._tiles = Tiles(polygons)
        self._kinds_view, self._firsts = self._kinds.data, self._ring_firsts.data
        self._circle_bytes = self._circles.reshape(-1).data.cast("B")

    def _add_entries(self) -> None:
        """The boxes of outermost rings, with all that a lookup needs; across the 180th meridian one on each side."""
        boxes = np.array([bounds(zone.geofences[0].shape) for zone in self.zones]).reshape(-1, 4).T
        boxes = np.vstack([np.floor(boxes[:2] * DEGREE) - 1, np.ceil(boxes[2:] * DEGREE) + 1])
        margins = np.array([max(zone.exit_margins) for zone in self.zones])
        self._middles, self._margins = ((boxes[0] + boxes[2]) / 2).tolist(), margins.tolist()
        zones, shifts = _images(boxes)
        self._entries = np.array([shifts, zones, self._ring_firsts[zones], margins[zones]]).T.copy()
        self._entry_bytes = self._entries.reshape(-1).data.cast("B")
        boxes = boxes[:, zones]
        boxes[::2] -= shifts
        self._cells = Cells(boxes)


def _images(boxes: Floats) -> tuple[Indices, Floats]:
    """Zones, and what to add to the x of a place (-180 to 180 degrees) to find it in the box of that zone."""
    west, _, east, _ = boxes
    every = np.arange(len(west))
    over_west, over_east = np.flatnonzero(west < -ROUND / 2), np.flatnonzero(east > ROUND / 2)
    zones = np.concatenate([every, over_west, over_east])
    return zones, np.repeat([0.0, -ROUND, ROUND], [len(every), len(over_west), len(over_east)])
