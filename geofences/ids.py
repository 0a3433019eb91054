"""Deterministic ids that begin with their time.

The shape is that of a ULID (https://github.com/ulid/spec): 26 characters of Crockford's base 32, of which the first 10
are 48 bits of milliseconds since 1970 and the other 16 are 80 bits. A ULID draws those 80 bits; here they are a digest
of what the id names, so the same cause always has the same id, and ids sort by time.
"""

from base64 import b32decode, b32encode
from hashlib import blake2b

_RFC4648 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TO_CROCKFORD = bytes.maketrans(_RFC4648, _CROCKFORD)
_FROM_CROCKFORD = bytes.maketrans(_CROCKFORD, _RFC4648)
_TIME_CHARACTERS = 10
_DIGEST_BYTES = 10
ID_CHARACTERS = 26
LAST_TIME = (1 << 48) - 1


def timed_id(at: int, *parts: str) -> str:
    """The id of what `parts` name at `at` (ms since 1970): 26 characters. ValueError outside 0 .. 2^48 - 1."""
    if not 0 <= at <= LAST_TIME:
        raise ValueError(f"{at} is not a time of an id: milliseconds since 1970, from 0 to {LAST_TIME}")
    time = b32encode(at.to_bytes(_DIGEST_BYTES, "big"))[-_TIME_CHARACTERS:]
    return (time + b32encode(_digest(parts))).translate(_TO_CROCKFORD).decode("ascii")


def time_of(timed: str) -> int:
    """The time (ms since 1970) that an id of `timed_id` begins with. ValueError where it is no such id."""
    if len(timed) != ID_CHARACTERS or timed.translate(dict.fromkeys(_CROCKFORD)) or timed[0] > "7":
        raise ValueError(f"{timed!r} is not an id: {ID_CHARACTERS} characters of 0-9 A-Z without I L O U")
    padded = b"A" * 6 + timed[:_TIME_CHARACTERS].encode("ascii").translate(_FROM_CROCKFORD)
    return int.from_bytes(b32decode(padded), "big")


def _digest(parts: tuple[str, ...]) -> bytes:
    """Each part goes in with its length before it, so that ("ab", "c") and ("a", "bc") differ."""
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return digest.digest()
