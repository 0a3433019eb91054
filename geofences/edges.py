"""Edges as seen from places: how far they are, and whether they change who is inside."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.metric import Flags, Floats, Indices, expand
from geofences.outlines import Outlines, edges_of


class Edges(NamedTuple):
    """Some edges of outlines, each seen from a place of its own; all in units."""

    from_x: Floats
    from_y: Floats
    """Where the edge begins, from the place."""
    to_x: Floats
    to_y: Floats
    """Where it ends."""
    ends_below: Flags
    begins: Floats
    ends: Floats
    """The x of its two ends, in the box."""

    def only(self, kept: Flags) -> "Edges":
        """Some of them."""
        return Edges._make(column[kept] for column in self)

    def squared(self, per_north: Floats, per_east: Floats) -> Floats:
        """Square metres from each place to its edge; the metres that a unit has at each place."""
        from_x, from_y = self.from_x * per_east, self.from_y * per_north
        along_x, along_y = self.to_x * per_east - from_x, self.to_y * per_north - from_y
        part = -(from_x * along_x + from_y * along_y) / (along_x * along_x + along_y * along_y)
        part = np.minimum(np.maximum(part, 0.0), 1.0)
        from_x += part * along_x
        from_y += part * along_y
        result: Floats = from_x * from_x + from_y * from_y
        return result

    def crossings(self, east: Floats) -> Flags:
        """Which edges change who is inside: the parity over those of a place, and the base of its tile, say it.

        The crossing number of a ray to the east, where an edge owns its lower end, so that a place of a partition is in
        one part. The edges need not be all: those that meet a tile are enough for the places in it, if it ends in the
        `east` (infinity: no tile). Where one of them ends east of the tile, those that go on from there are missing,
        and the ray wins or loses a crossing when it passes that end; so the ends are counted as well. Where two edges
        of the tile meet they are counted twice, which is nothing.
        """
        begins_below = self.from_y <= 0
        side = self.from_x * (self.to_y - self.from_y) - (self.to_x - self.from_x) * self.from_y
        crossed = (begins_below != self.ends_below) & (np.where(begins_below, side, -side) > 0)
        result: Flags = crossed ^ ((self.begins > east) & begins_below) ^ ((self.ends > east) & self.ends_below)
        return result


def seen(u: NDArray[np.int32], v: NDArray[np.int32], numbers: Indices, x: Floats, y: Floats) -> Edges:
    """The edges with these numbers, each from a place of its own; `u` and `v` are those of `Outlines`."""
    u1, v1 = u[numbers].astype(np.float64), v[numbers].astype(np.float64)
    u2, v2 = u[numbers + 1].astype(np.float64), v[numbers + 1].astype(np.float64)
    to_y = v2 - y
    return Edges(u1 - x, v1 - y, u2 - x, to_y, to_y <= 0, u1, u2)


def centres_inside(of: Outlines, polygons: Indices, across: int, width: Floats, height: Floats) -> Flags:
    """Which centres of tiles lie inside, row by row; `across` tiles of this size lie side by side in each polygon.

    By the same rule as `Edges.crossings`, over all edges. Sizes are even, so that a centre has whole units.
    """
    edges, place = edges_of(of, polygons)
    tall = height[polygons][place]
    low, high = np.minimum(of.v[edges], of.v[edges + 1]), np.maximum(of.v[edges], of.v[edges + 1])
    first, end = (np.ceil((v - tall / 2) / tall).astype(np.int64) for v in (low, high))
    rows = expand(first, end - first)
    place, edges = np.repeat(place, end - first), np.repeat(edges, end - first)
    left = _centres_left_of(of, edges, (rows + 0.5) * height[polygons][place], width[polygons][place])
    cells = (place * across + rows) * (across + 1) + np.clip(left, 0, across)
    crossed = np.bincount(cells, minlength=len(polygons) * across * (across + 1)).reshape(-1, across + 1)
    result: Flags = (crossed[:, :0:-1].cumsum(axis=1)[:, ::-1] & 1).astype(bool).ravel()
    return result


def _centres_left_of(of: Outlines, edges: Indices, y: Floats, wide: Floats) -> Indices:
    """How many centres of tiles at y lie left of an edge that crosses y: a guess, put right by the exact side."""
    u1, v1 = of.u[edges].astype(np.float64), of.v[edges].astype(np.float64)
    u2, v2 = of.u[edges + 1].astype(np.float64), of.v[edges + 1].astype(np.float64)
    guess = np.ceil((u1 + (u2 - u1) * (y - v1) / (v2 - v1)) / wide - 0.5)
    for more in (0.0, -1.0):
        left = seen(of.u, of.v, edges, (guess + more + 0.5) * wide, y).crossings(np.full(len(y), np.inf))
        guess += left + more
    return guess.astype(np.int64)
