"""Whom a campaign is for."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, model_validator

from config.dayparts import DaypartText
from config.described import Described, exactly_one, listed
from config.language.stores import Visited
from config.names import Words
from config.quantities import DAY, Percent, Price, quoted, read_duration, write_duration, wrong
from offers.contact_policy import NEWEST
from offers.day_sums import LONGEST_DAYS
from offers.money import Money
from offers.recency import LONGEST


def read_remembered(value: Any) -> int:
    """Milliseconds of a time for which it is remembered when something was bought."""
    milliseconds = read_duration(value)
    if milliseconds > LONGEST:
        raise wrong(
            f"{quoted(value)} is longer than purchases are remembered", f"write at most {write_duration(LONGEST)}"
        )
    return milliseconds


def read_days(value: Any) -> int:
    """Milliseconds of whole days, as many as sums are kept for."""
    milliseconds = read_duration(value)
    if milliseconds % DAY:
        raise wrong(f"{quoted(value)} is no whole number of days, and sums are kept by the day", "write one, as in 30d")
    if milliseconds > LONGEST_DAYS * DAY:
        raise wrong(f"{quoted(value)} is longer than sums may be asked for", f"write at most {LONGEST_DAYS}d")
    return milliseconds


def read_visit_time(value: Any) -> int:
    """Milliseconds of a time for which each visit, and each offer, is known by itself."""
    milliseconds = read_duration(value)
    if milliseconds > LONGEST_VISITS:
        what = f"{quoted(value)} is longer than visits and offers are known one by one"
        raise wrong(what, f"write at most {write_duration(LONGEST_VISITS)}")
    return milliseconds


LONGEST_VISITS = 365 * DAY
MOST_LAST = NEWEST // 4
"""Of so many last offers it may be asked what came of them; messages of other channels stand between them."""

Remembered = Annotated[int, PlainValidator(read_remembered), PlainSerializer(write_duration)]
VisitTime = Annotated[int, PlainValidator(read_visit_time), PlainSerializer(write_duration)]
Days = Annotated[int, PlainValidator(read_days), PlainSerializer(write_duration)]


class Bought(Described):
    """A purchase of a category, or of one product, within a time up to now."""

    category: Words | None = None
    product: Words | None = None
    within: Remembered

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        exactly_one(self, "category", "product")
        return self


class Coming(Described):
    """Visits of some stores, begun in some parts of the week, within a time up to now."""

    stores: Visited | None = None
    dayparts: Annotated[tuple[DaypartText, ...], BeforeValidator(listed)] = ()


class VisitCount(Coming):
    """How often a member has come, this visit included: ever, or within a time, and then to these stores and then."""

    at_least: Annotated[int, Field(strict=True, ge=0)] | None = None
    at_most: Annotated[int, Field(strict=True, ge=0)] | None = None
    within: VisitTime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.at_least is not None and self.at_most is not None and self.at_most < self.at_least:
            raise wrong(f"at least {self.at_least} and at most {self.at_most} visits is nobody", "swap the two")
        if self.at_least is None and self.at_most is None:
            raise wrong("`visits` says no number", "write `at_least` or `at_most`, or both")
        if self.within is None and (self.stores is not None or self.dayparts):
            named = "stores" if self.stores is not None else "dayparts"
            raise wrong(f"`{named}` of all visits there ever were", "add a time, as in `within: 90d`")
        return self


class Usual(Coming):
    """What most of a member's visits have in common: the store, the part of the week."""

    within: VisitTime = 90 * DAY
    at_least: Annotated[int, Field(strict=True, ge=1)] = 3
    share: Percent = 50

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.stores is None and not self.dayparts:
            raise wrong("what is usual stands nowhere", 'write `stores: here`, or `dayparts: "Mo-Fr 17:00-20:00"`')
        return self


class Offered(Described):
    """How many of the last offers to a member, or of those within a time, came to this."""

    came_of: Literal["redeemed", "ignored"] | None = None
    campaign: Annotated[tuple[Words, ...], BeforeValidator(listed), Field(min_length=1)] | None = None
    within: VisitTime | None = None
    last: Annotated[int, Field(strict=True, ge=1, le=MOST_LAST)] | None = None
    at_least: Annotated[int, Field(strict=True, ge=0)] | None = None
    at_most: Annotated[int, Field(strict=True, ge=0)] | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        refuse_nobody("offers", self.at_least, self.at_most)
        exactly_one(self, "within", "last")
        if self.last is not None and (self.at_least or 0) > self.last:
            raise wrong(f"at least {self.at_least} of the last {self.last} is nobody", "write a smaller number")
        return self


class Spent(Described):
    """How much was spent, on a category or on all, in the last days of the store's calendar, today included."""

    category: Words | None = None
    at_least: Price | None = None
    at_most: Price | None = None
    within: Days

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse_nobody("spent", self.at_least, self.at_most)
        return self


class PurchaseCount(Described):
    """How many purchases there were in the last days of the store's calendar, today included."""

    at_least: Annotated[int, Field(strict=True, ge=0)] | None = None
    at_most: Annotated[int, Field(strict=True, ge=0)] | None = None
    within: Days

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse_nobody("purchases", self.at_least, self.at_most)
        return self


def refuse_nobody(key: str, least: int | Money | None, most: int | Money | None) -> None:
    """A finding for bounds between which nothing lies, or for none at all."""
    if least is None and most is None:
        raise wrong(f"`{key}` says no bound", "write `at_least` or `at_most`, or both")
    if isinstance(least, Money) and isinstance(most, Money) and least.currency != most.currency:
        raise wrong(f"{least} and {most} are two currencies", "use one")
    low, high = (each.cents if isinstance(each, Money) else each for each in (least, most))
    if low is not None and high is not None and high < low:
        raise wrong(f"at least {least} and at most {most} is nobody", "swap the two")


class Attribute(Described):
    """One of some values, or a number in a range."""

    any_of: Annotated[tuple[str | bool | int | float, ...], BeforeValidator(listed)] = ()
    at_least: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    at_most: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"any_of": value}

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        ranged = self.at_least is not None or self.at_most is not None
        if ranged is bool(self.any_of):
            raise wrong("neither values nor a range", "write a value, a list of them, or `at_least` and `at_most`")
        return self


class Who(Described):
    """Whom a campaign is for; everything that is set must hold."""

    tier: Annotated[tuple[Words, ...], BeforeValidator(listed), Field(min_length=1)] | None = None
    bought: Annotated[tuple[Bought, ...], BeforeValidator(listed)] = ()
    not_bought: Annotated[tuple[Bought, ...], BeforeValidator(listed)] = ()
    spent: Annotated[tuple[Spent, ...], BeforeValidator(listed)] = ()
    purchases: Annotated[tuple[PurchaseCount, ...], BeforeValidator(listed)] = ()
    visits: Annotated[tuple[VisitCount, ...], BeforeValidator(listed)] = ()
    usual: Annotated[tuple[Usual, ...], BeforeValidator(listed)] = ()
    offers: Annotated[tuple[Offered, ...], BeforeValidator(listed)] = ()
    attributes: dict[Words, Attribute] = Field(default_factory=dict)
