"""Presence against a loop with STRtree and a dict, in µs of CPU a ping: `python -m bench.presence [--scale 0.01]`.

locate + advance with the presence of all devices in hand, packed; pings come in columns, as both like them best. With
hold and margin zero both tell the same transitions, which is looked at before anything is measured; with the defaults
the peer does what it can. Then what the number of devices costs.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Sequence
from itertools import islice
from random import Random
from statistics import median
from time import process_time_ns
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.countries import Country
from bench.crowds import ACCURACY, EVERY, START, Crowd, without_patience
from bench.peers.dict_loop import DictLoop, PatientDictLoop
from geofences.devices import Devices
from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from geofences.rings import Circle, Zone, geodesic_circle
from geofences.settling import columns_of
from geofences.states import TransitionKind

BATCH = 256
ROUNDS = 5
COPIES = 25
Floats = NDArray[np.float64]


class Batch(NamedTuple):
    """Pings in columns: of all that a fix has, or of places, a row each."""

    devices: list[str]
    fixes: Floats
    places: Floats
    ats: list[int]

    @classmethod
    def of(cls, fixes: Sequence[tuple[str, Fix]]) -> Batch:
        """Of devices and fixes."""
        devices, every = [device for device, _ in fixes], [fix for _, fix in fixes]
        columns = columns_of(every, every[-1].at)
        return cls(devices, columns, columns[:2].T.copy(), [fix.at for fix in every])

    @property
    def now(self) -> int:
        """The time of the newest ping."""
        return self.ats[-1]

    def each(self) -> list[Batch]:
        """A batch a ping."""
        numbers = range(len(self.devices))
        return [
            Batch([self.devices[n]], self.fixes[:, n : n + 1], self.places[n : n + 1], [self.ats[n]]) for n in numbers
        ]


Engine = Callable[[Batch], int]
"""Takes in a batch, and says how many transitions came of it."""


def ours(zones: Sequence[Zone]) -> Engine:
    """The package, timers and all."""
    devices = Devices(GeofenceIndex(zones))

    def work(batch: Batch) -> int:
        fired = devices.expire(batch.now - EVERY)
        return len(fired) + len(devices.apply_columns(batch.devices, batch.fixes, batch.now))

    return work


def peer(zones: Sequence[Zone]) -> DictLoop:
    """The loop without patience."""
    return DictLoop([zone.store for zone in zones], [geodesic_circle(circle_of(zone)) for zone in zones])


def told_by(loop: DictLoop | PatientDictLoop) -> Engine:
    """A loop as an engine."""
    return lambda batch: len(loop.apply(batch.devices, batch.places, batch.ats))


def patient_peer(zones: Sequence[Zone]) -> PatientDictLoop:
    """The loop that does what it can."""
    circles, policies = [circle_of(zone) for zone in zones], [zone.geofences[0].policy for zone in zones]
    margins = zip(circles, policies, strict=True)
    grown = [Circle(each.lon, each.lat, each.radius + policy.exit_margin) for each, policy in margins]
    return PatientDictLoop(
        [zone.store for zone in zones],
        list(map(geodesic_circle, circles)),
        list(map(geodesic_circle, grown)),
        [policy.gone_after for policy in policies],
        zones[0].visit_after,
    )


def circle_of(zone: Zone) -> Circle:
    """The outermost ring."""
    shape = zone.geofences[0].shape
    if not isinstance(shape, Circle):
        raise TypeError(zone.store)
    return shape


def check(zones: Sequence[Zone], batches: Sequence[Batch]) -> int:
    """How many transitions both tell without patience; AssertionError where they are not the same."""
    devices, loop, count = Devices(GeofenceIndex(zones)), peer(zones), 0
    for batch in batches:
        told = {
            (device, each.store, each.kind.value, each.at)
            for device, each in devices.apply_columns(batch.devices, batch.fixes, batch.now)
            if each.kind is not TransitionKind.DWELL
        }
        theirs = set(loop.apply(batch.devices, batch.places, batch.ats))
        if told != theirs:
            raise AssertionError(f"not the same: {sorted(told ^ theirs)[:3]}")
        count += len(told)
    return count


def cost(engines: dict[str, Engine], batches: Sequence[Batch], one_by_one: bool) -> dict[str, float]:
    """µs of CPU a ping of each: medians of rounds that alternate; the first half only settles the crowd."""
    spent: dict[str, list[float]] = {name: [] for name in engines}
    rest = batches[len(batches) // 2 :]
    for work in engines.values():
        for batch in batches[: len(batches) // 2]:
            work(batch)
    for turn in range(ROUNDS):
        mine = rest[turn * len(rest) // ROUNDS : (turn + 1) * len(rest) // ROUNDS]
        pings = sum(len(batch.devices) for batch in mine)
        if one_by_one:
            mine = [each for batch in mine for each in batch.each()]
        for name, work in engines.items():
            begun = process_time_ns()
            for batch in mine:
                work(batch)
            spent[name].append((process_time_ns() - begun) / 1_000 / pings)
    return {name: median(rounds) for name, rounds in spent.items()}


def against_loop(name: str, country: Country, devices: int) -> None:
    """A crowd of a retailer with `country`'s stores."""
    defaults = country.zones()
    impatient = [without_patience(zone) for zone in defaults]
    batches = batches_of(Crowd(country, defaults, devices), rounds=12)
    told = check(impatient, batches)
    share = told / sum(len(batch.devices) for batch in batches)
    print(f"{name}: {len(defaults):,} stores, {devices:,} devices; {share:.2f} transitions a ping, the same on both")
    for patience, zones in (("hold and margin zero", impatient), ("the defaults", defaults)):
        for many in (True, False):
            loop = peer(zones) if zones is impatient else patient_peer(zones)
            spent = cost({"ours": ours(zones), "loop": told_by(loop)}, batches, not many)
            size = f"batch of {BATCH}" if many else "one by one"
            ratio = spent["loop"] / spent["ours"]
            print(f"  {patience}, {size}: {spent['ours']:.2f} µs, the loop {spent['loop']:.2f} ({ratio:.1f} times)")


