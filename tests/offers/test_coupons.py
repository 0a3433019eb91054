"""Codes that can be read aloud, and coupons of which one use at a time stands, whatever comes twice or late."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.coupons import (
    ALPHABET,
    MOST_TAKEN_BACK,
    Coupon,
    Redemption,
    TillAnswer,
    coupon_code,
    coupon_end,
    redeem,
    take_back,
    well_formed,
)
from tests.offers.samples import DAY, HOUR, NOON

SECRET = b"correct horse"
OFFER = "01KAGPVSG0EXAMPLEOFFERID42"
COUPON = Coupon("offer", "welcome", "anna", NOON, "occasion", limited=True)

CODES = st.text(st.sampled_from(ALPHABET), min_size=3, max_size=26).map(lambda name: coupon_code(SECRET, name))


def test_the_alphabet_has_32_characters_and_none_that_looks_like_another() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 32
    assert not set(ALPHABET) & set("0O1I")
    assert "".join(sorted(ALPHABET)) == ALPHABET


def test_the_code_is_80_bits_of_hmac_in_base_32_and_a_luhn_character() -> None:
    """By hand: bits as a string, five at a time; then Luhn's sum, from the check character leftwards."""
    digest = hmac.new(SECRET, OFFER.encode(), hashlib.sha256).digest()
    bits = "".join(f"{byte:08b}" for byte in digest)[:80]
    values = [int(bits[place : place + 5], 2) for place in range(0, 80, 5)]
    doubled = [2 * value if place % 2 else value for place, value in enumerate(values)]
    total = sum(sum(divmod(value, 32)) for value in doubled)
    expected = "".join(ALPHABET[value] for value in [*values, (32 - total % 32) % 32])
    assert coupon_code(SECRET, OFFER) == expected


def test_the_code_of_a_known_offer_and_secret_never_changes() -> None:
    assert coupon_code(SECRET, OFFER) == "RRQUDR6CKSL7JN3QS"


def test_another_secret_or_another_offer_is_another_code() -> None:
    assert len({coupon_code(*each) for each in product((SECRET, b"another"), (OFFER, OFFER[:-1]))}) == 4


@given(code=CODES)
def test_a_code_is_well_formed(code: str) -> None:
    assert len(code) == 17
    assert well_formed(code)


@given(code=CODES)
def test_any_one_wrong_character_is_found(code: str) -> None:
    for place, other in product(range(17), ALPHABET):
        if code[place] != other:
            assert not well_formed(code[:place] + other + code[place + 1 :])


@given(code=CODES)
def test_any_swapped_neighbours_are_found_but_for_the_first_and_last_of_the_alphabet(code: str) -> None:
    for place in range(16):
        one, other = code[place : place + 2]
        if one != other:
            swapped = code[:place] + other + one + code[place + 2 :]
            assert well_formed(swapped) is ({one, other} == {ALPHABET[0], ALPHABET[-1]})


@pytest.mark.parametrize("written", ["", "2" * 16, "2" * 18, "0" * 17, "22222222222222222\n", "é" * 17, "２" * 17])
def test_what_cannot_be_a_code_is_refused(written: str) -> None:
    assert not well_formed(written)


def test_a_code_in_lower_case_is_not_the_code() -> None:
    assert not well_formed(coupon_code(SECRET, OFFER).lower())


def used(till: str = "till-1", moment: int = NOON - 1) -> Redemption:
    return Redemption(till, "haussmann", moment)


@pytest.mark.parametrize(("moment", "answer"), [(NOON - 1, TillAnswer.ACCEPTED), (NOON, TillAnswer.EXPIRED)])
def test_it_holds_up_to_not_including_its_expiry(moment: int, answer: TillAnswer) -> None:
    assert redeem(COUPON, used(moment=moment))[1] is answer


def test_the_same_redemption_again_is_accepted_again_even_after_the_expiry_and_another_is_not() -> None:
    once, _ = redeem(COUPON, used())
    assert redeem(once, used()) == (once, TillAnswer.ACCEPTED)
    assert redeem(once, used(moment=NOON + 1)) == (once, TillAnswer.ACCEPTED)
    assert redeem(once, used("till-2")) == (once, TillAnswer.ALREADY_USED)


