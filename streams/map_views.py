"""What part of the world a map shows: all that moved, and close-ups of the places where much happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians

from geofences.rings import Ring, Zone, bounds
from streams.map import METRES_PER_DEGREE, Box
from streams.sketch import Sketch

FLATTEST, TALLEST = 0.55, 0.85
"""Height of a map over its width."""
CLOSE_UP = 0.5
"""A close-up is drawn where it shows at most this share of the width or height of the whole."""
MOST_CLOSE_UPS = 6


@dataclass(frozen=True, slots=True)
class View:
    """One map: what it is called, and what it shows."""

    title: str
    box: Box


def views(sketch: Sketch) -> list[View]:
    """The whole first, then a close-up of each group of stores that somebody came near to."""
    whole = _whole(sketch)
    close = [view for view in _close_ups(sketch) if _is_closer(view.box, whole.box)]
    return [whole, *close[:MOST_CLOSE_UPS]]


def _whole(sketch: Sketch) -> View:
    dots = [(dot.lon, dot.lat, dot.lon, dot.lat) for track in sketch.tracks.values() for dot in track]
    near = {told.where for told in sketch.transitions}
    chosen = [zone for zone in sketch.zones if zone.store in near] or list(sketch.zones)
    boxes = dots + [_core(zone) for zone in chosen]
    return View("All walks", _framed(_around(boxes), 0.06))


def _close_ups(sketch: Sketch) -> list[View]:
    near = Counter(told.where for told in sketch.transitions if told.ring != "catchment")
    groups: list[list[Zone]] = []
    for zone in sketch.zones:
        if zone.store not in near:
            continue
        joined = [group for group in groups if any(_meet(_core(zone), _core(each)) for each in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(each for group in joined for each in group), zone])
    groups.sort(key=lambda group: -sum(near[zone.store] for zone in group))
    return [View(_title(sketch, group), _framed(_around(map(_core, group)), 0.18)) for group in groups]


def _title(sketch: Sketch, group: Sequence[Zone]) -> str:
    return ", ".join(sketch.store_name(zone.store) for zone in group)


def _core(zone: Zone) -> Box:
    """The proximity ring, or the innermost where there is none."""
    return bounds((zone.geofence(Ring.PROXIMITY) or zone.geofences[-1]).shape)


def _around(boxes: Iterable[Box]) -> Box:
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return min(wests), min(souths), max(easts), max(norths)


def _meet(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _framed(box: Box, margin: float) -> Box:
    """With a margin (a share of the longer side) on all sides, and neither too flat nor too tall."""
    west, south, east, north = box
    across = METRES_PER_DEGREE * cos(radians((south + north) / 2))
    width, height = max((east - west) * across, 100.0), max((north - south) * METRES_PER_DEGREE, 100.0)
    room = 2 * margin * max(width, height)
    width, height = width + room, height + room
    width, height = max(width, height / TALLEST), max(height, width * FLATTEST)
    lon, lat = (west + east) / 2, (south + north) / 2
    right, up = width / 2 / across, height / 2 / METRES_PER_DEGREE
    return lon - right, lat - up, lon + right, lat + up


def _is_closer(box: Box, whole: Box) -> bool:
    return box[2] - box[0] <= CLOSE_UP * (whole[2] - whole[0]) or box[3] - box[1] <= CLOSE_UP * (whole[3] - whole[1])
