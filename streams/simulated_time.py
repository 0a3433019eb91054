"""A clock that runs several times faster than the day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class SimulatedClock:
    """Milliseconds UTC: stands at `start` until `run()`, then goes `speed` times as fast as `seconds` says."""

    def __init__(self, start: int, speed: float, seconds: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._speed = speed
        self._seconds = seconds
        self._begun: float | None = None

    def __call__(self) -> int:
        """The simulated time."""
        if self._begun is None:
            return self._start
        return self._start + int((self._seconds() - self._begun) * 1_000 * self._speed)

    def run(self) -> None:
        """Let time go."""
        self._begun = self._seconds()

    async def until(self, at: int) -> None:
        """Sleep until the simulated time `at`."""
        await asyncio.sleep(max(at - self(), 0) / 1_000 / self._speed)
