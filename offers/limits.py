"""How much of a campaign there is: numbers of offers and money, by campaign, store, day and member."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from offers.contact_policy import local
from offers.money import Money


class Each(StrEnum):
    """What the limits of a campaign hold for, each by itself. In this order they name a share."""

    DAY = "day"
    STORE = "store"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Limits:
    """So many offers, and so much money for what they take off; for the campaign as a whole, or for `each` of those."""

    offers: int | None = None
    budget: Money | None = None
    each: frozenset[Each] = frozenset()

    def __bool__(self) -> bool:
        return self.offers is not None or self.budget is not None

    def share(self, store: str, zone: ZoneInfo, at: int) -> str:
        """Of which share an offer at `at` (milliseconds UTC) is: `day:2026-11-20/store:haussmann`; empty: of the whole.

        A day is one of the store, whose clock is that of `zone`. Whose share it is where each member has one is not
        part of its name.
        """
        if not self.each:
            return ""
        names = {Each.DAY: f"day:{local(at, zone).date()}", Each.STORE: f"store:{store}", Each.MEMBER: "member"}
        return "/".join(name for each, name in names.items() if each in self.each)

    def cost(self, worth: Money | None) -> int | None:
        """Cents of the budget that an offer worth so much takes; None where that cannot be said."""
        if self.budget is None:
            return 0
        return worth.cents if worth is not None and worth.currency == self.budget.currency else None


UNLIMITED = Limits()


def is_of_each_member(share: str) -> bool:
    """Whether each member has such a share."""
    return share.rpartition("/")[2] == Each.MEMBER


def settled(reserved: Money | None, taken_off: Money | None) -> int | None:
    """Cents that a redemption takes of what was reserved, where a till says what it took off; None: all of it.

    A coupon is never worth more than it says: what a till gave beyond that is not on this budget.
    """
    if reserved is None or taken_off is None or taken_off.currency != reserved.currency:
        return None
    return min(taken_off.cents, reserved.cents)
