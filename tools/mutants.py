"""How good are the tests? A seeded sample of changes to presence and index, each held against a suite of seconds.

`python -m tools.mutants [--mutants 400] [--seed 1] [--only presence] [--pause-while FILE]` prints every change that no
test noticed. Each is tried in a fork of a process that has the libraries in memory already: a run takes some ten
minutes of one core.
"""

import argparse
import ast
import importlib
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from random import Random
from types import ModuleType
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings

from tools.mutations import Mutation, mutated, mutations

ROOT = Path(__file__).parents[1]
LIBRARIES = ("numpy", "numba", "shapely.geometry", "pyproj", "geographiclib.geodesic", "hypothesis.strategies")
SLOWEST = 40
"""Seconds of CPU: a change that makes the suite so slow is noticed."""
SURVIVED, KILLED = 0, 1


class Group(NamedTuple):
    """Modules of `geofences`, and the tests, at most 5 s of them, that hold them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    leave_out: tuple[str, ...] = ()


GROUPS = {
    "presence": Group(
        ("presence", "machine", "evidence", "replaying", "passing", "fixes"),
        ("test_presence", "test_arriving", "test_fix_limits", "test_fixes", "test_presence_late", "test_flapping"),
    ),
    "index": Group(
        ("index", "lookup", "squares", "cells", "tiling", "edges", "outlines", "metric", "meridian"),
        ("test_zones", "test_index_size", "test_index_bounds", "test_index", "test_index_tiles"),
        (
            "test_the_distance_is_that_of_the_nearest_edge_along_the_ellipsoid",
            "test_the_distance_to_an_outline_is_that_to_its_nearest_edge",
            "test_which_side_of_an_outline_a_place_is_on_is_exact",
        ),
    ),
}


class Changed(MetaPathFinder, Loader):
    """Imports one module with one change in it."""

    def __init__(self, name: str, tree: ast.Module, path: Path) -> None:
        self.name, self.tree, self.path = name, tree, path

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, origin=str(self.path)) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)


def in_a_fork(work: Callable[[], int]) -> int:
    """What the work returned, or KILLED where it could not be done or took too long."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SLOWEST, SLOWEST))
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        os._exit(work())
    _, status = os.waitpid(child, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else KILLED


def suite(group: Group) -> int:
    """0 where all tests pass."""
    tests = [f"tests/geofences/{name}.py" for name in group.tests]
    left_out = [f"--deselect=tests/geofences/{name}.py::{test}" for name in group.tests for test in group.leave_out]
    quick = ["-x", "--assert=plain", "--noconftest", "--tb=no", "-p", "no:cacheprovider"]
    return min(int(pytest.main([*quick, *left_out, *tests])), KILLED)


def suite_with(group: Group, module: str, source: str, mutation: Mutation) -> int:
    """The same with one change."""
    name = f"geofences.{module}"
    tree = mutated(source, mutation.number)
    sys.meta_path.insert(0, Changed(name, tree, ROOT / "geofences" / f"{module}.py"))
    return suite(group)


def sample(group: Group, count: int, seed: int) -> list[tuple[str, str, Mutation]]:
    """So many changes of the modules of a group, in an order drawn as well: the first few are a sample, too."""
    sources = {module: (ROOT / "geofences" / f"{module}.py").read_text("utf-8") for module in group.modules}
    every = [(module, source, each) for module, source in sources.items() for each in mutations(source)]
    return Random(seed).sample(every, min(count, len(every)))


def hold(name: str, group: Group) -> None:
    """Ends the run where the tests fail without any change: before it nothing, after it all would count as noticed."""
    if in_a_fork(lambda: suite(group)) != SURVIVED:
        sys.exit(f"the tests of {name} fail as it is")


def seconds_used() -> float:
    """CPU of all forks so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def try_all(name: str, count: int, seed: int, minutes: float, pause_while: Path | None) -> tuple[int, int]:
    """How many were tried within so many minutes, and how many were noticed; prints the others."""
    group, begun, used = GROUPS[name], time.monotonic(), seconds_used()
    hold(name, group)
    print(f"== {name}: {', '.join(group.modules)}; its suite takes {seconds_used() - used:.1f} s of CPU", flush=True)
    tried = killed = 0
    for module, source, mutation in sample(group, count, seed):
        if time.monotonic() - begun > 60 * minutes:
            break
        while pause_while is not None and pause_while.exists():
            time.sleep(1)
        if in_a_fork(lambda change=(module, source, mutation): suite_with(group, *change)) == SURVIVED:  # type: ignore[misc]
            print(f"geofences/{module}.py:{mutation.line}: {mutation.before}  ->  {mutation.after}", flush=True)
        else:
            killed += 1
        tried += 1
    hold(name, group)
    took = f"{time.monotonic() - begun:.0f} s, {seconds_used() - used:.0f} of CPU"
    print(f"{name}: {killed} of {tried} noticed ({killed / tried:.1%}), {took}", flush=True)
    return tried, killed


def main() -> None:
    """Half of the sample from presence, half from the index."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=GROUPS)
    parser.add_argument("--minutes", type=float, default=60.0, help="for each of the two, at most")
    parser.add_argument("--pause-while", type=Path, metavar="FILE", help="wait for as long as this file exists")
    asked = parser.parse_args()
    os.chdir(ROOT)
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # Plain Python: nothing is compiled anew for each change.
    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
    )
    settings.load_profile("mutants")
    for library in LIBRARIES:
        importlib.import_module(library)
    names = [asked.only] if asked.only else list(GROUPS)
    counts = [
        try_all(name, asked.mutants // len(names), asked.seed, asked.minutes, asked.pause_while) for name in names
    ]
    tried, killed = (sum(column) for column in zip(*counts, strict=True))
    print(f"{killed} of {tried} changes noticed: {killed / tried:.1%}")
    sys.exit(0 if killed >= 0.9 * tried else 1)


if __name__ == "__main__":
    main()
