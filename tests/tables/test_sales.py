"""Counts of sales: once a purchase, the same for all workers, and bounded whatever is bought."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from offers.recommendation import NOTHING_SOLD
from streams.tables.keyspace import Keyspace
from streams.tables.parts import place_of
from streams.tables.sales import MOST_COMPANIONS, MOST_LINES, MOST_PRODUCTS, Part, Sales, with_purchase
from streams.tables.tables import Tables
from tests.tables.conftest import Run


def test_of_a_retailer_that_sold_nothing_nothing_is_known(tables: Tables, run: Run, retailer: str) -> None:
    assert run(tables.sales.counts(retailer)) == NOTHING_SOLD


def test_products_of_one_purchase_count_once_each_and_with_each_other(tables: Tables, run: Run, retailer: str) -> None:
    run(tables.sales.count(retailer, "1", ["serum", "cream", "serum"]))
    run(tables.sales.count(retailer, "2", ["serum"]))
    run(tables.sales.count(f"{retailer}-2", "3", ["scarf"]))
    counts = run(tables.sales.counts(retailer))
    assert counts.sold == {"serum": 2, "cream": 1}
    assert counts.together == {"serum": {"cream": 1}, "cream": {"serum": 1}}


def test_a_purchase_that_comes_again_is_not_counted_again(tables: Tables, run: Run, retailer: str) -> None:
    for purchase in ("1", "2", "1", "2"):
        run(tables.sales.count(retailer, purchase, ["serum", "cream"]))
    assert run(tables.sales.counts(retailer)).sold == {"serum": 2, "cream": 2}


def test_a_purchase_without_products_is_none(tables: Tables, run: Run, retailer: str) -> None:
    run(tables.sales.count(retailer, "1", []))
    assert run(tables.sales.counts(retailer)) == NOTHING_SOLD


def test_the_same_counts_are_the_same_object_until_something_is_sold(tables: Tables, run: Run, retailer: str) -> None:
    run(tables.sales.count(retailer, "1", ["serum"]))
    first = run(tables.sales.counts(retailer))
    assert run(tables.sales.counts(retailer)) is first
    run(tables.sales.count(retailer, "1", ["serum"]))
    assert run(tables.sales.counts(retailer)) is first
    run(tables.sales.count(retailer, "2", ["cream"]))
    assert run(tables.sales.counts(retailer)).sold == {"serum": 1, "cream": 1}


def test_workers_side_by_side_lose_no_purchase(peers: list[Keyspace], run: Run, retailer: str) -> None:
    workers = [Sales(peer) for peer in peers]
    names = [f"p{number}" for number in range(6)]

    async def all_at_once() -> None:
        sold = ((number, names[number % 6 :]) for number in range(60))
        await asyncio.gather(*(workers[n % 4].count(retailer, str(n), products) for n, products in sold))

    run(all_at_once())
    found = [run(worker.counts(retailer)) for worker in workers]
    assert found[0].sold == {name: 10 * (place + 1) for place, name in enumerate(names)}
    assert found[0].together["p5"] == {name: 10 * (place + 1) for place, name in enumerate(names[:5])}
    assert all(one == other for one, other in pairwise(found))


def of_part(count: int, place: int = 0) -> list[str]:
    """So many products of one part."""
    return [name for name in (f"p{number}" for number in range(100 * count)) if place_of(name) == place][:count]


def test_what_is_frequent_stays_however_much_else_is_bought(tables: Tables, run: Run, retailer: str) -> None:
    first, *others = of_part(MOST_PRODUCTS + 20)
    for number in range(3):
        run(tables.sales.count(retailer, f"first-{number}", [first]))
    for name in others:
        run(tables.sales.count(retailer, name, [name]))
    sold = run(tables.sales.counts(retailer)).sold
    assert (len(sold), sold[first]) == (MOST_PRODUCTS, 3)


def test_of_many_bought_together_the_first_are_counted_with_as_many_companions_as_there_is_room() -> None:
    bought = sorted(f"p{number:03}" for number in range(MOST_LINES))
    part = with_purchase(Part(), b"1", bought[:1], bought)
    for number in range(5):
        part = with_purchase(part, b"more-%d" % number, bought[:1], ["p000", "p900"])
    companions = part.sold["p000"].companions
    assert (len(companions), max(companions, key=companions.__getitem__)) == (MOST_COMPANIONS, "p900")


@pytest.mark.parametrize("lines", [MOST_LINES, MOST_LINES + 1, 500])
def test_a_purchase_is_bounded(tables: Tables, run: Run, retailer: str, lines: int) -> None:
    run(tables.sales.count(retailer, "1", [f"p{number:03}" for number in range(lines)]))
    assert len(run(tables.sales.counts(retailer)).sold) == MOST_LINES
