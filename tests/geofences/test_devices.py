"""Many devices in one process: the same as each for itself, in batches of any size."""

import math
from dataclasses import replace
from random import Random

import pytest

from geofences.devices import Devices
from geofences.fixes import Fix, FixRejection
from geofences.index import GeofenceIndex
from geofences.presence import SILENCE
from geofences.walks import walk
from tests.geofences.street import (
    CATCHMENT,
    DOOR,
    INSIDE,
    MINUTE,
    PROXIMITY,
    SECOND,
    START,
    a_store,
    a_zone,
    east_of_door,
    fix_at,
    follow,
    told,
)

TOWN = GeofenceIndex(
    [
        a_zone("haussmann", DOOR, {CATCHMENT: 600, PROXIMITY: 150, INSIDE: 40}),
        replace(a_zone("cafe", east_of_door(500), {CATCHMENT: 300, PROXIMITY: 60}), tells_crossings=True),
    ]
)


def walks():
    """Three on foot and one in a bus, each with a good phone."""
    paths = {"ann": [east_of_door(-900), DOOR, east_of_door(900)], "bob": [east_of_door(500), DOOR]}
    fixes = {
        name: list(walk(path, pace=1.4, every=20_000, start=START, stay=4 * MINUTE, accuracy=14, seed=n))
        for n, (name, path) in enumerate(paths.items())
    }
    fixes["cat"] = fixes["ann"][::7]
    bus = [east_of_door(-2_000), east_of_door(2_000)]
    fixes["bus"] = list(walk(bus, pace=13, every=20_000, start=START, accuracy=8, seed=9))
    return fixes


@pytest.mark.parametrize("size", [1, 7, 256])
def test_devices_in_batches_of_any_size_tell_what_each_tells_alone(size):
    fixes = walks()
    every = sorted(((name, fix) for name in fixes for fix in fixes[name]), key=lambda one: (one[1].at, one[0]))
    devices, found = Devices(TOWN), []
    for first in range(0, len(every), size):
        batch = every[first : first + size]
        found += devices.expire(batch[0][1].at - 1)
        found += devices.apply(batch, batch[-1][1].at)
    found += devices.expire(START + 10 * SILENCE + 10**8)
    for name, mine in fixes.items():
        expected = follow(TOWN, mine, until=10 * SILENCE + 10**8)[1]
        assert [transition for device, transition in found if device == name] == expected
    assert {transition.kind for _, transition in found} == {"ENTER", "DWELL", "EXIT", "PASS_BY"}
    assert (len(devices), devices.rejections) == (4, [])


def test_what_is_not_believed_is_told_with_its_reason_and_the_others_go_on():
    devices = Devices(a_store(proximity=100))
    batch = [("a", Fix(math.nan, 48.0, 5.0, START)), ("b", fix_at(0, 0)), ("b", fix_at(0, 0)), ("c", fix_at(0, 0))]
    found = devices.apply(batch, START)
    assert [device for device, _ in found] == ["b", "c"]
    assert devices.rejections == [("a", FixRejection.NOT_FINITE), ("b", FixRejection.DUPLICATE)]
    assert devices.apply([("b", fix_at(5_000, SECOND))], START) == []
    assert devices.rejections[-1] == ("b", FixRejection.IMPOSSIBLE_SPEED)


def test_a_timer_fires_once_whoever_asks_how_often():
    devices = Devices(a_store(proximity=100))
    devices.apply([("b", fix_at(0, 0)), ("a", fix_at(0, 5 * SECOND))], START + 5 * SECOND)
    assert devices.expire(START + 3 * MINUTE - 1) == []
    found = [told([each])[0] for _, each in devices.expire(START + 2 * SILENCE)]
    assert found == ["DWELL proximity", "DWELL proximity", "EXIT proximity timeout", "EXIT proximity timeout"]
    assert devices.expire(START + 9 * SILENCE) == []


def test_a_restart_changes_nothing_and_timers_go_on():
    devices = Devices(TOWN)
    devices.apply([("a", fix_at(0, 0)), ("b", fix_at(-500, 0))], START)
    again = Devices(TOWN)
    again.restore(devices.saved())
    assert again.expire(START + 2 * SILENCE) == devices.expire(START + 2 * SILENCE) != []
    assert again.saved() == devices.saved()


def test_another_index_is_taken_up_between_two_batches():
    devices = Devices(a_store(proximity=100))
    devices.apply([("a", fix_at(0, 0))], START)
    devices.index = GeofenceIndex([a_zone("elsewhere", east_of_door(9_000), {PROXIMITY: 100})])
    assert devices.apply([("a", fix_at(0, MINUTE))], START + MINUTE) == []
    assert devices.presence("a").stores == {}


def test_many_hundred_fixes_of_one_device_in_one_batch_are_taken_in_their_order():
    random = Random(5)
    fixes = [fix_at(random.uniform(-300, 300), each * 10 * SECOND) for each in range(300)]
    found = Devices(TOWN).apply([("a", fix) for fix in fixes], fixes[-1].at)
    assert [transition for _, transition in found] == follow(TOWN, fixes)[1]
