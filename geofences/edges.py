"""Edges as seen from places: how far they are, and whether they change who is inside."""

from typing import NamedTuple

import numpy as np

from geofences.metric import Flags, Floats, Indices
from geofences.outlines import Outlines


class Edges(NamedTuple):
    """Some edges of outlines, each seen from a place of its own; all in units."""

    from_x: Floats
    from_y: Floats
    """Where the edge begins, from the place."""
    along_x: Floats
    along_y: Floats
    """Where it leads from there."""
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
        along_x, along_y = self.along_x * per_east, self.along_y * per_north
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
        side = self.from_x * self.along_y - self.along_x * self.from_y
        crossed = (begins_below != self.ends_below) & (np.where(begins_below, side, -side) > 0)
        result: Flags = crossed ^ ((self.begins > east) & begins_below) ^ ((self.ends > east) & self.ends_below)
        return result


def seen(of: Outlines, numbers: Indices, x: Floats, y: Floats) -> Edges:
    """The edges with these numbers, each from a place of its own."""
    u1, v1 = of.u[numbers].astype(np.float64), of.v[numbers].astype(np.float64)
    u2, v2 = of.u[numbers + 1].astype(np.float64), of.v[numbers + 1].astype(np.float64)
    from_y, to_y = v1 - y, v2 - y
    return Edges(u1 - x, from_y, u2 - u1, to_y - from_y, to_y <= 0, u1, u2)
