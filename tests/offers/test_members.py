"""Visits that are the same visit, consent that is absent, and money that is whole cents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.members import SAME_VISIT, Consent, Grant, Profile, Purpose, Visit, Visits
from offers.money import Money
from offers.visits import MOST_VISITS, with_visit
from tests.offers.samples import HOUR, NOON, consent, member

ONE = Visits(1, (Visit("haussmann", NOON, NOON + HOUR),))


@pytest.mark.parametrize(
    ("moment", "new"),
    [
        (NOON + HOUR + SAME_VISIT - 1, False),
        (NOON + HOUR + SAME_VISIT, True),
        (NOON - SAME_VISIT + 1, False),
        (NOON - SAME_VISIT, True),
        (NOON + HOUR // 2, False),
    ],
)
def test_the_same_store_within_two_hours_of_either_end_is_the_same_visit(moment: int, new: bool) -> None:
    assert SAME_VISIT == 2 * HOUR
    visits, began = with_visit(ONE, "haussmann", moment)
    assert began is new
    assert visits.count == (2 if new else 1)


def test_another_store_is_another_visit() -> None:
    assert with_visit(ONE, "rivoli", NOON) == (
        Visits(2, (Visit("haussmann", NOON, NOON + HOUR), Visit("rivoli", NOON, NOON))),
        True,
    )


def test_a_visit_grows_to_both_sides_so_that_a_chain_of_signs_is_one_visit() -> None:
    visits = Visits()
    for hours in (0, 1.5, 3, 4.5, -1.5):
        visits, _ = with_visit(visits, "haussmann", NOON + int(hours * HOUR))
    assert visits == Visits(1, (Visit("haussmann", NOON - 3 * HOUR // 2, NOON + 9 * HOUR // 2),))


@given(moments=st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_the_same_sign_again_is_no_new_visit_and_visits_stay_in_order(moments: list[int]) -> None:
    visits = Visits()
    for moment in moments:
        visits, _ = with_visit(visits, "haussmann", NOON + moment * HOUR)
        again, began = with_visit(visits, "haussmann", NOON + moment * HOUR)
        assert (again, began) == (visits, False)
    assert list(visits.recent) == sorted(visits.recent)
    assert visits.count == len(visits.recent)


def test_the_newest_visits_are_kept_and_all_are_counted() -> None:
    visits = Visits()
    for day in range(MOST_VISITS + 8):
        visits, _ = with_visit(visits, "haussmann", NOON + day * 24 * HOUR)
    assert visits.count == MOST_VISITS + 8
    assert [visit.first for visit in visits.recent] == [NOON + day * 24 * HOUR for day in range(8, MOST_VISITS + 8)]


def test_visits_from_before_count_as_well() -> None:
    assert member(profile=Profile(visits=4), visits=Visits(2)).total_visits == 6
    assert member(visits=Visits(2)).total_visits == 2


def test_absent_consent_is_no_and_so_is_one_taken_back() -> None:
    assert not any(Consent().allows(purpose) for purpose in Purpose)
    assert consent().allows(Purpose.OFFERS)
    assert not consent().allows(Purpose.LOCATION_HISTORY)
    assert not Consent({"offers": Grant(False, 1)}).allows(Purpose.OFFERS)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_positions_come_in_for_offers_or_location_history_alone(purpose: Purpose) -> None:
    granted = Consent({purpose.value: Grant(True, 0)})
    assert granted.lets_positions_in is (purpose in (Purpose.OFFERS, Purpose.LOCATION_HISTORY))


@pytest.mark.parametrize(("written", "cents"), [("39 EUR", 3_900), ("39.05 EUR", 3_905), (" 0.00 EUR ", 0)])
def test_money_is_read_in_whole_cents(written: str, cents: int) -> None:
    assert Money.parse(written) == Money(cents, "EUR")


@pytest.mark.parametrize("written", ["39", "39.5 EUR", "39,00 EUR", "-1 EUR", "39 eur", "1e3 EUR", "39.00EUR", "٣ EUR"])
def test_what_is_no_amount_is_refused_with_what_to_do(written: str) -> None:
    with pytest.raises(ValueError, match=r"write it as 39\.00 EUR"):
        Money.parse(written)


@given(cents=st.integers(0, 10**12 - 1))
def test_money_is_written_as_it_is_read(cents: int) -> None:
    assert Money.parse(str(Money(cents, "EUR"))) == Money(cents, "EUR")


@pytest.mark.parametrize(("cents", "share", "expected"), [(3_900, 15, 585), (99, 50, 49), (1, 99, 0), (100, 100, 100)])
def test_a_share_is_rounded_down_to_the_cent(cents: int, share: int, expected: int) -> None:
    assert Money(cents, "EUR").percent(share) == Money(expected, "EUR")
