"""One edge as seen from a place: how far it is, and whether it changes who is inside.

Without branches: a processor that guesses wrong, which way a place lies from an edge, loses more than a multiplication.
"""

from geofences.compiled import compiled


@compiled
def squared(from_x: float, from_y: float, to_x: float, to_y: float) -> float:
    """Square metres from the origin to the nearest place of an edge."""
    along_x, along_y = to_x - from_x, to_y - from_y
    part = -(from_x * along_x + from_y * along_y) / (along_x * along_x + along_y * along_y)
    if part > 0.0:
        part = min(part, 1.0)
        from_x += part * along_x
        from_y += part * along_y
    return from_x * from_x + from_y * from_y


@compiled
def is_met(from_x: int, from_y: int, to_x: int, to_y: int) -> bool:
    """Whether a ray from the origin to the east meets an edge; exact, in units of 1e-7 degree.

    An edge owns its lower end, so that a place of a partition is in one part.
    """
    below, side = from_y <= 0, from_x * (to_y - from_y) - (to_x - from_x) * from_y
    return (below != (to_y <= 0)) & (side != 0) & ((side > 0) == below)


@compiled
def turns(from_x: int, from_y: int, to_x: int, to_y: int, east: int) -> bool:
    """Whether an edge that a tile keeps changes who is inside: the parity over all of them, and the tile's own, say it.

    The edges that meet a tile are enough for the places in it. It ends in the `east`: where one of its edges ends
    beyond, those that go on from there are missing, and the ray wins or loses a crossing when it passes that end; so
    the ends are counted as well. Where two edges of the tile meet they are counted twice, which is nothing.
    """
    ends = ((from_y <= 0) & (from_x > east)) != ((to_y <= 0) & (to_x > east))
    return is_met(from_x, from_y, to_x, to_y) != ends
