"""Product changes: patches to what the configuration says is for sale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import orjson

from offers.money import Money
from offers.products import Product, Rating
from streams import topics
from streams.messages import ProductChange
from streams.records import Outgoing
from streams.retailers import Retailers
from streams.tables.products import Changed
from streams.tables.tables import Tables
from streams.times import to_milliseconds

PATCHED = ("name", "category", "price", "staff_pick", "rating", "codes")


async def change_product(change: ProductChange, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """Merge a patch; the merged whole goes to the topic `catalogue`."""
    configured = retailers[change.retailer].rules.products.get(change.id)
    unchanged = Changed(configured or Product(change.id, change.id, ""), {})
    changed = await tables.products.revise(
        change.retailer, change.id, lambda before: merged(before or unchanged, change)
    )
    return [_whole(change.retailer, changed)]


def merged(known: Changed, change: ProductChange) -> Changed:
    """`known` with what `change` says, where it is the newest word."""
    at = to_milliseconds(change.at)
    news = {name: getattr(change, name) for name in PATCHED if getattr(change, name) is not msgspec.UNSET}
    newest = {name: _plain(value, name) for name, value in news.items() if at >= known.said.get(name, at)}
    said = known.said | dict.fromkeys(newest, at)
    deleted = known.deleted
    if change.deleted is not msgspec.UNSET and at >= known.said.get("deleted", at):
        deleted, said = change.deleted, said | {"deleted": at}
    return Changed(replace(known.product, **newest), said, deleted)


def _plain(value: Any, name: str) -> Any:
    if value is None:
        return None
    match name:
        case "price":
            return Money.parse(value)
        case "rating":
            return Rating(value.stars, value.reviews)
        case "codes":
            return tuple(dict.fromkeys(value))
    return value


def _whole(retailer: str, changed: Changed) -> Outgoing:
    key, product = f"{retailer}|{changed.product.id}".encode(), changed.product
    if changed.deleted:
        return Outgoing(topics.CATALOGUE.name, key, None)
    told: dict[str, Any] = {"retailer": retailer, "id": product.id, "name": product.name, "category": product.category}
    told |= {"price": str(product.price)} if product.price else {}
    told |= {"staff_pick": product.staff_pick} if product.staff_pick else {}
    told |= {"rating": {"stars": product.rating.stars, "reviews": product.rating.reviews}} if product.rating else {}
    told |= {"codes": product.codes} if product.codes else {}
    return Outgoing(topics.CATALOGUE.name, key, orjson.dumps(told))
