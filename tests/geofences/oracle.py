"""Plain geometry that shares no code with the package: fractions for the side, geographiclib for metres."""

from fractions import Fraction

from geographiclib.geodesic import Geodesic

Place = tuple[float, float]


def metres(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    return float(Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)["s12"])


def exact(degrees: float) -> Fraction:
    """A position as the index takes it: a whole number of 1e-7 degree."""
    return Fraction(round(degrees * 10**7), 10**7)


def is_inside(place: Place, lines: list[list[Place]]) -> bool:
    """Crossing number over outlines and holes; whoever owns an edge owns its lower end."""
    x, y, inside = exact(place[0]), exact(place[1]), False
    for line in lines:
        corners = [(exact(lon), exact(lat)) for lon, lat in line]
        for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (y1 <= y) != (y2 <= y) and x < x1 + (x2 - x1) * (y - y1) / (y2 - y1):
                inside = not inside
    return inside


def metres_to_edges(place: Place, lines: list[list[Place]]) -> float:
    """The nearest of many points on each edge, refined to a millionth of a millionth of it."""
    return min(
        _metres_to_edge(place, begin, end)
        for line in lines
        for begin, end in zip(line, [*line[1:], line[0]], strict=True)
    )


def _metres_to_edge(place: Place, begin: Place, end: Place) -> float:
    def apart(share: float) -> float:
        lon, lat = (a + (b - a) * share for a, b in zip(begin, end, strict=True))
        return metres(*place, lon, lat)

    low, high = 0.0, 1.0
    for _ in range(8):
        shares = [low + (high - low) * step / 20 for step in range(21)]
        best = min(shares, key=apart)
        low, high = max(0.0, best - (high - low) / 20), min(1.0, best + (high - low) / 20)
    return apart(best)


def flat_metres_to_edges(place: Place, lines: list[list[Place]]) -> float:
    """The same on a flat map round the place, for many edges: metres a degree are geographiclib's."""
    lon, lat = place
    east, north = metres(lon - 5e-4, lat, lon + 5e-4, lat) * 1e3, metres(lon, lat - 5e-4, lon, lat + 5e-4) * 1e3
    least = float("inf")
    for line in lines:
        flat = [complex((a - lon) * east, (b - lat) * north) for a, b in line]
        for begin, end in zip(flat, [*flat[1:], flat[0]], strict=True):
            along = end - begin
            share = -(begin * along.conjugate()).real / (abs(along) ** 2 or 1.0)
            least = min(least, abs(begin + along * min(max(share, 0.0), 1.0)))
    return least