def batches_of(crowd: Crowd, rounds: int) -> list[Batch]:
    """Batches of rounds in which every device speaks once."""
    return [batch for fixes in islice(crowd.rounds(), rounds) for batch in cut(fixes)]


def cut(fixes: Sequence[tuple[str, Fix]]) -> list[Batch]:
    """Into batches."""
    return [Batch.of(fixes[first : first + BATCH]) for first in range(0, len(fixes), BATCH)]


def more_devices(scale: float) -> None:
    """What a ping costs with 20,000 and with 500,000 devices of which any may be the next."""
    country = Country(max(100, int(10_000 * scale)), 0.6)
    zones, random = country.zones(), Random(3)
    crowd, settled = Crowd(country, zones, max(512, int(20_000 * scale))), Devices(GeofenceIndex(zones))
    at = START
    for fixes in islice(crowd.rounds(), 8):
        at = fixes[0][1].at
        for batch in cut(fixes):
            settled.apply_columns(batch.devices, batch.fixes, at)
    crowds = {copies: copied(settled, copies) for copies in (1, COPIES)}
    gc.freeze()  # the garbage collector walks through none of what the bench itself holds
    spent: dict[int, list[float]] = {copies: [] for copies in crowds}
    for turn in range(1, ROUNDS + 1):
        for copies, devices in crowds.items():
            fixes = still(crowd, copies, at + turn * EVERY, random)
            batches = cut(fixes)
            begun = process_time_ns()
            for batch in batches:
                devices.apply_columns(batch.devices, batch.fixes, batch.now)
            spent[copies].append((process_time_ns() - begun) / 1_000 / len(fixes))
    few, many = (median(rounds) for rounds in spent.values())
    counts = " and ".join(f"{len(devices):,}" for devices in crowds.values())
    print(f"{counts} devices: {few:.2f} and {many:.2f} µs a ping ({many / few:.2f} times)")


def copied(settled: Devices, copies: int) -> Devices:
    """So many times the same devices, under other names."""
    devices = Devices(settled.index)
    for copy in range(copies):
        devices.restore({f"{copy}.{device}": packed for device, packed in settled.saved().items()})
    return devices


def still(crowd: Crowd, copies: int, at: int, random: Random) -> list[tuple[str, Fix]]:
    """A fix of each of some devices, at home."""
    chosen = random.sample(range(crowd.devices * copies), min(crowd.devices, 10_240))
    named = (
        (f"{each // crowd.devices}.d{each % crowd.devices}", crowd.places[each % crowd.devices]) for each in chosen
    )
    return [(device, Fix(place[0], place[1], ACCURACY, at, 1.0)) for device, place in named]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the whole size, 0.01 a hundredth of it")
    scale = parser.parse_args().scale
    stores, devices = max(100, int(10_000 * scale)), max(512, int(10_000 * scale))
    against_loop("sparse", Country(stores, 0.6), devices)
    against_loop("dense", Country(stores, 5.5), devices)
    more_devices(scale)


if __name__ == "__main__":
    main()
