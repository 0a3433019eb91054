"""Pictures of the recorded data and what presence and the index made of it: `python -m tests.geofences.drawing docs`.

Writes `recorded-buses.svg`, `recorded-districts.svg` and `recorded-phone-day.svg`; needs `../shared/data`.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import cos, radians
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon

from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from geofences.rings import Geofence, Zone, default_policy
from tests.geofences.bus_route import SILENT, metres, place_of, rides, stops
from tests.geofences.oracle import Place
from tests.geofences.paris import outlines
from tests.geofences.phone_day_visits import PLACES, VISITS
from tests.geofences.street import CATCHMENT, HOUR, PROXIMITY, START, a_zone, follow
from tests.geofences.test_presence_buses import stories
from tests.geofences.test_presence_phone_day import milliseconds, stays, the_fixes

WIDTH = 800
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#9d755d")
INK, QUIET, TRUE = "#1d2733", "#8a94a0", "#1f7a4d"
FAINT = 'stroke="#8a94a0" stroke-opacity="0.4"'


class Map:
    """Degrees as pixels; one pixel is as long in both directions."""

    def __init__(self, places: Sequence[Place]) -> None:
        (self.west, south), (east, self.north) = np.min(places, axis=0), np.max(places, axis=0)
        self.across = (WIDTH - 40) / (east - self.west)
        self.up = self.across / cos(radians((south + self.north) / 2))
        self.height = round((self.north - south) * self.up + 70)

    def at(self, place: Place) -> str:
        return f"{20 + (place[0] - self.west) * self.across:.1f},{50 + (self.north - place[1]) * self.up:.1f}"

    def line(self, places: Iterable[Place]) -> str:
        return " ".join(map(self.at, places))

    def pixels(self, length: float) -> float:
        return length / 111_270 * self.up


def text(x: float, y: float, words: str, fill: str = INK, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}">{words}</text>'


def dot(at: str, radius: float, style: str) -> str:
    x, y = at.split(",")
    return f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" {style}/>'


def svg(height: int, parts: Iterable[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
    return f'{head} font-size="12"><rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'


def far(a: Fix, b: Fix) -> bool:
    """Far enough to be seen."""
    return metres(place_of(a), place_of(b)) > 40


def buses(radius: float = 100.0) -> str:
    """The ways of all buses, and at each stop how many passes were told, as ENTER and EXIT or as PASS_BY."""
    ways = rides()
    places = stops(max(ways.values(), key=len))
    index = GeofenceIndex([a_zone(f"stop-{n}", place, {PROXIMITY: radius}) for n, place in enumerate(places)])
    told = [follow(index, fixes, until=fixes[-1].at + 10**8 - START)[1] for fixes in ways.values()]
    chart = Map([place_of(fix) for fixes in ways.values() for fix in fixes])

    def parts() -> Iterator[str]:
        yield text(20, 20, f"Buses of route 14 (8 buses) at stops 400 m apart, rings of {radius:.0f} m:")
        yield text(20, 36, "at each the passes told, one ENTER and one EXIT, or one PASS_BY, each", QUIET)
        for fixes in ways.values():
            ridden = [(a, b) for a, b in pairwise(fixes) if b.at - a.at <= SILENT]
            line = "".join(f"M{chart.at(place_of(a))}L{chart.at(place_of(b))}" for a, b in ridden if far(a, b))
            yield f'<path d="{line}" {FAINT}/>'
        for number, place in enumerate(places):
            count = sum(len(stories(each, f"stop-{number}")) for each in told)
            yield dot(
                chart.at(place), chart.pixels(radius), f'fill="{COLOURS[0]}" fill-opacity="0.3" stroke="{COLOURS[0]}"'
            )
            x, y = map(float, chart.at(place).split(","))
            yield text(x + chart.pixels(radius) + 2, y + 4, str(count))

    return svg(chart.height, parts())


def districts() -> str:
    """Places in and about Paris in the colour of the district that the index puts them in."""
    lines = outlines()
    zones = [Zone(name, (_fence(line),)) for name, line in lines.items()]
    chart = Map([place for line in lines.values() for place in line])
    lons, lats = np.meshgrid(np.linspace(2.224, 2.470, 40), np.linspace(48.815, 48.902, 20))
    places = [
        *zip(lons.ravel().tolist(), lats.ravel().tolist(), strict=True),
        *{c for line in lines.values() for c in line},
    ]
    found = GeofenceIndex(zones).locate(*np.array(places).T)
    assert max(map(len, found)) == 1
    names = list(lines)

    def parts() -> Iterator[str]:
        yield text(
            20,
            20,
            "The districts of Paris: each place is in one, those on corners (rings) included; none outside (grey)",
        )
        for line in lines.values():
            yield f'<polygon points="{chart.line(line)}" fill="none" stroke="{QUIET}"/>'
        for number, (place, sightings) in enumerate(zip(places, found, strict=True)):
            colour = COLOURS[names.index(sightings[0].zone.store) % 7] if sightings else "#c8ced4"
            corner = number >= lons.size
            style = f'fill="none" stroke="{colour}" stroke-width="2"' if corner else f'fill="{colour}"'
            yield dot(chart.at(place), 4 if corner else 2, style)

    return svg(chart.height, parts())


def _fence(line: list[Place]) -> Geofence:
    shape = Polygon(line)
    return Geofence(CATCHMENT, shape, default_policy(CATCHMENT, shape))


def phone_day() -> str:
    """Metres from either place over the day, what was labelled, and what was told in rings of 50, 100 and 200 m."""
    fixes, day = the_fixes(), milliseconds("2012-12-18T12:00:00Z")
    end = day + 10 * HOUR

    def x(at: int) -> float:
        return 130 + (min(at, end) - day) / (end - day) * (WIDTH - 150)

    def bars(y: float, name: str, colour: str, spans: Iterable[tuple[int, int]]) -> Iterator[str]:
        yield text(122, y + 9, name, QUIET, "end")
        for begin, over in spans:
            yield f'<rect x="{x(begin):.1f}" y="{y}" width="{x(over) - x(begin):.1f}" height="10" fill="{colour}"/>'

    def parts() -> Iterator[str]:
        yield text(
            20, 20, "The recorded phone day: metres from two places (blue: 150 m or better, orange: cell towers)"
        )
        for number, (place, where) in enumerate(PLACES.items()):
            top = 40 + 250 * number
            yield text(20, top + 14, place)
            for apart in (0, 200, 400, 600):
                yield text(122, top + 154 - apart / 4, f"{apart} m", QUIET, "end")
            for fix in fixes:
                apart = min(metres(place_of(fix), where), 600.0)
                colour = COLOURS[0] if fix.accuracy <= 150 else COLOURS[1]
                yield dot(f"{x(fix.at):.1f},{top + 150 - apart / 4:.1f}", 2, f'fill="{colour}"')
            clock = [
                (milliseconds(f"2012-12-18T{v.came}:00Z"), milliseconds(f"2012-12-18T{v.went}:00Z"))
                for v in VISITS
                if v.place == place
            ]
            yield from bars(top + 164, "labelled", TRUE, clock)
            for row, radius in enumerate((50, 100, 200), start=1):
                index = GeofenceIndex([a_zone(place, where, {PROXIMITY: radius})])
                told = stays(follow(index, fixes, until=fixes[-1].at + 10**8 - START)[1])
                yield from bars(top + 164 + 15 * row, f"ring of {radius} m", COLOURS[0], told)
        for hour in range(12, 23):
            yield text(x(day + (hour - 12) * HOUR), 555, f"{hour}:00", QUIET, "middle")

    return svg(570, parts())


if __name__ == "__main__":
    for name, picture in {"buses": buses, "districts": districts, "phone-day": phone_day}.items():
        (Path(sys.argv[1]) / f"recorded-{name}.svg").write_text(picture(), "utf-8")
