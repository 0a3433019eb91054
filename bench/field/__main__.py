"""A trial with ground truth: `python -m bench.field [--scale 0.01]` prints the tables of docs/field-trial.md.

Simulated people and phones; what is told of them is held against where they truly were, for presence and for others.
"""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bench.field.believed import METHODS
from bench.field.phones import Noise, Phone
from bench.field.scoring import Score
from bench.field.truth import Day, day_at_the_edge, day_in_town

SEED = 20_121_218


class Trial(NamedTuple):
    """So many days of one kind, with a fix every so many seconds."""

    name: str
    days: int
    every: float
    noise: Noise = Noise()
    kind: Callable[[np.random.Generator], Day] = day_in_town


TRIALS = (
    Trial("a fix a minute", 1_000, 60.0),
    Trial("a fix a second", 30, 1.0),
    Trial("a fix each 10 seconds", 100, 10.0),
    Trial("a fix each 5 minutes", 1_000, 300.0),
    Trial("a fix each 15 minutes", 1_000, 900.0),
    Trial("a fix a minute, always in an urban canyon", 200, 60.0, Noise(canyon=0.999)),
    Trial("a fix a minute, ten times as many Wi-Fi jumps", 200, 60.0, Noise(jumps_a_minute=0.03)),
    Trial("a fix a minute, ten hours within 40 m of the edge", 200, 60.0, kind=day_at_the_edge),
)


def run(trial: Trial, scale: float, show: bool = False) -> dict[str, Score]:
    """The same days and fixes for each method; `show` prints where presence was wrong."""
    scores = {name: Score() for name in METHODS}
    for number in range(max(1, round(trial.days * scale))):
        day = trial.kind(np.random.default_rng((SEED, number, 0)))
        fixes = Phone(day, trial.every, trial.noise, np.random.default_rng((SEED, number, 1))).fixes()
        inside = day.inside()
        for name, told in METHODS.items():
            before = scores[name].false_dwells
            missed = scores[name].add(told(fixes), inside, fixes)
            if show and name == "presence" and (missed or scores[name].false_dwells > before):
                print(f"day {number}: missed {missed}, {scores[name].false_dwells - before} false DWELLs")
    return scores


HEAD = """\
| | stays found | of those seen | precision | false visits | false DWELLs | false ENTERs | delay, median | p95 |
|---|---|---|---|---|---|---|---|---|"""


def row(name: str, score: Score) -> str:
    """One line of a table; what is false is counted in a hundred days of one device."""
    delay, late = score.delay if len(score.delays) > 1 else (float("nan"),) * 2
    return (
        f"| {name} | {score.recall:.3f} | {score.recall_of_seen:.3f} | {score.precision:.3f} "
        f"| {score.a_hundred_days(score.false_visits):.1f} | {score.a_hundred_days(score.false_dwells):.1f} "
        f"| {score.a_hundred_days(score.false_entries):.1f} "
        f"| {delay:.0f} s | {late:.0f} s |"
    )


def main() -> None:
    """Each trial a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of days")
    parser.add_argument("--only", type=int, help="the number of one trial, from 0")
    parser.add_argument("--show", action="store_true", help="the days on which presence was wrong")
    asked = parser.parse_args()
    for trial in TRIALS if asked.only is None else [TRIALS[asked.only]]:
        scores = run(trial, asked.scale, asked.show)
        first = scores["presence"]
        print(
            f"\n{trial.name}: {first.days} days, {first.stays} stays, {first.seen} of them seen\n\n{HEAD}", flush=True
        )
        print("\n".join(row(*each) for each in scores.items()), flush=True)


if __name__ == "__main__":
    main()
