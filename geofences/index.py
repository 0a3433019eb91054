"""Which zones hold a fix, and how far it is from the edge of each of their rings.

A uniform grid of cells over longitude and latitude; each cell lists the zones whose outermost ring may reach into it.
Cells are kept as sorted keys, so continents of nothing cost nothing, and their size follows from the zones: small zones
have small cells, as long as one large zone does not fill too many. A batch of fixes is looked up at once; a fix that no
zone holds costs one search of a key.
"""

from collections.abc import Sequence
from math import floor
from typing import NamedTuple

import numpy as np

from geofences.fixes import DEGREE
from geofences.metric import (
    CircleMeter,
    Floats,
    Indices,
    Meter,
    PolygonMeter,
    circle_columns,
    circle_distances,
    distance,
    meter,
    polygon_distances,
    to_units,
)
from geofences.rings import Zone, bounds

CELLS_A_ZONE = 12
SMALLEST_CELL = 0.0005 * DEGREE
FEW = 8
"""So many fixes are looked up faster one by one than as arrays."""
EDGES_AT_ONCE = 1 << 18
_ROW = 1 << 32


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
        self._meters = [tuple(meter(geofence.shape) for geofence in zone.geofences) for zone in self.zones]
        self._layers = [_Layer(self._meters, depth) for depth in range(max(map(len, self._meters), default=0))]
        self._build_cells()

    def zone(self, store: str) -> Zone | None:
        """The zone of that store, if there is one."""
        number = self._by_store.get(store)
        return None if number is None else self.zones[number]

    def distances(self, store: str, lon: float, lat: float) -> tuple[float, ...]:
        """Signed distances (metres) of a place in degrees to the rings of one store. KeyError without such a store."""
        x, y = to_units(lon), to_units(lat)
        return tuple([distance(of, x, y) for of in self._meters[self._by_store[store]]])

    def locate(self, lons: Floats, lats: Floats) -> list[tuple[Sighting, ...]]:
        """For each place in degrees the zones whose outermost ring holds it, in the order of `zones`.

        Places must be finite. Exactly the answers of `distances`, for any size of batch.
        """
        if len(lons) <= FEW:
            return [self._sighted(lon, lat) for lon, lat in zip(lons.tolist(), lats.tolist(), strict=True)]
        sightings: list[tuple[Sighting, ...]] = [()] * len(lons)
        x, y = np.rint(lons * DEGREE), np.rint(lats * DEGREE)
        places, numbers = self._candidates(x, y)
        if not len(places):
            return sightings
        outermost = self._layers[0].outermost_distances(numbers, x[places], y[places])
        held = outermost > 0
        if held.any():
            places, numbers = places[held], numbers[held]
            self._fill(sightings, places, numbers, outermost[held], x[places], y[places])
        return sightings

    def _sighted(self, lon: float, lat: float) -> tuple[Sighting, ...]:
        """The same for one place, without arrays."""
        x, y = to_units(lon), to_units(lat)
        key = floor(x * self._per_cell) * _ROW + floor(y * self._per_cell)
        cell = int(self._keys.searchsorted(key))
        if self._keys[cell] != key:
            return ()
        found = []
        for number in self._members[self._starts[cell] : self._starts[cell + 1]].tolist():
            west, south, east, north = self._boxes[number]
            meters = self._meters[number]
            if west <= x <= east and south <= y <= north and (outermost := distance(meters[0], x, y)) > 0:
                inner = [distance(of, x, y) for of in meters[1:]]
                found.append(Sighting(self.zones[number], (outermost, *inner)))
        return tuple(found)

    def _fill(
        self,
        into: list[tuple[Sighting, ...]],
        places: Indices,
        numbers: Indices,
        outermost: Floats,
        x: Floats,
        y: Floats,
    ) -> None:
        columns = [outermost.tolist()]
        columns += [layer.distances(numbers, x, y).tolist() for layer in self._layers[1:]]
        zones, meters = self.zones, self._meters
        for place, number, row in zip(places.tolist(), numbers.tolist(), zip(*columns, strict=True), strict=True):
            into[place] += (Sighting(zones[number], row[: len(meters[number])]),)

    def _candidates(self, x: Floats, y: Floats) -> tuple[Indices, Indices]:
        """Pairs of a place's number and a zone's number whose cell they share, in order of place, then zone."""
        keys = np.floor(x * self._per_cell) * _ROW + np.floor(y * self._per_cell)
        cells = np.searchsorted(self._keys, keys)
        places = np.flatnonzero(self._keys[cells] == keys)
        if not len(places):
            return places, places
        starts = self._starts[cells[places]]
        counts = self._starts[cells[places] + 1] - starts
        return np.repeat(places, counts), self._members[expand(starts, counts)]

    def _build_cells(self) -> None:
        boxes = np.array([bounds(zone.geofences[0].shape) for zone in self.zones]).reshape(-1, 4)
        boxes = np.vstack([np.floor(boxes.T[:2] * DEGREE) - 1, np.ceil(boxes.T[2:] * DEGREE) + 1])
        self._boxes: list[list[float]] = boxes.T.tolist()
        self._per_cell = 1 / _cell_size(boxes)
        west, south, east, north = np.floor(boxes * self._per_cell)
        across, up = (east - west + 1).astype(np.int64), (north - south + 1).astype(np.int64)
        zone = np.repeat(np.arange(len(self.zones)), across * up)
        step = np.arange(len(zone)) - np.repeat(np.cumsum(across * up) - across * up, across * up)
        keys = (west[zone] + step // up[zone]) * _ROW + south[zone] + step % up[zone]
        order = np.lexsort((zone, keys))
        cells, starts = np.unique(keys[order], return_index=True)
        self._members: Indices = zone[order]
        # A last key that no place has keeps every search inside the arrays.
        self._keys: Floats = np.append(cells, np.inf)
        self._starts: Indices = np.append(starts, [len(zone), len(zone)])


def _cell_size(boxes: Floats) -> float:
    """Units: the smallest power of two times `SMALLEST_CELL` at which the zones do not fill too many cells."""
    west, south, east, north = boxes
    size = SMALLEST_CELL
    while len(west) and float(np.sum(((east - west) / size + 1) * ((north - south) / size + 1))) > CELLS_A_ZONE * len(
        west
    ):
        size *= 2
    return size


class _Layer:
    """The n-th ring of each zone, circles and polygons apart."""

    def __init__(self, meters: Sequence[tuple[Meter, ...]], depth: int) -> None:
        rings = [rings[depth] if depth < len(rings) else None for rings in meters]
        nothing = (np.nan,) * 9
        circles = [circle_columns(ring) if isinstance(ring, CircleMeter) else nothing for ring in rings]
        polygons = [ring if isinstance(ring, PolygonMeter) else None for ring in rings]
        self._circles = np.array(circles).T.copy()
        self._edges = np.hstack([np.zeros((4, 0)), *(ring.edges for ring in polygons if ring)])
        self._counts = np.array([ring.edges.shape[1] if ring else 0 for ring in polygons])
        self._firsts = np.cumsum(self._counts) - self._counts
        self._metrics = np.array([ring.metric if ring else (np.nan,) * 7 for ring in polygons]).T.copy()
        self._boxes = np.array([_box(ring) if ring else (np.nan,) * 4 for ring in polygons]).T.copy()

    def distances(self, numbers: Indices, x: Floats, y: Floats) -> Floats:
        """Signed distances of places (units) to the ring of one zone each; NaN for a zone that has none so deep."""
        found = circle_distances(self._circles[:, numbers], x, y)
        if self._edges.size:
            self._measure_polygons(found, np.flatnonzero(self._counts[numbers]), numbers, x, y)
        return found

    def outermost_distances(self, numbers: Indices, x: Floats, y: Floats) -> Floats:
        """As `distances`, but NaN may stand for a place outside: most candidates are, and need no measuring."""
        found = circle_distances(self._circles[:, numbers], x, y)
        if self._edges.size:
            west, south, east, north = self._boxes[:, numbers]
            pairs = np.flatnonzero((west <= x) & (x <= east) & (south <= y) & (y <= north))
            self._measure_polygons(found, pairs, numbers, x, y)
        return found

    def _measure_polygons(self, found: Floats, pairs: Indices, numbers: Indices, x: Floats, y: Floats) -> None:
        for some in _portions(pairs, self._counts[numbers[pairs]]):
            of = numbers[some]
            counts = self._counts[of]
            edges = self._edges[:, expand(self._firsts[of], counts)]
            found[some] = polygon_distances(edges, self._metrics[:, of], counts, x[some], y[some])


def _box(of: PolygonMeter) -> tuple[float, float, float, float]:
    x, y = of.edges[::2], of.edges[1::2]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _portions(pairs: Indices, counts: Indices) -> list[Indices]:
    """The pairs in portions that do not hold too many edges at once."""
    if not len(pairs):
        return []
    portion = (np.cumsum(counts) - 1) // EDGES_AT_ONCE
    return np.split(pairs, np.flatnonzero(np.diff(portion)) + 1)


def expand(firsts: Indices, counts: Indices) -> Indices:
    """The numbers of `counts` neighbours from each of `firsts` on, one after the other."""
    before = np.cumsum(counts) - counts
    numbers: Indices = np.arange(int(counts.sum())) + np.repeat(firsts - before, counts)
    return numbers
