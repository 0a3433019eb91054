"""The time zone of a position is found without numba, and numba is there afterwards."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOUND = "from config.time_zones import finder; print(finder()(lng=2.35, lat=48.85), finder()(lng=-0.1, lat=51.5))"


@pytest.mark.parametrize("before", ["", "import numba"])
def test_a_time_zone_is_found_without_numba_which_can_be_imported_before_and_after(before):
    told = "from timezonefinder import utils; import numba; print(utils.using_numba, numba.njit.__name__)"
    command = [sys.executable, "-c", f"{before}\n{FOUND}\n{told}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Europe/Paris", "Europe/London", "False", "njit"]


def test_a_command_that_needs_no_index_does_not_import_numba():
    told = "import sys; from streams.commands import command_line; command_line(); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
