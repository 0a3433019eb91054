"""What one recorded phone was like, as quantiles: how accurate it said its fixes were, and when it sent them.

Made by `python -m bench.field.recorded_phone FILE` from `phone_day_google.csv`, a day of one phone (416 fixes) among
the examples of trackintel (mie-lab, MIT licence). No position is kept. The phone either knows where it is (by GPS or
Wi-Fi, 14 to 94 m) or only its cell tower (586 m and worse): so for 48 % of its fixes, in runs of up to an hour.
"""

import csv
import sys
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

COARSE = 150.0
"""Metres: what is worse is a cell tower."""
SHARES = tuple(step / 10 for step in range(11))

NOMINAL = 60.0
"""Seconds between two fixes that the recorded phone aimed at."""
GAPS = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.6, 2.0, 2.0, 2.0, 2.0, 3.0, 4.0)
"""Time between two fixes as multiples of the nominal interval, at each twentieth."""
ACCURACIES = (14.0, 20.0, 21.0, 30.0, 30.0, 33.0, 36.0, 38.0, 38.0, 41.0, 94.0)
"""Metres, at each tenth, of a phone that knows where it is."""
TOWERS = (586.0, 648.0, 664.0, 697.0, 697.0, 697.0, 697.0, 697.0, 697.0, 847.8, 1001.0)
"""The same of one that knows its tower only."""
KNOWN_FOR = (60, 60, 60, 60, 60, 60, 60, 180, 240, 241, 296, 300, 536, 545, 661, 901, 2170, 4221, 7837)
"""Seconds for which it knew where it was before it did not."""
UNKNOWN_FOR = (60, 115, 120, 120, 120, 121, 123, 159, 189, 348, 420, 421, 425, 661, 1141, 2436, 2644, 3002, 3452)
REPEATED = 0.59
"""The share of tower fixes that repeat the one before to the digit."""


def quantiles(path: Path) -> dict[str, object]:
    """The constants of this module, from the recording."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(
            (datetime.fromisoformat(row["tracked_at"]).timestamp(), float(row["accuracy"]), row["latitude"])
            for row in csv.DictReader(file, delimiter=";")
        )
    times, accuracies = (np.array([row[column] for row in rows], float) for column in (0, 1))
    towers = accuracies > COARSE
    return {
        "GAPS": np.quantile(np.diff(times) / NOMINAL, [step / 20 for step in range(21)]).round(1).tolist(),
        "ACCURACIES": np.quantile(accuracies[~towers], SHARES).round(1).tolist(),
        "TOWERS": np.quantile(accuracies[towers], SHARES).round(1).tolist(),
        "KNOWN_FOR": _runs(times, towers, False),
        "UNKNOWN_FOR": _runs(times, towers, True),
    }


def _runs(times: NDArray[Any], towers: NDArray[Any], wanted: bool) -> list[int]:
    begun, found = 0, []
    for is_tower, run in groupby(towers.tolist()):
        end = begun + len(list(run))
        if is_tower is wanted:
            found.append(int(times[min(end, len(times) - 1)] - times[begun]))
        begun = end
    return sorted(found)


if __name__ == "__main__":
    for name, value in quantiles(Path(sys.argv[1])).items():
        print(name, "=", value)
