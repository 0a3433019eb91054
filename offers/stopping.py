"""One step to stop it all: the address in each offer that needs no login."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from urllib.parse import quote

from offers.signatures import signature


def stop_url(public_url: str, retailer: str, member: str, secret: bytes) -> str:
    """The member's own address, signed with the retailer's secret."""
    named = f"retailer={quote(retailer, '')}&member={quote(member, '')}"
    return f"{public_url.rstrip('/')}/v1/stop?{named}&token={stop_token(retailer, member, secret)}"


def stop_token(retailer: str, member: str, secret: bytes) -> str:
    """128 bits of HMAC-SHA-256 over retailer and member, in the URL-safe alphabet."""
    signed = signature(secret, f"stop|{retailer}|{member}".encode())
    return urlsafe_b64encode(signed[:16]).decode().rstrip("=")
