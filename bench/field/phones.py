"""What a phone would have sent of a day: gaps and accuracies as recorded, and errors drawn from them.

The numbers of `Noise` and the seeds in `__main__.py` were committed before the first run, and stay as they were.
"""

from dataclasses import dataclass
from math import cos, erf, exp, pi, sin, sqrt
from typing import NamedTuple

import numpy as np

from bench.field.recorded_phone import ACCURACIES, GAPS, KNOWN_FOR, REPEATED, SHARES, TOWERS, UNKNOWN_FOR
from bench.field.truth import Day, Floats, Interval

SIGMAS = 1.51
"""An accuracy is the circle that holds 68 %: so many standard deviations in each of two directions."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What a recording of accuracies does not tell, and is assumed. Seconds and metres.

    errors_last: after which errors have forgotten each other (1/e); accuracies_last: the same of accuracies.
    canyon: the share of the time, in runs of canyon_lasts, in which errors are canyon_factor times what the phone says.
    jumps_a_minute: fixes put elsewhere by a Wi-Fi that has moved, as accurate as the phone says Wi-Fi is.
    tunnel: the share of drives with a tunnel, and for how long there is no fix.
    """

    errors_last: float = 120.0
    accuracies_last: float = 180.0
    canyon: float = 0.2
    canyon_lasts: float = 600.0
    canyon_factor: float = 2.0
    jumps_a_minute: float = 0.003
    jump: tuple[float, float] = (300.0, 1_500.0)
    jump_accuracy: tuple[float, float] = (20.0, 60.0)
    jump_goes_on: float = 0.3
    tunnel: float = 0.1
    tunnel_lasts: tuple[float, float] = (60.0, 300.0)


class Measured(NamedTuple):
    """One fix: seconds of the day, metres east and north of the store, accuracy; whether the phone knew its place."""

    at: float
    east: float
    north: float
    accuracy: float
    known: bool


class Phone:
    """One phone on one day. `every`: seconds between fixes, where nothing comes between."""

    def __init__(self, day: Day, every: float, noise: Noise, random: np.random.Generator) -> None:
        self.day, self.every, self.noise, self.random = day, every, noise, random
        self._error = random.normal(size=2)
        self._level = random.normal()
        self._last: Measured | None = None
        self._jump: Measured | None = None

    def fixes(self) -> list[Measured]:
        """All fixes of the day, by time."""
        times = self._times()
        known = _alternating(times, KNOWN_FOR, UNKNOWN_FOR, self.random)
        canyon = self._canyon(times)
        before, found = times[0] - self.every, []
        for at, east, north, knows, wild in zip(times, *self.day.at(times), known, canyon, strict=True):
            self._drift(at - before)
            if self._jumps(at - before):
                fix = self._jumped(at, east, north)
            elif knows:
                fix = self._placed(at, east, north, self.noise.canyon_factor if wild else 1.0)
            else:
                fix = self._tower(at, east, north)
            found.append(fix)
            before, self._last = at, fix
        return found

    def _times(self) -> Floats:
        begin, end = self.day.times[0], self.day.times[-1]
        gaps = self.every * self.random.choice(GAPS, int((end - begin) / self.every) + 2)
        times = begin + self.random.uniform(0, self.every) + np.cumsum(gaps)
        times = times[times < end]
        for tunnel in self._tunnels():
            times = times[(times < tunnel.begin) | (times > tunnel.end)]
        return times

    def _tunnels(self) -> list[Interval]:
        begins = [drive.begin for drive in self.day.drives if self.random.random() < self.noise.tunnel]
        return [Interval(begin, begin + self.random.uniform(*self.noise.tunnel_lasts)) for begin in begins]

    def _canyon(self, times: Floats) -> list[bool]:
        lasts, share = self.noise.canyon_lasts, self.noise.canyon
        free = lasts * (1 / share - 1)
        return _alternating(times, (lasts,), (free,), self.random, self.random.random() < share)

    def _drift(self, seconds: float) -> None:
        """Errors and accuracies forget what they were (a first-order autoregression)."""
        kept = exp(-seconds / self.noise.errors_last)
        self._error = kept * self._error + sqrt(1 - kept * kept) * self.random.normal(size=2)
        kept = exp(-seconds / self.noise.accuracies_last)
        self._level = kept * self._level + sqrt(1 - kept * kept) * self.random.normal()

    def _accuracy(self, accuracies: tuple[float, ...]) -> float:
        return float(np.interp((1 + erf(self._level / sqrt(2))) / 2, SHARES, accuracies))

    def _placed(self, at: float, east: float, north: float, factor: float) -> Measured:
        accuracy = self._accuracy(ACCURACIES)
        off = self._error * accuracy / SIGMAS * factor
        return Measured(at, east + off[0], north + off[1], accuracy, True)

    def _tower(self, at: float, east: float, north: float) -> Measured:
        """Mostly the same tower again: its place does not move with the phone."""
        last = self._last
        if last is not None and not last.known and self.random.random() < REPEATED:
            return last._replace(at=at)
        accuracy = float(np.interp(self.random.random(), SHARES, TOWERS))
        off = self.random.normal(size=2) * accuracy / SIGMAS
        return Measured(at, east + off[0], north + off[1], accuracy, False)

    def _jumps(self, seconds: float) -> bool:
        if self._jump is not None and self.random.random() < self.noise.jump_goes_on:
            return True
        self._jump = None
        return bool(self.random.random() < 1 - exp(-seconds / 60 * self.noise.jumps_a_minute))

    def _jumped(self, at: float, east: float, north: float) -> Measured:
        if self._jump is None:
            metres, angle = self.random.uniform(*self.noise.jump), self.random.uniform(0, 2 * pi)
            accuracy = self.random.uniform(*self.noise.jump_accuracy)
            self._jump = Measured(at, east + metres * cos(angle), north + metres * sin(angle), accuracy, True)
        return self._jump._replace(at=at)


def _alternating(
    times: Floats,
    on_for: tuple[float, ...],
    off_for: tuple[float, ...],
    random: np.random.Generator,
    on: bool = True,
) -> list[bool]:
    """For each time whether it is on: on and off take turns, each for a length drawn, of which a first part is over."""
    found, until, share = [], times[0], random.random()
    until += share * float(random.choice(on_for if on else off_for))
    for at in times:
        while at >= until:
            on = not on
            length = float(random.choice(on_for if on else off_for))
            until += length if len(on_for) > 1 else random.exponential(length)
        found.append(on)
    return found
