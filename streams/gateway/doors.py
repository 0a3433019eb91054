"""What the gateway stands on, put together by whoever runs it: a command of its own, `up` or the demo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from streams.delivery import Delivery
from streams.records import Producer
from streams.retailers import Retailers
from streams.tables.tables import Tables
from streams.transport.broker import wall_clock


class Counts(Protocol):
    """What is counted at the doors. `kind` is the type of a message: `ping`, `checkin`."""

    def accepted(self, kind: str, count: int) -> None:
        """Messages that the broker has acknowledged."""

    def rejected(self, kind: str, reason: str) -> None:
        """An item that is no message, by its `Fault`."""

    def without_consent(self, kind: str, count: int) -> None:
        """Messages of devices without consent, dropped before they were stored anywhere."""

    def redeemed(self, answer: str) -> None:
        """What a till was told."""

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request, by the route it took (not its address), and how long it took."""


class NoCounts:
    """Counts nothing."""

    def accepted(self, kind: str, count: int) -> None:
        """See `Counts`."""

    def rejected(self, kind: str, reason: str) -> None:
        """See `Counts`."""

    def without_consent(self, kind: str, count: int) -> None:
        """See `Counts`."""

    def redeemed(self, answer: str) -> None:
        """See `Counts`."""

    def answered(self, route: str, status: int, seconds: float) -> None:
        """See `Counts`."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The retailers, what is known of their members, and where to messages go; `clock` is milliseconds UTC.

    Routes find it at `request.app.state.doors`. `delivery` hands out offers, where there is one. `till_producer` writes
    what tills wait for, where that should not wait for what phones send; else `producer` does.
    """

    retailers: Retailers
    tables: Tables
    producer: Producer
    clock: Callable[[], int] = wall_clock
    delivery: Delivery | None = None
    counts: Counts = field(default_factory=NoCounts)
    till_producer: Producer | None = None
