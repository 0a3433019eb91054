"""What is bought again and again: of each product the last days on which it was bought, three at most.

There is room for so many products; those bought on more days stay, then those bought last. Of one that had to go it is
not known that it is bought again and again.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from offers.recency import DIGEST

MOST_DAYS, MOST_PRODUCTS = 3, 24
_DAY = 86_400_000
_NEVER = 0xFFFF
_ENTRY = Struct(f">{DIGEST}s" + "Hi" * MOST_DAYS)

Days = dict[int, int]
"""The last time of each day, milliseconds UTC by days since 1970."""


def with_day(habits: bytes, products: Iterable[bytes], at: int, day: int) -> bytes:
    """`habits` after each of `products` was bought at `at`, on `day` of the store's calendar; in any order."""
    known = {name: _days(rest) for name, *rest in _ENTRY.iter_unpack(habits)}
    for name in products:
        days = known.setdefault(name, {})
        days[day] = max(at, days.get(day, at))
        known[name] = dict(sorted(days.items())[-MOST_DAYS:])
    ranked = sorted(known.items(), key=lambda each: (-len(each[1]), -max(each[1]), each[0]))
    return b"".join(_ENTRY.pack(name, *_packed(days)) for name, days in ranked[:MOST_PRODUCTS])


def joined(habits: bytes, other: bytes) -> bytes:
    """`habits` with the days of `other` as well."""
    for name, *rest in _ENTRY.iter_unpack(other):
        for day, at in _days(rest).items():
            habits = with_day(habits, [name], at, day)
    return habits


def days_since(habits: bytes, product: bytes, start: int) -> int:
    """On how many days it was bought after `start` (milliseconds UTC), as far as is known; three at most."""
    for name, *rest in _ENTRY.iter_unpack(habits):
        if name == product:
            return sum(at > start for at in _days(rest).values())
    return 0


def _days(numbers: list[int]) -> Days:
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return {day: day * _DAY + apart for day, apart in pairs if day != _NEVER}


def _packed(days: Days) -> list[int]:
    numbers = [number for day, at in days.items() for number in (day, at - day * _DAY)]
    return numbers + [_NEVER, 0] * (MOST_DAYS - len(days))
