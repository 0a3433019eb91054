"""Redis or the broker away: phones and tills are told to come again, and the log says it once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

QUIET = 10.0
"""Seconds without a failure after which what was away is back."""
RETRY_AFTER = 2


@dataclass
class Outage:
    """Whether something is away just now; `clock` gives seconds."""

    clock: Callable[[], float] = time.monotonic
    _failed: float | None = None

    def failed(self, error: Exception) -> None:
        """A request was sent away because of `error`."""
        if self._failed is None:
            log.warning("%s; answering 503 until it is back", error)
        self._failed = self.clock()

    def answered(self) -> None:
        """A request was answered."""
        if self._failed is not None and self.clock() - self._failed >= QUIET:
            log.warning("back: no request has failed for %.0f s", QUIET)
            self._failed = None
