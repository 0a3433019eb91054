"""Places that were reserved and then forgotten: a worker died between reserving and confirming them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from streams.errors import InfrastructureError
from streams.retailers import Retailers
from streams.settled import place_of
from streams.tables.places import Token
from streams.tables.tables import Tables
from streams.working import DEADLINE, where

log = logging.getLogger(__name__)

EVERY = 30_000
"""Milliseconds between two sweeps of one worker."""


async def sweep(tables: Tables, retailers: Retailers, now: int) -> int:
    """Settle every place whose deadline has passed by what its claim came to; returns how many there were.

    The member's stored outcome decides: it holds the place, or nobody does. A claim that comes between holds it too: it
    asked for its place again before, which moved the deadline, and giving back touches none that is not overdue.
    """
    settled = 0
    for retailer in retailers.values():
        for campaign in retailer.rules.campaigns:
            if campaign.limits:
                owner = f"{retailer.name}|{campaign.id}"
                for token in await tables.places.overdue(owner, now):
                    await _settle(retailer.name, owner, token, tables, now)
                    settled += 1
    return settled


class Sweeper:
    """Sweeps every half minute of `clock` (milliseconds), when it is asked between two batches."""

    def __init__(self, retailers: Retailers, tables: Tables, clock: Callable[[], int]) -> None:
        self._retailers = retailers
        self._tables = tables
        self._clock = clock
        self._last = clock()

    async def sweep_in_time(self) -> None:
        """Sweep if it is time. It never raises, and what it did not get done it does the next time."""
        now = self._clock()
        if now - self._last >= EVERY:
            self._last = now
            try:
                async with asyncio.timeout(DEADLINE):
                    await sweep(self._tables, self._retailers, now)
            except (InfrastructureError, TimeoutError):
                log.debug("the sweep is left for the next time: something is away, and the batches say so")
            except Exception as error:
                log.error("the sweep raised: %s", where(error))


async def _settle(retailer: str, owner: str, token: Token, tables: Tables, now: int) -> None:
    outcome = await tables.members.outcome(f"{retailer}|{token.member}", token.occasion)
    if outcome is not None and outcome.offer == token.offer:
        await tables.places.confirm([place_of(retailer, token.member, token.occasion, outcome)])
    else:
        await tables.places.release(owner, token, overdue=now)
