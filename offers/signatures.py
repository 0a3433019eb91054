"""What only somebody with a retailer's secret can make."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _hashlib import HASH

_BLOCK = 64
"""Bytes that SHA-256 takes in at once."""


def signature(secret: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104): 32 bytes. Of a secret that signed before, only the message is worked through."""
    begun = _begun(secret)
    inner, outer = begun[0].copy(), begun[1].copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=1_024)
def _begun(secret: bytes) -> tuple[HASH, HASH]:
    """The inner and the outer digest, as far as they are the same for all that `secret` signs."""
    key = (secret if len(secret) <= _BLOCK else sha256(secret).digest()).ljust(_BLOCK, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in key)), sha256(bytes(byte ^ 0x5C for byte in key))
