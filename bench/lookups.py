"""What finding zones costs against Shapely's STRtree, in µs of CPU a fix: `python -m bench.lookups [--scale 0.01]`.

Both find, for the same places, the same stores with the same signed distances to the edges of all their rings; that is
looked at before anything is measured. `told` is what the pipeline may ask for: distances beyond the error circle of a
fix (20 m) and the exit margin may be bounds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, radians
from random import Random
from statistics import median
from time import process_time_ns

import numpy as np
from numpy.typing import NDArray

from bench.peers.strtree import TreeOfZones
from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Ring, Zone, default_policy, geodesic_circle

Floats = NDArray[np.float64]
BATCH = 256
ROUNDS = 5
ACCURACY = 20.0
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


def cost(work: Callable[[int, int], object], size: int, places: int) -> float:
    """Microseconds of CPU a fix, for batches of `size`: the median of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        begun = process_time_ns()
        for first in range(0, places - size + 1, size):
            work(first, first + size)
        rounds.append((process_time_ns() - begun) / (places // size * size) / 1_000)
    return median(rounds)


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


def against_tree(name: str, country: Country, scale: float) -> None:
    """One fix at a time, and a batch."""
    zones, places = country.zones(), max(2 * BATCH, int(8_192 * scale))
    index, tree = GeofenceIndex(zones), TreeOfZones(zones)
    lons, lats = country.places(places, 2)
    accuracies = np.full(places, ACCURACY)
    pairs = check(index, tree, lons[:2_000], lats[:2_000])
    print(f"{name}: {len(zones):,} stores, {pairs / min(places, 2_000):.1f} of them hold a place")
    for size in (1, BATCH):
        ours = cost(lambda a, b: index.locate(lons[a:b], lats[a:b]), size, places)
        told = cost(lambda a, b: index.locate(lons[a:b], lats[a:b], accuracies[a:b]), size, places)
        if size == 1:
            theirs = cost(lambda a, _: tree.locate_one(float(lons[a]), float(lats[a])), 1, places)
            alone = cost(lambda a, _: tree.holds_one(float(lons[a]), float(lats[a])), 1, places)
        else:
            theirs = cost(lambda a, b: tree.locate(lons[a:b], lats[a:b]), size, places)
            alone = cost(lambda a, b: tree.holds(lons[a:b], lats[a:b]), size, places)
        print(
            f"  batch of {size:>3}: {ours:6.2f} µs exact, {told:6.2f} told; STRtree with distance {theirs:6.2f}"
            f" ({theirs / ours:.1f} and {theirs / told:.1f} times); STRtree, containment alone {alone:6.2f}"
            f" ({alone / told:.1f} times)"
        )


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
        lons, lats = country.places(places, 2)
        accuracies = np.full(places, ACCURACY)
        one, many = (
            cost(lambda a, b: index.locate(lons[a:b], lats[a:b], accuracies[a:b]), size, places)  # noqa: B023
            for size in (1, BATCH)
        )
        print(
            f"{len(zones):>9,} polygons of 64 corners, {held} hold a place: built in {built:.1f} s of CPU,"
            f" {index.size_in_bytes / len(zones):,.0f} bytes each; {one:.2f} µs alone, {many:.2f} in a batch"
        )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the whole size, 0.01 a hundredth of it")
    parser.add_argument("--largest", type=int, default=100_000, help="up to 1000000 fences, which takes minutes")
    given = parser.parse_args()
    stores = max(100, int(10_000 * given.scale))
    against_tree("circles", Country(stores, 0.6), given.scale)
    against_tree("circles, three a store", Country(stores, 0.6, 3), given.scale)
    against_tree("polygons of 64 corners", Country(stores, 0.6, 1, True), given.scale)
    against_tree("polygons, three a store", Country(stores, 0.6, 3, True), given.scale)
    against_tree("polygons, dense", Country(stores, 6.0, 1, True), given.scale)
    scaling(given.scale, given.largest)


if __name__ == "__main__":
    main()
