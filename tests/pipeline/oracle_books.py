"""The places and the money of the kiosk's limited campaigns, in plain Python: who has what, and until when."""

from __future__ import annotations

import math
from collections import defaultdict

MINUTE = 60_000
PLACES = {"daily": 1, "gift": 2, "door": 2}
BUDGET, PRICE = {"gold": 700}, {"gold": 400}
"""Cents that there are, and that an offer takes of them."""

Pool = tuple[str, str]
"""A campaign, and the share of it that is counted by itself: of a day and store, of a member, or of nobody."""


class Books:
    """By pool each token that has a place, with its end (infinite: not known yet, or used) and its cents."""

    def __init__(self) -> None:
        self.taken: defaultdict[Pool, dict[str, tuple[float, int]]] = defaultdict(dict)
        self.pending: dict[str, int] = {}
        """Tokens reserved and not given yet, with the time from which a sweep looks after them."""
        self.late: set[str] = set()
        """Tokens that took their place again after it had come back: the till was believed, whatever room there is."""

    def reserve(self, pool: Pool, token: str, now: int) -> int:
        """1 where the token has a place now, 0 where there was none, -1 where there was too little money."""
        taken, campaign = self.taken[pool], pool[0]
        for ended in [each for each, (end, _) in taken.items() if end <= now]:
            del taken[ended]
        if token in taken and token not in self.pending:
            return 1
        if token not in taken and len(taken) >= PLACES.get(campaign, math.inf):
            return 0
        others = sum(cents for each, (_, cents) in taken.items() if each != token)
        if others + PRICE.get(campaign, 0) > BUDGET.get(campaign, math.inf):
            return -1
        taken[token], self.pending[token] = (math.inf, PRICE.get(campaign, 0)), now + MINUTE
        return 1

    def give(self, pool: Pool, token: str, end: int) -> None:
        """It is the token's until its coupon ends; again is the same, and what is used stays used."""
        was_pending = self.pending.pop(token, None) is not None
        if was_pending or token not in self.taken[pool]:
            self.late |= set() if was_pending else {token}
            self.taken[pool][token] = (end, PRICE.get(pool[0], 0))

    def has_expired(self, token: str, now: int) -> bool:
        """Whether a sweep at `now` may look after it."""
        return token in self.pending and self.pending[token] < now

    def give_back(self, pool: Pool, token: str) -> None:
        """Nobody has it any more."""
        self.pending.pop(token, None)
        self.taken[pool].pop(token, None)

    def spend(self, pool: Pool, token: str, end: float, cents: int) -> None:
        """What a till makes of a place that has not come back."""
        if token in self.taken[pool]:
            self.taken[pool][token] = (end, cents)

    def is_within_limits(self, pool: Pool, now: int) -> bool:
        """Whether there are no more than there may be."""
        taken = [cents for token, (end, cents) in self.taken[pool].items() if end > now and token not in self.late]
        campaign = pool[0]
        return len(taken) <= PLACES.get(campaign, math.inf) and sum(taken) <= BUDGET.get(campaign, math.inf)

    def room(self, pool: Pool, now: int) -> int:
        """Cents that are left of the budget."""
        return BUDGET[pool[0]] - sum(cents for end, cents in self.taken[pool].values() if end > now)
