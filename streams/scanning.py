"""Where a check-in was made, and what was scanned there: the code of a product says nothing of the store."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from offers.campaigns import Rules
from offers.triggers import Scannable
from streams.messages import CheckIn
from streams.tracks import Track


@dataclass(frozen=True, slots=True)
class Scanned:
    """A check-in at `store`; by `code`, which stands for `scanned`, where it is one of a product or a shelf."""

    store: str
    code: str = ""
    scanned: Scannable | None = None


def read_code(check_in: CheckIn, rules: Rules, index: GeofenceIndex, track: Track | None, fix: Fix | None) -> Scanned:
    """What a check-in says. A product is scanned at the store named, else where its position, or the device, is.

    The `store` is empty where nothing says which one it is. The code of a store itself is no scan.
    """
    code = check_in.code or ""
    scanned = rules.codes.get(code)
    if scanned is None:
        return Scanned(check_in.store or code)
    return Scanned(scanned.store or check_in.store or _store_around(rules, index, track, fix), code, scanned)


def _store_around(rules: Rules, index: GeofenceIndex, track: Track | None, fix: Fix | None) -> str:
    """The store whose innermost ring holds the position; else the one whose innermost ring the device holds."""
    if fix is not None:
        near = [(each.distances, each.zone) for each in index.locate(np.array([fix.lon]), np.array([fix.lat]))[0]]
        inside = [(sum(distance >= 0 for distance in distances), zone.store) for distances, zone in near]
    else:
        stores = track.open().stores if track is not None else {}
        inside = [(int(state.held), store) for store, state in stores.items() if state.held and store in rules.stores]
    return max(inside, default=(0, ""))[1]
