"""Presence as a good engineer writes it in an afternoon: Shapely's STRtree, and a dict of who is where.

`DictLoop` tells ENTER and EXIT of a bare point test; `PatientDictLoop` adds what it can of margins and hold times: a
second tree with the rings grown by their exit margins, and per device and fence since when it is in and since when out.
Both ask the tree in bulk for a batch, and with a single point for one ping. An accuracy is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry import MultiPolygon, Point, Polygon

Places = NDArray[np.float64]
"""A row a ping: longitude, latitude."""
Told = tuple[str, str, str, int]
"""Device, fence, kind, ms."""
NOBODY: frozenset[int] = frozenset()


def found(tree: STRtree, places: Places) -> list[frozenset[int] | set[int]]:
    """The fences that hold each ping."""
    if len(places) == 1:
        return [set(tree.query(Point(places[0]), predicate="intersects").tolist())]
    numbers, fences = tree.query(shapely.points(places), predicate="intersects")
    holding: list[frozenset[int] | set[int]] = [NOBODY] * len(places)
    for number, fence in zip(numbers.tolist(), fences.tolist(), strict=True):
        if holding[number] is NOBODY:
            holding[number] = {fence}
        else:
            holding[number] |= {fence}
    return holding


class DictLoop:
    """No margin, no hold time."""

    def __init__(self, names: Sequence[str], rings: Sequence[Polygon | MultiPolygon]) -> None:
        self._names = names
        self._tree = STRtree(rings)
        self._held: dict[str, tuple[int, frozenset[int] | set[int]]] = {}

    def apply(self, devices: Sequence[str], places: Places, ats: Sequence[int]) -> list[Told]:
        """Take in a batch."""
        told: list[Told] = []
        held, names = self._held, self._names
        for device, at, now in zip(devices, ats, found(self._tree, places), strict=True):
            last, before = held.get(device, (0, NOBODY))
            if at <= last:
                continue
            held[device] = at, now
            if now != before:
                told += [(device, names[fence], "EXIT", at) for fence in before - now]
                told += [(device, names[fence], "ENTER", at) for fence in now - before]
        return told


class PatientDictLoop:
    """Margins, hold times on the way out, and visits; whoever goes silent is not heard of."""

    def __init__(
        self,
        names: Sequence[str],
        rings: Sequence[Polygon | MultiPolygon],
        grown: Sequence[Polygon | MultiPolygon],
        gone_after: Sequence[int],
        visit_after: int,
    ) -> None:
        self._names, self._gone_after, self._visit_after = names, gone_after, visit_after
        self._rings, self._grown = STRtree(rings), STRtree(grown)
        self._held: dict[str, tuple[int, dict[int, tuple[int, int, bool]]]] = {}

    def apply(self, devices: Sequence[str], places: Places, ats: Sequence[int]) -> list[Told]:
        """Take in a batch."""
        told: list[Told] = []
        both = zip(devices, ats, found(self._rings, places), found(self._grown, places), strict=True)
        for device, at, within, near in both:
            last, held = self._held.get(device) or (0, {})
            if at <= last:
                continue
            self._held[device] = at, held
            for fence, (since, leaving, visited) in list(held.items()):
                if fence in near:
                    leaving = 0
                elif leaving == 0:
                    leaving = at
                if leaving and at - leaving >= self._gone_after[fence]:
                    told.append((device, self._names[fence], "EXIT", leaving))
                    del held[fence]
                    continue
                if not visited and not leaving and at - since >= self._visit_after:
                    told.append((device, self._names[fence], "DWELL", since + self._visit_after))
                    visited = True
                held[fence] = since, leaving, visited
            for fence in within:
                if fence not in held:
                    told.append((device, self._names[fence], "ENTER", at))
                    held[fence] = at, 0, False
        return told
