"""What holds for all campaigns together: how often a retailer may speak to one member."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.described import Count, Described, exactly_one, listed
from config.names import Words
from config.quantities import Duration, Hours


class Cap(Described):
    """At most so many offers to one member in any stretch of time, or on one day of theirs."""

    at_most: Count
    in_any: Duration | None = None
    each: Literal["day"] | None = None

    @model_validator(mode="after")
    def _one_span(self) -> Self:
        exactly_one(self, "in_any", "each")
        return self


class Newcomers(Described):
    """How a member is not drowned in the first visits."""

    first_visits: Count
    at_most: Count
    in_any: Duration


class Address(Described):
    """How a member is spoken to who never said."""

    default: Literal["tu", "vous"] = "vous"


class Contact(Described):
    """What holds for all campaigns together."""

    caps: Annotated[tuple[Cap, ...], BeforeValidator(listed)] = ()
    quiet_hours: Hours | None = None
    address: Address = Address()
    newcomers: Newcomers | None = None
    spacing: dict[Words, Duration] = Field(default_factory=dict)
    cool_down: Duration | None = None
