"""Deterministic ids that begin with their time.

The shape is that of a ULID (https://github.com/ulid/spec): 26 characters of Crockford's base 32, of which the first 10
are 48 bits of milliseconds since 1970 and the other 16 are 80 bits. A ULID draws those 80 bits; here they are a digest
of what the id names, so the same cause always has the same id, and ids sort by time.
"""

from functools import lru_cache
from hashlib import blake2b

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(first + second for first in CROCKFORD for second in CROCKFORD)
"""Two characters for each 10 bits: half the steps of one for each 5."""
_TIME_CHARACTERS = 10
_DIGEST_BYTES = 10
_TIME_SHIFTS = tuple(range(5 * (_TIME_CHARACTERS - 2), -1, -10))
_DIGEST_SHIFTS = tuple(range(8 * _DIGEST_BYTES - 10, -1, -10))
_NOTHING = blake2b(digest_size=_DIGEST_BYTES)
ID_CHARACTERS = 26
LAST_TIME = (1 << 48) - 1


def timed_id(at: int, *parts: str) -> str:
    """The id of what `parts` name at `at` (ms since 1970): 26 characters. ValueError outside 0 .. 2^48 - 1."""
    number = int.from_bytes(_digest(parts), "big")
    return _beginning(at) + "".join([_PAIRS[number >> shift & 1023] for shift in _DIGEST_SHIFTS])


@lru_cache(maxsize=64)  # what happens at one time has several ids
def _beginning(at: int) -> str:
    if not 0 <= at <= LAST_TIME:
        raise ValueError(f"{at} is not a time of an id: milliseconds since 1970, from 0 to {LAST_TIME}")
    return "".join([_PAIRS[at >> shift & 1023] for shift in _TIME_SHIFTS])


def time_of(timed: str) -> int:
    """The time (ms since 1970) that an id of `timed_id` begins with. ValueError where it is no such id."""
    if len(timed) != ID_CHARACTERS or not set(timed) <= set(CROCKFORD) or timed[0] > "7":
        raise ValueError(f"{timed!r} is not an id: {ID_CHARACTERS} characters of 0-9 A-Z without I L O U")
    at = 0
    for character in timed[:_TIME_CHARACTERS]:
        at = at << 5 | CROCKFORD.index(character)
    return at


def _digest(parts: tuple[str, ...]) -> bytes:
    """Each part goes in with its length before it, so that ("ab", "c") and ("a", "bc") differ."""
    named: list[bytes] = []
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        named += (len(encoded).to_bytes(4, "big"), encoded)
    digest = _NOTHING.copy()
    digest.update(b"".join(named))
    return digest.digest()
