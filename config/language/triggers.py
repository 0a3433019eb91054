"""When a campaign speaks: what has to happen, and on which days."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from config.dayparts import DaypartText
from config.described import Described, exactly_one, listed
from config.language.stores import Stores
from config.names import Words
from config.quantities import Day, Duration, quoted, wrong


class Somewhere(Described):
    """At some of the stores, all of them where nothing is said, or at some of the named places."""

    stores: Stores | None = None
    places: Stores | None = None

    @model_validator(mode="before")
    @classmethod
    def _everywhere(cls, value: Any) -> Any:
        said = not isinstance(value, dict) or "stores" in value or "places" in value
        return value if said else {**value, "stores": "all"}

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        exactly_one(self, "stores", "places")
        return self


class AtRing(Somewhere):
    """A ring of one of the stores; a place has but one outline."""

    ring: Literal["catchment", "proximity", "inside"] | None = None

    @model_validator(mode="after")
    def _ring_of_stores(self) -> Self:
        if self.stores is not None and self.ring is None:
            raise wrong("`ring` is missing", "add `ring: …`")
        if self.places is not None and self.ring is not None:
            raise wrong("`ring` beside `places`, which have none", "leave it out")
        return self


class ChecksIn(Described):
    """A member says that they are at one of the stores, and is believed."""

    stores: Stores = Stores.model_construct(all=True)


class Scans(Described):
    """The code of a product, or a shelf, is scanned at one of the stores: of these products or categories, or any."""

    product: Annotated[tuple[Words, ...], BeforeValidator(listed), Field(min_length=1)] | None = None
    category: Annotated[tuple[Words, ...], BeforeValidator(listed), Field(min_length=1)] | None = None
    stores: Stores = Stores.model_construct(all=True)


def _visit(value: Any) -> Any:
    if value == "any" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise wrong(f"{quoted(value)} is no visit", "write `any`, or the number of the visit, as in 6")


class Happening(Described):
    """Something that can happen: one of these."""

    enters: AtRing | None = None
    exits: AtRing | None = None
    passes: AtRing | None = None
    dwells: Somewhere | None = None
    checks_in: ChecksIn | None = None
    scans: Scans | None = None
    visit: Annotated[int | Literal["any"], PlainValidator(_visit)] | None = None
    stores: Stores | None = None

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        trigger = exactly_one(self, *type(self).triggers())
        if self.stores is not None and trigger != "visit":
            raise wrong(f"`stores` beside `{trigger}`", f"write them inside, as in `{trigger}: {{stores: …}}`")
        return self

    @classmethod
    def triggers(cls) -> tuple[str, ...]:
        """The keys of which one must stand there."""
        return HAPPENINGS

    @property
    def name(self) -> str:
        """Which of them it is: `enters`."""
        return next(key for key in HAPPENINGS if getattr(self, key) is not None)

    @property
    def places(self) -> Stores | None:
        """The places where it happens; None where it happens at stores."""
        at = getattr(self, self.name)
        return at.places if isinstance(at, Somewhere) else None


HAPPENINGS = ("enters", "exits", "passes", "dwells", "checks_in", "scans", "visit")
"""The keys of a happening."""


class When(Happening):
    """The trigger, which may be the last of a sequence; and when it is heard."""

    sequence: Annotated[tuple[Happening, ...], Field(min_length=2)] | None = None
    within: Duration | None = None
    not_seen_for: Duration | None = None
    dayparts: Annotated[tuple[DaypartText, ...], BeforeValidator(listed)] = ()
    even_closed: Annotated[bool, Field(strict=True)] = False

    @classmethod
    def triggers(cls) -> tuple[str, ...]:
        """See `Happening`."""
        return (*HAPPENINGS, "sequence")

    @property
    def trigger(self) -> Happening:
        """What starts the offer."""
        return self.sequence[-1] if self.sequence else self

    @model_validator(mode="after")
    def _whole_sequence(self) -> Self:
        if (self.sequence is None) != (self.within is None):
            lacking = "within" if self.sequence else "sequence"
            raise wrong(f"`{lacking}` is missing", "`sequence` and `within` go together, as in `within: 90min`")
        if any(isinstance(step.visit, int) for step in self.sequence or ()):
            raise wrong("a numbered visit in a sequence", "write `visit: any`")
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
