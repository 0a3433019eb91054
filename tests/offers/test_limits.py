"""Shares of what there is, what an offer costs, and what a redemption settles: to the cent, and on the store's day."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from offers.campaigns import Campaign, Discount, OfferTemplate
from offers.decisions import decide
from offers.limits import UNLIMITED, Each, Limits, is_of_each_member, settled
from offers.money import Money
from offers.products import Product
from offers.withheld import Withheld
from tests.offers.samples import HELLO, NOON, PARIS, at, campaign, candidate, circumstances, member, occasion, rules

EUROS, FRANCS = Money(1_000, "EUR"), Money(1_000, "CHF")


def limited(*each: Each) -> Limits:
    return Limits(offers=1, each=frozenset(each))


@pytest.mark.parametrize(
    ("each", "share"),
    [
        ((), ""),
        ((Each.DAY,), "day:2026-11-20"),
        ((Each.STORE,), "store:haussmann"),
        ((Each.STORE, Each.DAY), "day:2026-11-20/store:haussmann"),
        ((Each.MEMBER,), "member"),
        ((Each.MEMBER, Each.DAY), "day:2026-11-20/member"),
    ],
)
def test_a_share_is_named_by_what_has_one_in_one_order(each: tuple[Each, ...], share: str) -> None:
    assert limited(*each).share("haussmann", PARIS, NOON) == share
    assert is_of_each_member(share) is (Each.MEMBER in each)


def test_a_store_called_member_is_nobodys_own_share() -> None:
    assert not is_of_each_member(limited(Each.STORE).share("member", PARIS, NOON))


def test_a_day_is_one_of_the_store() -> None:
    midnight = at("2026-11-20T00:00")
    days = [limited(Each.DAY).share("x", zone, midnight - 1) for zone in (PARIS, ZoneInfo("Asia/Tokyo"))]
    assert days == ["day:2026-11-19", "day:2026-11-20"]
    assert limited(Each.DAY).share("x", PARIS, midnight) == "day:2026-11-20"


def test_nothing_limited_is_unlimited() -> None:
    assert not UNLIMITED
    assert Limits(offers=1)
    assert Limits(budget=EUROS)


@pytest.mark.parametrize(
    ("budget", "worth", "cost"),
    [(None, None, 0), (None, EUROS, 0), (EUROS, EUROS, 1_000), (EUROS, None, None), (EUROS, FRANCS, None)],
)
def test_an_offer_costs_what_it_takes_off_in_the_currency_of_the_budget(
    budget: Money | None, worth: Money | None, cost: int | None
) -> None:
    assert Limits(budget=budget).cost(worth) == cost


@pytest.mark.parametrize(
    ("taken_off", "cents"), [(None, None), (Money(999, "EUR"), 999), (Money(1_001, "EUR"), 1_000), (FRANCS, None)]
)
def test_a_redemption_settles_what_was_taken_off_and_no_more_than_was_held(
    taken_off: Money | None, cents: int | None
) -> None:
    assert settled(EUROS, taken_off) == cents
    assert settled(None, taken_off) is None


def tenth(budget: Money | None) -> Campaign:
    offer = OfferTemplate(HELLO, product="serum", discount=Discount(percent=10), coupon_valid_for=1)
    return campaign(offer=offer, limits=Limits(budget=budget))


def test_what_is_worth_a_share_is_worth_that_share_of_the_price_rounded_down() -> None:
    assert candidate(tenth(None)).worth == Money(390, "EUR")


@pytest.mark.parametrize("price", [None, Money(3_900, "CHF")])
def test_an_offer_of_unknown_cost_is_not_on_a_budget(price: Money | None) -> None:
    catalogue = {"serum": Product("serum", "le sérum", "skincare", price)}
    for budget, expected in ((EUROS, Withheld.OUT_OF_BUDGET), (None, None)):
        decided = decide(occasion(), member(), circumstances(rules(tenth(budget)), catalogue=catalogue))
        assert decided.decisions[0].reason is expected
