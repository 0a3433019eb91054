from statistics import fmean

import pytest

from geofences.fixes import metres_between
from geofences.walks import walk
from tests.geofences.street import DOOR, SECOND, START, east_of_door

PATH = [east_of_door(-1_000), DOOR, east_of_door(1_000)]


def steps(**changes):
    return list(walk(PATH, **{"pace": 2.0, "every": 10 * SECOND, "start": START, "seed": 3, **changes}))


def test_the_same_seed_walks_the_same_and_another_does_not():
    assert steps() == steps()
    assert steps() != steps(seed=4)


def test_it_keeps_its_pace_and_its_interval_and_stays_where_it_should():
    fixes = steps(stay=200 * SECOND, accuracy=1)
    assert [fix.at - START for fix in fixes] == [10 * SECOND * number for number in range(140)]
    assert metres_between(fixes[49].lon, fixes[49].lat, *DOOR) == pytest.approx(20, abs=8)
    assert max(metres_between(fix.lon, fix.lat, *DOOR) for fix in fixes[50:70]) < 8
    assert {fix.speed for fix in fixes[50:70]} == {0.0}
    assert metres_between(fixes[-1].lon, fixes[-1].lat, *PATH[-1]) < 8


def test_without_a_stay_the_last_place_is_reached():
    assert metres_between(steps(accuracy=1)[-1].lon, steps(accuracy=1)[-1].lat, *PATH[-1]) < 8


def test_68_of_100_errors_lie_within_the_accuracy():
    fixes = walk([DOOR, DOOR], pace=1, every=SECOND, start=START, stay=4_000 * SECOND, accuracy=30, seed=1)
    within = fmean(metres_between(fix.lon, fix.lat, *DOOR) <= fix.accuracy for fix in fixes)
    assert within == pytest.approx(0.68, abs=0.03)


def test_nothing_is_sent_in_a_gap_and_the_rest_is_the_same():
    gaps = [(100 * SECOND, 300 * SECOND)]
    assert steps(gaps=gaps) == [fix for fix in steps() if not 100 * SECOND <= fix.at - START < 300 * SECOND]


@pytest.mark.parametrize("wrong", [{"pace": 0.0}, {"every": 0}])
def test_a_walk_that_goes_nowhere_is_refused(wrong):
    with pytest.raises(ValueError, match="pace"):
        steps(**wrong)
