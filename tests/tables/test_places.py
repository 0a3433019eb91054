"""The places and the money of limited campaigns in domain words: held once, given back once, exact under any crowd."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from offers.withheld import Withheld
from streams.tables.keyspace import Keyspace
from streams.tables.places import DEADLINE, Asked, Given, Places, Token
from streams.tables.tables import Tables
from tests.tables.conftest import Run

NOW = 1_795_131_000_000
EXPIRY = NOW + 3_600_000


@pytest.mark.parametrize("member", ["anna", "anna b c", "device|phone 7", "", " "])
def test_a_token_is_read_as_it_was_written_whatever_the_member_is_called(member: str) -> None:
    token = Token("offer-1", member, "occasion-1")
    assert Token.parse(str(token)) == token


def token(number: int) -> Token:
    return Token(f"offer-{number}", "anna b", f"occasion-{number}")


def test_of_two_hundred_offers_at_once_ten_get_the_ten_places(peers: list[Keyspace], run: Run, retailer: str) -> None:
    places = [Places(peer) for peer in peers]

    async def claim(number: int) -> bool:
        (out,) = await places[number % 4].reserve([Asked(f"{retailer}|welcome", token(number), 10)], NOW)
        if out is None:
            await places[number % 4].confirm([Given(f"{retailer}|welcome", token(number), EXPIRY)])
        return out is None

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(claim(number) for number in range(200)))

    assert sum(run(all_at_once())) == 10
    assert sum(run(all_at_once())) == 10


def test_what_is_reserved_and_neither_given_nor_given_back_is_overdue_after_its_deadline(
    tables: Tables, run: Run, retailer: str
) -> None:
    owner = f"{retailer}|welcome"
    run(tables.places.reserve([Asked(owner, token(each), 10) for each in range(3)], NOW))
    run(tables.places.confirm([Given(owner, token(0), EXPIRY)]))
    run(tables.places.release(owner, token(1)))
    assert run(tables.places.overdue(owner, NOW + DEADLINE)) == []
    assert run(tables.places.overdue(owner, NOW + DEADLINE + 1)) == [token(2)]


def test_a_sweep_takes_no_place_from_one_who_asked_for_it_again(tables: Tables, run: Run, retailer: str) -> None:
    owner, places, later = f"{retailer}|welcome", tables.places, NOW + DEADLINE + 1
    mine, other = Asked(owner, token(1), 1, 5, 5), Asked(owner, token(2), 1, 5, 5)
    run(places.reserve([mine], NOW))
    assert run(places.overdue(owner, later)) == [token(1)]
    run(places.reserve([mine], later))
    run(places.release(owner, token(1), overdue=later))
    assert run(places.reserve([other], later)) == [Withheld.OUT_OF_STOCK]
    run(places.release(owner, token(1), overdue=later + DEADLINE))
    assert run(places.reserve([other], later)) == [Withheld.OUT_OF_STOCK]
    run(places.release(owner, token(1), overdue=later + DEADLINE + 1))
    assert run(places.reserve([other], later)) == [None]


@pytest.mark.parametrize("way", ["unused", "used", "used and taken back"])
def test_the_place_of_a_coupon_comes_back_at_its_expiry_unless_it_was_used(
    tables: Tables, run: Run, retailer: str, way: str
) -> None:
    owner, places = f"{retailer}|welcome", tables.places
    mine = Given(owner, token(1), EXPIRY)
    run(places.reserve([Asked(owner, token(1), 1)], NOW))
    run(places.confirm([mine]))
    if way != "unused":
        run(places.use(mine))
    if way == "used and taken back":
        run(places.unuse(mine))
    assert run(places.reserve([Asked(owner, token(2), 1)], EXPIRY - 1)) == [Withheld.OUT_OF_STOCK]
    assert run(places.reserve([Asked(owner, token(2), 1)], EXPIRY)) == [
        Withheld.OUT_OF_STOCK if way == "used" else None
    ]


BUDGET = 1_000


def asked(owner: str, number: int, cents: int = 300, share: str = "", limit: int | None = None) -> Asked:
    return Asked(owner, replace(token(number), share=share), limit, cents, BUDGET)


def test_of_two_hundred_offers_at_once_the_budget_pays_to_the_cent(
    peers: list[Keyspace], run: Run, retailer: str
) -> None:
    places, owner = [Places(peer) for peer in peers], f"{retailer}|welcome"

    async def claim(number: int) -> Withheld | None:
        wanted = asked(owner, number, 10 + number % 7)
        (out,) = await places[number % 4].reserve([wanted], NOW)
        if out is None and number % 3:
            await places[number % 4].confirm([Given(owner, wanted.token, EXPIRY, wanted.cents)])
        return out

    async def all_at_once() -> list[Withheld | None]:
        return await asyncio.gather(*(claim(number) for number in range(200)))

    paid = sum(10 + number % 7 for number, out in enumerate(run(all_at_once())) if out is None)
    assert BUDGET - 10 < paid <= BUDGET
    assert sum(10 + number % 7 for number, out in enumerate(run(all_at_once())) if out is None) == paid
    left = asked(owner, 900, BUDGET - paid)
    assert run(places[0].reserve([asked(owner, 901, BUDGET - paid + 1), left], NOW)) == [Withheld.OUT_OF_BUDGET, None]


def test_stock_is_out_before_the_budget_is(tables: Tables, run: Run, retailer: str) -> None:
    owner = f"{retailer}|welcome"
    assert run(tables.places.reserve([asked(owner, 1, BUDGET, limit=1)], NOW)) == [None]
    assert run(tables.places.reserve([asked(owner, 2, limit=1)], NOW)) == [Withheld.OUT_OF_STOCK]
    assert run(tables.places.reserve([asked(owner, 2, limit=2)], NOW)) == [Withheld.OUT_OF_BUDGET]


@pytest.mark.parametrize(
    ("way", "back"), [("released", 600), ("expired", 600), ("settled", 500), ("used", 0), ("taken back", 600)]
)
def test_what_a_place_held_comes_back_with_it_and_a_redemption_settles_it(
    tables: Tables, run: Run, retailer: str, way: str, back: int
) -> None:
    owner, places = f"{retailer}|welcome", tables.places
    first = asked(owner, 1, 600)
    mine = Given(owner, first.token, EXPIRY, 600)
    run(places.reserve([first, asked(owner, 2, 400)], NOW))
    for _ in range(2):
        if way == "released":
            run(places.release(owner, first.token))
        else:
            run(places.confirm([mine]))
        if way in ("settled", "used", "taken back"):
            run(places.use(mine, 100 if way == "settled" else None))
        if way == "taken back":
            run(places.unuse(mine))
    now = EXPIRY if way in ("expired", "taken back") else NOW
    if back:
        assert run(places.reserve([asked(owner, 3, back)], now)) == [None]
    assert run(places.reserve([asked(owner, 4, 1)], now)) == [Withheld.OUT_OF_BUDGET]


@pytest.mark.parametrize("given", [False, True])
def test_a_place_whose_offer_no_longer_holds_is_there_at_once_with_its_money_reserved_or_given(
    tables: Tables, run: Run, retailer: str, given: bool
) -> None:
    owner, places = f"{retailer}|welcome", tables.places
    mine, other = asked(owner, 1, BUDGET, limit=1), asked(owner, 2, BUDGET, limit=1)
    run(places.reserve([mine], NOW))
    if given:
        run(places.confirm([Given(owner, mine.token, EXPIRY, BUDGET)]))
    for _ in range(2):
        assert run(places.reserve([other], NOW)) == [Withheld.OUT_OF_STOCK]
        run(places.void(owner, mine.token))
        assert run(places.reserve([other], NOW)) == [None]
        run(places.void(owner, other.token))
        run(places.reserve([mine], NOW))
    assert run(places.overdue(owner, NOW + DEADLINE + 1)) == [mine.token]


def test_what_a_late_till_spent_counts_although_its_place_came_back(tables: Tables, run: Run, retailer: str) -> None:
    owner, places = f"{retailer}|welcome", tables.places
    first = asked(owner, 1, 600)
    run(places.reserve([first], NOW))
    run(places.confirm([Given(owner, first.token, EXPIRY, 600)]))
    assert run(places.reserve([asked(owner, 2, 300)], EXPIRY)) == [None]
    run(places.use(Given(owner, first.token, EXPIRY, 600)))
    assert run(places.reserve([asked(owner, 3, 101)], EXPIRY)) == [Withheld.OUT_OF_BUDGET]
    assert run(places.reserve([asked(owner, 3, 100)], EXPIRY)) == [None]


def test_asking_again_for_more_moves_what_is_held(tables: Tables, run: Run, retailer: str) -> None:
    owner, places = f"{retailer}|welcome", tables.places
    assert run(places.reserve([asked(owner, 1, 300), asked(owner, 1, 700), asked(owner, 2, 300)], NOW)) == [None] * 3
    assert run(places.reserve([asked(owner, 1, 701)], NOW)) == [Withheld.OUT_OF_BUDGET]
    assert run(places.reserve([asked(owner, 1, 100), asked(owner, 3, 600)], NOW)) == [None, None]


def test_each_share_has_as_much_and_a_members_own_is_theirs(tables: Tables, run: Run, retailer: str) -> None:
    owner, days = f"{retailer}|welcome", ("day:2026-11-20", "day:2026-11-21")
    wanted = [asked(owner, each, 1, day, limit=2) for day in days for each in range(3)]
    outs = run(tables.places.reserve(wanted, NOW))
    assert outs == [None, None, Withheld.OUT_OF_STOCK] * 2
    own = [Asked(owner, Token(f"o{each}", name, "x", "member"), 1) for name in ("anna", "ben") for each in range(2)]
    assert Counter(run(tables.places.reserve(own, NOW))) == {None: 2, Withheld.OUT_OF_STOCK: 2}
    overdue = run(tables.places.overdue(owner, NOW + DEADLINE + 1))
    assert sorted(map(str, overdue)) == sorted(
        str(each.token) for each in (wanted[0], wanted[1], wanted[3], wanted[4], own[0], own[2])
    )
    for each in overdue:
        run(tables.places.release(owner, each))
    assert run(tables.places.reserve(wanted, NOW)) == outs
