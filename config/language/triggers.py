"""When a campaign speaks: what has to happen, and on which days."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from config.described import Described, exactly_one
from config.language.stores import ALL_STORES, Stores
from config.quantities import Day, quoted, wrong


class Enters(Described):
    """A ring of one of the stores is entered."""

    ring: Literal["catchment", "proximity", "inside"]
    stores: Stores = ALL_STORES


class ChecksIn(Described):
    """A member says that they are at one of the stores, and is believed."""

    stores: Stores = ALL_STORES


def _visit(value: Any) -> Any:
    if value == "any" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise wrong(f"{quoted(value)} is no visit", "write `any`, or the number of the visit, as in 6")


class When(Described):
    """The trigger: one of `enters`, `checks_in`, `visit`."""

    enters: Enters | None = None
    checks_in: ChecksIn | None = None
    visit: Annotated[int | Literal["any"], PlainValidator(_visit)] | None = None
    stores: Stores | None = None

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        trigger = exactly_one(self, "enters", "checks_in", "visit")
        if self.stores is not None and trigger != "visit":
            raise wrong(f"`stores` beside `{trigger}`", f"write them inside, as in `{trigger}: {{stores: …}}`")
        return self


class Dates(Described):
    """The days of a campaign, both included, on the calendar of the store."""

    first: Day | None = Field(default=None, alias="from")
    until: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.until is not None and self.until < self.first:
            raise wrong(f"until {self.until} is before from {self.first}", "swap them, or correct the year")
        return self
