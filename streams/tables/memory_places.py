"""The places and the money of limited campaigns in process; the Lua files beside this one say the same for Redis."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from streams.tables.keyspace import NO_MONEY, NO_PLACE, RESERVED, GivenPlace, Reservation


@dataclass
class _Share:
    """Of one share: tokens by their end, cents by token, and their sum."""

    ends: dict[str, float] = field(default_factory=dict)
    cents: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def take(self, token: str, end: float, cents: int) -> None:
        self.ends[token] = end
        self.total += cents - self.cents.get(token, 0)
        self.cents[token] = cents

    def free(self, token: str) -> None:
        self.ends.pop(token, None)
        self.total -= self.cents.pop(token, 0)

    def expire(self, now: int) -> None:
        for token in [token for token, end in self.ends.items() if end <= now]:
            self.free(token)


@dataclass
class MemoryPlaces:
    """Reservations by campaign, and shares by campaign and name."""

    reserved: defaultdict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    shares: defaultdict[tuple[str, str], _Share] = field(default_factory=lambda: defaultdict(_Share))

    def reserve(self, asked: Reservation) -> int:
        """See `Keyspace`."""
        share, reserved, token = self.shares[asked.places, asked.share], self.reserved[asked.places], asked.token
        share.expire(asked.now)
        has = token in share.ends
        if has and token not in reserved:
            return RESERVED
        if not has and asked.limit is not None and len(share.ends) >= asked.limit:
            return NO_PLACE
        more = asked.cents - share.cents.get(token, 0)
        if asked.budget is not None and share.total + more > asked.budget:
            return NO_MONEY
        reserved[token] = asked.deadline
        share.take(token, math.inf, asked.cents)
        return RESERVED

    def give(self, given: GivenPlace) -> None:
        """See `Keyspace`."""
        share = self.shares[given.places, given.share]
        was_reserved = self.reserved[given.places].pop(given.token, None) is not None
        if was_reserved or given.token not in share.ends:
            share.take(given.token, given.until, given.cents)

    def release(self, places: str, token: str, share: str, overdue: int | None) -> None:
        """See `Keyspace`."""
        deadline = self.reserved[places].get(token)
        if deadline is not None and (overdue is None or deadline < overdue):
            del self.reserved[places][token]
            self.shares[places, share].free(token)

    def spend(self, places: str, token: str, until: float, share: str, cents: int) -> None:
        """See `Keyspace`."""
        found = self.shares[places, share]
        if token in found.ends:
            found.take(token, until, cents)

    def overdue(self, places: str, now: int) -> list[str]:
        """See `Keyspace`."""
        return [token for token, deadline in self.reserved[places].items() if deadline < now]
