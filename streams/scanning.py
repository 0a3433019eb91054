"""Where a check-in was made, and what was scanned there: the code of a product says nothing of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from offers.campaigns import Rules
from offers.products import Product
from offers.triggers import Scannable
from streams.messages import CheckIn
from streams.retailers import Retailers
from streams.tables.tables import Tables
from streams.tracks import Track


@dataclass(frozen=True, slots=True)
class Scanned:
    """A check-in at `store`; by `code`, where it is not that of the store; `scanned` is what the code stands for."""

    store: str
    code: str = ""
    scanned: Scannable | None = None


ByCode = Mapping[str, Product]
"""The products of a retailer by their codes."""


async def products_by_code(check_ins: Iterable[CheckIn], tables: Tables, retailers: Retailers) -> dict[str, ByCode]:
    """By retailer; of those alone in whose stores something is scanned."""
    names = {check_in.retailer for check_in in check_ins if check_in.code is not None}
    return {name: await tables.products.by_code(name, retailers[name].rules.products) for name in sorted(names)}


def read_code(
    check_in: CheckIn, rules: Rules, by_code: ByCode, index: GeofenceIndex, track: Track | None, fix: Fix | None
) -> Scanned:
    """What a check-in says. A product is scanned at the store named, else where its position, or the device, is.

    The `store` is empty where nothing says which one it is. The code of a store itself is no scan.
    """
    code = check_in.code or ""
    scanned = None if code in rules.stores else rules.shelves.get(code) or _scannable(by_code.get(code))
    if scanned is None:
        store = check_in.store or code
        return Scanned(store, "" if code == store else code)
    return Scanned(scanned.store or check_in.store or _store_around(rules, index, track, fix), code, scanned)


def _scannable(product: Product | None) -> Scannable | None:
    return None if product is None else Scannable(product.id, product.category)


def _store_around(rules: Rules, index: GeofenceIndex, track: Track | None, fix: Fix | None) -> str:
    """The store whose innermost ring holds the position; else the one whose innermost ring the device holds."""
    if fix is not None:
        near = [(each.distances, each.zone) for each in index.locate(np.array([fix.lon]), np.array([fix.lat]))[0]]
        inside = [(sum(distance >= 0 for distance in distances), zone.store) for distances, zone in near]
    else:
        stores = track.open().stores if track is not None else {}
        inside = [(int(state.held), store) for store, state in stores.items() if state.held and store in rules.stores]
    return max(inside, default=(0, ""))[1]
