"""What a writer writes, its reader reads again."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from config import quantities as q


@given(st.integers(0, q.LONGEST_TIME))
def test_times(milliseconds: int) -> None:
    assert q.read_hold(q.write_duration(milliseconds)) == milliseconds


@given(st.integers(0, 2_000_000).map(lambda decimetres: decimetres / 10))
def test_distances(metres: float) -> None:
    assert q.read_distance(q.write_distance(metres)) == metres


@given(st.times(), st.times())
def test_hours(start: time, end: time) -> None:
    hours = q.QuietHours(start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0))
    if hours.start != hours.end:
        assert q.read_hours(q.write_hours(hours)) == hours


@pytest.mark.parametrize("written", ["15% of product", "5.00 EUR", "0.50 CHF"])
def test_discounts(written: str) -> None:
    assert q.write_discount(q.read_discount(written)) == written


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [("20s", 20_000), ("3min", 180_000), ("1.5h", 5_400_000), ("30d", 2_592_000_000), ("4 h", 14_400_000)],
)
def test_units_of_time(written: str, milliseconds: int) -> None:
    assert q.read_duration(written) == milliseconds


def test_midnight_may_be_written_as_24() -> None:
    assert q.read_hours("22:00-24:00") == q.QuietHours(time(22), time(0))


@pytest.mark.parametrize(
    "value", ["4000d", "0s", "-3min", "3min 2s", "", "min", "1e3s", True, None, [], 1e300, float("nan")]
)
def test_what_is_no_time(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        q.read_duration(value)
