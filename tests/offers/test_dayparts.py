"""Parts of the week on the store's clock, through midnight and both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.dayparts import DAYS, read_daypart, write_daypart
from offers.campaigns import Store
from offers.dayparts import EVERY_DAY, Daypart
from offers.eligibility import refusal
from offers.triggers import TriggerKind, When
from offers.withheld import Withheld
from tests.offers.samples import PARIS, at, campaign, candidate

NEW_YORK = ZoneInfo("America/New_York")


def refused(written: str, moment: int, zone: ZoneInfo = PARIS) -> Withheld | None:
    """Why a campaign of that part of the week does not speak at `moment`, at a store in `zone`."""
    when = When(TriggerKind.ENTER, frozenset({"haussmann"}), "proximity", dayparts=(read_daypart(written),))
    asked = campaign(when=when)
    store = Store("haussmann", "Haussmann", zone)
    found = refusal(candidate(asked, moment=moment, store=store))
    return found and found.reason


@pytest.mark.parametrize(
    ("clock", "speaks"),
    [
        ("2026-11-20T11:29:59.999", False),
        ("2026-11-20T11:30", True),
        ("2026-11-20T14:29:59.999", True),
        ("2026-11-20T14:30", False),
        ("2026-11-21T12:00", False),
    ],
)
def test_the_first_moment_is_in_and_the_last_is_out(clock: str, speaks: bool) -> None:
    assert refused("Mo-Fr 11:30-14:30", at(clock)) is (None if speaks else Withheld.NOT_IN_DAYPART)


@pytest.mark.parametrize(
    ("clock", "speaks"),
    [
        ("2026-11-20T21:59", False),
        ("2026-11-20T22:00", True),
        ("2026-11-21T01:59", True),
        ("2026-11-21T02:00", False),
        ("2026-11-20T01:00", False),
    ],
)
def test_the_hours_after_midnight_belong_to_the_day_on_which_they_began(clock: str, speaks: bool) -> None:
    assert (refused("Fr 22:00-02:00", at(clock)) is None) is speaks


def test_the_clock_is_that_of_the_store() -> None:
    noon_in_paris = at("2026-11-20T12:00")
    assert refused("Fr 11:30-14:30", noon_in_paris) is None
    assert refused("Fr 11:30-14:30", noon_in_paris, NEW_YORK) is Withheld.NOT_IN_DAYPART
    assert refused("Fr 05:30-06:30", noon_in_paris, NEW_YORK) is None


def test_the_hour_that_comes_twice_is_in_twice_and_the_one_that_never_comes_leaves_no_gap() -> None:
    twice = "2026-10-25T02:30"
    assert refused("Su 02:00-03:00", at(twice)) is refused("Su 02:00-03:00", at(twice, fold=1)) is None
    assert refused("Su 01:00-02:00", at(twice, fold=1)) is Withheld.NOT_IN_DAYPART
    before, after = at("2026-03-29T01:59:59.999"), at("2026-03-29T03:00")
    assert after - before == 1
    assert refused("Su 01:00-02:00", before) is refused("Su 03:00-04:00", after) is None
    assert refused("Su 02:00-03:00", before) is refused("Su 02:00-03:00", after) is Withheld.NOT_IN_DAYPART


DAYPARTS = st.builds(
    Daypart,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times(max_value=time(11, 59)).map(lambda each: each.replace(second=0, microsecond=0)),
    st.times(min_value=time(12)).map(lambda each: each.replace(second=0, microsecond=0)),
)


@given(DAYPARTS)
def test_what_is_written_is_read_again(daypart: Daypart) -> None:
    assert read_daypart(write_daypart(daypart)) == daypart


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)), DAYPARTS)
def test_a_moment_is_in_or_in_what_is_left_of_the_week(moment: datetime, daypart: Daypart) -> None:
    """Against plain counting of minutes of the week on the clock, the changes of the clock included."""
    local = moment.astimezone(PARIS)
    minute = local.weekday() * 1_440 + local.hour * 60 + local.minute
    starts = [day * 1_440 + daypart.start.hour * 60 + daypart.start.minute for day in daypart.days]
    length = (daypart.end.hour - daypart.start.hour) * 60 + daypart.end.minute - daypart.start.minute
    assert daypart.covers(local) is any(start <= minute < start + length for start in starts)
    turned = Daypart(daypart.days, daypart.end, daypart.start)
    rest = [day * 1_440 + daypart.end.hour * 60 + daypart.end.minute for day in daypart.days]
    assert turned.covers(local) is any((minute - start) % 10_080 < 1_440 - length for start in rest)


@pytest.mark.parametrize(
    ("written", "days"),
    [("Mo-Fr 09:00-10:00", "MoTuWeThFr"), ("Sa-Mo 09:00-10:00", "SaSuMo"), ("Sa,Tu 09:00-10:00", "SaTu")],
)
def test_days_are_a_range_or_a_list(written: str, days: str) -> None:
    assert read_daypart(written).days == {day for day, name in enumerate(DAYS) if name in days}
    assert read_daypart("09:00-10:00").days == EVERY_DAY
