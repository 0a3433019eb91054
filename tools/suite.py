"""A suite of tests in a fork of this process, which has all libraries in memory: with one change, or as it is."""

import ast
import atexit
import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import ModuleType
from typing import NamedTuple

import orjson
import pytest
from hypothesis import Phase, settings

from tools.subjects import Subject

ROOT = Path(__file__).parents[1]
OURS = ("geofences", "offers", "config", "streams", "tests", "bench")
PROFILE = "mutants"
SLOWEST = 40
"""Seconds of CPU: a change that makes the suite so slow is noticed. Of waiting twice as many."""
MOST_MEMORY = 4 << 30
NO_TEST = "nothing came back"


class Ran(NamedTuple):
    """The first test that failed, if one did, and the seconds that each file of tests took."""

    failed: str | None
    seconds: Mapping[str, float]


class Change(NamedTuple):
    """One file with something else in it."""

    file: str
    tree: ast.Module


class _Changed(MetaPathFinder, Loader):
    """Imports the changed file in the place of the one that is there."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.name = change.file.removesuffix(".py").replace("/", ".")

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, origin=str(ROOT / self.change.file)) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.change.tree, str(ROOT / self.change.file), "exec"), module.__dict__)


class _Watch:
    """Keeps what came of the tests."""

    def __init__(self) -> None:
        self.failed: str | None = None
        self.seconds: dict[str, float] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._keep(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._keep(report)
        file = report.nodeid.partition("::")[0]
        self.seconds[file] = self.seconds.get(file, 0.0) + report.duration

    def _keep(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def prepare(subject: Subject) -> None:
    """Import every library that the suite needs, and nothing of the project: a fork imports that, with its change."""
    # Plain loops are too slow; what is compiled of a change is kept apart, by all that it rests on.
    os.environ["NUMBA_CACHE_DIR"] = folder = mkdtemp(prefix="mutants-")
    atexit.register(rmtree, folder, ignore_errors=True)
    settings.register_profile(
        PROFILE, derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
    )
    for library in _forked(lambda: _libraries(subject)) or []:
        with suppress(ImportError):  # some only come with others, and not by their name
            importlib.import_module(library)


def ran(subject: Subject, change: Change | None = None) -> Ran:
    """What came of the suite, file by file; it ends with the first test that fails."""
    return Ran(*(_forked(lambda: tuple(_run(subject, change))) or (NO_TEST, {})))


def _libraries(subject: Subject) -> list[str]:
    _pytest(subject, subject.tests, _Watch(), "--collect-only")
    return [name for name in sys.modules if name.partition(".")[0] not in (*OURS, "__main__", "tools")]


def _run(subject: Subject, change: Change | None) -> Ran:
    if change is not None:
        sys.meta_path.insert(0, _Changed(change))
    watch = _Watch()
    for file in subject.tests:
        if _pytest(subject, [file], watch, "-x") not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return Ran(watch.failed or NO_TEST, watch.seconds)
    return Ran(None, watch.seconds)


def _pytest(subject: Subject, tests: Sequence[str], watch: _Watch, *options: str) -> int:
    quick = ["--assert=plain", "--tb=no", f"--hypothesis-profile={PROFILE}"]
    chosen = ["-k", subject.chosen] if subject.chosen else []
    return int(pytest.main([*quick, *options, *chosen, *tests], plugins=[watch]))


def _forked(work: Callable[[], object]) -> object:
    """What the work returned, as JSON carries it; None where it ended otherwise, or took too long."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _limit()
        try:
            os.write(writing, orjson.dumps(work()))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        found = told.read()
    os.waitpid(child, 0)
    return orjson.loads(found) if found else None


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SLOWEST, SLOWEST))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(2 * SLOWEST)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
