"""A retailer as the engine holds it: the rules, the geofences, and the secret its coupons rest on."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from geofences.index import GeofenceIndex
from offers.campaigns import Rules
from offers.decisions import Circumstances
from offers.eligibility import Refusal
from offers.products import Product


@dataclass(frozen=True)
class Retailer:
    """One retailer. Nothing of it is shared with another."""

    rules: Rules
    index: GeofenceIndex
    secret: bytes
    public_url: str
    """Where members reach the gateway: the beginning of every `stop_url`."""

    def circumstances(
        self, catalogue: Mapping[str, Product], now: int, refused: Mapping[str, Refusal]
    ) -> Circumstances:
        """What a decision for this retailer rests on."""
        return Circumstances(self.rules, catalogue, now, self.secret, self.public_url, refused)

    @property
    def name(self) -> str:
        """The retailer's id."""
        return self.rules.retailer


Retailers = Mapping[str, Retailer]


def retailer_secret(secret: str, retailer: str) -> bytes:
    """The retailer's own secret, made from that of the installation."""
    return hmac.digest(secret.encode(), f"retailer|{retailer}".encode(), hashlib.sha256)
