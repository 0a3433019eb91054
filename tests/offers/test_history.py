"""What a member bought, in few bytes: whatever is asked is answered as by one who keeps everything, or not known."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from offers import day_sums
from offers.day_sums import MOST_SUMS
from offers.history import (
    MOST_CATEGORIES,
    MOST_IDS,
    MOST_PRODUCTS,
    NEWEST_IDS,
    History,
    Line,
    Purchase,
    with_history,
    with_purchase,
)
from offers.recency import LONGEST, OVERLAP
from tests.offers.samples import DAY, HOUR, NOON

TODAY = NOON // DAY


def purchase(name: str, at: int, *lines: tuple[str, str, int]) -> Purchase:
    return Purchase(name, at, at // DAY, tuple(Line(*line) for line in lines or (("beauty", "serum", 3_900),)))


def history(*purchases: Purchase) -> History:
    found = History()
    for each in purchases:
        found = with_purchase(found, each)
    return found


class Everything:
    """An oracle that forgets nothing."""

    def __init__(self, purchases: list[Purchase]) -> None:
        self.purchases = {each.id: each for each in purchases}.values()

    def bought(self, start: int, end: int, category: str | None, product: str | None) -> bool:
        return any(
            start <= each.at <= end
            and any(category in (None, line.category) and product in (None, line.product) for line in each.lines)
            for each in self.purchases
        )

    def total(self, first: int, last: int, category: str | None) -> tuple[int, int]:
        within = [each for each in self.purchases if first <= each.day <= last]
        cents = sum(line.cents for each in within for line in each.lines if category in (None, line.category))
        return cents, len(within)


def purchases_of(categories: int, products: int, days: int) -> st.SearchStrategy[list[Purchase]]:
    line = st.builds(Line, _named("c", categories), _named("p", products), st.integers(0, 1 << 20))
    at = st.builds(lambda day, apart: NOON - day * DAY + apart, st.integers(0, days), st.integers(-2, 2))
    made = st.builds(
        lambda name, at, lines: Purchase(name, at, at // DAY, tuple(lines)),
        _named("id", 10**6),
        at,
        st.lists(line, max_size=3),
    )
    return st.lists(made, max_size=30, unique_by=lambda each: each.id)


def _named(kind: str, many: int) -> st.SearchStrategy[str]:
    return st.integers(0, many).map(lambda number: f"{kind}{number}")


ago = st.builds(lambda days, apart: days * DAY + apart, st.integers(0, 400), st.integers(-2, 2))


@given(purchases_of(3, 4, 300), st.data())
def test_few_purchases_are_known_as_by_one_who_keeps_everything(made: list[Purchase], data: st.DataObject) -> None:
    order = data.draw(st.permutations(made))
    again = data.draw(st.lists(st.sampled_from(made), max_size=5)) if made else []
    found, oracle = history(*order, *again), Everything(made)
    assert found.count == len(made)
    assert found.last == max((each.at for each in made), default=-1)
    end = max(found.last, 0) - data.draw(st.integers(0, 2))  # a trigger may be older than what was bought since
    for within in data.draw(st.lists(ago, max_size=8)):
        for category, product in ((data.draw(_named("c", 3)), None), (None, data.draw(_named("p", 4)))):
            said = found.bought(end - within, end, category=category, product=product)
            if said is None:  # only of what was bought twice since the trigger
                assert sum(end < each.at for each in made) >= 2
            else:
                assert said is oracle.bought(end - within, end, category, product)
        last = end // DAY - data.draw(st.integers(0, 3))
        for category in (None, data.draw(_named("c", 3))):
            total = found.total(last - within // DAY, last, category)
            cents, count = oracle.total(last - within // DAY, last, category)
            assert (total.cents, total.whole) == (cents, True)
            assert total.purchases == count or category is not None


@given(purchases_of(3, 4, 300), st.data())
def test_two_histories_that_become_one_are_known_as_by_one_who_kept_both(
    made: list[Purchase], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(made)))
    merged = with_history(history(*made[:cut]), history(*made[cut:]), "token")
    straight = history(*made)
    assert replace(merged, counted=b"") == replace(straight, counted=b"")
    assert with_history(merged, history(*made[cut:]), "token") == merged
    for each in made:
        assert with_purchase(merged, each) == merged


@settings(max_examples=30)
@given(purchases_of(200, 400, 2_000), st.data())
def test_of_two_histories_no_more_is_known_than_of_each(more: list[Purchase], data: st.DataObject) -> None:
    pair = [FILLED, history(*more)]
    found = with_history(*(pair if data.draw(st.booleans()) else pair[::-1]), "token")
    oracle = Everything([*FULL, *more])
    for within in data.draw(st.lists(ago, min_size=1, max_size=8)):
        for category, product in ((data.draw(_named("c", 200)), None), (None, data.draw(_named("p", 400)))):
            said = found.bought(NOON - within, NOON, category=category, product=product)
            assert said in (None, oracle.bought(NOON - within, NOON, category, product))
        total = found.total(TODAY - within // DAY, TODAY)
        cents, count = oracle.total(TODAY - within // DAY, TODAY, None)
        assert total.cents <= cents
        assert (total.cents, total.purchases) == (cents, count) or not total.whole


FULL = [
    purchase(f"{number}", NOON - number * DAY // 2, (f"c{number % 60}", f"p{number}", 1_000 + number))
    for number in range(500)
]
FILLED = history(*FULL)


@settings(max_examples=50)
@given(purchases_of(200, 400, 2_000), st.data())
def test_what_was_forgotten_is_not_known_and_what_is_said_is_true(more: list[Purchase], data: st.DataObject) -> None:
    found, oracle = FILLED, Everything([*FULL, *more])
    for each in more:
        found = with_purchase(found, each)
    for within in data.draw(st.lists(ago, min_size=1, max_size=8)):
        for category, product in ((data.draw(_named("c", 200)), None), (None, data.draw(_named("p", 400)))):
            said = found.bought(NOON - within, NOON, category=category, product=product)
            assert said in (None, oracle.bought(NOON - within, NOON, category, product))
        total = found.total(TODAY - within // DAY, TODAY)
        cents, count = oracle.total(TODAY - within // DAY, TODAY, None)
        assert total.cents <= cents
        assert (total.cents, total.purchases) == (cents, count) or not total.whole


@pytest.mark.parametrize("ago", [0, 1, DAY, 365 * DAY, LONGEST - 1])
def test_a_window_ends_to_the_millisecond_on_both_sides(ago: int) -> None:
    found = history(purchase("old", NOON - ago), purchase("new", NOON, ("food", "bread", 100)))
    for kind in ({"category": "beauty"}, {"product": "serum"}):
        assert found.bought(NOON - ago, NOON, **kind) is True
        assert found.bought(NOON - ago + 1, NOON, **kind) is False
        assert found.bought(NOON - ago - 9, NOON - ago - 1, **kind) is (False if ago < OVERLAP else None)


def test_a_purchase_after_the_trigger_does_not_hide_the_one_before_it() -> None:
    for order in permutations([purchase("1", NOON - 9 * DAY), purchase("2", NOON - 5 * DAY), purchase("3", NOON)]):
        found = history(*order)
        assert found.bought(NOON - 5 * DAY, NOON - 1, category="beauty") is True
        assert found.bought(NOON - 5 * DAY + 1, NOON - 1, category="beauty") is False


def test_products_are_known_up_to_so_many_and_then_the_ones_bought_last() -> None:
    many = [
        purchase(f"{number}", NOON + number, (f"c{number}", f"p{number}", 1)) for number in range(MOST_PRODUCTS + 1)
    ]
    found = history(*many)
    assert found.bought(0, NOON + 99, product="p1") is True
    assert found.bought(0, NOON + 99, product="p0") is None
    assert found.bought(NOON + 1, NOON + 99, product="p0") is False
    forgotten = MOST_PRODUCTS - MOST_CATEGORIES
    assert found.bought(0, NOON + 99, category=f"c{forgotten + 1}") is True
    assert found.bought(0, NOON + 99, category=f"c{forgotten}") is None


def test_a_history_of_nothing_but_what_is_counted_adds_nothing() -> None:
    one, two, three = (purchase(name, NOON) for name in "123")
    assert with_history(history(one, two), history(two), "token") == history(one, two)
    assert with_history(history(one), history(two), "token").count == 2
    assert with_history(history(one, two), history(two, three), "token").count == 4  # their sums cannot be parted
    old = purchase("old", NOON - 30 * DAY)
    forgotten = history(old, *(purchase(f"{number}", NOON) for number in range(NEWEST_IDS)))
    apart = with_history(history(one), forgotten, "a")
    assert apart.count == NEWEST_IDS + 2
    assert with_history(apart, forgotten, "b").count == 2 * NEWEST_IDS + 3


def test_what_was_bought_longer_ago_than_may_be_asked_is_forgotten() -> None:
    found = history(purchase("1", NOON - LONGEST), purchase("2", NOON, ("food", "bread", 1)))
    assert found.bought(NOON - LONGEST + 1, NOON, product="serum") is False
    assert found.bought(NOON - LONGEST, NOON, product="serum") is None


def test_a_purchase_is_known_by_its_id_for_seven_days_and_among_the_last_that_came() -> None:
    week = [purchase(f"{number}", NOON + number * 3 * HOUR) for number in range(57)]
    for again in week:
        assert with_purchase(history(*week), again) == history(*week)
    later = history(*week, purchase("later", week[-1].at + 8 * DAY))
    known = [each for each in week if with_purchase(later, each) == later]
    assert known == week[-NEWEST_IDS + 1 :]
    busy = history(*(purchase(f"{number}", NOON + number) for number in range(MOST_IDS + 1)))
    assert with_purchase(busy, purchase("1", NOON + 1)) == busy
    assert with_purchase(busy, purchase("0", NOON)).count == busy.count + 1


def test_sums_are_whole_as_far_back_as_there_is_room() -> None:
    room = MOST_SUMS - 2
    found = history(*(purchase(f"{number}", NOON - number * DAY) for number in range(room + 1)))
    assert found.total(TODAY - room + 1, TODAY) == (room * 3_900, room, True)
    assert found.total(TODAY - room, TODAY) == (room * 3_900, room, False)
    late = with_purchase(found, purchase("late", NOON - room * DAY))
    assert late.sums == found.sums


def test_a_purchase_of_several_categories_is_one_purchase_and_one_of_nothing_is_one_as_well() -> None:
    basket = purchase("1", NOON, ("beauty", "serum", 3_900), ("food", "", 250), ("beauty", "", 100), ("", "", 1))
    found = with_purchase(history(basket), Purchase("2", NOON, TODAY, ()))
    assert found.total(TODAY, TODAY) == (4_251, 2, True)
    assert found.total(TODAY, TODAY, "beauty").cents == 4_000
    assert found.total(TODAY, TODAY, "food").cents == 250
    assert found.cents == 4_251


@given(st.lists(st.tuples(st.integers(0, 70_000), st.integers(0, 3), st.integers(0, 1 << 40), st.integers(0, 300))))
@example([(0, 0, 0, 0)])
def test_sums_are_read_as_they_were_written(written: list[tuple[int, int, int, int]]) -> None:
    expected: dict[tuple[int, bytes], tuple[int, int]] = {}
    sums = day_sums.DaySums()
    for day, category, cents, count in written:
        named = bytes([category]) * 6
        before = expected.get((day, named), (0, 0))
        expected[day, named] = before[0] + cents, before[1] + count
        sums = day_sums.with_sums(sums, [day_sums.DaySum(day, named, cents, count)])
    assert {(each.day, each.category): (each.cents, each.purchases) for each in day_sums.read(sums)} == expected
