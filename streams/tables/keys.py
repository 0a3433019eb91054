"""The names of all keys, in one place, each with how long it is kept."""

from __future__ import annotations

from zlib import crc32

SHARDS = 64
"""Hash tags. On a cluster a batch is then one command a shard; with a tag a device it would be one a device."""

_DAY = 86_400_000

KEPT = {
    "presence": _DAY,
    "admission": 1_200 * _DAY,
    "consent": 1_200 * _DAY,
    "profile": 1_200 * _DAY,
    "visits": 1_200 * _DAY,
    "purchases": 1_200 * _DAY,
    "aside": 1_200 * _DAY,
    "contacts": 400 * _DAY,
    "outcome": 2 * _DAY,
    "coupon": 400 * _DAY,
    "link": 1_200 * _DAY,
    "card": 1_200 * _DAY,
    "merged": 1_200 * _DAY,
    "product": 1_200 * _DAY,
    "sales": 1_200 * _DAY,
    "places": 400 * _DAY,
    "timers": 2 * _DAY,
    "offers": 400 * _DAY,
    "api_keys": 36_500 * _DAY,
}
"""Milliseconds that a key of each class lives after it was last written."""


def shard(owner: str) -> int:
    """The shard of everything that belongs to `owner`, a string of the form `retailer|member` or `retailer|device`."""
    return crc32(owner.encode()) % SHARDS


def key(kind: str, owner: str) -> str:
    """The key of one `kind` of value of one owner; keys of one owner share a hash tag."""
    return f"{kind}:{{{crc32(owner.encode()) % SHARDS}}}:{owner}"


def outcome(owner: str, occasion: str) -> str:
    """The key of the stored outcome of one occasion; it shares the tag of its owner."""
    return f"outcome:{{{shard(owner)}}}:{owner}|{occasion}"


def timers(partition: int) -> str:
    """The key of the timers of one partition of pings."""
    return f"timers:{{{partition % SHARDS}}}:{partition}"


def tag(named: str) -> str:
    """The hash tag of a key."""
    return named[named.index("{") + 1 : named.index("}")]
