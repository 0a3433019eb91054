"""Device tokens: what a phone proves with that a device is its own, since a key in an app is everybody's."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode


def device_token(retailer: str, device: str, secret: bytes) -> str:
    """The device's name and 128 bits of HMAC-SHA-256 over retailer and device, both in the URL-safe alphabet.

    Nothing is stored: whoever has the retailer's secret can tell that it is right.
    """
    return f"{_written(device.encode())}.{_written(_signed(retailer, device, secret))}"


def device_of(token: str, retailer: str, secret: bytes) -> str | None:
    """The device that `token` proves, or None."""
    named, _, signature = token.partition(".")
    try:
        device, given = _read(named).decode(), _read(signature)
    except (binascii.Error, ValueError):
        return None
    return device if hmac.compare_digest(given, _signed(retailer, device, secret)) else None


def _signed(retailer: str, device: str, secret: bytes) -> bytes:
    return hmac.digest(secret, f"device|{retailer}|{device}".encode(), hashlib.sha256)[:16]


def _written(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
