"""When a store closes: what a coupon of the same day does not outlast."""

from __future__ import annotations

from offers.campaigns import Store
from offers.opening_hours import closes_after


def closing_after(store: Store, at: int) -> int | None:
    """The first time after `at` (milliseconds UTC) at which `store` closes; None where its hours are not known."""
    return None if store.hours is None else closes_after(store.hours, at, store.zone)
