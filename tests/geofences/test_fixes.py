import math

import pytest

from geofences.fixes import Fix, FixRejection, ScreenPolicy, least_speed, metres_between, screen
from tests.geofences.street import HOUR, MINUTE, SECOND, START, fix_at

GOOD = Fix(2.33, 48.87, 12.0, START)


@pytest.mark.parametrize(
    ("fix", "rejection"),
    [
        (GOOD, None),
        (GOOD._replace(accuracy=0.0), None),
        (GOOD._replace(lon=0.0), None),
        (GOOD._replace(accuracy=5_000.0), None),
        (GOOD._replace(at=START + 60_000), None),
        (GOOD._replace(at=START - 24 * HOUR), None),
        (GOOD._replace(lon=math.nan), FixRejection.NOT_FINITE),
        (GOOD._replace(lat=math.inf), FixRejection.NOT_FINITE),
        (GOOD._replace(accuracy=math.nan), FixRejection.NOT_FINITE),
        (GOOD._replace(lat=90.1), FixRejection.OUT_OF_RANGE),
        (GOOD._replace(lon=-180.1), FixRejection.OUT_OF_RANGE),
        (GOOD._replace(lon=0.0, lat=0.0), FixRejection.NULL_ISLAND),
        (GOOD._replace(accuracy=-1.0), FixRejection.BAD_ACCURACY),
        (GOOD._replace(accuracy=5_000.1), FixRejection.INACCURATE),
        (GOOD._replace(accuracy=17_000.0), FixRejection.INACCURATE),
        (GOOD._replace(mocked=True), FixRejection.MOCKED),
        (GOOD._replace(at=START + 60_001), FixRejection.FUTURE),
        (GOOD._replace(at=START - 24 * HOUR - 1), FixRejection.STALE),
    ],
)
def test_a_fix_by_itself(fix, rejection):
    assert screen(fix, None, START) is rejection


@pytest.mark.parametrize(
    ("before", "after"), [((-0.5, 51.0), (0.5, 51.0)), ((30.0, -0.5), (30.0, 0.5)), ((-0.5, 0.0), (0.5, 0.0))]
)
def test_nobody_jumps_across_greenwich_or_the_equator(before, after):
    fix = Fix(*after, 12.0, START + 60_000)
    assert screen(fix, Fix(*before, 12.0, START), fix.at) is FixRejection.IMPOSSIBLE_SPEED


def test_a_mocked_fix_is_believed_where_the_policy_says_so():
    assert screen(GOOD._replace(mocked=True), None, START, ScreenPolicy(accept_mocked=True)) is None


def test_the_same_time_again_is_a_duplicate_and_an_older_one_out_of_order():
    assert screen(GOOD, GOOD, START) is FixRejection.DUPLICATE
    assert screen(GOOD._replace(at=START - 1), GOOD, START) is FixRejection.OUT_OF_ORDER
    assert screen(GOOD._replace(at=START + 1), GOOD, START) is None


def test_an_old_batch_in_order_is_not_late():
    newest = GOOD._replace(at=START - 3 * HOUR)
    assert screen(GOOD._replace(at=START - 2 * HOUR), newest, START) is None


def test_a_jump_is_impossible_only_between_the_error_circles():
    newest = fix_at(0, 0, accuracy=10)
    assert screen(fix_at(1_019, 10 * SECOND, accuracy=10), newest, START) is None
    assert screen(fix_at(1_030, 10 * SECOND, accuracy=10), newest, START) is FixRejection.IMPOSSIBLE_SPEED
    assert screen(fix_at(1_030, 10 * SECOND, accuracy=40), newest, START) is None


def test_after_half_an_hour_a_phone_may_be_anywhere():
    there = Fix(139.7, 35.7, 20.0, START + 30 * MINUTE + 1)
    assert screen(there, GOOD, there.at) is None
    assert screen(there._replace(at=START + 30 * MINUTE), GOOD, there.at) is FixRejection.IMPOSSIBLE_SPEED


def test_a_quantised_fix_stays_the_same_when_quantised_again():
    fix = Fix(2.123456789, -48.987654321, 12.3456, START, 1.23456, True).quantised()
    assert fix == Fix(2.1234568, -48.9876543, 12.3, START, 1.23)
    assert fix.quantised() == fix
    assert fix._replace(speed=math.nan).quantised().speed is None


def test_speeds_and_distances():
    assert metres_between(2.0, 48.0, 2.0, 49.0) == pytest.approx(111_195, rel=1e-4)
    assert least_speed(fix_at(0, 0), fix_at(120, 10 * SECOND)) == pytest.approx(10.0, rel=0.01)
    assert least_speed(fix_at(0, 0), fix_at(15, 10 * SECOND)) == 0.0
