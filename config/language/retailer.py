"""A whole file: one retailer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.described import Described
from config.language.campaigns import Campaign
from config.language.contact import Contact
from config.language.notices import Notice
from config.language.products import Product
from config.language.stores import Place, Store
from config.names import Id, LocaleName, TimeZone, Words
from config.quantities import MINUTE, Duration


class Description(Described):
    """A whole file: one retailer."""

    retailer: Id
    name: Words | None = None
    timezone: TimeZone
    locale: LocaleName
    max_trigger_age: Duration = 5 * MINUTE
    stores: Annotated[tuple[Store, ...], Field(min_length=1)]
    places: tuple[Place, ...] = ()
    contact: Contact = Contact()
    campaigns: tuple[Campaign, ...] = ()
    notices: tuple[Notice, ...] = ()
    products: tuple[Product, ...] = ()
