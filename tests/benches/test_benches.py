"""Each bench runs, at a hundredth of its size, so that none can rot; its figures mean nothing here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import BENCHES

ROOT = Path(__file__).parent.parent.parent
EXPECTED = {
    "noop": "bare aiokafka",
    "geofences": "locate",
    "lookups": "STRtree, containment alone",
    "presence": "the defaults, one by one",
    "throughput": "the loop, one by one",
    "states": "MEMORY USAGE",
    "cost": "2.0% with a trigger",
    "latency": "embedded",
    "gateway": "gateway alone, 100 a post",
    "history": "times the one before",
    "campaigns": "times the 50 alone",
    "deciding": "times these calls",
    "claiming": "with decide",
}


@pytest.mark.kafka
@pytest.mark.parametrize("bench", [each for each in BENCHES if each != "stops"])  # it is a test of the gateway
def test_a_bench_runs_to_its_last_line(bench: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        f"bench.{bench}",
        "--scale",
        "0.01",
        *(
            ()
            if bench in ("geofences", "lookups", "presence", "throughput", "states", "history")
            else ("--rounds", "1")
        ),
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert EXPECTED[bench] in done.stdout
    assert "nan" not in done.stdout
