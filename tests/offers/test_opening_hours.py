"""Whether a store is open and when it closes, by its own clock, through both changes of that clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.eligibility import refusal
from offers.opening_hours import OpeningHours, closes_after, is_open
from offers.triggers import TriggerKind, When
from offers.withheld import Withheld
from tests.offers.samples import DAY, PARIS, STORES, at, campaign, candidate


@dataclass(frozen=True)
class Daily:
    """Open on each day from `opens` up to `closes`; past midnight where that is earlier."""

    opens: time
    closes: time

    def is_open(self, moment: datetime) -> bool:
        clock = moment.time()
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes

    def next_change(self, moment: datetime) -> datetime | None:
        days = (moment.date() + timedelta(days=each) for each in range(2))
        changes = (datetime.combine(day, clock) for day in days for clock in sorted((self.opens, self.closes)))
        return next(change for change in changes if change > moment)


class Always:
    def is_open(self, moment: datetime) -> bool:
        return True

    def next_change(self, moment: datetime) -> datetime | None:
        return None


SHOP, BAR = Daily(time(10), time(20, 30)), Daily(time(18), time(2, 30))


def reason(hours: OpeningHours | None, clock: str, even_closed: bool = False) -> Withheld | None:
    when = When(TriggerKind.ENTER, frozenset({"haussmann"}), "proximity", even_closed=even_closed)
    asked, store = campaign(when=when), replace(STORES["haussmann"], hours=hours)
    found = refusal(candidate(asked, moment=at(clock), store=store))
    return found and found.reason


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("2026-11-20T09:59:59.999", Withheld.STORE_CLOSED),
        ("2026-11-20T10:00", None),
        ("2026-11-20T20:29:59.999", None),
        ("2026-11-20T20:30", Withheld.STORE_CLOSED),
    ],
)
def test_a_closed_store_makes_no_offer(clock: str, expected: Withheld | None) -> None:
    assert reason(SHOP, clock) is expected
    assert reason(SHOP, clock, even_closed=True) is None
    assert reason(None, clock) is None


@pytest.mark.parametrize(
    ("hours", "clock", "fold", "closes", "closing_fold"),
    [
        (SHOP, "2026-11-20T12:00", 0, "2026-11-20T20:30", 0),
        (SHOP, "2026-11-20T20:30", 0, "2026-11-21T20:30", 0),
        (SHOP, "2026-11-20T03:00", 0, "2026-11-20T20:30", 0),
        (BAR, "2026-10-24T20:00", 0, "2026-10-25T02:30", 0),
        (BAR, "2026-10-25T02:10", 1, "2026-10-25T02:30", 1),
        (BAR, "2026-03-28T20:00", 0, "2026-03-29T03:00", 0),
    ],
)
def test_it_closes_when_the_clock_shows_it_or_has_jumped_over_it(
    hours: OpeningHours, clock: str, fold: int, closes: str, closing_fold: int
) -> None:
    assert closes_after(hours, at(clock, fold=fold), PARIS) == at(closes, fold=closing_fold)


def test_what_never_closes_has_no_closing() -> None:
    assert closes_after(Always(), at("2026-11-20T12:00"), PARIS) is None


@given(
    st.integers(at("2026-01-01T00:00"), at("2026-12-31T00:00")),
    st.sampled_from([SHOP, BAR]),
    st.sampled_from([PARIS, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")]),
)
def test_before_a_closing_the_store_is_open_and_from_then_on_it_is_not(
    moment: int, hours: OpeningHours, zone: ZoneInfo
) -> None:
    closing = closes_after(hours, moment, zone)
    assert closing is not None
    assert moment < closing <= moment + 2 * DAY
    assert is_open(hours, closing - 1, zone)
    assert not is_open(hours, closing, zone)
