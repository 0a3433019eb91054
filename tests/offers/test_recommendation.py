"""What is recommended: sources in turn, best first, and never what was bought just now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.campaigns import OfferTemplate
from offers.eligibility import refusal
from offers.history import NO_PURCHASES, History, Line, Purchase, with_purchase
from offers.money import Money
from offers.products import Product
from offers.purchase_rules import store_day
from offers.recommendation import (
    A_YEAR,
    NOTHING_SOLD,
    RECENTLY,
    Counts,
    Recommendation,
    Recommender,
    Source,
    best_first,
    recommend,
)
from offers.withheld import Withheld
from tests.offers.samples import DAY, HELLO, HOUR, NOON, PARIS, at, campaign, candidate, member

TOGETHER, BEST, PICK = Source.BOUGHT_TOGETHER, Source.BESTSELLER, Source.STAFF_PICK
SHOP = {
    name: Product(name, name, category, Money(1_000, "EUR"), pick)
    for name, category, pick in (
        ("serum", "skincare", None),
        ("cream", "skincare", "adopté"),
        ("balm", "skincare", "le nôtre"),
        ("scarf", "accessories", None),
    )
}
COUNTS = Counts(
    {"scarf": 9, "serum": 5, "cream": 5, "gone": 99},
    {"serum": {"cream": 2, "scarf": 3, "balm": 2}, "cream": {"serum": 2, "balm": 1}, "scarf": {"serum": 3}},
)


def bought(name: str, ago: int) -> Purchase:
    return bought_at(name, NOON - ago)


def bought_at(name: str, moment: int, category: str = "skincare") -> Purchase:
    known = SHOP.get(name)
    line = Line(known.category if known else category, name, 1_000)
    return Purchase(f"{name} {moment}", moment, store_day(moment, PARIS), (line,))


def history(*purchases: Purchase) -> History:
    found = NO_PURCHASES
    for each in purchases:
        found = with_purchase(found, each)
    return found


def recommended(
    *purchases: Purchase,
    sources: tuple[Source, ...] = (TOGETHER, BEST),
    category: str | None = "skincare",
    recommender: Recommender = COUNTS,
) -> str | None:
    found = recommend(Recommendation(sources, category), history(*purchases), NOON, SHOP, recommender)
    return None if found is None else found.id


def test_what_was_bought_together_comes_first_equal_ones_by_id() -> None:
    assert recommended(bought("serum", 100 * DAY)) == "balm"
    assert recommended(bought("cream", 100 * DAY)) == "serum"
    assert recommended(bought("serum", 100 * DAY), category=None) == "scarf"


def test_what_others_bought_with_several_things_counts_for_each_of_them() -> None:
    assert best_first({"balm": 3, "cream": 2}) == tuple(
        name
        for name in COUNTS.bought_together(history(bought("serum", DAY), bought("cream", DAY)), SHOP)
        if name in ("balm", "cream")
    )


def test_what_is_sold_no_more_leads_to_nothing_else() -> None:
    counts = Counts({}, {"gone": {"balm": 3}})
    assert recommended(bought("gone", 90 * DAY), sources=(TOGETHER,), recommender=counts) is None
    assert not counts.bought_together(history(bought("gone", DAY)), SHOP)


def test_where_a_source_has_nothing_the_next_one_is_asked() -> None:
    assert recommended() == "cream"
    assert recommended(sources=(TOGETHER,)) is None
    assert recommended(bought("scarf", 90 * DAY), category="accessories", sources=(TOGETHER, BEST)) == "scarf"


def test_the_bestseller_is_what_sold_most_equal_ones_by_id_and_what_never_sold_by_id_too() -> None:
    assert recommended(sources=(BEST,)) == "cream"
    assert recommended(sources=(BEST,), category=None) == "scarf"
    assert recommended(bought("cream", DAY), bought("serum", DAY), sources=(BEST,)) == "balm"
    assert recommended(sources=(BEST,), recommender=NOTHING_SOLD) == "balm"


def test_the_staff_picks_what_sells_best_among_its_picks() -> None:
    assert recommended(sources=(PICK,)) == "cream"
    assert recommended(sources=(PICK,), recommender=NOTHING_SOLD) == "balm"
    assert recommended(sources=(PICK,), category="accessories") is None


@pytest.mark.parametrize(("ago", "expected"), [(RECENTLY - 1, "serum"), (RECENTLY, "cream"), (0, "serum")])
def test_what_was_bought_within_sixty_days_is_not_recommended(ago: int, expected: str) -> None:
    assert recommended(bought("cream", ago), sources=(BEST,)) == expected


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        ((10 * DAY, 70 * DAY), "serum"),
        ((10 * DAY, 70 * DAY, 130 * DAY), "cream"),
        ((10 * DAY, 70 * DAY, A_YEAR - 1), "cream"),
        ((10 * DAY, 70 * DAY, A_YEAR), "serum"),
        ((10 * DAY, 10 * DAY + HOUR, 70 * DAY), "serum"),
    ],
)
def test_unless_it_was_bought_on_three_days_of_the_last_year(ago: tuple[int, ...], expected: str) -> None:
    assert recommended(*(bought("cream", each) for each in ago), sources=(BEST,)) == expected


def test_days_are_those_of_the_store() -> None:
    evening, midnight = at("2026-11-10T23:59"), at("2026-11-11T00:00")
    lines = [bought_at("cream", moment) for moment in (at("2026-09-01T12:00"), evening, midnight)]
    assert recommended(*lines, sources=(BEST,)) == "cream"


def test_a_purchase_without_a_product_stands_against_none() -> None:
    assert recommended(bought_at("", NOON)) == "cream"


def test_no_product_where_nothing_fits() -> None:
    asked = campaign(offer=OfferTemplate(HELLO, recommend=Recommendation((BEST,), "skincare")))
    everything = history(*(bought(name, DAY) for name in SHOP))
    refused = refusal(candidate(asked, member(purchases=everything), catalogue=SHOP, recommender=COUNTS))
    assert refused is not None
    assert (refused.reason, refused.detail) == (Withheld.NO_PRODUCT, "nothing of skincare to offer")


NAMES = st.sampled_from([*SHOP, "gone"])
MANY = st.builds(
    Counts,
    st.dictionaries(NAMES, st.integers(1, 3)),
    st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(1, 3))),
)
LINES = st.lists(st.builds(bought, st.sampled_from([*SHOP]), st.integers(0, 400).map(lambda days: days * DAY)))
SOURCES = st.lists(st.sampled_from(Source), min_size=1, max_size=3).map(tuple)


@given(lines=LINES, counts=MANY, sources=SOURCES)
def test_the_order_in_which_purchases_and_counts_came_makes_no_difference(
    lines: list[Purchase], counts: Counts, sources: tuple[Source, ...]
) -> None:
    turned = Counts(dict(reversed(counts.sold.items())), dict(reversed(counts.together.items())))
    first = recommended(*lines, sources=sources, recommender=counts)
    assert recommended(*reversed(lines), sources=sources, recommender=turned) == first
    days = {(line.at // DAY) for line in lines if line.lines[0].product == first}
    assert (
        first is None
        or len(days) >= 3
        or all(line.at <= NOON - RECENTLY for line in lines if line.lines[0].product == first)
    )
