"""The language in which a retailer describes its stores and campaigns: one frozen model for each mapping of the YAML.

Times are milliseconds, distances metres, as soon as they are read; `docs/retailer-language.md` explains each key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_serializer, model_validator

from config.described import Coordinate, Count, Described, exactly_one, listed
from config.names import Id, Language, Link, LocaleName, TimeZone, Words
from config.quantities import (
    HOUR,
    MINUTE,
    Day,
    DiscountText,
    Duration,
    Hold,
    Holdout,
    Hours,
    Margin,
    Percent,
    Price,
    Radius,
    quoted,
    wrong,
)
from geofences.rings import DEFAULT_GONE_AFTER, DEFAULT_VISIT_AFTER


class Point(Described):
    """A position in degrees WGS 84, by name, never by order."""

    lat: Coordinate
    lon: Coordinate


class RingShape(Described):
    """A ring: a circle round the store, a polygon, or a feature of a GeoJSON file; and how it is held."""

    radius: Radius | None = None
    polygon: Annotated[tuple[Point, ...], BeforeValidator(listed)] | None = None
    geojson: Words | None = None
    enter_after: Hold | None = None
    exit_margin: Margin | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        exactly_one(self, "radius", "polygon", "geojson")
        return self


class Store(Described):
    """A store, its place and its rings."""

    id: Id
    name: Words | None = None
    tags: Annotated[tuple[Words, ...], BeforeValidator(listed)] = ()
    location: Point
    timezone: TimeZone | None = None
    catchment: RingShape | None = None
    proximity: RingShape | None = None
    inside: RingShape | None = None
    visit_after: Hold = DEFAULT_VISIT_AFTER
    gone_after: Hold = DEFAULT_GONE_AFTER

    @property
    def rings(self) -> dict[str, RingShape]:
        """The rings that the store has, outermost first."""
        named = (("catchment", self.catchment), ("proximity", self.proximity), ("inside", self.inside))
        return {name: ring for name, ring in named if ring is not None}

    @model_validator(mode="after")
    def _some_ring(self) -> Self:
        if not self.rings:
            raise wrong(f"the store `{self.id}` has no ring", "give it one, as in `proximity: {radius: 250m}`")
        return self


class Cap(Described):
    """At most so many offers to one member in any stretch of time, or on one day of theirs."""

    at_most: Count
    in_any: Duration | None = None
    each: Literal["day"] | None = None

    @model_validator(mode="after")
    def _one_span(self) -> Self:
        exactly_one(self, "in_any", "each")
        return self


class Address(Described):
    """How a member is spoken to who never said."""

    default: Literal["tu", "vous"] = "vous"


class Contact(Described):
    """What holds for all campaigns together."""

    caps: Annotated[tuple[Cap, ...], BeforeValidator(listed)] = ()
    quiet_hours: Hours | None = None
    address: Address = Address()


class Stores(Described):
    """Which stores: `all`, a list of ids, or those with a tag. Written back in the short form."""

    all: bool = False
    ids: tuple[Words, ...] = ()
    tag: Words | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if value == "all":
            return {"all": True}
        if isinstance(value, list) and value:
            return {"ids": value}
        if isinstance(value, dict) and set(value) == {"tag"}:
            return value
        raise wrong(f"{quoted(value)} are no stores", "write `all`, a list as in [haussmann], or {tag: flagship}")

    @model_serializer
    def _written(self) -> Any:
        return "all" if self.all else {"tag": self.tag} if self.tag is not None else list(self.ids)


ALL_STORES = Stores.model_construct(all=True)


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


class ProductChoice(Described):
    """A product by its id, or the first of a category that the member did not buy of late."""

    id: Words | None = None
    category: Words | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"id": value}

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        exactly_one(self, "id", "category")
        return self

    @model_serializer
    def _written(self) -> Any:
        return self.id if self.id is not None else {"category": self.category}


class Wording(Described):
    """A text in one language, for those addressed with `tu` and with `vous`."""

    tu: Words
    vous: Words

    @model_validator(mode="before")
    @classmethod
    def _both(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return {"tu": value, "vous": value}
        for tone, other in (("tu", "vous"), ("vous", "tu")):
            if tone in value and other not in value:
                raise wrong(f"the text has `{tone}` but no `{other}`", f"add `{other}`, or write one text for both")
        return value

    @model_serializer
    def _written(self) -> Any:
        return self.tu if self.tu == self.vous else {"tu": self.tu, "vous": self.vous}


class Coupon(Described):
    """A code to show at the till."""

    valid_for: Duration


class Offer(Described):
    """What is offered, and in which words."""

    text: Annotated[dict[Language, Wording], Field(min_length=1)]
    product: ProductChoice | None = None
    discount: DiscountText | None = None
    coupon: Coupon | None = None
    service: Words | None = None
    link: Link | None = None
    image: Link | None = None
    valid_for: Duration = 4 * HOUR


class PerMember(Described):
    """At most so many offers of this campaign to one member, in any stretch of time or ever."""

    at_most: Count
    in_any: Duration | None = None


class Limits(Described):
    """How many offers there are, and how many for one member."""

    offers: Count | None = None
    per_member: PerMember | None = None


class Campaign(Described):
    """Who gets what, and when."""

    id: Id
    when: When
    dates: Dates = Dates()
    who: Who = Who()
    offer: Offer
    limits: Limits = Limits()
    priority: Annotated[int, Field(strict=True, ge=-(10**6), le=10**6)] = 0
    holdout: Holdout = 0


class Rating(Described):
    """What customers think of a product."""

    stars: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]
    reviews: Annotated[int, Field(strict=True, ge=0)] = 0


class Product(Described):
    """What is sold, as far as an offer speaks of it."""

    id: Words
    name: Words
    category: Words
    price: Price | None = None
    staff_pick: Words | None = None
    margin: Percent | None = None
    rating: Rating | None = None
    codes: Annotated[tuple[Words, ...], BeforeValidator(listed)] = ()


class Description(Described):
    """A whole file: one retailer."""

    retailer: Id
    name: Words | None = None
    timezone: TimeZone
    locale: LocaleName
    max_trigger_age: Duration = 5 * MINUTE
    stores: Annotated[tuple[Store, ...], Field(min_length=1)]
    contact: Contact = Contact()
    campaigns: tuple[Campaign, ...] = ()
    products: tuple[Product, ...] = ()
