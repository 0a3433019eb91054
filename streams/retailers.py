"""A retailer as the engine holds it: the rules, the geofences, and the secret its coupons rest on."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geofences.index import GeofenceIndex
from geofences.rings import Zone
from offers.campaigns import Rules
from offers.eligibility import Refusal
from offers.products import Product
from offers.recommendation import NOTHING_SOLD, Recommender
from offers.weighing import Circumstances
from streams.tables.presences import Admission


@dataclass(frozen=True)
class Retailer:
    """One retailer. Nothing of it is shared with another."""

    rules: Rules
    index: GeofenceIndex
    secret: bytes
    public_url: str
    """Where members reach the gateway: the beginning of every `stop_url`."""
    index_with_places: GeofenceIndex | None = None
    """The stores and the named places together, where there are any."""

    def index_for(self, admission: Admission) -> GeofenceIndex:
        """What a device's fixes are held against: the named places only where its consent lets a history be kept."""
        if self.index_with_places is None or not admission.location_history:
            return self.index
        return self.index_with_places

    def circumstances(
        self,
        catalogue: Mapping[str, Product],
        now: int,
        refused: Mapping[str, Refusal],
        recommender: Recommender = NOTHING_SOLD,
    ) -> Circumstances:
        """What a decision for this retailer rests on."""
        return Circumstances(self.rules, catalogue, now, self.secret, self.public_url, refused, recommender)

    @property
    def name(self) -> str:
        """The retailer's id."""
        return self.rules.retailer


def with_geofences(
    rules: Rules, zones: Sequence[Zone], places: Sequence[Zone], secret: bytes, public_url: str
) -> Retailer:
    """The retailer with the `zones` of its stores and those of its named places looked up in indexes of their own."""
    both = GeofenceIndex((*zones, *places)) if places else None
    return Retailer(rules, GeofenceIndex(zones), secret, public_url, both)


Retailers = Mapping[str, Retailer]


def retailer_secret(secret: str, retailer: str) -> bytes:
    """The retailer's own secret, made from that of the installation."""
    return hmac.digest(secret.encode(), f"retailer|{retailer}".encode(), hashlib.sha256)
