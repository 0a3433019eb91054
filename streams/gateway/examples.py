"""An example of each message, as the OpenAPI page shows it: by a key that says the retailer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOON = "2026-11-20T12:00:03.250Z"

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "ping": {"device": "phone-1", "lat": 48.8737, "lon": 2.332, "accuracy": 12.0, "at": _NOON},
    "checkin": {"device": "phone-1", "store": "haussmann", "via": "qr", "at": _NOON},
    "purchase": {
        "id": "receipt-4711",
        "member": "anna",
        "at": _NOON,
        "lines": [{"product": "candle", "amount": "39.00 EUR"}],
    },
    "member": {
        "member": "anna",
        "at": _NOON,
        "first_name": "Anna",
        "tier": "gold",
        "devices": ["phone-1"],
        "consent": {"offers": {"granted": True, "at": _NOON, "version": "2026-01"}},
    },
    "preference": {"device": "phone-1", "contact": "stop", "at": _NOON},
    "contact": {"id": "mail-12", "member": "anna", "channel": "e-mail", "at": _NOON},
    "product": {"id": "candle", "name": "Scented candle", "category": "gifts", "price": "39.00 EUR", "at": _NOON},
    "redemption": {
        "id": "till-3-0815",
        "coupon": "7KQ2M4XW9PFT6HZBJ",
        "store": "haussmann",
        "amount": "39.00 EUR",
        "at": _NOON,
    },
}
