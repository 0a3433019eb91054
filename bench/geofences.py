"""What finding zones and keeping presence cost, in µs of CPU a fix: `python -m bench.geofences [--scale 0.01]`."""

import argparse
from collections.abc import Callable
from functools import partial
from random import Random
from statistics import median
from time import process_time_ns
from typing import NamedTuple

import numpy as np

from geofences.fixes import Fix
from geofences.index import GeofenceIndex, Sighting
from geofences.presence import Presence, advance, next_due
from geofences.presence_codec import pack, short_way, unpack
from geofences.rings import Circle, Geofence, Ring, Zone, default_policy, geodesic_circle

START = 1_790_000_000_000
BATCH = 256
ROUNDS = 5
RADII = {Ring.CATCHMENT: 1_500.0, Ring.PROXIMITY: 250.0, Ring.INSIDE: 50.0}
FRANCE = (-4.0, 43.0, 8.0, 50.0)
ELSEWHERE = (20.0, 43.0, 30.0, 50.0)


class Box(NamedTuple):
    """West, south, east, north in degrees."""

    west: float
    south: float
    east: float
    north: float

    def place(self, random: Random) -> tuple[float, float]:
        return random.uniform(self.west, self.east), random.uniform(self.south, self.north)


def a_zone(store: str, lon: float, lat: float, outlined: bool = False) -> Zone:
    """Three nested circles, or the same as polygons of 64 corners."""
    circles = {ring: Circle(lon, lat, radius) for ring, radius in RADII.items()}
    shapes = {ring: geodesic_circle(circle, 64) if outlined else circle for ring, circle in circles.items()}
    return Zone(store, tuple(Geofence(ring, shape, default_policy(ring, shape)) for ring, shape in shapes.items()))


def an_index(count: int, box: Box, random: Random, outlined: bool = False) -> GeofenceIndex:
    return GeofenceIndex([a_zone(f"store-{number}", *box.place(random), outlined) for number in range(count)])


def cost(work: Callable[[], object], times: int, fixes: int) -> float:
    """Microseconds of CPU a fix: the median of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        begun = process_time_ns()
        for _ in range(times):
            work()
        rounds.append((process_time_ns() - begun) / times / fixes / 1_000)
    return median(rounds)


def lookups(scale: float) -> None:
    zones, random = max(10, int(10_000 * scale)), Random(1)
    begun = process_time_ns()
    index = an_index(zones, Box(*FRANCE), random)
    print(f"{zones:,} zones of 3 circles built in {(process_time_ns() - begun) / 1e9:.2f} s")
    side = 6.0 * scale**0.5
    near = Box(2.0, 46.0, 2.0 + side / 12, 46.0 + side / 18)
    cases = {
        "near nothing": (index, Box(*ELSEWHERE)),
        "where the zones are": (index, Box(*FRANCE)),
        "dense": (an_index(zones, Box(2.0, 46.0, 2.0 + side / 2, 46.0 + side / 3), random), near),
        "dense, polygons of 64 corners": (
            an_index(zones, Box(2.0, 46.0, 2.0 + side / 2, 46.0 + side / 3), random, True),
            near,
        ),
    }
    for name, (searched, box) in cases.items():
        for size in (1, BATCH):
            fixes = [Fix(*box.place(random), 20.0, START) for _ in range(size)]
            times = max(2, int(scale * 20_000 / size))
            held = sum(map(len, located(searched, fixes))) / size
            spent = cost(partial(located, searched, fixes), times, size)
            print(f"  locate, batch of {size:>3}, {name}: {spent:7.2f} µs a fix ({held:.1f} zones hold it)")


def located(index: GeofenceIndex, fixes: list[Fix]) -> list[tuple[Sighting, ...]]:
    """With the conversion that a caller pays for."""
    return index.locate(np.array([fix.lon for fix in fixes]), np.array([fix.lat for fix in fixes]))


def presences(scale: float) -> None:
    times = max(20, int(20_000 * scale))
    index = GeofenceIndex([a_zone(f"store-{number}", 2.0 + number / 1_000, 46.0) for number in range(3)])
    for name, lon in (("near nothing", 2.5), ("steady in 1 zone", 1.981), ("steady in 3 zones", 2.0)):
        measure_presence(name, index, settled(index, lon), lon, times)
    arriving = pack(Presence((Fix(1.9, 46.0, 12.0, START),), started=START))
    measure_presence("arriving", index, arriving, 2.0, times)


def measure_presence(name: str, index: GeofenceIndex, blob: bytes, lon: float, times: int) -> None:
    fix = Fix(lon, 46.0, 12.0, START + 600_000, 1.0)
    seen, presence = located(index, [fix])[0], unpack(blob)
    whole = cost(partial(long_way, blob, fix, seen, index), times, 1)
    if short_way(blob, fix, seen, fix.at) is not None:
        print(f"{name}, the short way: {cost(partial(short_way, blob, fix, seen, fix.at), times, 1):.2f} µs a fix")
    unpacking, packing = cost(partial(unpack, blob), times, 1), cost(partial(pack, presence), times, 1)
    print(
        f"{name} ({len(seen)} zones hold it, {len(blob)} bytes): {whole:.2f} µs a fix,"
        f" of it unpack {unpacking:.2f}, pack {packing:.2f}"
    )


def settled(index: GeofenceIndex, lon: float) -> bytes:
    """A device that has been at a place for ten minutes and waits for nothing but its silence."""
    presence = Presence()
    for number in range(10):
        fix = Fix(lon, 46.0, 12.0, START + number * 60_000, 1.0)
        presence, _ = advance(presence, fix, located(index, [fix])[0], index)
    return pack(presence)


def long_way(blob: bytes, fix: Fix, seen: tuple[Sighting, ...], index: GeofenceIndex) -> bytes:
    presence, _ = advance(unpack(blob), fix, seen, index)
    next_due(presence)
    return pack(presence)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the whole size, 0.01 a hundredth of it")
    scale = parser.parse_args().scale
    lookups(scale)
    presences(scale)


if __name__ == "__main__":
    main()
