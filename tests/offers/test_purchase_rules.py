"""What a campaign asks of purchases: sums of the store's days, and what is not known speaks against."""

from __future__ import annotations

import pytest

from offers.day_sums import MOST_SUMS
from offers.history import NO_PURCHASES, History, Line, Purchase, with_purchase
from offers.money import Money
from offers.purchase_rules import Bought, PurchaseCount, PurchaseRules, Spent, against, store_day
from tests.offers.samples import DAY, NOON, PARIS, at

EUROS = Money(5_000, "EUR")


def bought(*moments: int, cents: int = 5_000, category: str = "beauty") -> History:
    found = NO_PURCHASES
    for moment in moments:
        lines = (Line(category, "serum", cents),)
        found = with_purchase(found, Purchase(str(moment), moment, store_day(moment, PARIS), lines))
    return found


def objections(rules: PurchaseRules, history: History, moment: int = NOON) -> list[str]:
    return list(against(rules, history, moment, PARIS))


@pytest.mark.parametrize(
    ("moment", "counts"),
    [("2026-10-22T00:00", True), ("2026-10-21T23:59", False), ("2026-11-20T23:59", True), ("2026-11-21T00:00", False)],
)
def test_thirty_days_are_thirty_days_of_the_stores_calendar_over_a_change_of_the_clock(
    moment: str, counts: bool
) -> None:
    history = bought(at(moment))
    for rules in (
        PurchaseRules(spent=(Spent(30, "beauty", EUROS),)),
        PurchaseRules(spent=(Spent(30, None, EUROS),)),
        PurchaseRules(purchases=(PurchaseCount(30, 1),)),
    ):
        assert (objections(rules, history) == []) is counts


def test_a_bound_is_within_to_the_cent() -> None:
    for cents, least, most in ((4_999, False, True), (5_000, True, True), (5_001, True, False)):
        history = bought(NOON, cents=cents)
        assert (objections(PurchaseRules(spent=(Spent(1, least=EUROS),)), history) == []) is least
        assert (objections(PurchaseRules(spent=(Spent(1, most=EUROS),)), history) == []) is most


def test_what_was_spent_on_another_category_does_not_count() -> None:
    rules = PurchaseRules(spent=(Spent(1, "food", EUROS),))
    assert objections(rules, bought(NOON)) == ["spent 0.00 EUR on food in 1 days"]


def test_what_is_not_known_any_more_speaks_against_whoever_asks() -> None:
    many = bought(*(NOON - day * DAY for day in range(MOST_SUMS)), cents=100)
    assert objections(PurchaseRules(purchases=(PurchaseCount(365, 365),)), many) == []
    fuller = NO_PURCHASES
    for number in range(300):
        lines = (Line("beauty", f"p{number}", 100), Line("food", f"f{number}", 100))
        fuller = with_purchase(
            fuller, Purchase(f"{number}", NOON - number * DAY, store_day(NOON, PARIS) - number, lines)
        )
    most = PurchaseRules(spent=(Spent(365, most=Money(10**6, "EUR")),))
    assert objections(most, fuller) == ["spent 396.00 EUR in 365 days that are known"]
    for rules in (
        PurchaseRules(bought=(Bought(365 * DAY, product="p299"),)),
        PurchaseRules(not_bought=(Bought(365 * DAY, product="p299"),)),
    ):
        assert len(objections(rules, fuller)) == 1
