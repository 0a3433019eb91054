"""Pings in any number, made fast: what the benches and a load test send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

import orjson

from geofences.rings import WGS84, Zone, typical_radius
from streams.crowd import centre
from streams.times import written


class KeyedPing(NamedTuple):
    """One ping as it stands on its topic."""

    key: bytes
    value: bytes
    at: int


def device_name(number: int) -> str:
    """The device of that number, as `pings_for` names it."""
    return f"load-phone-{number:07}"


def pings_for(
    retailer: str,
    zones: Sequence[Zone],
    *,
    devices: int,
    pings: int,
    start: int,
    every: int = 10_000,
    crossing: float = 0.0,
    accuracy: float = 10.0,
    seed: int = 0,
) -> Iterator[KeyedPing]:
    """`pings` pings of `devices` phones in turn, all of them once every `every` ms from `start` (ms UTC) on.

    Each phone stands 50 m outside the rings of one of the `zones` and trembles a little. `crossing` is the share of the
    pings (0 to 1) by which a phone jumps into the innermost ring of its zone: an ENTER of every ring, once for each
    phone, never by its first ping. ValueError where there are too few phones for so many crossings.
    """
    random = Random(seed)
    crossings = _crossings(devices, pings, crossing, random)
    places = [_outside_and_inside(zones[number % len(zones)], random) for number in range(devices)]
    heads = [_head(retailer, device_name(number)) for number in range(devices)]
    entered = bytearray(devices)
    tail = b',"accuracy":%g,"at":"%b"}'
    for number in range(pings):
        device = number % devices
        at = start + number // devices * every + device * every // devices
        if number in crossings:
            entered[device] = 1
        lon, lat = places[device][entered[device]]
        trembling = (random.random() - 0.5) * 4e-5
        place = b'"lat":%.7f,"lon":%.7f' % (lat + trembling, lon - trembling)
        key, head = heads[device]
        yield KeyedPing(key, head + place + tail % (accuracy, written(at).encode()), at)


def _crossings(devices: int, pings: int, share: float, random: Random) -> frozenset[int]:
    """The numbers of the pings that cross: each of another device, spread over all rounds but the first."""
    wanted, rounds = round(pings * share), pings // devices
    if wanted > devices or (wanted and rounds < 2):
        raise ValueError(f"{wanted} crossings need as many devices, and two pings of each; these are {devices}")
    chosen = random.sample(range(devices), wanted)
    return frozenset(device + random.randrange(1, rounds) * devices for device in chosen)


def _outside_and_inside(zone: Zone, random: Random) -> tuple[tuple[float, float], tuple[float, float]]:
    lon, lat = centre(zone)
    away = typical_radius(zone.geofences[0].shape) + zone.exit_margins[0] + 50.0
    there_lon, there_lat, _ = WGS84.fwd(lon, lat, random.uniform(0.0, 360.0), away)
    return (float(there_lon), float(there_lat)), (lon, lat)


def _head(retailer: str, device: str) -> tuple[bytes, bytes]:
    """The key of a device, and how each of its pings begins."""
    named = orjson.dumps({"retailer": retailer, "device": device})
    return f"{retailer}|{device}".encode(), named[:-1] + b","
