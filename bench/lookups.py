"""What finding zones costs, in µs of CPU a fix, against STRtree and PostGIS: `python -m bench.lookups [--scale 0.01]`.

All find, for the same places, the same stores; STRtree with Shapely also the signed distances to the edges of all their
rings. That is looked at before anything is measured. Ours is asked what the pipeline asks: with the reach of fixes that
are accurate to 20 m; for containment alone with none. Rounds alternate; the figures are medians. At the end stands what
was aimed at, and what was reached.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from resource import getpagesize
from statistics import median
from time import process_time_ns
from typing import NamedTuple

import numpy as np
from shapely import get_coordinates
from shapely.geometry import Polygon

from bench.countries import Country, Floats
from bench.peers.postgis import MISSING, PostGis, postgis
from bench.peers.strtree import TreeOfZones
from geofences.evidence import bound
from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Ring, Zone, geodesic_circle, outline

PAGE = getpagesize()
BATCH = 256
ROUNDS = 5
ACCURACY = 20.0
REACH = bound(ACCURACY)


class Row(NamedTuple):
    """Of the table: what was looked up, µs a fix here and there, and how many times as much there was aimed at.

    Where the other is an index of ours, as well: at most how many times as much as there.
    """

    what: str
    ours: float
    peer: str
    theirs: float
    aim: float = 0.0

    def __str__(self) -> str:
        upwards = not self.peer.startswith("10,000")
        times = self.theirs / self.ours if upwards else self.ours / self.theirs
        aim = f"{'at least' if upwards else 'at most'} {self.aim:g}" if self.aim else ""
        met = "" if not self.aim else "yes" if (times >= self.aim) == upwards else "no"
        cells = (self.what, f"{self.ours:.2f}", self.peer, f"{self.theirs:.2f}", f"{times:.1f}", aim, met)
        return f"| {' | '.join(cells)} |"


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


def against_tree(name: str, country: Country, scale: float) -> Iterator[Row]:
    """One fix at a time, and a batch; with distances and without."""
    zones, places = country.zones(), max(2 * BATCH, int(8_192 * scale))
    tree, asked = TreeOfZones(zones), Asked.of(GeofenceIndex(zones), country, places)
    lons, lats, rows = asked.lons, asked.lats, asked.rows
    pairs = check(asked.index, tree, lons[:2_000], lats[:2_000])
    print(f"{name}: {len(zones):,} stores, {pairs / min(places, 2_000):.1f} of them hold a place", flush=True)
    ours, theirs, holds, alone = costs(
        1,
        places,
        asked.one,
        lambda a, _: tree.locate_one(*rows[a]),
        asked.one_holds,
        lambda a, _: tree.holds_one(*rows[a]),
    )
    yield Row(f"{name}, one fix", ours, "STRtree with distance", theirs, 15)
    yield Row(f"{name}, one fix", holds, "STRtree, containment alone", alone)
    ours, theirs, holds, alone = costs(
        BATCH,
        places,
        asked.many,
        lambda a, b: tree.locate(lons[a:b], lats[a:b]),
        asked.many_hold,
        lambda a, b: tree.holds(lons[a:b], lats[a:b]),
    )
    yield Row(f"{name}, a batch", ours, "STRtree with distance", theirs, 20)
    yield Row(f"{name}, a batch", holds, "STRtree, containment alone", alone)


def against_postgis(country: Country, scale: float) -> Iterator[Row]:
    """Containment alone: one place, 256 in one statement, and a join of two tables; CPU of the server alone."""
    zones, places = country.zones(), max(2 * BATCH, int(8_192 * scale))
    asked = Asked.of(GeofenceIndex(zones), country, places)
    with postgis(zones) as server:
        if server is None:
            print(MISSING)
            return
        pairs = check_postgis(asked, server)
        print(f"PostGIS: {len(zones):,} polygons, {pairs / places:.1f} of them hold a place", flush=True)
        lons, lats = asked.lons.tolist(), asked.lats.tolist()
        (ours_one,), (ours,) = costs(1, places, asked.one_holds), costs(BATCH, places, asked.many_hold)
        ways: dict[str, tuple[int, Work, float]] = {
            "one fix": (1, lambda a, _: server.holds_one(lons[a], lats[a]), ours_one),
            "256 in a statement": (BATCH, lambda a, b: server.holds(lons[a:b], lats[a:b]), ours),
            "a join of tables": (places, lambda *_: server.join(), ours),
        }
        for name, (size, work, own) in ways.items():
            (theirs,) = costs(size, places, work, clock=lambda: int(server.cpu_seconds * 1e9))
            yield Row(f"polygons, {name}", own, "PostGIS, containment alone", theirs, 30)


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


def scaling(scale: float, largest: int) -> Iterator[Row]:
    """From 10,000 fences on, in the same density; and ten times as dense."""
    first: list[float] = []
    for stores, held, most in ((10_000, 0.6, 0.0), (10_000, 6.0, 4.0), (100_000, 0.6, 2.3), (1_000_000, 0.6, 2.3)):
        if stores > largest:
            continue
        country = Country(max(100, int(stores * scale)), held, outlined=True)
        zones = country.zones()
        before, begun = resident(), process_time_ns()
        index = GeofenceIndex(zones)
        built, grown = (process_time_ns() - begun) / 1e9, resident() - before
        asked = Asked.of(index, country, 8_192)
        both = [*costs(1, 8_192, asked.one), *costs(BATCH, 8_192, asked.many)]
        first = first or both
        print(
            f"{len(zones):>9,} polygons of 64 corners, {held} hold a place: built in {built:.1f} s of CPU,"
            f" {index.size_in_bytes / len(zones):,.0f} bytes each (the process grew by {grown / len(zones):,.0f});"
            f" {both[0]:.2f} µs alone, {both[1]:.2f} in a batch",
            flush=True,
        )
        for way, now, then in zip(("one fix", "a batch"), both, first, strict=True):
            if most:
                yield Row(f"{len(zones):,} polygons, {held} hold a place, {way}", now, "10,000, 0.6", then, most)


def resident() -> int:
    """Bytes of memory that the process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


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
    countries = {
        "circles": Country(stores, 0.6),
        "circles, three a store": Country(stores, 0.6, 3),
        "circles, dense": Country(stores, 6.0),
        "polygons": Country(stores, 0.6, 1, True),
        "polygons, three a store": Country(stores, 0.6, 3, True),
        "polygons, dense": Country(stores, 6.0, 1, True),
    }
    rows = [row for name, country in countries.items() for row in against_tree(name, country, given.scale)]
    rows += against_postgis(countries["polygons"], given.scale)
    many_corners(given.scale)
    rows += scaling(given.scale, given.largest)
    print("\n| µs of CPU a fix | here | against | there | times | aim | met |\n|---|---|---|---|---|---|---|")
    print(*rows, sep="\n")


if __name__ == "__main__":
    main()
