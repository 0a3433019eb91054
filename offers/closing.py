"""When a store closes: what a coupon of the same day does not outlast."""

from __future__ import annotations

from offers.campaigns import Store


def closing_after(store: Store, at: int) -> int | None:
    """The first time after `at` (milliseconds UTC) at which `store` closes; None where its hours are not known.

    No hours are known yet, of any store.
    """
    del store, at
    return None
