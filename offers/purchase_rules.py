"""What a campaign may ask of a member's purchases. What is not known any more speaks against it, whatever was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from offers.contact_policy import local
from offers.day_sums import Total
from offers.history import History
from offers.money import Money

_FIRST_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase of a category, or of one product, within the last `within` milliseconds."""

    within: int
    category: str | None = None
    product: str | None = None

    def __str__(self) -> str:
        return f"{self.product or self.category} within {self.within // _DAY} days"


@dataclass(frozen=True, slots=True)
class Spent:
    """So much spent, on one category or on all, in the last `days` days of the store's calendar, today included."""

    days: int
    category: str | None = None
    least: Money | None = None
    most: Money | None = None


@dataclass(frozen=True, slots=True)
class PurchaseCount:
    """So many purchases in the last `days` days of the store's calendar, today included."""

    days: int
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class PurchaseRules:
    """What is asked; all of it must hold."""

    bought: tuple[Bought, ...] = ()
    not_bought: tuple[Bought, ...] = ()
    spent: tuple[Spent, ...] = ()
    purchases: tuple[PurchaseCount, ...] = ()

    @property
    def asks_for_purchases(self) -> bool:
        """Whether anything is asked."""
        return bool(self.bought or self.not_bought or self.spent or self.purchases)


def against(rules: PurchaseRules, history: History, at: int, zone: ZoneInfo) -> Iterator[str]:
    """What stands against a member at `at` (milliseconds UTC), in words; `zone` is the clock of the store."""
    yield from (f"did not buy {each}" for each in rules.bought if not did_buy(history, each, at))
    yield from (f"did buy {each}" for each in rules.not_bought if did_buy(history, each, at) is not False)
    today = store_day(at, zone) if rules.spent or rules.purchases else 0
    for spent in rules.spent:
        found = history.total(today - spent.days + 1, today, spent.category)
        least, most = (None if bound is None else bound.cents for bound in (spent.least, spent.most))
        if not _between(least, found.cents, most, found):
            currency = (spent.least or spent.most or Money(0, "")).currency
            on = f" on {spent.category}" if spent.category else ""
            yield f"spent {Money(found.cents, currency)}{on} in {spent.days} days{_doubt(found)}"
    for purchases in rules.purchases:
        found = history.total(today - purchases.days + 1, today)
        if not _between(purchases.least, found.purchases, purchases.most, found):
            yield f"bought {found.purchases} times in {purchases.days} days{_doubt(found)}"


def did_buy(history: History, bought: Bought, at: int) -> bool | None:
    """A purchase exactly `within` ago still counts; one later than the trigger does not yet."""
    return history.bought(at - bought.within, at, category=bought.category, product=bought.product)


def store_day(at: int, zone: ZoneInfo) -> int:
    """The day on the store's calendar that holds `at`, in days since 1970."""
    return max(local(at, zone).date().toordinal() - _FIRST_DAY, 0)


def _between(least: int | None, found: int, most: int | None, total: Total) -> bool:
    """Of what is not whole it is known that it is no less."""
    return (least is None or found >= least) and (most is None or (found <= most and total.whole))


def _doubt(total: Total) -> str:
    return "" if total.whole else " that are known"
