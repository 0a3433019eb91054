"""A member's offers as server-sent events: what has not expired, then each as it comes.

See https://html.spec.whatwg.org/multipage/server-sent-events.html. Consent, stop, whose the device is and the expiry
are looked at just before each offer is sent, in one read. While Redis is away nothing is sent; it is looked at again at
the next pulse.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from fastapi import HTTPException

from geofences.ids import time_of
from streams import topics
from streams.delivery import Listener
from streams.errors import InfrastructureError
from streams.gateway.standings import Standings, in_time
from streams.tables.member_offers import MemberOffers
from streams.tables.recipients import Recipient, Standing
from streams.told import OfferTold, milliseconds, read_told

HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is there, and the key is looked at again."""

RECONNECT = b"retry: 1000\n\n"
"""Milliseconds after which a client whose stream ended comes back."""


class Shown(NamedTuple):
    """One offer that may be shown: the bytes of its record, and when it expires (milliseconds UTC)."""

    id: str
    value: bytes
    expires_at: int


def shown(records: Iterable[bytes], recipient: Recipient, now: int) -> list[Shown]:
    """The offers among `records` that are this recipient's and have not expired, the oldest first."""
    found = {}
    for value in records:
        told = read_told(topics.OFFERS.name, value)
        if isinstance(told, OfferTold) and (told.retailer, told.member) == (recipient.retailer, recipient.member):
            found[told.id] = Shown(told.id, value, milliseconds(told.expires_at))
    return sorted(offer for offer in found.values() if offer.expires_at > now and _is_timed(offer.id))


def _is_timed(named: str) -> bool:
    try:
        return time_of(named) >= 0
    except ValueError:
        return False


def event(offer: Shown) -> bytes:
    """The event of an offer: its id is that of the event, so that a client that comes back says what it saw last."""
    data = b" ".join(offer.value.splitlines())
    return b"id: " + offer.id.encode() + b"\nevent: offer\ndata: " + data + b"\n\n"


@dataclass
class OfferStream:
    """One open stream of one recipient.

    `still_allowed` raises HTTPException once its key is revoked; `clock` is milliseconds UTC. Offers up to `last_seen`,
    the id of one, were seen on an earlier stream; what is no id is passed over.
    """

    listener: Listener
    recipient: Recipient
    offers: MemberOffers
    standings: Standings
    still_allowed: Callable[[], Awaitable[object]]
    clock: Callable[[], int]
    last_seen: str = ""
    sent: dict[str, int] = field(default_factory=dict)
    """What was sent, by id, with its expiry: once is enough."""
    moved: bool = False
    """It ended because the device is another member's now."""
    _heard: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.last_seen = self.last_seen if _is_timed(self.last_seen) else ""

    async def events(self) -> AsyncGenerator[bytes, None]:
        """What to send, until the stream ends."""
        yield RECONNECT
        while not self.listener.ended:
            try:
                offers = await self._next()
            except InfrastructureError:
                offers = []
            if offers:
                yield b"".join(map(event, offers))
            if time.monotonic() - self._heard >= HEARTBEAT:
                self._heard = time.monotonic()
                if not await self._is_allowed():
                    return
                yield b": here\n\n"
            await self.listener.news()

    async def _next(self) -> list[Shown]:
        """The offers to be sent just now. Raises `InfrastructureError`; what came, or stands in the list, waits on."""
        listener, count = self.listener, len(self.listener.waiting)
        behind, listener.behind = listener.behind, False
        try:
            listed = await self._listed() if behind else []
            standing = await self.standings.ask(self.recipient)
        except InfrastructureError:
            listener.behind = listener.behind or behind
            raise
        came = [listener.waiting.popleft() for _ in range(count)]
        if standing is Standing.MOVED:
            self.moved = True
            listener.end()
        return self._new(listed, came) if standing is Standing.OPEN else []

    async def _listed(self) -> list[bytes]:
        async with in_time():
            return await self.offers.unexpired(self.recipient.owner, self.clock())

    def _new(self, listed: list[bytes], came: list[bytes]) -> list[Shown]:
        now = self.clock()
        unseen = [offer for offer in shown(listed, self.recipient, now) if offer.id > self.last_seen]
        unseen += shown(came, self.recipient, now)
        new = {offer.id: offer for offer in unseen if offer.id not in self.sent}
        for named in [named for named, ends in self.sent.items() if ends <= now]:
            del self.sent[named]
        self.sent.update({offer.id: offer.expires_at for offer in new.values()})
        return sorted(new.values())

    async def _is_allowed(self) -> bool:
        try:
            async with in_time():
                await self.still_allowed()
        except HTTPException:
            return False
        except InfrastructureError:  # nothing is sent meanwhile that Redis would have to allow
            return True
        return True
