"""The walks of the sample members in the shipped example: a Tuesday noon in Paris, made so that much is seen."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from geofences.walks import Place, walk
from streams.phones import PERFECT, Sent, event, pings_of
from streams.simulation import by_arrival
from streams.times import to_milliseconds

EXAMPLES = Path(__file__).parent.parent / "config" / "examples"
CONFIG = EXAMPLES / "galerie-lumiere.yaml"
MEMBERS = EXAMPLES / "galerie-lumiere.members.jsonl"
RETAILER = "galerie-lumiere"

START = to_milliseconds(datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
"""Noon in Paris, milliseconds UTC."""
LASTING = 22 * 60_000


@dataclass(frozen=True, slots=True)
class SampleWalk:
    """One phone on its way: places in degrees (lon, lat), m/s, and minutes that it stays at each place but the first.

    It sets out `after` minutes from the start, and sends a fix every `every` seconds.
    """

    device: str
    path: tuple[Place, ...]
    stay: float = 0.0
    after: float = 0.0
    pace: float = 1.35
    every: float = 8.0
    accuracy: float = 11.0


WALKS = (
    SampleWalk("phone-camille", ((2.3432, 48.8719), (2.3362, 48.8731), (2.3323, 48.8738), (2.3318, 48.8711)), 4.2),
    SampleWalk("phone-nadia", ((2.3345, 48.8801), (2.3327, 48.8768), (2.3322, 48.8739), (2.3290, 48.8751)), 0.5, 0.5),
    SampleWalk("phone-lucas", ((2.3251, 48.8757), (2.3299, 48.8741), (2.3314, 48.8725), (2.3317, 48.8710)), 0.4, 0.2),
    SampleWalk("phone-theo", ((2.3278, 48.8758), (2.3321, 48.8738), (2.3357, 48.8752)), 5.0, 1.5),
    SampleWalk("phone-jeanne", ((2.3478, 48.8571), (2.3545, 48.8583), (2.3580, 48.8575), (2.3603, 48.8590)), 2.5),
    SampleWalk("phone-louis", ((2.3640, 48.8636), (2.3603, 48.8596), (2.3581, 48.8576), (2.3561, 48.8560)), 3.2, 0.8),
    SampleWalk("phone-emily", ((2.3286, 48.8700), (2.3303, 48.8722), (2.3323, 48.8737), (2.3318, 48.8711)), 3.6, 1.0),
    SampleWalk("phone-marc", ((2.3401, 48.8697), (2.3358, 48.8704), (2.3318, 48.8709), (2.3297, 48.8694)), 1.5, 0.4),
    SampleWalk("phone-rose", ((2.3361, 48.8672), (2.3327, 48.8697), (2.3318, 48.8710), (2.3320, 48.8732)), 2.0, 0.6),
    SampleWalk("phone-sofia", ((2.3243, 48.8722), (2.3289, 48.8732), (2.3330, 48.8749)), 1.0, 2.0),
    SampleWalk("phone-hugo", ((2.3305, 48.8682), (2.3306, 48.8716), (2.3260, 48.8727)), 0.0, 6.0, 10.0, 3.0, 6.0),
    SampleWalk("phone-unknown", ((2.3371, 48.8765), (2.3330, 48.8752), (2.3323, 48.8738)), 3.0, 1.0),
)
"""The last belongs to nobody we know, and never consented: its pings are dropped unseen."""


def history() -> Iterator[Sent]:
    """What is known before noon."""
    for line in MEMBERS.read_bytes().splitlines():
        yield Sent(START, line)


def day() -> Iterator[Sent]:
    """What arrives from noon on, in order of arrival."""
    phones = (by_arrival(_pings(each)) for each in WALKS)
    yield from heapq.merge(*phones, sorted(_said()))


def _pings(each: SampleWalk) -> Iterator[Sent]:
    random = Random(each.device)
    fixes = walk(
        each.path,
        pace=each.pace,
        every=int(each.every * 1_000),
        start=START + int(each.after * 60_000) + random.randrange(8_000),
        stay=int(each.stay * 60_000),
        accuracy=each.accuracy,
        seed=random,
    )
    until = START + LASTING
    return pings_of(RETAILER, each.device, (fix for fix in fixes if fix.at < until), PERFECT, random)


def _said() -> Iterator[Sent]:
    """What they say on the way: Emily scans the code at the door, Rose has heard enough."""
    checks_in, stops = START + 11 * 60_000, START + 10 * 60_000
    scanned = {"member": "sample-emily", "device": "phone-emily", "store": "haussmann", "via": "qr"}
    yield Sent(checks_in + 500, event("checkin", RETAILER, checks_in, **scanned))
    yield Sent(stops + 500, event("preference", RETAILER, stops, member="sample-rose", contact="stop"))
