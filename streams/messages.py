"""What stands on the topics that are read: one type a message, validated as it is decoded.

Names are the contract with phones, tills and shops. Fields that are not named here are passed over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from streams.times import LAST_TIME, in_time

Name = Annotated[str, Meta(min_length=1, max_length=200)]
"""An identifier that somebody else chose: a device, a member, a card, a coupon."""

MemberName = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^(?!(device|card)\|)")]
"""What stands behind `device|` and `card|` is a device's or a card's own, from while it has no member."""

RetailerName = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^|]*$")]
"""A retailer stands before the first `|` of every key."""

When = Annotated[datetime, Meta(tz=True)] | Annotated[int, Meta(ge=0, le=LAST_TIME)]
"""RFC 3339 with an offset, or milliseconds since 1970."""

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,10}(\.[0-9]{2})? [A-Z]{3}$")]
"""`39.00 EUR`"""


def refuse_times_out_of_range(*times: object) -> None:
    """ValueError, which becomes a dead letter, for a time that cannot be written."""
    if any(isinstance(at, datetime | int) and not in_time(at) for at in times):
        raise ValueError("Expected a time from 1970 to 2999")


Whole = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""What fits into 64 bits, as it is kept."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every message says: whose it is, and when it happened."""

    retailer: RetailerName
    at: When


class Ping(Message, frozen=True, kw_only=True, gc=False):
    """A position of a phone: WGS 84 degrees, metres, metres a second."""

    device: Name
    lat: Latitude
    lon: Longitude
    id: Name | None = None
    member: MemberName | None = None
    accuracy: float | None = None
    speed: float | None = None
    mocked: bool = False


class CheckIn(Message, frozen=True, kw_only=True, gc=False):
    """The member says: I am here."""

    member: MemberName | None = None
    card: Name | None = None
    device: Name | None = None
    store: Name | None = None
    code: Name | None = None
    id: Name | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    accuracy: float | None = None
    via: Literal["qr", "barcode", "wifi", "till", "card"] | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a receipt."""

    amount: Amount
    product: Name | None = None
    category: Name | None = None
    quantity: float = 1


class Purchase(Message, frozen=True, kw_only=True):
    """What was bought, from a till or a shop."""

    id: Name
    lines: list[Line]
    member: MemberName | None = None
    card: Name | None = None
    store: Name | None = None
    coupon: Name | None = None


class RedemptionAsked(Message, frozen=True, kw_only=True):
    """A coupon shown at a till; or, with `reverses`, a redemption taken back."""

    id: Name
    coupon: Name
    store: Name
    amount: Amount | None = None
    till: Name | None = None
    reverses: Name | None = None


class GrantSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to one purpose."""

    granted: bool
    at: When
    version: str = ""

    def __post_init__(self) -> None:
        refuse_times_out_of_range(self.at)


Purposes = Literal["offers", "location_history", "analytics", "notices"]
ConsentSaid = dict[Purposes, GrantSaid] | list[Purposes]


AttributeSaid = Annotated[str, Meta(max_length=200)] | bool | Whole | float | None
"""None takes the attribute away."""


class MemberChange(Message, frozen=True, kw_only=True):
    """A patch of what the retailer knows of a member."""

    member: MemberName
    first_name: str | msgspec.UnsetType | None = msgspec.UNSET
    tier: str | msgspec.UnsetType | None = msgspec.UNSET
    points: Whole | msgspec.UnsetType | None = msgspec.UNSET
    joined: When | msgspec.UnsetType | None = msgspec.UNSET
    visits: Whole | msgspec.UnsetType | None = msgspec.UNSET
    last_visit: When | msgspec.UnsetType | None = msgspec.UNSET
    locale: str | msgspec.UnsetType | None = msgspec.UNSET
    tone: Literal["tu", "vous"] | msgspec.UnsetType | None = msgspec.UNSET
    time_zone: str | msgspec.UnsetType | None = msgspec.UNSET
    devices: list[Name] | msgspec.UnsetType = msgspec.UNSET
    cards: list[Name] | msgspec.UnsetType = msgspec.UNSET
    emails_hashed: list[Name] | msgspec.UnsetType = msgspec.UNSET
    phones_hashed: list[Name] | msgspec.UnsetType = msgspec.UNSET
    attributes: dict[Name, AttributeSaid] | msgspec.UnsetType = msgspec.UNSET
    merges: Annotated[list[MemberName], Meta(max_length=64)] | msgspec.UnsetType = msgspec.UNSET
    """Other members who turned out to be this one."""
    consent: ConsentSaid | msgspec.UnsetType = msgspec.UNSET
    deleted: bool = False

    def __post_init__(self) -> None:
        refuse_times_out_of_range(self.joined, self.last_visit)


class Preference(Message, frozen=True, kw_only=True):
    """How much somebody wants to hear; `stop` is for good, until they say otherwise."""

    contact: Literal["stop", "less", "normal"] | None = None
    member: MemberName | None = None
    card: Name | None = None
    device: Name | None = None
    consent: ConsentSaid | None = None


class ContactMade(Message, frozen=True, kw_only=True):
    """A message that another channel sent."""

    id: Name
    channel: str
    member: MemberName | None = None
    card: Name | None = None
    campaign: Name | None = None


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    """What customers think of a product."""

    stars: Annotated[float, Meta(ge=0, le=5)]
    reviews: Annotated[int, Meta(ge=0, le=(1 << 53))] = 0


Codes = Annotated[list[Name], Meta(max_length=64)]
"""Barcodes and QR codes of one product."""


class ProductChange(Message, frozen=True, kw_only=True):
    """A patch of one product of the catalogue."""

    id: Name
    name: str | msgspec.UnsetType = msgspec.UNSET
    category: str | msgspec.UnsetType = msgspec.UNSET
    price: Amount | msgspec.UnsetType | None = msgspec.UNSET
    staff_pick: str | msgspec.UnsetType | None = msgspec.UNSET
    rating: Rated | msgspec.UnsetType | None = msgspec.UNSET
    codes: Codes | msgspec.UnsetType = msgspec.UNSET
    deleted: bool | msgspec.UnsetType = msgspec.UNSET
