"""Which zones hold a fix, and how far it is from the edge of each of their rings.

Three steps, each exact. `cells.py` finds the square of each zone near a place (`squares.py`): most say at once that the
place is out, or in and far from all edges. For the others a circle has a formula, and the box of a polygon is cut into
tiles (`tiling.py`), each with the edges that matter to it. `layout.py` puts all of them into a few arrays, and
`lookup.py` looks into these, for one place and for many alike.

An index never changes. A new one is built beside it, and the holder lets go of the old one between two batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from sys import getsizeof
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geofences.crossings import Crossings
from geofences.metric import ROUND, Floats, to_units
from geofences.rings import RINGS, Zone
from geofences.squares import CERTAIN

if TYPE_CHECKING:
    from geofences.lookup import Answer, Batch

ROOM = 512
"""For hits; where it is not enough there is more."""
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
        self._add_known()
        self._add_layout()

    def zone(self, store: str) -> Zone | None:
        """The zone of that store, if there is one."""
        number = self._by_store.get(store)
        return None if number is None else self.zones[number]

    def distances(self, store: str, lon: float, lat: float, reach: float = inf) -> tuple[float, ...]:
        """Signed distances (metres) of a place in degrees to the rings of one store. KeyError without such a store.

        For `reach` see `locate`; without it they are exact.
        """
        number, found = self._by_store[store], np.empty(len(RINGS))
        _, _, margin, middle = self.layout.zones[number].tolist()
        x, y = to_units(lon), to_units(lat)
        x -= ROUND * round((x - middle) / ROUND)
        count = self._measure(self.layout, number, x, y, reach + margin, found)
        return tuple(found[:count].tolist())

    def locate(self, lons: Floats, lats: Floats, reaches: Floats | None = None) -> list[tuple[Sighting, ...]]:
        """For each place in degrees the zones whose outermost ring holds it, in the order of `zones`.

        Places must be finite. The answers are those of `distances`, for any size of batch. With a reach each (metres:
        so far from an edge a fix is certain), a distance that is at least the reach inside a ring, or at least the
        reach and the exit margin outside of one, may be a bound instead: of the same sign, at least as large as these,
        and at most the true distance. That is all that presence asks for, and much cheaper.
        """
        places = np.array([lons, lats, np.full(len(lons), inf) if reaches is None else reaches], np.float64)
        batch = self._batch_of(places, len(self.layout.levels))
        try:
            one, answer = self._desks.pop()
        except IndexError:
            one, answer = self._desk()
        count, end = self._look_up_all(self.layout, batch, answer)
        while end >= len(answer.codes):
            answer = self._with_room_for(2 * end)
            count, end = self._look_up_all(self.layout, batch, answer)
        found: list[tuple[Sighting, ...]] = self._alone.take(batch.alone, mode="clip").tolist()
        if count:
            sightings = self._sightings(answer, end)
            for place, begin, end in zip(*batch.others[:, :count].tolist(), strict=True):
                found[place] = sightings[begin:end]
        self._desks.append((one, answer))
        return found

    def locate_one(self, lon: float, lat: float, reach: float = inf) -> tuple[Sighting, ...]:
        """`locate` for one place."""
        try:
            desk = self._desks.pop()
        except IndexError:
            desk = self._desk()
        code = self._look_up(self.layout, lon, lat, reach, *desk)
        if code >= 0:
            self._desks.append(desk)
            return self._answers[code]
        one, answer = desk
        while -code >= len(answer.codes):
            answer = self._with_room_for(-2 * code)
            code = self._look_up(self.layout, lon, lat, reach, one, answer)
        found = self._sightings(answer, -code)
        self._desks.append((one, answer))
        return found

    @property
    def size_in_bytes(self) -> int:
        """Of all that is looked up in; the zones, which whoever made them holds as well, come on top."""
        arrays = sum(array.nbytes for array in (*self.layout, *self.table, self._alone, self._known))
        sightings = sum(getsizeof(one) + getsizeof(one[0]) for one in self._answers if one)
        return arrays + sightings + getsizeof(self._answers) + getsizeof(self._by_store)

    def _add_layout(self) -> None:
        # numba takes longer to import than all else, and most commands need no index: here, and not above.
        from geofences.compiled import direct
        from geofences.layout import layout_of
        from geofences.lookup import Answer, Batch, look_up, look_up_all, measure
        from geofences.zone_table import table_of

        self.layout, self.table = layout_of(self.zones), table_of(self.zones)
        self._measure = direct(measure, self.layout, 0, 0.0, 0.0, 0.0, np.empty(len(RINGS)))
        self._batch_of, self._with_room_for = Batch.of, Answer.with_room_for
        self._desks: list[tuple[Batch, Answer]] = []
        one, answer = self._desk()
        self._look_up = direct(look_up, self.layout, 0.0, 0.0, 0.0, one, answer)
        self._look_up_all = direct(look_up_all, self.layout, one, answer)
        self._desks.append((one, answer))

    def _desk(self) -> tuple[Batch, Answer]:
        """Room for a place and for an answer. Who looks up takes one away, so that two threads may do so at once."""
        return self._batch_of(np.zeros((3, 1)), len(self.layout.levels)), self._with_room_for(ROOM)

    def _sightings(self, answer: Answer, end: int) -> tuple[Sighting, ...]:
        """What the hits say."""
        sightings = self._known.take(answer.codes[:end], mode="clip").tolist()
        if count := answer.taken.item():
            rows = zip(*answer.measured[:, :count].tolist(), answer.distances[:count].tolist(), strict=True)
            for hit, zone, rings, distances in rows:
                sightings[hit] = _new(Sighting, (self.zones[zone], tuple(distances[:rings])))
        return tuple(sightings)

    def _add_known(self) -> None:
        """What there is to say of places that no error circle of up to CERTAIN takes to an edge, by code."""
        shared: dict[tuple[float, ...], tuple[float, ...]] = {}
        self._alone = np.empty(1 + 2 * len(self.zones), object)
        self._known = np.empty_like(self._alone)
        self._alone[:] = ((),)
        for number, zone in enumerate(self.zones):
            for inside in range(1, min(len(zone.rings), 2) + 1):
                margins = (float(inside), *zone.exit_margins)
                if margins not in shared:
                    shared[margins] = (CERTAIN,) * inside + tuple(-CERTAIN - each for each in margins[1 + inside :])
                code = 2 * number + inside
                self._known[code] = _new(Sighting, (zone, shared[margins]))
                self._alone[code] = (self._known[code],)
        self._answers: list[tuple[Sighting, ...]] = self._alone.tolist()
