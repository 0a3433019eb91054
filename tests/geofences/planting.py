"""Plants one fault at a time in a copy of the project, and shows whether the suite catches it.

`python -m tests.geofences.planting` prints a line for each; `test_plants.py` holds that all are caught.
"""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("geofences", "offers", "config", "streams", "tests")
PLACES = "tests/geofences/test_zones.py tests/geofences/test_index.py"
LAW = "tests/geofences/test_presence.py tests/geofences/test_presence_late.py tests/geofences/test_fixes.py"
TRACKS = "tests/pipeline/test_timers.py::test_an_old_batch_that_comes_in_order_makes_nobody_leave_between_its_fixes"


class Fault(NamedTuple):
    """`found` in `file` becomes `planted`; `suite` must fail of it."""

    name: str
    file: str
    found: str
    planted: str
    suite: str = LAW


FAULTS = (
    Fault(
        "latitude and longitude swapped",
        "geofences/presence.py",
        "sighting.distances if sighting else index.distances(store, fix.lon, fix.lat)",
        "sighting.distances if sighting else index.distances(store, fix.lat, fix.lon)",
    ),
    Fault(
        "sign of the margin",
        "geofences/machine.py",
        "-inside - policy.exit_margin",
        "-inside + policy.exit_margin",
    ),
    Fault(
        "hold timer from arrival instead of fix time",
        "streams/tracks.py",
        "advance(presence, fix, sightings, self.index)",
        "advance(presence, fix._replace(at=received), sightings, self.index)",
        TRACKS,
    ),
    Fault(
        "hold timer from the latest evidence instead of the first",
        "geofences/machine.py",
        "after = before._replace(evidence=evidence)",
        "after = before._replace(evidence=evidence, due=at + hold)",
    ),
    Fault(
        "an older fix applied as if it were the newest",
        "geofences/presence.py",
        "if newest is not None and fix.at <= newest.at:\n        kept",
        "if newest is not None and fix.at == newest.at:\n        kept",
    ),
    Fault(
        "a fix too old for the last eight takes its place",
        "geofences/fixes.py",
        "return FixRejection.OUT_OF_ORDER if too_old else None",
        "return None",
    ),
    Fault(
        "what was told is told again",
        "geofences/presence.py",
        "unknown = newest.at - LATENESS - 1",
        "unknown = 0",
    ),
    Fault(
        "a timer leaves behind the clock that noticed it",
        "geofences/presence.py",
        "after = fire(state, zone, due, presence, fired)",
        "after = fire(state, zone, due, presence, fired)._replace(since=until)",
    ),
    Fault(
        "latitude and longitude swapped in the index",
        "geofences/lookup.py",
        "floor(batch.places[0, place] * per_degree), floor(batch.places[1, place] * per_degree)",
        "floor(batch.places[1, place] * per_degree), floor(batch.places[0, place] * per_degree)",
        "tests/geofences/test_zones.py",
    ),
    Fault(
        "hole ignored",
        "geofences/outlines.py",
        "lines, part_of_line = get_rings(parts, return_index=True)",
        "lines, part_of_line = np.array([part.exterior for part in parts]), np.arange(len(parts))",
        "tests/geofences/test_index.py -k hole",
    ),
    Fault(
        "an edge owned twice",
        "geofences/edges.py",
        "& (side != 0) & ((side > 0) == below)",
        "& ((side >= 0) == below)",
        "tests/geofences/test_index.py -k shared_edge",
    ),
    Fault(
        "distances inside out",
        "geofences/lookup.py",
        "return sqrt(least) if inside else -sqrt(least)",
        "return -sqrt(least) if inside else sqrt(least)",
        PLACES,
    ),
    Fault(
        "a square that an edge only grazes is taken for certain",
        "geofences/squares.py",
        "for columns in range(int((right - left).max()) + 1):",
        "for columns in range(int((right - left).max())):",
        "tests/geofences/test_index_squares.py",
    ),
    Fault(
        "a zone across the 180th meridian on one side of it only",
        "geofences/layout.py",
        "np.flatnonzero(east > ROUND / 2)",
        "np.flatnonzero(east > ROUND)",
        "tests/geofences/test_index_tiles.py::test_a_zone_across_the_180th_meridian_is_one_zone",
    ),
)


def is_caught(fault: Fault) -> bool:
    """Whether `fault.suite` fails with it. ValueError where the place for it is not to be found, or not only once."""
    with TemporaryDirectory() as folder:
        copy = Path(folder)
        for package in PACKAGES:
            copytree(ROOT / package, copy / package, ignore=ignore_patterns("__pycache__", ".*"))
        (copy / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
        place = copy / fault.file
        text = place.read_text()
        if text.count(fault.found) != 1:
            raise ValueError(
                f"{fault.file} has {fault.found!r} {text.count(fault.found)} times: say anew where it goes"
            )
        place.write_text(text.replace(fault.found, fault.planted))
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--tb=no",
            "--hypothesis-profile=first-failure",
            *fault.suite.split(),
        ]
        # Plain Python, so that nothing is compiled anew for each fault.
        plain = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
        done = subprocess.run(command, cwd=copy, env=plain, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise ValueError(f"{fault.name}: the suite did not run\n{done.stdout}{done.stderr}")
    return done.returncode == 1


if __name__ == "__main__":
    for each in FAULTS:
        print(f"{'caught' if is_caught(each) else 'NOT CAUGHT':<12}{each.name}")
