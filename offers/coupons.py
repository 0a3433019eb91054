"""Coupons: their codes, and what a till hears when one is presented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from offers.money import Money
from offers.signatures import signature

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters without 0 O 1 I, so that a code can be read aloud and typed."""

_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
"""Two characters for each 10 bits: half the steps of one for each 5."""
_SHIFTS = tuple(range(70, -1, -10))
_WEIGHTS = {pair: value // 32 + 2 * (value % 32) // 32 + 2 * (value % 32) % 32 for value, pair in enumerate(_PAIRS)}
"""What two characters add to the sum of Luhn: the first as it is, the digits of twice the second."""


def coupon_code(secret: bytes, offer: str) -> str:
    """16 characters (80 bits of HMAC-SHA-256 over the offer's id) and a check character."""
    number = int.from_bytes(signature(secret, offer.encode())[:10], "big")
    pairs = [_PAIRS[number >> shift & 1023] for shift in _SHIFTS]
    return "".join(pairs) + _check_character(pairs)


def check_character(code: str) -> str:
    """The Luhn mod 32 check character of `code`, of an even length: finds any one wrong character and most swapped
    neighbours.

    Source: ISO/IEC 7812-1 annex B (Luhn), generalised to an alphabet of N characters.
    """
    return _check_character([code[place : place + 2] for place in range(0, len(code), 2)])


def _check_character(pairs: Sequence[str]) -> str:
    return ALPHABET[-sum([_WEIGHTS[pair] for pair in pairs]) % 32]


def well_formed(code: str) -> bool:
    """Whether `code` can be a coupon's at all: length, alphabet and check character."""
    return len(code) == 17 and set(code) <= set(ALPHABET) and check_character(code[:-1]) == code[-1]


DAY = 86_400_000
"""Milliseconds: a coupon valid for so long may outlast the store's closing."""


def coupon_end(at: int, valid_for: int, closing: int | None) -> int:
    """The first millisecond in which a coupon given at `at` no longer holds: `closing` at the latest, where it is
    valid for less than a day. All in milliseconds."""
    end = at + valid_for
    return end if closing is None or valid_for >= DAY else min(end, closing)


@dataclass(frozen=True, slots=True)
class Redemption:
    """That a coupon was used: the till's own id, where and when, and what the till took off, where it says so."""

    id: str
    store: str
    at: int
    taken_off: Money | None = None


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon as the till needs it. `expires_at` is the first millisecond in which it no longer holds."""

    offer: str
    campaign: str
    member: str
    expires_at: int
    occasion: str
    limited: bool
    """Whether it holds a place of a limited campaign."""
    redemption: Redemption | None = None
    taken_back: tuple[str, ...] = ()
    """Ids of the last redemptions taken back: one that comes again, late, does not use the coupon again."""
    stores: tuple[str, ...] = ()
    """Where it holds; empty: everywhere."""
    share: str = ""
    """Of which share of the campaign's limits its place is."""
    worth: Money | None = None
    """What it holds of the campaign's budget."""


MOST_TAKEN_BACK = 32
"""Ids kept of redemptions taken back."""


class TillAnswer(StrEnum):
    """What the till hears."""

    ACCEPTED = "ACCEPTED"
    ALREADY_USED = "ALREADY_USED"
    WRONG_STORE = "WRONG_STORE"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"
    TAKEN_BACK = "TAKEN_BACK"


def redeem(coupon: Coupon, redemption: Redemption) -> tuple[Coupon, TillAnswer]:
    """The coupon after `redemption` was asked for, and the answer. The same redemption twice gets the same answer."""
    if redemption.id in coupon.taken_back:
        return coupon, TillAnswer.TAKEN_BACK
    if coupon.redemption is not None:
        same = coupon.redemption.id == redemption.id
        return coupon, TillAnswer.ACCEPTED if same else TillAnswer.ALREADY_USED
    if coupon.stores and redemption.store not in coupon.stores:
        return coupon, TillAnswer.WRONG_STORE
    if redemption.at >= coupon.expires_at:
        return coupon, TillAnswer.EXPIRED
    return replace(coupon, redemption=redemption), TillAnswer.ACCEPTED


def take_back(coupon: Coupon, redemption: str) -> tuple[Coupon, TillAnswer]:
    """The coupon after the redemption with that id was taken back: usable again until it expires."""
    taken_back = tuple(dict.fromkeys((*coupon.taken_back, redemption)))
    if coupon.redemption is not None and coupon.redemption.id == redemption:
        coupon = replace(coupon, redemption=None)
    return replace(coupon, taken_back=taken_back[-MOST_TAKEN_BACK:]), TillAnswer.TAKEN_BACK
