"""Coupons and the catalogue in domain words: one till wins, and the catalogue follows its patches."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from offers.coupons import Coupon, Redemption, TillAnswer
from offers.money import Money
from offers.products import Product
from streams.tables.coupons import Coupons
from streams.tables.keyspace import Keyspace
from streams.tables.products import Changed, Products
from streams.tables.tables import Tables
from tests.tables.conftest import Run

NOW = 1_795_131_000_000
EXPIRY = NOW + 3_600_000
COUPON = Coupon("offer-1", "welcome", "anna", EXPIRY, "occasion-1", limited=True)
SERUM = Product("serum", "le sérum 30 ml", "skincare", Money(3_900, "EUR"))


@pytest.fixture
def owner(retailer: str) -> str:
    return f"{retailer}|CODE"


def used(till: str, moment: int = NOW) -> Redemption:
    return Redemption(till, "haussmann", moment)


def test_a_coupon_that_was_never_made_is_unknown(tables: Tables, run: Run, owner: str) -> None:
    assert run(tables.coupons.redeem(owner, used("till"))) == (TillAnswer.UNKNOWN, None)
    assert run(tables.coupons.take_back(owner, "till")) == (TillAnswer.UNKNOWN, None)


def test_of_two_hundred_tills_at_once_one_wins(peers: list[Keyspace], run: Run, owner: str) -> None:
    coupons = [Coupons(peer) for peer in peers]

    async def all_at_once() -> list[tuple[TillAnswer, Coupon | None]]:
        await coupons[0].put([(owner, COUPON)])
        return await asyncio.gather(*(coupons[each % 4].redeem(owner, used(str(each))) for each in range(200)))

    answers = run(all_at_once())
    assert Counter(answer for answer, _ in answers) == {TillAnswer.ACCEPTED: 1, TillAnswer.ALREADY_USED: 199}
    winner = next(place for place, (answer, _) in enumerate(answers) if answer is TillAnswer.ACCEPTED)
    assert {coupon.redemption for _, coupon in answers if coupon is not None} == {used(str(winner))}


def test_the_same_redemption_two_hundred_times_at_once_is_one(peers: list[Keyspace], run: Run, owner: str) -> None:
    coupons = [Coupons(peer) for peer in peers]

    async def all_at_once() -> list[tuple[TillAnswer, Coupon | None]]:
        await coupons[0].put([(owner, COUPON)])
        return await asyncio.gather(*(coupons[each % 4].redeem(owner, used("till")) for each in range(200)))

    assert {answer for answer, _ in run(all_at_once())} == {TillAnswer.ACCEPTED}


def test_a_coupon_put_again_stays_as_it_is(tables: Tables, run: Run, owner: str, retailer: str) -> None:
    run(tables.coupons.put([(owner, COUPON)]))
    run(tables.coupons.redeem(owner, used("till")))
    run(tables.coupons.put([(owner, COUPON), (f"{retailer}|OTHER", COUPON)]))
    assert run(tables.coupons.redeem(owner, used("other")))[0] is TillAnswer.ALREADY_USED
    assert run(tables.coupons.redeem(f"{retailer}|OTHER", used("other")))[0] is TillAnswer.ACCEPTED


def test_a_use_taken_back_frees_the_coupon_for_another(tables: Tables, run: Run, owner: str) -> None:
    run(tables.coupons.put([(owner, COUPON)]))
    run(tables.coupons.redeem(owner, used("till")))
    for _ in range(2):
        answer, coupon = run(tables.coupons.take_back(owner, "till"))
        assert answer is TillAnswer.TAKEN_BACK
        assert coupon is not None
        assert (coupon.redemption, coupon.taken_back) == (None, ("till",))
    assert run(tables.coupons.redeem(owner, used("till")))[0] is TillAnswer.TAKEN_BACK
    assert run(tables.coupons.redeem(owner, used("other", EXPIRY)))[0] is TillAnswer.EXPIRED
    assert run(tables.coupons.redeem(owner, used("other")))[0] is TillAnswer.ACCEPTED


def test_the_catalogue_is_what_the_configuration_says_until_something_changes(
    tables: Tables, run: Run, retailer: str
) -> None:
    configured = {"serum": SERUM}
    assert run(tables.products.catalogue(retailer, configured)) == configured
    dearer = Product("serum", "le sérum 50 ml", "skincare", Money(5_900, "EUR"))
    new = Product("cream", "la crème", "skincare")
    run(tables.products.revise(retailer, "serum", lambda _: Changed(dearer, {"name": 1, "price": 1})))
    run(tables.products.revise(retailer, "cream", lambda _: Changed(new, {})))
    assert run(tables.products.catalogue(retailer, configured)) == {"serum": dearer, "cream": new}
    moved = {"serum": replace(SERUM, name="le sérum", category="face")}
    kept = replace(dearer, category="face")
    assert run(tables.products.catalogue(retailer, moved)) == {"serum": kept, "cream": new}, "what nobody changed"
    run(tables.products.revise(retailer, "serum", lambda _: Changed(dearer, {}, deleted=True)))
    assert run(tables.products.catalogue(retailer, configured)) == {"cream": new}
    assert run(tables.products.catalogue(f"{retailer}-2", configured)) == configured


def test_of_fifty_patches_of_the_catalogue_at_once_none_is_lost(peers: list[Keyspace], run: Run, retailer: str) -> None:
    products = [Products(peer) for peer in peers]

    async def all_at_once() -> None:
        named = [Product(str(each), "un produit", "gifts") for each in range(50)]
        await asyncio.gather(
            *(
                products[place % 4].revise(retailer, new.id, lambda _, new=new: Changed(new, {}))
                for place, new in enumerate(named)
            )
        )

    run(all_at_once())
    assert len(run(products[0].catalogue(retailer, {}))) == 50


def test_a_catalogue_that_was_read_follows_every_change_of_another_worker(
    peers: list[Keyspace], run: Run, retailer: str
) -> None:
    reading, writing = Products(peers[0]), Products(peers[1])
    configured = {"serum": SERUM}
    for each in range(1, 200):
        run(writing.revise(retailer, str(each % 70), lambda _, each=each: Changed(Product("p", str(each), "x"), {})))
        found = run(reading.catalogue(retailer, configured))
        assert (found["serum"], found[str(each % 70)].name) == (SERUM, str(each))
        assert len(found) == 1 + min(each, 70)
    assert run(reading.catalogue(retailer, configured)) is found
    assert run(reading.catalogue(retailer, {})).keys() == found.keys() - {"serum"}


def test_new_products_stand_in_the_same_order_in_whatever_order_they_came(
    tables: Tables, run: Run, retailer: str
) -> None:
    names = [str(each) for each in range(100)]
    for owner, order in ((retailer, names), (f"{retailer}-2", names[::-1])):
        for name in order:
            run(tables.products.revise(owner, name, lambda _, name=name: Changed(Product(name, "un", "x"), {})))
    one, other = (run(tables.products.catalogue(owner, {})) for owner in (retailer, f"{retailer}-2"))
    assert list(one.items()) == list(other.items())
