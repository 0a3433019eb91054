"""The tests under pressure fail where a decision, a claim or a count is wrong: each planted fault is caught."""

from __future__ import annotations

import subprocess
import sys

from tests.pipeline.planted import FAULTS, ROOT


def test_each_planted_fault_is_caught() -> None:
    command = [sys.executable, "-m", "tests.pipeline.planted"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["caught"] * len(FAULTS), done.stdout
