"""What a map shows, collected batch by batch: tracks, transitions, offers, and what was withheld.

Only of those who consented. It holds positions: it lives as long as the command that draws the map, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from config import RetailerConfig
from geofences.rings import Zone
from offers.campaigns import Rules
from streams import topics
from streams.batches import Batch, Processed
from streams.messages import Ping
from streams.records import Outgoing, Record
from streams.sentences import is_eventful
from streams.times import to_milliseconds
from streams.told import DecisionTold, NoticeTold, OfferTold, TransitionTold, read_told


class Dot(NamedTuple):
    """A fix on the map: degrees, metres, milliseconds UTC."""

    lon: float
    lat: float
    accuracy: float | None
    at: int


class _MemberTold(msgspec.Struct):
    retailer: str
    member: str
    first_name: str | None = None
    devices: list[str] = []


_ping = msgspec.json.Decoder(Ping).decode
_member = msgspec.json.Decoder(_MemberTold).decode


@dataclass
class Sketch:
    """Of one retailer. `tracks` and `names` are by device."""

    rules: Rules
    zones: tuple[Zone, ...]
    """Those of its stores, and of its named places."""
    places: Mapping[str, str] = field(default_factory=dict)
    """What the named places are called, by their ids."""
    tracks: dict[str, list[Dot]] = field(default_factory=dict)
    transitions: list[TransitionTold] = field(default_factory=list)
    offers: list[OfferTold] = field(default_factory=list)
    withheld: list[DecisionTold] = field(default_factory=list)
    notices: list[NoticeTold] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    """First names by member."""

    @classmethod
    def of(cls, described: RetailerConfig) -> Sketch:
        """An empty one of a retailer."""
        places = {place.id: place.name or place.id for place in described.description.places}
        return cls(described.rules, (*described.zones, *described.places), places)

    def add(self, processed: Processed, batch: Batch) -> None:
        """Take in what a batch came to; no fix to which nobody consented."""
        unseen = set(map(id, processed.unseen))
        refused = {(rejection.device, rejection.at) for rejection in processed.rejections}
        self._add_fixes((record for record in batch.records if id(record) not in unseen), refused)
        for record in processed.records:
            self._add_told(record)

    def _add_fixes(self, records: Iterable[Record], refused: set[tuple[str | None, int]]) -> None:
        for record in records:
            ping = _read_ping(record)
            if ping is None or ping.retailer != self.rules.retailer:
                continue
            at = to_milliseconds(ping.at)
            if (ping.device, at) not in refused:
                self.tracks.setdefault(ping.device, []).append(Dot(ping.lon, ping.lat, ping.accuracy, at))

    def _add_told(self, record: Outgoing) -> None:
        if record.topic == topics.MEMBERS.name and record.value is not None:
            self._add_member(_member(record.value))
            return
        told = read_told(record.topic, record.value)
        if told is None or told.retailer != self.rules.retailer:
            return
        if isinstance(told, TransitionTold):
            self.transitions.append(told)
        elif isinstance(told, OfferTold):
            self.offers.append(told)
        elif isinstance(told, NoticeTold):
            self.notices.append(told)
        elif isinstance(told, DecisionTold) and is_eventful(told):
            self.withheld.append(told)

    def _add_member(self, told: _MemberTold) -> None:
        if told.retailer == self.rules.retailer and told.first_name:
            self.members[told.member] = told.first_name
            self.names.update(dict.fromkeys(told.devices, told.first_name))

    def name_of(self, device: str) -> str:
        """Who carries the device, as far as is known."""
        return self.names.get(device, device)

    def store_name(self, store: str) -> str:
        """The name of a store, or of a named place."""
        known = self.rules.stores.get(store)
        return known.name if known else self.places.get(store, store)


def _read_ping(record: Record) -> Ping | None:
    if record.topic != topics.PINGS.name or record.value is None:
        return None
    try:
        return _ping(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
