"""Whether stores stand where they can: on the map, in their country, not swapped, with rings inside each other."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import isfinite

from babel import Locale
from babel.core import get_global

from config.findings import Path, Problem
from config.language import Place, Point, RingShape, Store
from config.shapes import Misshapen, shape_of, split_advice
from config.time_zones import finder
from geofences.checks import not_nested, problems_of_position
from geofences.rings import Geofence, Ring, Shape, default_policy

SWAPPED = "swap lat and lon"


def place_problems(store: Store | Place, path: Path, zone: str | None) -> Iterator[Problem]:
    """Positions of a store that are off the map or probably swapped; `zone` is its time zone, where that is known."""
    country = country_of(zone) if zone else None
    yield from _position_problems(store.location, (*path, "location"), country)
    for name, ring in store.rings.items():
        yield from _corner_problems(name, ring.polygon or (), (*path, name, "polygon"), country)


def ring_shapes(store: Store | Place, path: Path, folder: pathlib.Path) -> tuple[dict[str, Shape], list[Problem]]:
    """The shapes of a store's rings, and what is wrong with them, by themselves and with each other."""
    shapes: dict[str, Shape] = {}
    problems: list[Problem] = []
    for name, ring in store.rings.items():
        try:
            shapes[name] = shape_of(store, ring, folder)
        except Misshapen as wrong:
            problems.append(Problem((*path, name, _key(ring)), wrong.what, wrong.todo))
    return shapes, problems or list(_nesting_problems(shapes, path))


def country_of(zone: str) -> str | None:
    """The country of a time zone, as two letters; None where it has none, or an old name."""
    country = get_global("zone_territories").get(zone)
    return str(country) if country is not None else None


@lru_cache(maxsize=4096)
def country_at(lon: float, lat: float) -> str | None:
    """The country of a position; None at sea and off the map."""
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        return None
    zone = finder()(lng=lon, lat=lat)
    return country_of(zone) if zone else None


def _corner_problems(name: str, corners: Sequence[Point], path: Path, country: str | None) -> Iterator[Problem]:
    found: list[Problem] = []
    for place, corner in enumerate(corners):
        found += _position_problems(corner, (*path, place), country)
    if len(found) == len(corners) > 1 and all(problem.todo == SWAPPED for problem in found):
        yield Problem(path, f"all corners of `{name}` are outside {_spoken(country)}, and inside when swapped", SWAPPED)
    else:
        yield from found


def _position_problems(point: Point, path: Path, country: str | None) -> Iterator[Problem]:
    if not (isfinite(point.lat) and isfinite(point.lon)):
        yield Problem(path, *split_advice(problems_of_position(point.lon, point.lat)[0]))
    elif country and country_at(point.lat, point.lon) == country != country_at(point.lon, point.lat):
        there = f"lat {point.lat:g}, lon {point.lon:g}"
        what = f"{there} is not in {_spoken(country)}, but it is with the two swapped"
        yield Problem(path, what, SWAPPED)
    else:
        for problem in problems_of_position(point.lon, point.lat):
            yield Problem(path, *split_advice(problem))


def _nesting_problems(shapes: Mapping[str, Shape], path: Path) -> Iterator[Problem]:
    for outer, inner in pairwise(_fences(shapes)):
        problem = not_nested(outer, inner)
        if problem is not None:
            yield Problem((*path, inner.ring.label), *split_advice(problem), at_key=True)


def _fences(shapes: Mapping[str, Shape]) -> Sequence[Geofence]:
    rings = (Ring[name.upper()] for name in shapes)
    return [Geofence(ring, shapes[ring.label], default_policy(ring, shapes[ring.label])) for ring in rings]


def _spoken(country: str | None) -> str:
    return str(Locale("en").territories.get(country or "", country))


def _key(ring: RingShape) -> str:
    return "radius" if ring.radius is not None else "polygon" if ring.polygon is not None else "geojson"
