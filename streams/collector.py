"""The garbage collector of a process that is built once, and then makes thousands of objects at a time."""

from __future__ import annotations

import gc

COLLECT_AFTER = (50_000, 20, 100)
"""Thresholds of the collector's generations; the usual ones, 700 objects and so on, cost a tenth of all CPU."""


def spare_the_collector() -> None:
    """What was built stays for good and is not looked at again: among 10,000 stores that takes a tenth of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
