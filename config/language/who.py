"""Whom a campaign is for."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from config.described import Described, exactly_one, listed
from config.names import Words
from config.quantities import Duration, wrong


class Bought(Described):
    """A purchase of a category, or of one product, within a time up to now."""

    category: Words | None = None
    product: Words | None = None
    within: Duration

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


class Who(Described):
    """Whom a campaign is for; everything that is set must hold."""

    tier: Annotated[tuple[Words, ...], BeforeValidator(listed), Field(min_length=1)] | None = None
    bought: Annotated[tuple[Bought, ...], BeforeValidator(listed)] = ()
    not_bought: Annotated[tuple[Bought, ...], BeforeValidator(listed)] = ()
    visits: VisitCount | None = None
