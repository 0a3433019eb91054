"""The language in which a retailer describes its stores and campaigns: one frozen model for each mapping of the YAML.

Times are milliseconds, distances metres, as soon as they are read; `docs/retailer-language.md` explains each key.
"""

from __future__ import annotations

from config.language.campaigns import Announce, Campaign, Limits, PerMember
from config.language.contact import Address, Cap, Contact, Newcomers
from config.language.notices import Notice
from config.language.offer import Coupon, Offer, ProductChoice, Recommend, Wording
from config.language.products import Product, Rating
from config.language.retailer import Description
from config.language.stores import ALL_STORES, HERE, Place, Point, RingShape, Shelf, Store, Stores
from config.language.triggers import AtRing, ChecksIn, Dates, Happening, Scans, Somewhere, When
from config.language.who import Attribute, Bought, Coming, Offered, PurchaseCount, Spent, Usual, VisitCount, Who

__all__ = [
    "ALL_STORES",
    "HERE",
    "Address",
    "Announce",
    "AtRing",
    "Attribute",
    "Bought",
    "Campaign",
    "Cap",
    "ChecksIn",
    "Coming",
    "Contact",
    "Coupon",
    "Dates",
    "Description",
    "Happening",
    "Limits",
    "Newcomers",
    "Notice",
    "Offer",
    "Offered",
    "PerMember",
    "Place",
    "Point",
    "Product",
    "ProductChoice",
    "PurchaseCount",
    "Rating",
    "Recommend",
    "RingShape",
    "Scans",
    "Shelf",
    "Somewhere",
    "Spent",
    "Store",
    "Stores",
    "Usual",
    "VisitCount",
    "When",
    "Who",
    "Wording",
]
