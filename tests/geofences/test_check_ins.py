import pytest

from geofences.check_ins import CheckInDoubt, believe
from geofences.index import GeofenceIndex
from tests.geofences.street import CATCHMENT, DOOR, MINUTE, SECOND, START, a_store, a_zone, fix_at

SHOP = a_store(catchment=1_500, proximity=200)


def doubt(position=None, last_fixes=(), via="qr", index=SHOP, at=START):
    return believe(index, "haussmann", at, via, position, last_fixes)


def test_without_evidence_it_is_believed():
    assert doubt() is None
    assert doubt(last_fixes=[fix_at(90_000, -10 * MINUTE - 1)]) is None


def test_an_unknown_store_is_not():
    assert doubt(index=GeofenceIndex([])) is CheckInDoubt.UNKNOWN_STORE


@pytest.mark.parametrize(("metres", "believed"), [(0, True), (319, True), (321, False), (1_000, False)])
def test_its_own_position_may_lie_a_margin_and_its_accuracy_beyond_proximity(metres, believed):
    expected = None if believed else CheckInDoubt.TOO_FAR
    assert doubt(position=fix_at(metres, 0, accuracy=20)) is expected


def test_a_wide_error_circle_contradicts_nothing():
    assert doubt(position=fix_at(3_000, 0, accuracy=3_000)) is None


@pytest.mark.parametrize(("seconds", "believed"), [(0, False), (60, False), (120, True), (600, True)])
def test_a_last_fix_contradicts_only_what_cannot_be_reached_from_it(seconds, believed):
    """2,680 m beyond the margin take 107 s at 25 m/s."""
    expected = None if believed else CheckInDoubt.OUT_OF_REACH
    assert doubt(last_fixes=[fix_at(3_000, -seconds * SECOND, accuracy=20)]) is expected


def test_the_newest_of_the_last_fixes_counts_and_its_own_position_before_it():
    here, there = fix_at(0, -30 * SECOND), fix_at(9_000, -60 * SECOND)
    assert doubt(last_fixes=[here, there]) is None
    assert doubt(last_fixes=[here._replace(at=there.at - 1), there]) is CheckInDoubt.OUT_OF_REACH
    assert doubt(position=fix_at(0, 0), last_fixes=[there]) is None


@pytest.mark.parametrize("via", ["wifi", "till", "card"])
def test_what_only_works_in_the_store_is_believed_by_itself(via):
    assert doubt(position=fix_at(90_000, 0), via=via) is None


def test_without_a_proximity_the_innermost_ring_counts():
    index = GeofenceIndex([a_zone("haussmann", DOOR, {CATCHMENT: 1_500})])
    assert doubt(position=fix_at(1_500, 0), index=index) is None
    assert doubt(position=fix_at(1_700, 0), index=index) is CheckInDoubt.TOO_FAR
