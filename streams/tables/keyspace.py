"""What a table needs of a store of keys: read many at once, and replace what has not changed since it was read.

Two implementations, `redis_keyspace` and `memory`, pass one suite. All that decides lives in pure code above this: a
write names what it rests on, byte for byte, and where any of that has changed since, nothing is written and the caller
reads and decides again. So no rule has to be written a second time in Lua, and none can be right in one place only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Change(NamedTuple):
    """One key of an atomic replacement. None stands for a key that is not there.

    Nothing is written where `value` is `expected`: the key is only looked at. `ttl` is in milliseconds.
    """

    key: str
    expected: bytes | None
    value: bytes | None
    ttl: int


Saving = tuple[str, str, bytes, bytes | None, bytes]
"""The key of a device's presence and that of its admission; how the presence began and what the admission was, as they
were read (empty or None: not there); and the new presence. A plain tuple, because there is one a ping."""


class Reservation(NamedTuple):
    """One place of a limited campaign asked for, and what it costs. Times are milliseconds UTC, money is cents.

    `token` names who asks: asking again is no second place. `deadline` is when a sweep may look after it. `limit` and
    `budget` are how much there is (None: without limit), for each `share` of the campaign by itself.
    """

    places: str
    token: str
    limit: int | None
    now: int
    deadline: int
    share: str = ""
    cents: int = 0
    budget: int | None = None


RESERVED, NO_PLACE, NO_MONEY = 1, 0, -1
"""What a reservation is answered."""


class FirstValue(NamedTuple):
    """A value to be written where there is none yet, to be kept for `ttl` milliseconds."""

    key: str
    value: bytes
    ttl: int


class GivenPlace(NamedTuple):
    """A reserved place that is given, until its coupon expires `until` (milliseconds UTC), with its `cents`."""

    places: str
    token: str
    until: int
    share: str = ""
    cents: int = 0


class Reminder(NamedTuple):
    """When to look after each device of a partition (milliseconds UTC); an earlier reminder stays."""

    partition: int
    dues: Mapping[str, int]


class Listed(NamedTuple):
    """A value in a list until `ends`; times are milliseconds UTC.

    What ended by `now` leaves the list; the `most` that end last stay, and the list `ttl` milliseconds at most.
    """

    key: str
    value: bytes
    ends: int
    now: int
    most: int
    ttl: int


Note = FirstValue | GivenPlace | Reminder | Listed
"""What rests on nothing that was read, and is the same when it is written again."""


class Keyspace(Protocol):
    """A store of keys. Every call raises `InfrastructureError` where the store cannot be had."""

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of `keys`, in their order."""

    async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
        """For each group, all of one hash tag: write all of it if nothing in it has changed, else nothing. In order."""

    async def save(self, savings: Sequence[Saving], ttl: int) -> list[bool]:
        """Whether each presence was saved, to be kept for `ttl` milliseconds; not where something came between."""

    async def note(self, notes: Sequence[Note]) -> None:
        """Write all `notes`, in one round trip on a single server."""

    async def listed(self, keys: Sequence[str], now: int) -> list[list[bytes]]:
        """For each list, in order: its values that end after `now`, those that end soonest first."""

    async def strike(self, key: str, value: bytes) -> None:
        """Take one value out of a list."""

    async def drop(self, key: str) -> None:
        """Delete a list."""

    async def reserve(self, reservations: Sequence[Reservation]) -> list[int]:
        """`RESERVED`, `NO_PLACE` or `NO_MONEY` for each, in order; what expired unused by `now` comes back first.

        Asking again moves the deadline of a place that is still reserved.
        """

    async def release(self, places: str, token: str, share: str = "", overdue: int | None = None) -> None:
        """Give a reserved place back; one that was given stays, and one whose deadline is not before `overdue`."""

    async def spend(self, places: str, token: str, until: float, share: str = "", cents: int = 0) -> None:
        """Move the end of a place that is taken, and say what it costs.

        To infinity where its coupon was used, back where that was taken back.
        """

    async def overdue(self, places: str, now: int) -> list[str]:
        """Tokens reserved whose deadline has passed."""

    async def rearm(self, dues: Mapping[int, Mapping[str, int | None]]) -> dict[int, int | None]:
        """Note for each device its next time in the place of an earlier one; None: look after it no more.

        Returns when the earliest timer of each partition named is due then.
        """

    async def due(self, partition: int, until: int, most: int) -> list[tuple[str, int]]:
        """The first `most` device keys with a timer due at or before `until`, and when; earliest first."""

    async def next_due(self, partition: int) -> int | None:
        """When the earliest timer of a partition is due."""
