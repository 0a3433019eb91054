"""The suite fails where presence or the index is wrong: each planted fault is caught."""

import pytest

from tests.geofences.planting import FAULTS, is_caught


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_caught(fault):
    assert is_caught(fault)
