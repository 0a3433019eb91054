"""Who scenarios are about: members as messages tell them, with what they bought, heard and consented to before."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.described import Described, exactly_one, listed
from config.names import LocaleName, TimeZone, Words
from config.quantities import Duration, wrong
from config.scenarios.moments import OnDay
from config.scenarios.words import Paid, PurposeName, YesOrNo

Name = Annotated[Words, Field(max_length=200)]
"""Of a member, a device, a card: whatever the retailer calls them."""
Names = Annotated[tuple[Name, ...], BeforeValidator(listed)]
Said = dict[str, Any]


class Bought(Described):
    """A purchase of one line; or, with `lines`, of several."""

    product: Words | None = None
    category: Words | None = None
    amount: Paid | None = None
    quantity: Annotated[float, Field(gt=0)] | None = None


class Receipt(Bought):
    """What stands on a receipt, whoever's and whenever."""

    lines: tuple[Bought, ...] = ()
    store: Words | None = None
    channel: Words | None = None
    coupon: Words | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        for line in self.lines or (self,):
            if line.product is None and line.category is None:
                raise wrong("a purchase of nothing", "add `product` or `category`")
            if line.amount is None:
                raise wrong("a purchase without what was paid", "add `amount: 39.00 EUR`")
        return self


class Past(Described):
    """When something of the past was: on a day, or so long before the scenario begins."""

    on: OnDay | None = None
    ago: Duration | None = None

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        exactly_one(self, "on", "ago")
        return self


class PastPurchase(Past, Receipt):
    """A purchase from before."""


class PastContact(Past):
    """A message of another channel from before."""

    channel: Words
    campaign: Words | None = None


class Grant(Described):
    """The answer to one purpose; by itself, yes or no."""

    granted: YesOrNo
    version: Words | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"granted": value}


def _grants(value: Any) -> Any:
    purposes = value if isinstance(value, list | tuple) else None if isinstance(value, dict) else [value]
    return value if purposes is None else dict.fromkeys(map(str, purposes), True)


Consent = Annotated[dict[PurposeName, Grant], BeforeValidator(_grants)]
Wish = Literal["stop", "less", "normal"]


class Member(Described):
    """A member as a `member` message tells it, with what was bought and said before."""

    id: Name
    first_name: Words | None = None
    tier: Words | None = None
    points: Annotated[int, Field(strict=True)] | None = None
    joined: OnDay | None = None
    visits: Annotated[int, Field(strict=True, ge=0)] | None = None
    last_visit: OnDay | None = None
    locale: LocaleName | None = None
    tone: Literal["tu", "vous"] | None = None
    time_zone: TimeZone | None = None
    consent: Consent | None = None
    devices: Names | None = None
    cards: Names | None = None
    emails_hashed: Names | None = None
    phones_hashed: Names | None = None
    attributes: Said | None = None
    merges: Names | None = None
    deleted: YesOrNo | None = None


class KnownMember(Member):
    """A member from the beginning on."""

    wish: Wish | None = None
    purchases: Annotated[tuple[PastPurchase, ...], BeforeValidator(listed)] = ()
    contacts: Annotated[tuple[PastContact, ...], BeforeValidator(listed)] = ()
