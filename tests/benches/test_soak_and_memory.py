"""The soak and the weighing of memory, at a hundredth of their size: they find nothing, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.soak_plan import EVERY, Action, plan
from bench.soak_workers import Lines

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 120.0
pytestmark = pytest.mark.kafka


def bench(name: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"bench.{name}", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_behind(folder: Path) -> list[str]:
    """Processes that were started with this folder in their command or their settings."""
    sign = str(folder).encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            about = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            where = os.fsencode((process / "cwd").readlink())
        except OSError:
            continue
        if any(sign in each for each in (*about, where)):
            found.append(about[0].replace(b"\0", b" ").decode())
    return found


def test_a_short_soak_loses_nothing_and_leaves_no_process_behind(tmp_path: Path) -> None:
    running = bench("soak", "--scale", "0.01", "--keep", str(tmp_path))
    said, errors = running.communicate(timeout=300)
    assert running.returncode == 0, said + errors
    assert "missing (acknowledged, no offer)          0" in said
    assert "visits, offers                            360, 360" in said
    assert left_behind(tmp_path) == []


def test_a_soak_that_is_stopped_takes_all_its_processes_with_it(tmp_path: Path) -> None:
    running = bench("soak", "--keep", str(tmp_path))
    deadline = time.monotonic() + PATIENCE
    while not any("chalandise" in each or "worker" in each for each in left_behind(tmp_path)):
        assert time.monotonic() < deadline, "no worker was started"
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1, errors
    assert "stopped before its time" in errors
    assert left_behind(tmp_path) == []


def test_a_worker_is_weighed_at_each_mark() -> None:
    running = bench("memory", "--scale", "0.002")
    said, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, said + errors
    assert [line.split()[1] for line in said.splitlines() if line.startswith("after")] == ["2,000", "10,000", "20,000"]
    assert "kept" in said


def test_a_plan_is_the_same_for_a_seed_and_has_everything_in_it() -> None:
    whole, short = plan(1_800.0, 1), plan(18.0, 1)
    assert whole == plan(1_800.0, 1) != plan(1_800.0, 2)
    assert {event.action for event in whole} == set(Action) == {event.action for event in short}
    kills = [event for event in whole if event.action is Action.KILL_WORKER]
    assert len(kills) == pytest.approx(1_800.0 / EVERY["workers"], rel=0.2)


def test_lines_are_counted_by_worker_and_by_what_they_say() -> None:
    lines = Lines()
    for number in range(3):
        lines.count("one", f"2026-01-01T00:00:00Z [warning] {number} lines left out\n")
    lines.count("two", "something else\n")
    assert lines.texts.most_common(1)[0][1] == 3
    assert sum(lines.seconds.values()) == 4
