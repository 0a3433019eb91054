"""The stores of a retailer and its named places, their outlines, and how others choose among them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, model_serializer, model_validator

from config.described import Coordinate, Described, exactly_one, listed
from config.names import Id, TimeZone, Words
from config.opening_hours import OpeningHoursText
from config.quantities import Hold, Margin, Radius, quoted, wrong
from geofences.rings import DEFAULT_VISIT_AFTER


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
    gone_after: Hold | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        exactly_one(self, "radius", "polygon", "geojson")
        return self


class Shelf(Described):
    """A code in one store that members scan: at a shelf, a window, a table; for a product, a category, or neither."""

    code: Words
    product: Words | None = None
    category: Words | None = None


class Store(Described):
    """A store, its place and its rings."""

    id: Id
    name: Words | None = None
    tags: Annotated[tuple[Words, ...], BeforeValidator(listed)] = ()
    location: Point
    timezone: TimeZone | None = None
    hours: OpeningHoursText | None = None
    catchment: RingShape | None = None
    proximity: RingShape | None = None
    inside: RingShape | None = None
    visit_after: Hold = DEFAULT_VISIT_AFTER
    gone_after: Hold | None = None
    shelves: Annotated[tuple[Shelf, ...], BeforeValidator(listed)] = ()
    on_create: Literal["silent", "fire"] = "silent"
    on_crossing: Literal["silent", "pass_by"] = "silent"

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


class Place(RingShape):
    """A named place that is no store: a station, a car park. Its outline stands in it as that of a ring would."""

    id: Id
    name: Words | None = None
    tags: Annotated[tuple[Words, ...], BeforeValidator(listed)] = ()
    location: Point
    visit_after: Hold = DEFAULT_VISIT_AFTER

    @property
    def rings(self) -> dict[str, RingShape]:
        """Its one outline, as the rings of a store stand there."""
        return {"inside": self}


class Stores(Described):
    """Which stores, or places: `all`, a list of ids, or those with a tag. Written back in the short form."""

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


HERE = "here"
"""The store of which an offer would speak."""


def read_visited(value: Any) -> Any:
    """`here`, or what others choose stores by."""
    if isinstance(value, str) and value not in (HERE, "all"):
        raise wrong(f"{quoted(value)} are no stores", "write `here`, a list as in [haussmann], or {tag: flagship}")
    return value if value == HERE else Stores.model_validate(value)


def write_visited(value: Any) -> Any:
    """The short form."""
    return value if value == HERE else value.model_dump()


Visited = Annotated[Stores | Literal["here"], PlainValidator(read_visited), PlainSerializer(write_visited)]


ALL_STORES = Stores.model_construct(all=True)
