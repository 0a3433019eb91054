"""Machine code on disk saves time and is never in the way; plain Python gives the very same answers."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from geofences import advancing, compiled, device_rows, edges, evidence, lookup, machine_rows, squares
from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Zone, default_policy, geodesic_circle
from tests.geofences.street import CATCHMENT, PROXIMITY

ROOT = Path(__file__).parents[2]
CALL = "print(edges.is_met(3, -2, 3, 2), edges.is_met(-3, -2, -3, 2))"


def run(code, before="", **environment):
    """What a fresh process prints; `before` comes before the functions are there."""
    command = [sys.executable, "-W", "error", "-c", f"{before}\nfrom geofences import edges\n{code}"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_what_is_on_disk_is_taken_and_what_is_damaged_is_made_anew(tmp_path):
    taken = CALL + "; print(len(edges.is_met.stats.cache_hits))"
    assert run(taken, NUMBA_CACHE_DIR=str(tmp_path)) == ["True", "False", "0"]
    assert run(taken, NUMBA_CACHE_DIR=str(tmp_path)) == ["True", "False", "1"]
    for suffix, kept in (("nbi", 100), ("nbc", 100), ("nbi", 0), ("nbc", 0)):
        for path in tmp_path.rglob(f"*.{suffix}"):
            path.write_bytes(path.read_bytes()[:kept])
        assert run(taken, NUMBA_CACHE_DIR=str(tmp_path)) == ["True", "False", "0"]
        assert run(taken, NUMBA_CACHE_DIR=str(tmp_path)) == ["True", "False", "1"]


READ_ONLY = """
import errno, tempfile
def refused(*given, **named):
    raise OSError(errno.EROFS, "Read-only file system")
tempfile.TemporaryFile = refused
"""
"""How numba learns of a folder that it may write there; root may, whatever its mode says."""


def test_what_was_put_on_disk_before_it_became_read_only_is_taken(tmp_path):
    taken = CALL + "; print(len(edges.is_met.stats.cache_hits))"
    assert run(taken, NUMBA_CACHE_DIR=str(tmp_path)) == ["True", "False", "0"]
    assert run(taken, READ_ONLY, NUMBA_CACHE_DIR=str(tmp_path)) == ["True", "False", "1"]


def test_where_nothing_can_be_written_all_works(tmp_path):
    assert run(CALL, NUMBA_CACHE_LOCATOR_CLASSES="IPythonCacheLocator") == ["True", "False"]
    gone = f"import shutil; shutil.rmtree({str(tmp_path)!r}); open({str(tmp_path)!r}, 'w').close()"
    try:
        assert run(f"{gone}\n{CALL}", NUMBA_CACHE_DIR=str(tmp_path)) == ["True", "False"]
    finally:
        tmp_path.unlink() if tmp_path.is_file() else shutil.rmtree(tmp_path)


@pytest.mark.parametrize(("module", "name"), [(lookup, "CERTAIN"), (lookup, "TURN_BITS"), (lookup, "MILLIMETRES")])
def test_another_constant_makes_what_is_on_disk_stale(module, name, monkeypatch):
    before = compiled.digest(lookup.look_up)
    monkeypatch.setattr(module, name, getattr(module, name) + 1)
    assert compiled.digest(lookup.look_up) != before


@pytest.mark.parametrize(("module", "name"), [(lookup, "_told"), (edges, "squared"), (evidence, "weight")])
def test_another_function_that_it_calls_makes_what_is_on_disk_stale(module, name, monkeypatch):
    before = compiled.digest(advancing.settle)
    for each in (module, lookup, machine_rows, device_rows, advancing):
        monkeypatch.setattr(each, name, lambda *_: 0, raising=False)
    assert compiled.digest(advancing.settle) != before


def test_plain_python_gives_the_very_same_answers():
    code = "from tests.geofences import test_compiled; print(test_compiled.answers().hex())"
    assert run(code, NUMBA_DISABLE_JIT="1") == [answers().hex()]


def answers() -> bytes:
    """Of a few zones about a few places."""
    circles = [Circle(2.0 + n / 500, 48.0, 100.0 * (n + 1)) for n in range(8)]
    zones = []
    for number, circle in enumerate(circles):
        shapes = [circle, Circle(circle.lon, circle.lat, circle.radius / 2)]
        drawn = [geodesic_circle(each, 12) if number % 2 else each for each in shapes]
        fences = zip((CATCHMENT, PROXIMITY), drawn, strict=True)
        zones.append(Zone(f"s{number}", tuple(Geofence(*each, default_policy(*each)) for each in fences)))
    index, lons = GeofenceIndex(zones), np.linspace(1.99, 2.03, 60)
    lats, reaches = np.full(60, 48.001), np.array([0.0, 20.0, 50.0, np.inf] * 15)
    found = index.locate(lons, lats, reaches)
    assert squares.CERTAIN in {distance for told in found for sighting in told for distance in sighting.distances}
    return pickle.dumps([[(each.zone.store, each.distances) for each in told] for told in found])
