"""The scales: how much a fix weighs, and who rides."""

import pytest

from geofences.evidence import ENOUGH, bound, leave_weight, weight
from geofences.fixes import is_fast, tenths
from geofences.index import GeofenceIndex
from geofences.rings import RingPolicy
from tests.geofences.street import DOOR, MINUTE, PROXIMITY, SECOND, a_store, a_zone, fix_at, follow


@pytest.mark.parametrize("accuracy", [0.0, 15.05, 149.96, 150.04, 600.05])
def test_beyond_the_bound_every_distance_weighs_the_same_however_the_accuracy_is_rounded(accuracy):
    kept = tenths(accuracy) / 10
    assert weight(bound(accuracy), kept) == ENOUGH == -weight(-bound(accuracy), kept)


@pytest.mark.parametrize(("beyond", "weighs"), [(1_049, 0), (1_050, 1_000), (104, 0), (-106, -101), (-1_050, -1_000)])
def test_a_coarse_fix_counts_for_a_leave_when_it_is_certain_and_against_one_always(beyond, weighs):
    assert leave_weight(beyond, 600) == weighs


def test_nothing_is_pending_of_a_leave_that_a_coarse_fix_leaves_in_doubt():
    presence, _ = follow(a_store(proximity=250), [fix_at(30, 0, 36), fix_at(857, MINUTE, 697)])
    assert presence.stores["haussmann"].pendings == ()


def test_evidence_is_no_more_than_two_certain_fixes_give():
    patient = GeofenceIndex([a_zone("haussmann", DOOR, {PROXIMITY: 100}, RingPolicy(9 * MINUTE, 15.0, MINUTE))])
    presence, _ = follow(patient, [fix_at(0, each * MINUTE) for each in range(4)])
    assert presence.stores["haussmann"].pendings[0].evidence == 2 * ENOUGH


@pytest.mark.parametrize(
    ("fixes", "rides"),
    [
        ([fix_at(0, 0), fix_at(300, 50 * SECOND), fix_at(310, 55 * SECOND)], True),
        ([fix_at(0, 0), fix_at(300, 50 * SECOND), fix_at(310, 60 * SECOND)], True),
        ([fix_at(0, 0), fix_at(300, 50 * SECOND), fix_at(310, 60 * SECOND + 1)], False),
        ([fix_at(0, -5 * MINUTE), fix_at(0, 0), fix_at(300, 50 * SECOND), fix_at(310, 55 * SECOND)], True),
        ([fix_at(-9_000, -5 * MINUTE), fix_at(0, 0), fix_at(10, MINUTE)], False),
        ([fix_at(0, 0), fix_at(900, 2 * MINUTE)], True),
        ([fix_at(0, 0), fix_at(900, 2 * MINUTE), fix_at(900, 3 * MINUTE, 697)], True),
        ([fix_at(0, 0), fix_at(900, 2 * MINUTE), fix_at(900, 3 * MINUTE, 697, speed=0.0)], True),
        ([fix_at(0, 0, 697), fix_at(9_000, MINUTE, 697)], True),
        ([fix_at(0, 0, 697), fix_at(1_000, MINUTE, 697)], False),
        ([fix_at(0, 0, speed=4.0)], False),
        ([fix_at(0, 0, speed=4.01)], True),
        ([fix_at(0, 0)], False),
    ],
)
def test_who_rides_is_told_by_the_phone_or_by_the_last_minute_of_good_fixes(fixes, rides):
    assert is_fast(fixes) is rides
