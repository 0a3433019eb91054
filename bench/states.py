"""How large the presence of a device is, in bytes: `python -m bench.states [--scale 0.01]`.

The walks of `chalandise simulate` through the stores of the example, noise, gaps, late and doubled pings included; each
presence as it stands after each ping, packed, and what a Redis server takes for its key, its value and its own upkeep.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import mean, quantiles

import msgspec
import redis as redis_client

from bench.servers import redis
from config import load_or_refuse
from geofences.devices import Devices
from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from geofences.presence_codec import pack
from streams.arrivals import ping_fix
from streams.messages import Ping
from streams.sample_day import START
from streams.simulation import Plan, simulate
from streams.tables.presences import Device, keys_of
from streams.times import to_milliseconds

EXAMPLE = Path(__file__).parent.parent / "config" / "examples" / "galerie-lumiere.yaml"
LONGEST = 320
HOUR = 3_600_000
SHOWN = 3
"""Stores: where a device is near more, it is counted among these."""


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the whole size, 0.01 a hundredth of it")
    members = max(5, int(400 * parser.parse_args().scale))
    (config,) = load_or_refuse([EXAMPLE])
    devices, sizes = Devices(GeofenceIndex(config.zones)), defaultdict(list)
    blobs: dict[str, bytes] = {}
    for sent in simulate(config.rules, config.zones, Plan(members, to_milliseconds(START), HOUR)):
        if b'"type":"ping"' not in sent.line:
            continue
        ping = msgspec.json.decode(sent.line, type=Ping)
        fix: Fix = ping_fix(ping)
        devices.apply([(ping.device, fix)], fix.at)
        presence = devices.presence(ping.device)
        blobs[ping.device] = pack(presence)
        sizes[min(len(presence.stores), SHOWN)].append(len(blobs[ping.device]))
    for stores, found in sorted(sizes.items()):
        tail = quantiles(found, n=100)
        print(
            f"near {stores} stores: {len(found):,} states, {mean(found):.0f} bytes in the mean, median {tail[49]:.0f},"
            f" p99 {tail[98]:.0f}, at most {max(found)}, above {LONGEST}: {sum(size > LONGEST for size in found):,}"
        )
    with redis() as url:
        upkeep(config.retailer, blobs, url)


def upkeep(retailer: str, blobs: dict[str, bytes], url: str) -> None:
    """What the server takes for the last state of each device."""
    client, taken, values = redis_client.Redis.from_url(url), [], []
    for name, blob in blobs.items():
        owner = f"{retailer}|{name}"
        device = Device(owner, keys_of(owner))
        device.body = blob
        key, *_, value = device.saving()
        client.set(key, value, px=HOUR)
        taken.append(client.memory_usage(key))
        values.append(len(value))
    print(
        f"{len(taken):,} devices in Redis: values of {mean(values):.0f} bytes, MEMORY USAGE {mean(taken):.0f}"
        f" in the mean, at most {max(taken)}; keys such as {key!r}"
    )
    client.close()


if __name__ == "__main__":
    main()
