"""A campaign: who gets what, and when; and how much of it there is."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.described import Count, Described, exactly_one, listed
from config.language.offer import Offer
from config.language.triggers import Dates, When
from config.language.who import Who
from config.names import Id, Words
from config.quantities import Duration, Holdout, Price, wrong


class PerMember(Described):
    """At most so many offers of this campaign to one member, in any stretch of time or ever."""

    at_most: Count
    in_any: Duration | None = None


class Limits(Described):
    """How many offers there are and how much money, as a whole or for each day, store or member; how many for one."""

    offers: Count | None = None
    budget: Price | None = None
    each: Annotated[tuple[Literal["day", "store", "member"], ...], BeforeValidator(listed)] = ()
    per_member: PerMember | None = None

    @model_validator(mode="after")
    def _something_for_each(self) -> Self:
        if self.each and self.offers is None and self.budget is None:
            raise wrong("`each` says of what there is so much, but nothing says how much", "add `offers` or `budget`")
        return self


class Announce(Described):
    """When the member will hear of us again: what is announced speaks no sooner, and no more often than that."""

    every: Duration
    next: Words | None = None


class Campaign(Described):
    """Who gets what, and when."""

    id: Id
    kind: Literal["offer", "reward"] = "offer"
    for_newcomers: bool = False
    when: When
    dates: Dates = Dates()
    store: Words | None = None
    who: Who = Who()
    offer: Offer | None = None
    series: Annotated[tuple[Offer, ...], Field(min_length=1)] | None = None
    limits: Limits = Limits()
    announce: Announce | None = None
    priority: Annotated[int, Field(strict=True, ge=-(10**6), le=10**6)] = 0
    holdout: Holdout = 0

    @property
    def offers(self) -> tuple[Offer, ...]:
        """All that it may offer: one, or the steps of the series."""
        return self.series or ((self.offer,) if self.offer is not None else ())

    @model_validator(mode="after")
    def _offer_or_series(self) -> Self:
        if self.offer is None and self.series is None:
            raise wrong("`offer` is missing", "add `offer: …`")
        exactly_one(self, "offer", "series")
        if self.series is not None and self.when.visit != "any":
            raise wrong("a series goes on from visit to visit", "write `when: {visit: any}`")
        return self
