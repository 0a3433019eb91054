"""Where somebody truly was all day: straight legs on foot or by car, and stays, in metres round one store."""

from dataclasses import dataclass, field
from math import cos, hypot, pi, sin, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Place = tuple[float, float]
"""Metres east and north of the store."""

RADIUS = 250.0
"""Metres: the ring whose stays are counted."""
HOUR = 3_600.0
WALKED = 1_200.0
"""Metres: farther than that one drives."""


class Interval(NamedTuple):
    """From when to when, in seconds of the day."""

    begin: float
    end: float

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.begin

    def overlap(self, other: "Interval") -> float:
        """Seconds that both share; not above 0 where they do not."""
        return min(self.end, other.end) - max(self.begin, other.begin)


@dataclass
class Day:
    """One person's true day, from the corners of the way; and when they drove."""

    times: list[float]
    places: list[Place]
    drives: list[Interval] = field(default_factory=list)

    def at(self, times: Floats) -> tuple[Floats, Floats]:
        """Metres east and north of the store at these seconds."""
        east, north = np.array(self.places).T
        return np.interp(times, self.times, east), np.interp(times, self.times, north)

    def inside(self, radius: float = RADIUS) -> list[Interval]:
        """When they were truly in the ring, to the second."""
        times = np.arange(self.times[0], self.times[-1] + 1)
        held = np.hypot(*self.at(times)) <= radius
        edges = np.flatnonzero(np.diff(held.astype(np.int8), prepend=0, append=0))
        seconds = np.append(times, times[-1])
        return [Interval(float(seconds[a]), float(seconds[b])) for a, b in edges.reshape(-1, 2)]

    def stay(self, seconds: float) -> None:
        """Stand where they are."""
        self.times.append(self.times[-1] + seconds)
        self.places.append(self.places[-1])

    def go(self, place: Place, random: np.random.Generator) -> None:
        """Straight there: on foot up to WALKED metres, else by car."""
        begun, (east, north) = self.times[-1], self.places[-1]
        metres = hypot(place[0] - east, place[1] - north)
        driven = metres > WALKED
        pace = random.uniform(7.0, 14.0) if driven else random.uniform(1.0, 1.6)
        self.times.append(begun + metres / pace)
        self.places.append(place)
        if driven:
            self.drives.append(Interval(begun, self.times[-1]))


def between(random: np.random.Generator, least: float, most: float) -> Place:
    """Any place so many metres from the store."""
    metres, angle = sqrt(random.uniform(least**2, most**2)), random.uniform(0.0, 2 * pi)
    return metres * cos(angle), metres * sin(angle)


def day_in_town(random: np.random.Generator) -> Day:
    """Home, work, errands, home. Three in ten work within 1 km of the store, wherever that is, its edge included."""
    home = between(random, 1_500.0, 4_000.0)
    work = between(random, 0.0, 1_000.0) if random.random() < 0.3 else between(random, 1_000.0, 4_000.0)
    day = Day([7 * HOUR], [home])
    day.stay(random.uniform(0.5, 1.5) * HOUR)
    day.go(work, random)
    day.stay(random.uniform(3.0, 4.5) * HOUR)
    if random.random() < 0.5:
        _errand(day, random)
        day.go(work, random)
    day.stay(random.uniform(3.0, 4.5) * HOUR)
    for _ in range(random.integers(0, 4)):
        _errand(day, random)
    day.go(home, random)
    day.stay(HOUR)
    return day


def _errand(day: Day, random: np.random.Generator) -> None:
    """Every third leads to the store, for 5 to 45 minutes."""
    at_the_store = random.random() < 1 / 3
    day.go(between(random, 0.0, 200.0 if at_the_store else 1_500.0), random)
    day.stay(5 * 60 * 9 ** random.random())


def day_at_the_edge(random: np.random.Generator) -> Day:
    """Ten hours of standing within 40 m of the edge, inside or outside, and nothing else."""
    metres, angle = RADIUS + random.uniform(-40.0, 40.0), random.uniform(0.0, 2 * pi)
    day = Day([7 * HOUR], [between(random, 1_500.0, 4_000.0)])
    day.stay(0.5 * HOUR)
    day.go((metres * cos(angle), metres * sin(angle)), random)
    day.stay(10 * HOUR)
    day.go(between(random, 1_500.0, 4_000.0), random)
    day.stay(HOUR)
    return day
