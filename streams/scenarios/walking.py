"""The fixes of a walk: from place to place at a pace, with the stays in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from config.scenarios.language import Spot, Walk
from geofences.check_ins import place_of
from geofences.fixes import Fix
from geofences.rings import Zone
from geofences.walks import Place, walk


def fixes_of(said: Walk, start: int, zones: Sequence[Zone], seed: int) -> Iterator[Fix]:
    """The fixes from `start` (ms UTC) on; noise is drawn from `seed`, the same for the same walk."""
    random, at = Random(seed), start
    for path, stay in _stretches(said, zones):
        for fix in _sent(path, at, said, 0, random):
            at = fix.at + said.every
            yield fix
        for fix in _sent(path[-1:], at, said, stay, random) if stay else ():
            at = fix.at + said.every
            yield fix


def _stretches(said: Walk, zones: Sequence[Zone]) -> Iterator[tuple[list[Place], int]]:
    """Each stretch that is walked without a stay, and the stay (ms) at its end."""
    stretch: list[Place] = []
    for spot in said.path:
        stretch.append(_place(spot, zones))
        last = spot is said.path[-1]
        stay = (spot.stay or 0) + (said.then.stay if last and said.then is not None else 0)
        if stay or last:
            yield stretch, stay
            stretch = stretch[-1:]


def _sent(path: Sequence[Place], start: int, said: Walk, stay: int, random: Random) -> Iterator[Fix]:
    return walk(path, pace=said.pace, every=said.every, start=start, stay=stay, accuracy=said.accuracy, seed=random)


def _place(spot: Spot, zones: Sequence[Zone]) -> Place:
    if spot.lat is not None and spot.lon is not None:
        return spot.lon, spot.lat
    return next(place_of(zone) for zone in zones if zone.store == spot.named)
