"""A hard case drawn: `python -m bench.field.picture docs/field-trial.svg [--day 833]`.

Above, how far from the store somebody truly was and where their fixes lay; below, when each method believed them in.
"""

import argparse
from collections.abc import Iterator, Sequence
from math import hypot
from pathlib import Path

import numpy as np

from bench.field.__main__ import SEED, TRIALS
from bench.field.believed import METHODS
from bench.field.phones import Measured, Phone
from bench.field.truth import RADIUS, Day, Interval

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 900, 190, 20, 46, 330
FARTHEST = 1_000.0
ROW = 24
HALF_AN_HOUR = 1_800
INK, QUIET, TRUE, KNOWN, TOWER = "#1d2733", "#6b7682", "#1f7a4d", "#2f6fb2", "#c9852b"


class Frame:
    """Seconds of the day and metres from the store, as pixels."""

    def __init__(self, shown: Interval) -> None:
        self.shown = shown

    def x(self, seconds: float) -> float:
        """Cut to what is shown."""
        share = (min(max(seconds, self.shown.begin), self.shown.end) - self.shown.begin) / self.shown.length
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, metres: float) -> float:
        """Farther than the farthest is drawn at the top."""
        return BOTTOM - min(metres, FARTHEST) / FARTHEST * (BOTTOM - TOP)


def drawn(day: Day, fixes: Sequence[Measured], shown: Interval) -> str:
    """The whole SVG."""
    frame, rows = Frame(shown), {"in truth": day.inside()}
    rows |= {name: [entry.interval for entry in told(fixes)] for name, told in METHODS.items()}
    height = BOTTOM + 52 + ROW * len(rows)
    parts = [*_axes(frame), *_fixes(frame, fixes), _way(frame, day)]
    for number, (name, intervals) in enumerate(rows.items()):
        parts += _row(frame, BOTTOM + 40 + ROW * number, name, intervals)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
    return f'{head} font-size="12"><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'


def _text(x: float, y: float, words: str, fill: str = INK, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}">{words}</text>'


def _axes(frame: Frame) -> Iterator[str]:
    yield _text(LEFT, 18, "Metres from the store: the true way, and each fix with its error circle")
    for x, colour, words in ((0, KNOWN, "the phone knew its place"), (190, TOWER, "only its cell tower")):
        yield f'<circle cx="{LEFT + x + 4}" cy="32" r="3" fill="{colour}"/>' + _text(LEFT + x + 12, 36, words, colour)
    for metres in (0.0, RADIUS, 500.0, FARTHEST):
        y, line = frame.y(metres), TRUE if metres == RADIUS else "#dfe3e8"
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{line}"/>'
        words = f"{metres:.0f} m" + (", or farther" if metres == FARTHEST else "")
        yield _text(LEFT - 8, y + 4, words, QUIET, "end")
    first = int(frame.shown.begin // HALF_AN_HOUR + 1) * HALF_AN_HOUR
    for seconds in range(first, int(frame.shown.end), HALF_AN_HOUR):
        x = frame.x(seconds)
        yield f'<path d="M{x:.1f} {BOTTOM}v5" stroke="{QUIET}"/>'
        yield _text(x, BOTTOM + 18, f"{seconds // 3600:02}:{seconds % 3600 // 60:02}", QUIET, "middle")


def _way(frame: Frame, day: Day) -> str:
    times = np.arange(frame.shown.begin, frame.shown.end, 20.0)
    corners = zip(times, np.hypot(*day.at(times)), strict=True)
    line = " ".join(f"{frame.x(at):.1f},{frame.y(metres):.1f}" for at, metres in corners)
    return f'<polyline points="{line}" fill="none" stroke="{INK}" stroke-opacity="0.5" stroke-width="2"/>'


def _fixes(frame: Frame, fixes: Sequence[Measured]) -> Iterator[str]:
    for fix in fixes:
        if frame.shown.begin <= fix.at <= frame.shown.end:
            x, metres, colour = frame.x(fix.at), hypot(fix.east, fix.north), KNOWN if fix.known else TOWER
            low, high = frame.y(max(metres - fix.accuracy, 0.0)), frame.y(metres + fix.accuracy)
            yield f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="{colour}" stroke-opacity="0.25"/>'
            yield f'<circle cx="{x:.1f}" cy="{frame.y(metres):.1f}" r="2.6" fill="{colour}"/>'


def _row(frame: Frame, y: float, name: str, intervals: Sequence[Interval]) -> Iterator[str]:
    yield _text(LEFT - 8, y + 12, name, anchor="end")
    yield f'<path d="M{LEFT} {y + 8:.1f}H{WIDTH - RIGHT}" stroke="#eef1f4"/>'
    for each in intervals:
        if each.overlap(frame.shown) >= 0:
            x, wide = frame.x(each.begin), max(frame.x(each.end) - frame.x(each.begin), 1.5)
            fill = TRUE if name == "in truth" else KNOWN
            yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="15" rx="2" fill="{fill}"/>'


def main() -> None:
    """One day of the first trial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--day", type=int, default=833)
    parser.add_argument("--hours", type=float, nargs=2, default=(16.2, 18.2), metavar=("FROM", "TO"))
    asked, trial = parser.parse_args(), TRIALS[0]
    day = trial.kind(np.random.default_rng((SEED, asked.day, 0)))
    fixes = Phone(day, trial.every, trial.noise, np.random.default_rng((SEED, asked.day, 1))).fixes()
    begin, end = (hour * 3_600 for hour in asked.hours)
    asked.file.write_text(drawn(day, fixes, Interval(begin, end)), "utf-8")


if __name__ == "__main__":
    main()
