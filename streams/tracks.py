"""One device on its way through a batch: its presence stays packed for as long as nothing asks for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geofences.fixes import FAST, Fix, FixRejection
from geofences.index import GeofenceIndex, Sighting
from geofences.presence import advance, arrive, expire, next_due, screened
from geofences.presence_codec import PresenceFormatError, pack, short_way, unpack
from geofences.states import Presence, Transition
from streams.tables.presences import Device

NOTHING: tuple[Transition, ...] = ()
UNCHANGED: tuple[None, tuple[Transition, ...]] = (None, NOTHING)


@dataclass(slots=True)
class Track:
    """A device and what this batch makes of it; `moved` says that there is something to save."""

    device: Device
    index: GeofenceIndex
    partition: int
    presence: Presence | None = None
    wake_before: int | None = None
    due: int | None = None
    moved: bool = False

    @property
    def retailer(self) -> str:
        """Whose customer it is."""
        return self.device.owner.partition("|")[0]

    @property
    def name(self) -> str:
        """The device's own name."""
        return self.device.owner.partition("|")[2]

    @property
    def member(self) -> str | None:
        """Who is known behind the device."""
        return self.device.admission.member

    def open(self) -> Presence:
        """The presence, unpacked. A device whose bytes are of another version starts anew."""
        if self.presence is None:
            try:
                self.presence = unpack(self.device.body)
            except PresenceFormatError:
                self.presence = Presence()
            self.due = next_due(self.presence)
            self.wake_before = self.wake
        return self.presence

    def apply(
        self, fix: Fix, sightings: Sequence[Sighting], received: int
    ) -> tuple[FixRejection | None, tuple[Transition, ...]]:
        """Screen a fix against what the device did before, and take it in; `received` is in milliseconds."""
        if self.presence is None and not (self.index.crossings and (fix.speed or 0.0) > FAST):
            step = short_way(self.device.body, fix, sightings, received)
            if isinstance(step, bytes):
                self.device.body, self.moved = step, True
                self.device.lag = max(received - fix.at, 0)
                return UNCHANGED
            if isinstance(step, FixRejection):
                return step, NOTHING
        return self._apply(self.open(), fix, sightings, received)

    def _apply(
        self, before: Presence, fix: Fix, sightings: Sequence[Sighting], received: int
    ) -> tuple[FixRejection | None, tuple[Transition, ...]]:
        presence, rejection = screened(before, fix, received)
        transitions = NOTHING
        if rejection is None:
            presence, transitions = advance(presence, fix, sightings, self.index)
            if presence.newest is not before.newest:  # a late one says nothing of how late the next will be
                self.device.lag = max(received - fix.at, 0)
        self._keep(presence)
        return rejection, transitions

    def arrive(self, store: str, at: int) -> tuple[Transition, ...]:
        """Take in a check-in at `at` (milliseconds) that only works in the store."""
        presence, transitions = arrive(self.open(), store, at, self.index)
        self._keep(presence)
        return transitions

    @property
    def wake(self) -> int | None:
        """When to look after the timers: as long after they are due as the device's fixes are late.

        A phone that sends an old batch in order has been silent for none of them.
        """
        return None if self.due is None else self.due + self.device.lag

    def fire(self, clock: int) -> tuple[Transition, ...]:
        """Let the timers fire whose time has come when the partition's clock stands at `clock` (milliseconds)."""
        presence, transitions = expire(self.open(), clock - self.device.lag, self.index)
        self._keep(presence)
        return transitions

    def _keep(self, presence: Presence) -> None:
        if presence is not self.presence:
            self.presence, self.moved, self.due = presence, True, next_due(presence)

    def packed(self) -> Device:
        """The device as it is to be saved."""
        if self.presence is not None:
            self.device.body = pack(self.presence)
        return self.device

    @property
    def reminder(self) -> int | None:
        """When to look after this device, where the table does not know it yet; a later time is no news to it."""
        wake = self.wake
        known = wake is None or (self.wake_before is not None and self.wake_before <= wake)
        return None if known else wake
