"""Whom a campaign is for."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, model_validator

from config.described import Described, exactly_one, listed
from config.names import Words
from config.quantities import DAY, Price, quoted, read_duration, write_duration, wrong
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


Remembered = Annotated[int, PlainValidator(read_remembered), PlainSerializer(write_duration)]
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


class VisitCount(Described):
    """How often a member has come, this visit included."""

    at_least: Annotated[int, Field(strict=True, ge=0)] | None = None
    at_most: Annotated[int, Field(strict=True, ge=0)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.at_least is not None and self.at_most is not None and self.at_most < self.at_least:
            raise wrong(f"at least {self.at_least} and at most {self.at_most} visits is nobody", "swap the two")
        if self.at_least is None and self.at_most is None:
            raise wrong("`visits` says no number", "write `at_least` or `at_most`, or both")
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
    visits: VisitCount | None = None
    attributes: dict[Words, Attribute] = Field(default_factory=dict)
