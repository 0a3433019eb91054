"""Bytes in to transitions out, in µs of CPU a ping: `python -m bench.throughput [--scale 0.01]`.

`bench.transitions` as a process of its own reads pings as JSON lines and writes transitions, hold times and margins
zero; beside it the same program with STRtree and a dict. CPU is that of the process, less that of a run which ends
half-way: what it takes to start and to build the index is not counted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import orjson

from bench.countries import RADII, Country
from bench.crowds import ACCURACY, Crowd
from geofences.rings import Circle, Ring

ROUNDS = 3
LAPS = 20
"""Fixes of each device."""


def write(folder: Path, country: Country, devices: int) -> int:
    """The files of fences, of all pings, and of the first half of them; how many pings the second half has."""
    zones = country.zones()
    places = [(zone.store, zone.geofences[0].shape) for zone in zones]
    fences = [
        {"id": store, "lat": shape.lat, "lon": shape.lon, "radius": RADII[Ring.CATCHMENT]}
        for store, shape in places
        if isinstance(shape, Circle)
    ]
    (folder / "fences").write_bytes(b"\n".join(map(orjson.dumps, fences)))
    laps = list(islice(Crowd(country, zones, devices).rounds(), LAPS))
    lines = [
        orjson.dumps(
            {"device": device, "lat": fix.lat, "lon": fix.lon, "accuracy": ACCURACY, "at": fix.at, "speed": fix.speed}
        )
        for lap in laps
        for device, fix in lap
    ]
    half = len(lines) // 2
    (folder / "all").write_bytes(b"\n".join(lines) + b"\n")
    (folder / "half").write_bytes(b"\n".join(lines[:half]) + b"\n")
    return len(lines) - half


def run(folder: Path, pings: str, options: Sequence[str]) -> tuple[float, list[bytes]]:
    """Seconds of CPU, and what was written, sorted; without DWELL, which the peer does not know."""
    command = [sys.executable, "-m", "bench.transitions", str(folder / "fences"), *options]
    with (folder / pings).open("rb") as given, (folder / "out").open("wb") as out:
        started = subprocess.Popen(command, stdin=given, stdout=out)
        _, status, usage = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise RuntimeError(f"{command} ended with {started.returncode}")
    told = (folder / "out").read_bytes().splitlines()
    return usage.ru_utime + usage.ru_stime, sorted(each for each in told if b"DWELL" not in each)


def measure(name: str, country: Country, devices: int) -> None:
    """Both programs, in batches and one at a time, in turns."""
    ways = {
        f"{engine}, {size}": (*options, "--batch", count)
        for size, count in (("batch of 256", "256"), ("one by one", "1"))
        for engine, options in (("ours", ()), ("the loop", ("--loop",)))
    }
    spent: dict[str, list[float]] = {way: [] for way in ways}
    with TemporaryDirectory() as given:
        folder = Path(given)
        pings = write(folder, country, devices)
        told: set[tuple[bytes, ...]] = set()
        for _ in range(ROUNDS):
            for way, options in ways.items():
                half, _ = run(folder, "half", options)
                whole, transitions = run(folder, "all", options)
                spent[way].append((whole - half) * 1e6 / pings)
                told.add(tuple(transitions))
    if len(told) > 1:
        raise AssertionError("the programs do not tell the same")
    print(f"{name}: {country.stores:,} fences, {devices:,} devices, {len(told.pop()):,} transitions, the same on both")
    for way, rounds in spent.items():
        print(f"  {way}: {median(rounds):.2f} µs a ping")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the whole size, 0.01 a hundredth of it")
    scale = parser.parse_args().scale
    stores, devices = max(100, int(10_000 * scale)), max(512, int(10_000 * scale))
    measure("sparse", Country(stores, 0.6), devices)
    measure("dense", Country(stores, 5.5), devices)


if __name__ == "__main__":
    main()
