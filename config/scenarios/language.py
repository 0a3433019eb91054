"""The language of scenarios: members with a past, what happens, and what must and must not come of it.

Fields are those of the messages; times are milliseconds or `Moment`s, distances metres, as soon as they are read.
`docs/scenarios.md` explains each key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.described import Coordinate, Described, exactly_one, listed
from config.names import Words
from config.quantities import SECOND, Duration, Hold, Margin, wrong
from config.scenarios.expecting import Expected
from config.scenarios.members import Consent, KnownMember, Member, Name, Names, Receipt, Said, Wish
from config.scenarios.moments import At
from config.scenarios.words import Pace, Paid, YesOrNo


class Spot(Described):
    """A position, or in a store or place by its id; and how long the walker stays."""

    lat: Coordinate | None = None
    lon: Coordinate | None = None
    store: Words | None = None
    place: Words | None = None
    stay: Duration | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.lat is None and self.lon is None:
            exactly_one(self, "store", "place")
        elif self.lat is None or self.lon is None:
            lacking = "lat" if self.lat is None else "lon"
            raise wrong(f"`{lacking}` is missing", "write both, as in {lat: 48.87, lon: 2.33}")
        elif self.named is not None:
            raise wrong(f"`{self.named}` beside a position", "keep one of them")
        return self

    @property
    def named(self) -> str | None:
        """The id of its store or place."""
        return self.store or self.place


class Then(Described):
    """What the walker does at the end."""

    stay: Duration


class Walk(Described):
    """A phone that is carried along a path, and sends a fix every so often."""

    member: Name | None = None
    device: Name | None = None
    start: At | None = Field(default=None, alias="from")
    path: Annotated[tuple[Spot, ...], BeforeValidator(listed), Field(min_length=1)]
    every: Duration = 10 * SECOND
    accuracy: Margin = 12.0
    pace: Pace = 1.3
    then: Then | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.member is None and self.device is None:
            raise wrong("nobody walks here", "add `member`, or the `device` of somebody unknown")
        return self


class Timed(Described):
    """Something at a moment; without `at`, when what stands before it is over."""

    at: At | None = None


class Ping(Timed):
    """One fix of a phone."""

    member: Name | None = None
    device: Name | None = None
    lat: Coordinate
    lon: Coordinate
    accuracy: Margin | None = None
    speed: Coordinate | None = None
    mocked: YesOrNo | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.member is None and self.device is None:
            raise wrong("nobody sends this", "add `member`, or the `device` of somebody unknown")
        return self


class CheckIn(Timed):
    """A member says: I am here."""

    member: Name | None = None
    device: Name | None = None
    card: Name | None = None
    store: Words | None = None
    code: Words | None = None
    via: Literal["qr", "barcode", "wifi", "till", "card"] | None = None
    lat: Coordinate | None = None
    lon: Coordinate | None = None
    accuracy: Margin | None = None
    stars: Annotated[int, Field(strict=True, ge=1, le=5)] | None = None
    comment: Words | None = None

    @model_validator(mode="after")
    def _who_and_where(self) -> Self:
        if self.member is None and self.device is None and self.card is None:
            raise wrong("nobody checks in", "add `member`, `device` or `card`")
        if self.store is None or self.code is None:  # a product's code says nothing of the store
            exactly_one(self, "store", "code")
        return self


class Purchase(Timed, Receipt):
    """What a member buys."""

    member: Name | None = None
    card: Name | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        exactly_one(self, "member", "card")
        return self


class Redeem(Timed):
    """A coupon is shown at a till: that of the member's newest offer of a campaign, or any by its code."""

    offer: Words | None = None
    member: Name | None = None
    coupon: Words | None = None
    store: Words
    amount: Paid | None = None
    till: Words | None = None
    take_back: YesOrNo = False
    """Whether the redemption of that coupon is taken back."""

    @model_validator(mode="after")
    def _one_coupon(self) -> Self:
        if exactly_one(self, "offer", "coupon") == "offer" and self.member is None:
            raise wrong("whose coupon it is stands nowhere", "add `member`")
        return self


class Contacted(Timed):
    """A message of another channel."""

    member: Name | None = None
    card: Name | None = None
    channel: Words
    campaign: Words | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        exactly_one(self, "member", "card")
        return self


class Preference(Timed):
    """Somebody says how much they want to hear, or what they consent to."""

    member: Name | None = None
    device: Name | None = None
    card: Name | None = None
    contact: Wish | None = None
    consent: Consent | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        exactly_one(self, "member", "device", "card")
        if self.contact is None and self.consent is None:
            raise wrong("nothing is said here", "add `contact: stop`, `less` or `normal`, or `consent`")
        return self


class MemberChange(Timed, Member):
    """What the retailer knows of a member changes."""


class ProductChange(Timed):
    """A product changes."""

    id: Words
    name: Words | None = None
    category: Words | None = None
    price: Paid | None = None
    margin: Words | None = None
    rating: Said | None = None
    staff_pick: Words | None = None
    codes: Names | None = None
    deleted: YesOrNo | None = None


class Recorded(Described):
    """A file of events as `replay` reads them: pings, check-ins and all else."""

    file: Words
    device: Name | None = None
    """Whose phone it was, for pings that do not say."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"file": value}


class Step(Described):
    """One thing that happens; or the time that passes before the next; or what must have come of it by now."""

    walk: Walk | None = None
    ping: Ping | None = None
    recorded: Recorded | None = None
    check_in: CheckIn | None = None
    purchase: Purchase | None = None
    redeem: Redeem | None = None
    contact: Contacted | None = None
    preference: Preference | None = None
    member: MemberChange | None = None
    product: ProductChange | None = None
    wait: Hold | None = None
    expect: Annotated[tuple[Expected, ...], BeforeValidator(listed), Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        exactly_one(self, *type(self).model_fields)
        return self

    @property
    def kind(self) -> str:
        """`walk`, `check_in`, …"""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)


Members = Annotated[tuple[KnownMember, ...], BeforeValidator(listed)]


class Scenario(Described):
    """One scenario. `config` stands here as it is written: a file's name, or a retailer."""

    scenario: Words
    config: Any = None
    holdout: YesOrNo = False
    at: At | None = None
    members: Members = ()
    walk: Annotated[tuple[Walk, ...], BeforeValidator(listed)] = ()
    happens: Annotated[tuple[Step, ...], BeforeValidator(listed)] = ()
    expect: Annotated[tuple[Expected, ...], BeforeValidator(listed)] = ()


class Common(Described):
    """What scenarios of a file have in common: those in `scenarios`, and those that follow."""

    config: Any = None
    members: Members = ()
    scenarios: tuple[Scenario, ...] = ()
