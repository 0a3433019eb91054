"""Which zones hold a fix, and how far it is from the edge of each of their rings.

Three steps, each exact. `cells.py` finds the square of each zone near a place (`squares.py`): most say at once that the
place is out, or in and far from all edges. For the others a circle has a formula, and the box of a polygon is cut into
tiles (`tiles.py`), each with the edges that matter to it. One place at a time is looked up without arrays, many at once
with them, and the answers are the same to the last bit.

An index never changes. A new one is built beside it, and the holder lets go of the old one between two batches.
"""

from collections.abc import Sequence
from math import copysign, floor, inf
from struct import Struct
from sys import getsizeof
from typing import NamedTuple

import numpy as np

from geofences.cells import BITS, LEAP, NO_KEY, WITHIN, Cells
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
from geofences.outlines import outlines_of
from geofences.rings import Circle, Zone, bounds
from geofences.squares import CERTAIN, IN, Zones, drawn
from geofences.tiles import Tiles

BYTES_OF_A_FLOAT = 32
"""In a list, with its place there."""
FEW = 8
"""So many fixes are looked up faster one by one than as arrays."""
_CIRCLE = Struct("=9d")
_new = tuple.__new__


class Sighting(NamedTuple):
    """A zone that holds a fix: signed distances to the edges of its rings, outermost first; metres, positive inside.

    Beyond the reach that was asked for a distance may be a bound (`GeofenceIndex.locate`).
    """

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
        self._add_known()

    def zone(self, store: str) -> Zone | None:
        """The zone of that store, if there is one."""
        number = self._by_store.get(store)
        return None if number is None else self.zones[number]

    def distances(self, store: str, lon: float, lat: float, reach: float = inf) -> tuple[float, ...]:
        """Signed distances (metres) of a place in degrees to the rings of one store. KeyError without such a store.

        For `reach` see `locate`; without it they are exact.
        """
        number = self._by_store[store]
        x, y = to_units(lon), to_units(lat)
        x -= ROUND * round((x - self._middles[number]) / ROUND)
        reach += self._margins[number]
        first = self._firsts[number]
        return tuple([self._distance(first + depth, x, y, reach) for depth in range(len(self.zones[number].geofences))])

    def locate(self, lons: Floats, lats: Floats, reaches: Floats | None = None) -> list[tuple[Sighting, ...]]:
        """For each place in degrees the zones whose outermost ring holds it, in the order of `zones`.

        Places must be finite. The answers are those of `distances`, for any size of batch. With a reach each (metres:
        so far from an edge a fix is certain), a distance that is at least the reach inside a ring, or at least the
        reach and the exit margin outside of one, may be a bound instead: of the same sign, at least as large as these,
        and at most the true distance. That is all that presence asks for, and much cheaper.
        """
        if len(lons) <= FEW:
            asked = [inf] * len(lons) if reaches is None else reaches.tolist()
            return [self.locate_one(*place) for place in zip(lons.tolist(), lats.tolist(), asked, strict=True)]
        found: list[tuple[Sighting, ...]] = [()] * len(lons)
        lons_lats = np.array([lons, lats])
        places, states, entries = self._in_order(*self._cells.pairs(lons_lats))
        if len(places):
            asked = np.full(len(lons), inf) if reaches is None else reaches
            certain = (states >= IN) & (asked[places] <= CERTAIN)
            known = self._known
            columns = np.where(certain, (states - IN) * self._images + entries, -1)
            sightings = [known[number] for number in columns.tolist()]
            unsure = np.flatnonzero(~certain)
            if len(unsure):
                where = places[unsure]
                self._fill(sightings, unsure, entries[unsure], np.rint(lons_lats[:, where] * DEGREE), asked[where])
            for place, sighting in zip(places.tolist(), sightings, strict=True):
                found[place] += sighting
        return found

    def locate_one(self, lon: float, lat: float, reach: float = inf) -> tuple[Sighting, ...]:
        """`locate` for one place, without arrays."""
        levels, keys, firsts, counts, words, entries = self._views
        found: tuple[Sighting, ...] = ()
        for per_degree, rows, slots, before in levels:
            column, row = floor(lon * per_degree), floor(lat * per_degree)
            key = (column >> BITS) * rows + (row >> BITS)
            slot = key % slots
            while (there := keys[before + slot]) != key:
                if there == NO_KEY:
                    break
                slot = (slot + LEAP) % slots
            else:
                member, line, shift = firsts[before + slot], row & WITHIN, (column & WITHIN) << 1
                end = member + counts[before + slot]
                while member < end:
                    state = words[member << BITS | line] >> shift & 3
                    if state:
                        if state >= IN and reach <= CERTAIN:
                            found += self._known[(state - IN) * self._images + entries[member]]
                        else:
                            found += self._measured(entries[member], lon, lat, reach)
                    member += 1
        if len(found) > 1 and self._is_mixed:
            return tuple(sorted(found, key=lambda sighting: self._by_store[sighting.zone.store]))
        return found

    @property
    def size_in_bytes(self) -> int:
        """Of all that is looked up in; the zones, which whoever made them holds as well, come on top."""
        rings = (self._circles, self._kinds, self._ring_firsts, self._ring_counts)
        entries = (self._entry_zones, self._entry_shifts, self._zone_margins)
        arrays = sum(array.nbytes for array in (*rings, *entries))
        lists = BYTES_OF_A_FLOAT * (len(self._middles) + len(self._margins)) + getsizeof(self._by_store)
        tiles = 0 if self._tiles is None else self._tiles.size_in_bytes
        sightings = getsizeof(self._known) + sum(getsizeof(one) + getsizeof(one[0]) for one in self._known if one)
        return arrays + lists + tiles + sightings + self._cells.size_in_bytes

    def _measured(self, entry: int, lon: float, lat: float, reach: float) -> tuple[Sighting, ...]:
        """What a zone's rings say, if it holds the place."""
        number = self._zone_of[entry]
        x, y, ring = to_units(lon) + self._shifts[entry], to_units(lat), self._firsts[number]
        outermost = self._distance(ring, x, y, reach)
        if copysign(1.0, outermost) < 0:
            return ()
        zone = self.zones[number]
        distances: tuple[float, ...] = (outermost,)
        if len(zone.rings) > 1:
            reach += self._margins[number]
            inner = range(ring + 1, ring + len(zone.rings))
            distances = (outermost, *[self._distance(each, x, y, reach) for each in inner])
        return (_new(Sighting, (zone, distances)),)

    def _distance(self, ring: int, x: float, y: float, reach: float) -> float:
        number = self._kinds_view[ring]
        if number < 0 and self._tiles is not None:
            return self._tiles.distance(~number, x, y, reach)
        return circle_distance(_CIRCLE.unpack_from(self._circle_bytes, number * _CIRCLE.size), x, y)

    def _fill(
        self, into: list[tuple[Sighting, ...]], numbers: Indices, entries: Indices, places: Floats, reach: Floats
    ) -> None:
        """`_measured` for many entries and places (rows x, y), each put where its number says."""
        x, y, zones = places[0] + self._entry_shifts[entries], places[1], self._entry_zones[entries]
        outermost = self._distances(self._ring_firsts[zones], x, y, reach)
        held = np.flatnonzero(~np.signbit(outermost))
        x, y, zones = x[held], y[held], zones[held]
        reach = reach[held] + self._zone_margins[zones]
        counts, columns = self._ring_counts[zones], [outermost[held].tolist()]
        for depth in range(1, int(counts.max(initial=0))):
            distances = np.full(len(zones), np.nan)
            deep = np.flatnonzero(counts > depth)
            rings = self._ring_firsts[zones[deep]] + depth
            distances[deep] = self._distances(rings, x[deep], y[deep], reach[deep])
            columns.append(distances.tolist())
        rows = zip(*columns, strict=True)
        for number, zone, count, row in zip(numbers[held].tolist(), zones.tolist(), counts.tolist(), rows, strict=True):
            into[number] = (_new(Sighting, (self.zones[zone], row[:count])),)

    def _distances(self, rings: Indices, x: Floats, y: Floats, reach: Floats) -> Floats:
        numbers = self._kinds[rings]
        ragged = numbers < 0
        if self._tiles is None or not ragged.any():
            return circle_distances(self._circles[numbers].T, x, y)
        if ragged.all():
            return self._tiles.distances(~numbers, x, y, reach)
        found, round_ = np.empty(len(rings)), ~ragged
        found[round_] = circle_distances(self._circles[numbers[round_]].T, x[round_], y[round_])
        found[ragged] = self._tiles.distances(~numbers[ragged], x[ragged], y[ragged], reach[ragged])
        return found

    def _in_order(self, places: Indices, states: Indices, entries: Indices) -> tuple[Indices, Indices, Indices]:
        """By place, then by zone; each level of cells by itself is so already."""
        if not self._is_mixed:
            return places, states, entries
        order = np.lexsort((self._entry_zones[entries], places))
        return places[order], states[order], entries[order]

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
        self._outlines = outlines_of(polygons) if polygons else None
        self._tiles = None if self._outlines is None else Tiles(self._outlines)
        self._kinds_view, self._firsts = self._kinds.data, self._ring_firsts.data
        self._circle_bytes = self._circles.reshape(-1).data.cast("B")

    def _add_entries(self) -> None:
        """Each zone on its squares; across the 180th meridian a second time, on the other side."""
        boxes = np.array([bounds(zone.geofences[0].shape) for zone in self.zones]).reshape(-1, 4).T
        boxes = np.vstack([np.floor(boxes[:2] * DEGREE) - 1, np.ceil(boxes[2:] * DEGREE) + 1])
        self._zone_margins = np.array([max(zone.exit_margins) for zone in self.zones])
        self._middles, self._margins = ((boxes[0] + boxes[2]) / 2).tolist(), self._zone_margins.tolist()
        zones, shifts = _images(boxes)
        self._entry_zones, self._entry_shifts, self._images = zones, shifts, len(zones)
        self._zone_of, self._shifts = zones.data, shifts.data
        margins = np.array([margin for zone in self.zones for margin in zone.exit_margins])
        firsts, counts = self._ring_firsts[zones], self._ring_counts[zones]
        drawing = drawn(
            Zones(boxes[:, zones], shifts, firsts, counts, self._kinds, margins, self._circles, self._outlines)
        )
        self._cells = Cells(drawing, zones)
        self._views, self._is_mixed = self._cells.views, len(self._cells.views.levels) > 1
        del self._outlines

    def _add_known(self) -> None:
        """What there is to say of places that no error circle of up to CERTAIN takes to an edge."""
        shared: dict[tuple[float, ...], tuple[float, ...]] = {}
        self._known: list[tuple[Sighting, ...]] = []
        for inside in (1, 2):
            for number in self._entry_zones.tolist():
                zone = self.zones[number]
                if inside > len(zone.rings):
                    self._known.append(())
                    continue
                margins = (float(inside), *zone.exit_margins)
                if margins not in shared:
                    shared[margins] = (CERTAIN,) * inside + tuple(-CERTAIN - each for each in margins[1 + inside :])
                self._known.append((_new(Sighting, (zone, shared[margins])),))
        self._known.append(())


def _images(boxes: Floats) -> tuple[Indices, Floats]:
    """Zones, and what to add to the x of a place (-180 to 180 degrees) to find it in the box of that zone."""
    west, _, east, _ = boxes
    every = np.arange(len(west))
    over_west, over_east = np.flatnonzero(west < -ROUND / 2), np.flatnonzero(east > ROUND / 2)
    zones = np.concatenate([every, over_west, over_east])
    return zones, np.repeat([0.0, -ROUND, ROUND], [len(every), len(over_west), len(over_east)])
