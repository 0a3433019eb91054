"""What was written to the topics, read back: for `demo`, `watch`, `why` and the map."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from streams import topics
from streams.times import to_milliseconds


class TriggerTold(msgspec.Struct, frozen=True):
    """What began it."""

    kind: str
    id: str
    at: datetime
    store: str = ""
    geofence: str | None = None
    place: str = ""

    @property
    def where(self) -> str:
        """The id of the store, or of the named place."""
        return self.store or self.place


class CandidateTold(msgspec.Struct, frozen=True):
    """One campaign that was considered; without a reason nothing spoke against it."""

    campaign: str
    reason: str | None = None


class DecisionTold(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the topic `decisions`."""

    id: str
    rules: str
    trigger: TriggerTold
    retailer: str
    at: datetime
    outcome: str
    candidates: list[CandidateTold]
    steps: list[str]
    member: str | None = None
    campaign: str | None = None
    offer: str | None = None
    reason: str | None = None
    detail: str | None = None


class CouponTold(msgspec.Struct, frozen=True):
    """The coupon of an offer."""

    code: str
    expires_at: datetime


class OfferTold(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the topic `offers`."""

    id: str
    retailer: str
    member: str
    campaign: str
    store: str
    text: str
    locale: str
    created_at: datetime
    expires_at: datetime
    trigger: TriggerTold
    product: str | None = None
    discount: str | None = None
    coupon: CouponTold | None = None


class PlaceTold(msgspec.Struct, frozen=True):
    """A fix in a transition."""

    lat: float
    lon: float
    accuracy: float


class TransitionTold(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the topic `transitions`."""

    id: str
    retailer: str
    device: str
    geofence: str
    kind: str
    at: datetime
    confirmed_at: datetime
    fix: PlaceTold
    store: str = ""
    place: str = ""
    member: str | None = None
    reason: str | None = None

    @property
    def ring(self) -> str:
        """`proximity`."""
        return self.geofence.rpartition("/")[2]

    @property
    def where(self) -> str:
        """The id of the store, or of the named place."""
        return self.store or self.place


class NoticeTold(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the topic `notices`: to the store at whose door a customer is."""

    id: str
    retailer: str
    store: str
    kind: str
    at: datetime
    text: str
    notice: str = ""
    """Which one of the retailer's notices."""
    member: str | None = None
    tier: str | None = None


Told = DecisionTold | OfferTold | TransitionTold | NoticeTold

_DECODERS: dict[str, Callable[[bytes], Any]] = {
    topics.DECISIONS.name: msgspec.json.Decoder(DecisionTold).decode,
    topics.OFFERS.name: msgspec.json.Decoder(OfferTold).decode,
    topics.TRANSITIONS.name: msgspec.json.Decoder(TransitionTold).decode,
    topics.NOTICES.name: msgspec.json.Decoder(NoticeTold).decode,
}


def read_told(topic: str, value: bytes | None) -> Told | None:
    """The message that stands in `value`; None for other topics, and for what cannot be read."""
    decode = _DECODERS.get(topic)
    if decode is None or value is None:
        return None
    try:
        told: Told = decode(value)
        return told
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def milliseconds(moment: datetime) -> int:
    """Milliseconds UTC of a time told."""
    return to_milliseconds(moment)
