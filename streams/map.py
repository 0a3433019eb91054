"""A map as SVG: rings, tracks, transitions and offers, in a projection of its own, with a scale bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from math import cos, hypot, log10, radians
from zoneinfo import ZoneInfo

from shapely.geometry import Polygon

from geofences.rings import Geofence, Ring, bounds, outline
from streams.sentences import clock_time, movement, reason_in_words
from streams.sketch import Dot, Sketch
from streams.told import DecisionTold, OfferTold, TransitionTold, milliseconds

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

METRES_PER_DEGREE = 111_195.0
MOST_DOTS = 6_000
"""With more fixes than this, tracks are drawn as lines only."""

POOR = 100.0
"""Metres: a fix that is no better than this is drawn paler."""
LONGEST_GAP = 10 * 60_000
"""Milliseconds of silence over which a track is still one line."""

COLOURS = (
    *("#1d4ed8", "#c2410c", "#0f766e", "#be185d", "#7e22ce", "#4d7c0f", "#0e7490", "#9f1239", "#a16207", "#4338ca"),
    *("#15803d", "#a21caf", "#57534e", "#0369a1"),
)
GLYPHS: Mapping[str, str] = {
    "ENTER": '<circle r="4.2" fill="{colour}" stroke="#fff" stroke-width="1.4"/>',
    "EXIT": '<circle r="3.8" fill="#fff" stroke="{colour}" stroke-width="2"/>',
    "DWELL": '<rect x="-4.6" y="-4.6" width="9.2" height="9.2" rx="1.5" fill="{colour}" stroke="#fff" '
    'stroke-width="1.4"/>',
    "PASS_BY": '<path d="M0-6L6 0L0 6L-6 0Z" fill="#fff" stroke="{colour}" stroke-width="2"/>',
}
BADGE = '<circle r="10.5" fill="{colour}" stroke="#fff" stroke-width="2"/><text class="number">{number}</text>'
ASIDE = ((0, 0), (0, -20), (20, -10), (-20, -10), (0, -40), (22, -30), (-22, -30), (40, 0), (-40, 0))
LINES = tuple((0, down) for down in (0, -15, 15, -30, 30, -45, 45, -60, 60))
"""Where a name may stand instead, points to the right and down: above or below."""
NAME = (56.0, 14.0)
NO_OFFER = (
    '<circle r="6.5" fill="#fff" stroke="#6b7280" stroke-width="1.8"/>'
    '<path d="M-4.4 4.4L4.4-4.4" stroke="#6b7280" stroke-width="1.8"/>'
)


@dataclass
class Projection:
    """Degrees to points of a drawing that is `width` wide and holds `box`: equirectangular about its middle."""

    box: Box
    width: float
    scale: float = field(init=False)
    """Points a metre."""
    height: float = field(init=False)

    def __post_init__(self) -> None:
        west, south, east, north = self.box
        self._across = METRES_PER_DEGREE * cos(radians((south + north) / 2))
        self.scale = self.width / ((east - west) * self._across)
        self.height = (north - south) * METRES_PER_DEGREE * self.scale

    def point(self, lon: float, lat: float) -> tuple[float, float]:
        """x to the right and y down."""
        west, _, _, north = self.box
        across = (lon - west) * self._across * self.scale
        return round(across, 1), round((north - lat) * METRES_PER_DEGREE * self.scale, 1)


class Drawing:
    """One map of a sketch. Those who walk keep their colours from one map of a sketch to the next."""

    def __init__(self, sketch: Sketch, box: Box, width: float, zone: ZoneInfo) -> None:
        self._sketch = sketch
        self._projection = Projection(box, width)
        self._zone = zone
        self._colours = colours_of(sketch)
        self._dots = sum(map(len, sketch.tracks.values())) <= MOST_DOTS
        self._taken: list[tuple[float, float]] = []

    def svg(self, title: str) -> str:
        """The whole drawing."""
        width, height = self._projection.width, self._projection.height
        parts = [
            f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">',
            f'<rect class="ground" width="{width:.0f}" height="{height:.0f}"/>',
            *self._rings(),
            *self._tracks(),
            *self._store_names(),
            *self._names(),
            *(self._transition(each) for each in self._sketch.transitions),
            *(self._withheld(each) for each in self._sketch.withheld),
            *(self._offer(number, each) for number, each in enumerate(self._sketch.offers, 1)),
            self._scale_bar(),
            "</svg>",
        ]
        return "\n".join(part for part in parts if part)

    def _rings(self) -> Iterator[str]:
        # every catchment below every proximity ring, whatever the order of the stores
        for ring in (Ring.CATCHMENT, Ring.PROXIMITY, Ring.INSIDE):
            for zone in self._sketch.zones:
                geofence = zone.geofence(ring)
                if geofence is not None:
                    kind = "place" if zone.store in self._sketch.places else ring.label
                    title = escape(f"{self._sketch.store_name(zone.store)}: {kind}")
                    yield f'<path class="{kind}" d="{self._outline(geofence)}"><title>{title}</title></path>'

    def _outline(self, geofence: Geofence) -> str:
        drawn = outline(geofence.shape)
        polygons: Sequence[Polygon] = [drawn] if isinstance(drawn, Polygon) else list(drawn.geoms)
        loops = (loop for polygon in polygons for loop in (polygon.exterior, *polygon.interiors))
        return "".join(f"M{self._line(loop.coords)}Z" for loop in loops)

    def _line(self, places: Iterable[Sequence[float] | Dot]) -> str:
        points = (self._projection.point(place[0], place[1]) for place in places)
        return "L".join(f"{x:g} {y:g}" for x, y in points)

    def _tracks(self) -> Iterator[str]:
        for device, dots in self._sketch.tracks.items():
            ordered = sorted(dots, key=lambda dot: dot.at)
            colour, name = self._colours[device], escape(self._sketch.name_of(device))
            line = "".join(f"M{self._line(piece)}" for piece in _pieces(ordered))
            yield f'<g stroke="{colour}" fill="{colour}"><path class="track" d="{line}"/>'
            if self._dots:
                yield from (self._dot(dot, name) for dot in ordered)
            yield "</g>"

    def _dot(self, dot: Dot, name: str) -> str:
        x, y = self._projection.point(dot.lon, dot.lat)
        accuracy = f" ± {dot.accuracy:.0f} m" if dot.accuracy is not None else ""
        at, kind = self._time(dot.at), "fix" if (dot.accuracy or 0.0) < POOR else "poor fix"
        return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="1.7"><title>{name}, {at}{accuracy}</title></circle>'

    def _store_names(self) -> Iterator[str]:
        for zone in self._sketch.zones:
            west, _, east, north = bounds(zone.geofences[-1].shape)
            x, y = self._projection.point((west + east) / 2, north)
            if 0 <= x <= self._projection.width and 0 <= y <= self._projection.height:
                name = escape(self._sketch.store_name(zone.store))
                yield f'<text class="store" x="{x:g}" y="{y - 9:g}">{name}</text>'

    def _names(self) -> Iterator[str]:
        """Who walks, where the track begins on this map."""
        for device, dots in self._sketch.tracks.items():
            points = (self._projection.point(dot.lon, dot.lat) for dot in sorted(dots, key=lambda dot: dot.at))
            begins = next((point for point in points if self._is_well_within(*point)), None)
            if begins is not None:
                x, y = self._free(begins[0], begins[1] - 9, LINES, NAME)
                name = escape(self._sketch.name_of(device))
                yield f'<text class="name" x="{x:g}" y="{y:g}" fill="{self._colours[device]}">{name}</text>'

    def _is_well_within(self, x: float, y: float) -> bool:
        return 24 <= x <= self._projection.width - 24 and 24 <= y <= self._projection.height - 24

    def _transition(self, told: TransitionTold) -> str:
        if told.reason == "timeout":
            return ""  # the phone fell silent: nothing happened at a place
        x, y = self._projection.point(told.fix.lon, told.fix.lat)
        words = movement(told, self._sketch.store_name(told.where))
        title = f"{self._sketch.name_of(told.device)} {words} ({told.kind} {told.geofence}), {self._moment(told)}"
        glyph = GLYPHS[told.kind].format(colour=self._colours.get(told.device, "#374151"))
        return _at(x, y, glyph, title)

    def _moment(self, told: TransitionTold) -> str:
        at, confirmed = clock_time(told.at, self._zone), clock_time(told.confirmed_at, self._zone)
        return at if at == confirmed else f"{at}, sure at {confirmed}"

    def _offer(self, number: int, offer: OfferTold) -> str:
        place = self._place_of(offer.member, milliseconds(offer.trigger.at))
        if place is None:
            return ""
        device, x, y = place
        name = self._sketch.members.get(offer.member, offer.member)
        title = f"{name}, {clock_time(offer.created_at, self._zone)}: {offer.text}"
        glyph = BADGE.format(colour=self._colours.get(device, "#374151"), number=number)
        return _at(*self._free(x, y - 17), glyph, title)

    def _withheld(self, decision: DecisionTold) -> str:
        place = self._place_of(decision.member or "", milliseconds(decision.trigger.at))
        if place is None:
            return ""
        name = self._sketch.members.get(decision.member or "", decision.member or "somebody")
        reason = reason_in_words(decision.reason, decision.detail)
        title = f"{name}, {clock_time(decision.at, self._zone)}: nothing offered at "
        title += f"{self._sketch.store_name(decision.trigger.where)}: {reason} ({decision.reason})"
        return _at(*self._free(place[1] + 13, place[2]), NO_OFFER, title)

    def _place_of(self, member: str, at: int) -> tuple[str, float, float] | None:
        """Where a member's phone was at `at`: the last fix until then, else the first."""
        devices = {told.device for told in self._sketch.transitions if told.member == member}
        dots = sorted((dot.at, device, dot) for device in devices for dot in self._sketch.tracks.get(device, ()))
        if not dots:
            return None
        _, device, dot = next((each for each in reversed(dots) if each[0] <= at), dots[0])
        return device, *self._projection.point(dot.lon, dot.lat)

    def _free(
        self, x: float, y: float, aside: Iterable[tuple[int, int]] = ASIDE, room: tuple[float, float] = (18.0, 18.0)
    ) -> tuple[float, float]:
        """A place at or beside (x, y) with so much room, across and down, to what stands there already."""
        across, down = room
        for dx, dy in aside:
            if all(hypot((x + dx - tx) / across, (y + dy - ty) / down) > 1 for tx, ty in self._taken):
                x, y = x + dx, y + dy
                break
        self._taken.append((x, y))
        return x, y

    def _time(self, at: int) -> str:
        return clock_time(datetime.fromtimestamp(at / 1_000, self._zone), self._zone)

    def _scale_bar(self) -> str:
        metres = _round_length(self._projection.width / 5 / self._projection.scale)
        length, y = metres * self._projection.scale, self._projection.height - 18
        words = f"{metres:g} m" if metres < 1_000 else f"{metres / 1_000:g} km"
        line = f'<path d="M18 {y - 5:.1f}v5h{length:.1f}v-5"/>'
        return f'<g class="scale">{line}<text x="{18 + length / 2:.1f}" y="{y - 6:.1f}">{words}</text></g>'


def colours_of(sketch: Sketch) -> dict[str, str]:
    """A colour for each device."""
    return {device: COLOURS[number % len(COLOURS)] for number, device in enumerate(sketch.tracks)}


def _at(x: float, y: float, glyph: str, title: str) -> str:
    return f'<g class="mark" transform="translate({x:g} {y:g})"><title>{escape(title)}</title>{glyph}</g>'


def _pieces(dots: Sequence[Dot]) -> Iterator[Sequence[Dot]]:
    """A track cut where the phone said nothing for so long that no line tells where it was."""
    begin = 0
    for end in range(1, len(dots) + 1):
        if end == len(dots) or dots[end].at - dots[end - 1].at > LONGEST_GAP:
            yield dots[begin:end]
            begin = end


def _round_length(metres: float) -> float:
    """The largest of 1, 2, 5, 10, 20, … that is not longer."""
    power = 10.0 ** int(log10(metres)) if metres >= 1 else 1.0
    return next((step * power for step in (5, 2, 1) if step * power <= metres), power)
