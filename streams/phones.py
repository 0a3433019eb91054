"""How fixes leave a phone: in batches, late, twice, or broken, as phones and networks are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import orjson

from geofences.fixes import Fix
from streams.times import written


class Sent(NamedTuple):
    """An event as it arrives: when (ms UTC), and its line of JSON. Sorts by arrival."""

    arrives: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Network:
    """What becomes of a ping on its way. Shares are in percent of the pings, times in milliseconds."""

    late: float = 0.0
    """Pings that arrive behind newer ones of the same phone."""
    duplicates: float = 0.0
    bad: float = 0.0
    """Events beside the pings that are no messages."""
    batched: float = 0.0
    """Pings that wait on the phone and are sent together with those after them."""
    delay: int = 400
    """A usual way from the phone to us."""
    latest: int = 50_000
    """The most by which a late ping is late; within what `replay` puts in order."""


PERFECT = Network()
LONGEST_BATCH = 6


def event(kind: str, retailer: str, at: int, **fields: Any) -> bytes:
    """One event as a line of JSON, fields without a value left out."""
    told = {"type": kind, "retailer": retailer, "at": written(at)}
    return orjson.dumps(told | {name: value for name, value in fields.items() if value is not None})


def ping_line(retailer: str, device: str, fix: Fix) -> bytes:
    """The ping that says `fix`."""
    fields = {"device": device, "lat": fix.lat, "lon": fix.lon, "accuracy": fix.accuracy, "speed": fix.speed}
    return event("ping", retailer, fix.at, **fields)


def pings_of(retailer: str, device: str, fixes: Iterable[Fix], network: Network, random: Random) -> Iterator[Sent]:
    """What arrives of `fixes`; nearly in order of arrival, see `by_arrival`."""
    waiting: list[Fix] = []
    for fix in fixes:
        waiting.append(fix)
        if len(waiting) < LONGEST_BATCH and _one_of(network.batched, random):
            continue
        arrives = fix.at + _delay(network, random)
        yield from _arrivals(retailer, device, waiting, arrives, network, random)
        waiting = []
    if waiting:
        yield from _arrivals(retailer, device, waiting, waiting[-1].at + network.delay, network, random)


def _arrivals(
    retailer: str, device: str, fixes: list[Fix], arrives: int, network: Network, random: Random
) -> Iterator[Sent]:
    for fix in fixes:
        line = ping_line(retailer, device, fix)
        late = network.latest if _one_of(network.late, random) else 0
        yield Sent(max(arrives, fix.at + int(late * random.uniform(0.5, 1.0))) if late else arrives, line)
        if _one_of(network.duplicates, random):
            yield Sent(arrives + random.randrange(1, 5_000), line)
        if _one_of(network.bad, random):
            yield Sent(arrives, _broken(line, random))


def _broken(line: bytes, random: Random) -> bytes:
    """What cannot be read, or says what cannot be: from phones, proxies and scripts that went wrong."""
    ways = (
        lambda: line[: len(line) // 2],
        lambda: line.replace(b'"lat":', b'"lat":1'),
        lambda: line.replace(b'"lon":', b'"lon":"east","longitude":'),
        lambda: line.replace(b'"device":"', b'"device":"","phone":"'),
        lambda: b"\xff\xfe" + line,
    )
    return random.choice(ways)()


def _delay(network: Network, random: Random) -> int:
    return int(network.delay * random.lognormvariate(0.0, 0.4))


def _one_of(percent: float, random: Random) -> bool:
    return percent > 0 and random.random() * 100 < percent