def test_taken_back_it_may_be_used_again_by_another_and_not_by_the_same() -> None:
    once, _ = redeem(COUPON, used())
    back, answer = take_back(once, "till-1")
    assert answer is TillAnswer.TAKEN_BACK
    assert redeem(back, used())[1] is TillAnswer.TAKEN_BACK
    assert redeem(back, used("till-2"))[1] is TillAnswer.ACCEPTED


def test_taken_back_after_the_expiry_it_is_expired() -> None:
    back, _ = take_back(redeem(COUPON, used())[0], "till-1")
    assert redeem(back, used("till-2", NOON))[1] is TillAnswer.EXPIRED


def test_taking_back_what_never_came_keeps_it_from_coming_later_and_leaves_another_use_alone() -> None:
    early, _ = take_back(COUPON, "till-1")
    other, answer = redeem(early, used("till-2"))
    assert answer is TillAnswer.ACCEPTED
    assert take_back(other, "till-1")[0].redemption == used("till-2")
    assert redeem(early, used())[1] is TillAnswer.TAKEN_BACK


def test_a_coupon_bound_to_stores_is_accepted_there_alone() -> None:
    bound = replace(COUPON, stores=("rivoli", "odeon"))
    assert redeem(bound, used()) == (bound, TillAnswer.WRONG_STORE)
    assert redeem(bound, used(moment=NOON))[1] is TillAnswer.WRONG_STORE
    once, answer = redeem(bound, replace(used(), store="odeon"))
    assert answer is TillAnswer.ACCEPTED
    assert redeem(once, used("till-2"))[1] is TillAnswer.ALREADY_USED


@pytest.mark.parametrize(
    ("valid_for", "closing", "end"),
    [
        (4 * HOUR, None, NOON + 4 * HOUR),
        (4 * HOUR, NOON + 4 * HOUR + 1, NOON + 4 * HOUR),
        (4 * HOUR, NOON + HOUR, NOON + HOUR),
        (DAY - 1, NOON + HOUR, NOON + HOUR),
        (DAY, NOON + HOUR, NOON + DAY),
    ],
)
def test_a_coupon_of_less_than_a_day_ends_when_the_store_closes(valid_for: int, closing: int | None, end: int) -> None:
    assert coupon_end(NOON, valid_for, closing) == end


TILLS = st.sampled_from(["a", "b", "c"])
COMMANDS = st.lists(st.tuples(st.sampled_from(["redeem", "take back"]), TILLS), max_size=30)


@given(commands=COMMANDS)
def test_in_any_order_of_duplicates_at_most_one_use_stands(commands: list[tuple[str, str]]) -> None:
    coupon, using, gone = COUPON, None, set()
    for command, till in commands:
        if command == "redeem":
            coupon, answer = redeem(coupon, used(till))
            free = till not in gone and using in (None, till)
            using = till if free else using
            assert (answer is TillAnswer.ACCEPTED) is free
        else:
            coupon, answer = take_back(coupon, till)
            using = None if using == till else using
            gone.add(till)
            assert answer is TillAnswer.TAKEN_BACK
        assert (coupon.redemption.id if coupon.redemption else None) == using


@given(commands=COMMANDS)
def test_each_command_at_once_again_changes_nothing_and_answers_the_same(commands: list[tuple[str, str]]) -> None:
    coupon = COUPON
    for command, till in commands:
        first, answer = redeem(coupon, used(till)) if command == "redeem" else take_back(coupon, till)
        again = redeem(first, used(till)) if command == "redeem" else take_back(first, till)
        assert again == (first, answer)
        coupon = first


def test_of_redemptions_taken_back_the_last_are_kept() -> None:
    coupon = COUPON
    for number in range(1_000):
        coupon, _ = take_back(redeem(coupon, used(f"till-{number}"))[0], f"till-{number}")
    assert len(coupon.taken_back) == MOST_TAKEN_BACK
    assert redeem(coupon, used("till-999"))[1] is TillAnswer.TAKEN_BACK
