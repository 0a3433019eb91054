"""What finding zones costs, in µs of CPU a fix, against STRtree and PostGIS: `python -m bench.lookups [--scale 0.01]`.

All find, for the same places, the same stores; STRtree with Shapely also the signed distances to the edges of all their
rings. That is looked at before anything is measured. Ours is asked what the pipeline asks: with the reach of fixes that
are accurate to 20 m; for containment alone with none. Rounds alternate; the figures are medians.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, radians
from random import Random
from statistics import median
from time import perf_counter_ns, process_time_ns

import numpy as np
from numpy.typing import NDArray
from shapely import get_coordinates
from shapely.geometry import Polygon

from bench.peers.postgis import MISSING, PostGis, postgis
from bench.peers.strtree import TreeOfZones
from geofences.evidence import bound
from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Ring, Zone, default_policy, geodesic_circle, outline

Floats = NDArray[np.float64]
BATCH = 256
ROUNDS = 5
ACCURACY = 20.0
REACH = bound(ACCURACY)
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
        random, places = Random(1), zip(*self.places(self.stores, 1), strict=True)
        return [self._zone(f"store-{n}", lon, lat, random) for n, (lon, lat) in enumerate(places)]

    def _zone(self, store: str, lon: float, lat: float, random: Random) -> Zone:
        fences = []
        for ring, radius in list(RADII.items())[: self.rings]:
            circle = Circle(float(lon), float(lat), radius)
            shape = geodesic_circle(circle, 64) if self.outlined else circle
            fences.append(Geofence(ring, shape, default_policy(ring, circle)))
        return Zone(store, tuple(fences))


Work = Callable[[int, int], object]


def costs(size: int, places: int, *works: Work, clock: Callable[[], int] = process_time_ns) -> list[float]:
    """Microseconds of CPU a fix of each, for batches of `size`: the medians of several rounds, taken in turns."""
    rounds: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, times in zip(works, rounds, strict=True):
            begun = clock()
            for first in range(0, places - size + 1, size):
                work(first, first + size)
            times.append((clock() - begun) / (places // size * size) / 1_000)
    return [median(times) for times in rounds]


def check(index: GeofenceIndex, tree: TreeOfZones, lons: Floats, lats: Floats) -> int:
    """How many pairs of place and zone; raises where the two do not agree within a metre or a thousandth."""
    pairs = 0
    for place, found in enumerate(index.locate(lons, lats)):
        theirs = tree.locate_one(float(lons[place]), float(lats[place]))
        ours = {sighting.zone.store: sighting.distances for sighting in found}
        for store in ours.keys() ^ dict(theirs).keys():
            edge = (
                ours[store][0] if store in ours else index.distances(store, float(lons[place]), float(lats[place]))[0]
            )
            if abs(edge) > 3.0:  # A polygon of 128 corners cuts half a metre off a circle of 1.5 km.
                raise AssertionError(f"{store} at {lons[place]}, {lats[place]}: {edge} m")
        for store, distances in theirs:
            if store in ours:
                np.testing.assert_allclose(ours[store], distances, atol=1.0, rtol=0.002)
                pairs += 1
    return pairs


@dataclass(frozen=True)
class Asked:
    """Places, and the ways to ask ours for them."""

    index: GeofenceIndex
    lons: Floats
    lats: Floats
    rows: list[tuple[float, float]]
    reaches: Floats
    none: Floats

    @classmethod
    def of(cls, index: GeofenceIndex, country: Country, places: int) -> Asked:
        lons, lats = country.places(places, 2)
        rows = list(zip(lons.tolist(), lats.tolist(), strict=True))
        return cls(index, lons, lats, rows, np.full(places, bound(ACCURACY)), np.zeros(places))

    def one(self, place: int, _: int) -> object:
        return self.index.locate_one(*self.rows[place], REACH)

    def one_holds(self, place: int, _: int) -> object:
        return self.index.locate_one(*self.rows[place], 0.0)

    def many(self, first: int, end: int) -> object:
        return self.index.locate(self.lons[first:end], self.lats[first:end], self.reaches[first:end])

    def many_hold(self, first: int, end: int) -> object:
        return self.index.locate(self.lons[first:end], self.lats[first:end], self.none[first:end])


def against_tree(name: str, country: Country, scale: float) -> None:
    """One fix at a time, and a batch."""
    zones, places = country.zones(), max(2 * BATCH, int(8_192 * scale))
    tree, asked = TreeOfZones(zones), Asked.of(GeofenceIndex(zones), country, places)
    lons, lats, rows = asked.lons, asked.lats, asked.rows
    pairs = check(asked.index, tree, lons[:2_000], lats[:2_000])
    print(f"{name}: {len(zones):,} stores, {pairs / min(places, 2_000):.1f} of them hold a place")
    singles = costs(
        1,
        places,
        asked.one,
        lambda a, _: tree.locate_one(*rows[a]),
        asked.one_holds,
        lambda a, _: tree.holds_one(*rows[a]),
    )
    batches = costs(
        BATCH,
        places,
        asked.many,
        lambda a, b: tree.locate(lons[a:b], lats[a:b]),
        asked.many_hold,
        lambda a, b: tree.holds(lons[a:b], lats[a:b]),
    )
    for size, (ours, theirs, holds, alone) in ((1, singles), (BATCH, batches)):
        print(
            f"  batch of {size:>3}: {ours:6.2f} µs; STRtree with distance {theirs:6.2f} ({theirs / ours:.1f} times);"
            f" which hold it {holds:6.2f}; STRtree, containment alone {alone:6.2f} ({alone / holds:.1f} times)"
        )


def against_postgis(country: Country, scale: float) -> None:
    """Containment alone: one place, 256 in one statement, and a join of two tables."""
    zones, places = country.zones(), max(2 * BATCH, int(8_192 * scale))
    asked = Asked.of(GeofenceIndex(zones), country, places)
    with postgis(zones) as server:
        if server is None:
            print(MISSING)
            return
        pairs = check_postgis(asked, server)
        print(f"PostGIS: {len(zones):,} polygons, {pairs / places:.1f} of them hold a place")
        lons, lats = asked.lons.tolist(), asked.lats.tolist()
        (ours_one,), (ours,) = costs(1, places, asked.one_holds), costs(BATCH, places, asked.many_hold)
        ways: dict[str, tuple[int, Work, float]] = {
            "one fix": (1, lambda a, _: server.holds_one(lons[a], lats[a]), ours_one),
            "256 in a statement": (BATCH, lambda a, b: server.holds(lons[a:b], lats[a:b]), ours),
            "a join of tables": (places, lambda *_: server.join(), ours),
        }
        for name, (size, work, own) in ways.items():
            (cpu,) = costs(size, places, work, clock=lambda: int(server.cpu_seconds * 1e9))
            (wall,) = costs(size, places, work, clock=perf_counter_ns)
            print(f"  {name}: {own:.2f} µs; PostGIS {cpu:.1f} of CPU ({cpu / own:.0f} times), {wall:.1f} by the clock")


def check_postgis(asked: Asked, server: PostGis) -> int:
    """How many pairs there are; raises where the two do not find the same."""
    lons, lats = asked.lons.tolist(), asked.lats.tolist()
    numbers = {zone.store: number for number, zone in enumerate(asked.index.zones)}
    found = asked.index.locate(asked.lons, asked.lats, asked.none)
    ours = {(place, numbers[each.zone.store]) for place, seen in enumerate(found) for each in seen}
    theirs = set(server.holds(lons, lats))
    for place, number in ours ^ theirs:
        (edge, *_) = asked.index.distances(asked.index.zones[number].store, lons[place], lats[place])
        if abs(edge) > 0.02:  # Places are whole numbers of 1e-7 degree here, and are not there.
            raise AssertionError(f"zone {number} at {lons[place]}, {lats[place]}: {edge} m")
    server.load(lons, lats)
    if server.join() != len(theirs):
        raise AssertionError("the join finds others")
    return len(theirs)


def scaling(scale: float, largest: int) -> None:
    """From 10,000 fences on, in the same density; and ten times as dense."""
    places = 8_192
    for stores, held in ((10_000, 0.6), (10_000, 6.0), (100_000, 0.6), (1_000_000, 0.6)):
        if stores > largest:
            continue
        country = Country(max(100, int(stores * scale)), held, outlined=True)
        zones = country.zones()
        begun = process_time_ns()
        index = GeofenceIndex(zones)
        built = (process_time_ns() - begun) / 1e9
        asked = Asked.of(index, country, places)
        (one,), (many,) = costs(1, places, asked.one), costs(BATCH, places, asked.many)
        print(
            f"{len(zones):>9,} polygons of 64 corners, {held} hold a place: built in {built:.1f} s of CPU,"
            f" {index.size_in_bytes / len(zones):,.0f} bytes each; {one:.2f} µs alone, {many:.2f} in a batch"
        )


def many_corners(scale: float) -> None:
    """Ten zones with as many corners as an outline may have."""
    corners = max(100, int(10_000 * scale))
    country = Country(10, 0.6, outlined=True)
    zones = [
        Zone(zone.store, (Geofence(Ring.CATCHMENT, ragged(zone, corners), zone.geofences[0].policy),))
        for zone in country.zones()
    ]
    begun = process_time_ns()
    asked = Asked.of(GeofenceIndex(zones), country, 8_192)
    built = (process_time_ns() - begun) / 1e9
    (one,), (many,) = costs(1, 8_192, asked.one), costs(BATCH, 8_192, asked.many)
    print(
        f"10 polygons of {corners:,} corners: built in {built:.2f} s of CPU,"
        f" {asked.index.size_in_bytes / corners / 10:,.0f} bytes a corner; {one:.2f} µs alone, {many:.2f} in a batch"
    )


def ragged(zone: Zone, corners: int) -> Polygon:
    """An outline round a store that goes in and out by a fifth."""
    random, (middle,) = Random(9), get_coordinates(outline(zone.geofences[0].shape).centroid)
    smooth = get_coordinates(geodesic_circle(Circle(float(middle[0]), float(middle[1]), 1_500.0), corners))[:-1]
    shares = np.array([random.uniform(0.8, 1.0) for _ in range(corners)])[:, None]
    return Polygon(middle + (smooth - middle) * shares)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the whole size, 0.01 a hundredth of it")
    parser.add_argument("--largest", type=int, default=100_000, help="up to 1000000 fences, which takes minutes")
    given = parser.parse_args()
    stores = max(100, int(10_000 * given.scale))
    against_tree("circles", Country(stores, 0.6), given.scale)
    against_tree("circles, three a store", Country(stores, 0.6, 3), given.scale)
    against_tree("circles, dense", Country(stores, 6.0), given.scale)
    against_tree("polygons of 64 corners", Country(stores, 0.6, 1, True), given.scale)
    against_tree("polygons, three a store", Country(stores, 0.6, 3, True), given.scale)
    against_tree("polygons, dense", Country(stores, 6.0, 1, True), given.scale)
    against_postgis(Country(stores, 0.6, 1, True), given.scale)
    many_corners(given.scale)
    scaling(given.scale, given.largest)


if __name__ == "__main__":
    main()
