"""One gateway: its doors, and what all requests share while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import Request

from streams.errors import InfrastructureError
from streams.gateway.bodies import read_body
from streams.gateway.doors import Doors
from streams.gateway.guesses import Guesses
from streams.gateway.keys import KeyRing
from streams.gateway.limits import InFlight, Limits
from streams.gateway.outage import Outage
from streams.gateway.producing import Together
from streams.gateway.standings import Standings


@dataclass(frozen=True, slots=True)
class Gateway:
    """What a route finds at `request.app.state.gateway`."""

    doors: Doors
    keyring: KeyRing
    producer: Together
    tills: Together
    in_flight: InFlight
    limits: Limits
    standings: Standings
    outage: Outage = field(default_factory=Outage)
    guesses: Guesses = field(default_factory=Guesses)

    @classmethod
    def over(cls, doors: Doors, limits: Limits) -> Gateway:
        """A gateway that nobody has come to yet."""
        keyring = KeyRing(doors.tables.api_keys)
        standings = Standings(doors.tables.recipients)
        producer, tills = Together(doors.producer), Together(doors.till_producer or doors.producer)
        return cls(doors, keyring, producer, tills, InFlight(limits.bytes_in_flight), limits, standings)


def gateway_of(request: Request) -> Gateway:
    """The gateway that a request came to."""
    gateway: Gateway = request.app.state.gateway
    return gateway


@asynccontextmanager
async def answering(request: Request, *, spare: int = 0) -> AsyncIterator[bytes]:
    """The body of a request, and a bounded time to answer it: `InfrastructureError` where that is not enough.

    Of the room for bodies it leaves `spare` bytes to others.
    """
    gateway = gateway_of(request)
    with gateway.in_flight.room(spare) as take:
        body = await read_body(request, gateway.limits, take)
        take(gateway.limits.request_bytes)
        try:
            async with asyncio.timeout(gateway.limits.answer_seconds):
                yield body
        except TimeoutError:
            raise InfrastructureError(f"no answer within {gateway.limits.answer_seconds:g} s") from None
    gateway.outage.answered()
