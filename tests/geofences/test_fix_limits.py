"""The limits of what is believed: each limit itself is within."""

import pytest

from geofences.fixes import DEFAULT_SCREEN, Fix, FixRejection, screen
from tests.geofences.street import START

AGE, AHEAD, ACCURACY = DEFAULT_SCREEN.max_age, DEFAULT_SCREEN.max_ahead, DEFAULT_SCREEN.max_accuracy


@pytest.mark.parametrize(
    ("fix", "rejection"),
    [
        (Fix(2.0, 48.0, ACCURACY, START), None),
        (Fix(2.0, 48.0, ACCURACY + 0.1, START), FixRejection.INACCURATE),
        (Fix(2.0, 48.0, 0.0, START), None),
        (Fix(2.0, 48.0, -0.1, START), FixRejection.BAD_ACCURACY),
        (Fix(2.0, 48.0, 10.0, START + AHEAD), None),
        (Fix(2.0, 48.0, 10.0, START + AHEAD + 1), FixRejection.FUTURE),
        (Fix(2.0, 48.0, 10.0, START - AGE), None),
        (Fix(2.0, 48.0, 10.0, START - AGE - 1), FixRejection.STALE),
        (Fix(180.0, 90.0, 10.0, START), None),
        (Fix(-180.0, -90.0, 10.0, START), None),
        (Fix(180.1, 0.0, 10.0, START), FixRejection.OUT_OF_RANGE),
        (Fix(0.0, -90.1, 10.0, START), FixRejection.OUT_OF_RANGE),
        (Fix(0.0, 90.1, 10.0, START), FixRejection.OUT_OF_RANGE),
        (Fix(1e-6, -1e-6, 10.0, START), FixRejection.NULL_ISLAND),
        (Fix(1e-6, 2e-6, 10.0, START), None),
        (Fix(180.0, -90.0, ACCURACY + 1, START), FixRejection.INACCURATE),
        (Fix(-180.0, 90.0, 10.0, START + AHEAD + 1), FixRejection.FUTURE),
    ],
)
def test_a_limit_itself_is_believed_and_what_lies_beyond_it_is_not(fix, rejection):
    assert screen(fix, None, START) is rejection
