"""Coupons and places in domain words: one till wins, a place is held once, and the catalogue follows its patches."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from offers.coupons import Coupon, Redemption, TillAnswer
from offers.money import Money
from offers.products import Product
from streams.tables.coupons import DEADLINE, Coupons, Places, Token
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


@pytest.mark.parametrize("member", ["anna", "anna b c", "device|phone 7", "", " "])
def test_a_token_is_read_as_it_was_written_whatever_the_member_is_called(member: str) -> None:
    token = Token("offer-1", member, "occasion-1")
    assert Token.parse(str(token)) == token


def token(number: int) -> Token:
    return Token(f"offer-{number}", "anna b", f"occasion-{number}")


def test_of_two_hundred_offers_at_once_ten_get_the_ten_places(peers: list[Keyspace], run: Run, retailer: str) -> None:
    places = [Places(peer) for peer in peers]

    async def claim(number: int) -> bool:
        (got,) = await places[number % 4].reserve([(f"{retailer}|welcome", token(number), 10)], NOW)
        if got:
            await places[number % 4].confirm([(f"{retailer}|welcome", token(number), EXPIRY)])
        return got

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(claim(number) for number in range(200)))

    assert sum(run(all_at_once())) == 10
    assert sum(run(all_at_once())) == 10


def test_what_is_reserved_and_neither_given_nor_given_back_is_overdue_after_its_deadline(
    tables: Tables, run: Run, retailer: str
) -> None:
    owner = f"{retailer}|welcome"
    run(tables.places.reserve([(owner, token(each), 10) for each in range(3)], NOW))
    run(tables.places.confirm([(owner, token(0), EXPIRY)]))
    run(tables.places.release(owner, token(1)))
    assert run(tables.places.overdue(owner, NOW + DEADLINE)) == []
    assert run(tables.places.overdue(owner, NOW + DEADLINE + 1)) == [token(2)]


@pytest.mark.parametrize("way", ["unused", "used", "used and taken back"])
def test_the_place_of_a_coupon_comes_back_at_its_expiry_unless_it_was_used(
    tables: Tables, run: Run, retailer: str, way: str
) -> None:
    owner, places = f"{retailer}|welcome", tables.places
    run(places.reserve([(owner, token(1), 1)], NOW))
    run(places.confirm([(owner, token(1), EXPIRY)]))
    if way != "unused":
        run(places.use(owner, token(1)))
    if way == "used and taken back":
        run(places.unuse(owner, token(1), EXPIRY))
    assert run(places.reserve([(owner, token(2), 1)], EXPIRY - 1)) == [False]
    assert run(places.reserve([(owner, token(2), 1)], EXPIRY)) == [way != "used"]


def test_the_catalogue_is_what_the_configuration_says_until_something_changes(
    tables: Tables, run: Run, retailer: str
) -> None:
    configured = {"serum": SERUM}
    assert run(tables.products.catalogue(retailer, configured)) == configured
    dearer = Product("serum", "le sérum 50 ml", "skincare", Money(5_900, "EUR"))
    new = Product("cream", "la crème", "skincare")
    run(tables.products.revise(retailer, "serum", lambda _: Changed(dearer, {})))
    run(tables.products.revise(retailer, "cream", lambda _: Changed(new, {})))
    assert run(tables.products.catalogue(retailer, configured)) == {"serum": dearer, "cream": new}
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
