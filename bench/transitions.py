"""Pings as JSON lines on standard input, transitions on standard output: a geofence server in one process.

    python -m bench.transitions FENCES [--batch 256] [--patient] [--loop] < pings.jsonl > transitions.jsonl

FENCES holds a line for each fence: `{"id": "a", "lat": 48.87, "lon": 2.33, "radius": 250}`. A ping is
`{"device": "p", "lat": 48.87, "lon": 2.33, "accuracy": 10, "at": 1790000000000, "speed": 1.2}`; accuracy and speed may
be missing. Hold times and margins are zero, or with --patient the defaults. `--loop` takes the peer instead.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import orjson

from bench.crowds import without_patience
from bench.peers.dict_loop import DictLoop
from geofences.devices import Devices
from geofences.fixes import DEFAULT_ACCURACY
from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Ring, Zone, default_policy, geodesic_circle


class Fence(msgspec.Struct):
    """A circle; metres."""

    id: str
    lat: float
    lon: float
    radius: float


class Position(msgspec.Struct):
    """A ping; `at` in ms."""

    device: str
    lat: float
    lon: float
    at: int
    accuracy: float = DEFAULT_ACCURACY
    speed: float | None = None


DECODER = msgspec.json.Decoder(Position)
Engine = Callable[[Sequence[Position]], bytes]


def zone(fence: Fence, patient: bool) -> Zone:
    """The fence as a zone of one ring."""
    circle = Circle(fence.lon, fence.lat, fence.radius)
    whole = Zone(fence.id, (Geofence(Ring.PROXIMITY, circle, default_policy(Ring.PROXIMITY, circle)),))
    return whole if patient else without_patience(whole)


def package(fences: Sequence[Fence], patient: bool) -> Engine:
    """Presence as it is."""
    devices = Devices(GeofenceIndex([zone(fence, patient) for fence in fences]))

    def work(pings: Sequence[Position]) -> bytes:
        now = pings[-1].at
        rows = [(each.lon, each.lat, each.accuracy, each.at, each.speed, 0, now) for each in pings]
        told = devices.expire(now)
        told += devices.apply_columns([each.device for each in pings], np.array(rows, np.float64).T, now)
        return b"".join([line(device, each.store, each.kind, each.at) for device, each in told])

    return work


def loop(fences: Sequence[Fence], patient: bool) -> Engine:
    """The peer."""
    if patient:
        raise SystemExit("the loop has no patience here; bench.presence has one that does")
    circles = [geodesic_circle(Circle(each.lon, each.lat, each.radius)) for each in fences]
    held = DictLoop([each.id for each in fences], circles)

    def work(pings: Sequence[Position]) -> bytes:
        places = np.array([(each.lon, each.lat) for each in pings])
        told = held.apply([each.device for each in pings], places, [each.at for each in pings])
        return b"".join([line(*each) for each in told])

    return work


def line(device: str, fence: str, kind: str, at: int) -> bytes:
    """One transition."""
    return orjson.dumps({"device": device, "fence": fence, "kind": kind, "at": at}, option=orjson.OPT_APPEND_NEWLINE)


def batches(lines: BinaryIO, size: int) -> Iterator[list[Position]]:
    """As many pings at a time."""
    decode = DECODER.decode
    while taken := [decode(each) for each in islice(lines, size)]:
        yield taken


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fences", type=Path)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--patient", action="store_true")
    parser.add_argument("--loop", action="store_true")
    given = parser.parse_args()
    fences = [msgspec.json.decode(each, type=Fence) for each in given.fences.read_bytes().splitlines()]
    work = (loop if given.loop else package)(fences, given.patient)
    for pings in batches(sys.stdin.buffer, given.batch):
        sys.stdout.buffer.write(work(pings))


if __name__ == "__main__":
    main()
