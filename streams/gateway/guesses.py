"""Codes that nobody knows: how many of them may be tried."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from streams.gateway.limits import refusal

MOST_KEPT = 4_096
"""Those of whom it is kept what they tried; of more, whoever may try again in full is forgotten."""


@dataclass(slots=True)
class Guesses:
    """At most `most` unknown codes at once from each asker, and as many again in every `seconds`.

    Of this gateway alone: with several of them, so many times as much. `clock` gives seconds.
    """

    most: int = 30
    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _tried: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    """How many count still, and since when, by asker."""

    def refuse(self, asker: Hashable) -> None:
        """Answer 429 to one who tried too many, before anything is looked up."""
        over = self._counting(asker) - (self.most - 1)
        if over > 0:
            wait = math.ceil(over * self.seconds / self.most)
            raise refusal(429, "too many codes that nobody knows: try again later", retry_after=wait)

    def missed(self, asker: Hashable) -> None:
        """A code was unknown."""
        self._tried[asker] = (self._counting(asker) + 1, self.clock())
        if len(self._tried) > MOST_KEPT:
            self._tried = {each: tried for each, tried in self._tried.items() if self._counting(each) > 0}

    def _counting(self, asker: Hashable) -> float:
        tried, since = self._tried.get(asker, (0.0, 0.0))
        return max(0.0, tried - (self.clock() - since) * self.most / self.seconds)
