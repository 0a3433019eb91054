"""Files of events: one JSON object a line, each with its `type`; how each becomes a record of its topic."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from streams import topics
from streams.messages import When
from streams.records import Record
from streams.times import to_milliseconds

LATENESS = 60_000
"""Milliseconds within which events are put in order."""


@dataclass(frozen=True, slots=True)
class EventType:
    """Where an event of one type belongs; of those at the same time the lower `rank` comes first."""

    topic: str
    rank: int
    owners: tuple[str, ...]
    """The fields that may follow the retailer in the key; the first that is given does."""


TYPES = {
    "member": EventType(topics.MEMBER_CHANGES.name, 0, ("member",)),
    "preference": EventType(topics.PREFERENCES.name, 0, ("member", "card", "device")),
    "product": EventType(topics.PRODUCT_CHANGES.name, 1, ("id",)),
    "purchase": EventType(topics.PURCHASES.name, 1, ("member", "card")),
    "contact": EventType(topics.CONTACTS.name, 1, ("member", "card")),
    "redemption": EventType(topics.REDEMPTIONS.name, 1, ("coupon",)),
    "checkin": EventType(topics.CHECKINS.name, 2, ("device", "member", "card")),
    "ping": EventType(topics.PINGS.name, 3, ("device",)),
}


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One line: when it happened (milliseconds), how it ranks at that time, where it stood, and what it is."""

    at: int
    rank: int
    line: int
    type: EventType | None
    key: bytes
    value: bytes


class _Head(msgspec.Struct):
    """As much of an event as is needed to find its place; whether it is a message is for its topic to say."""

    type: str
    retailer: str = ""
    at: When = 0
    member: Any = None
    device: Any = None
    card: Any = None
    id: Any = None
    coupon: Any = None


_head = msgspec.json.Decoder(_Head).decode


def read_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of a file, in its order, empty lines passed over; one that cannot be read has no type."""
    for number, line in enumerate(lines, 1):
        value = line.strip()
        if value:
            yield _event(number, value)


def _event(number: int, value: bytes) -> Event:
    try:
        head = _head(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Event(0, 0, number, None, b"", value)
    kind = TYPES.get(head.type)
    if kind is None:
        return Event(0, 0, number, None, b"", value)
    return Event(to_milliseconds(head.at), kind.rank, number, kind, key_of(kind, head), value)


def key_of(kind: EventType, named: object) -> bytes:
    """The record key of a message of that type with these attributes."""
    owner = next((getattr(named, name) for name in kind.owners if getattr(named, name)), "")
    return f"{getattr(named, 'retailer', '')}|{owner}".encode(errors="replace")


def in_order(events: Iterable[Event], lateness: int = LATENESS) -> Iterator[Event]:
    """`events` by time, as far as they lie within `lateness` milliseconds; later ones come as late as they are."""
    waiting: list[Event] = []
    newest = 0
    for event in events:
        if event.type is None:
            yield event
            continue
        newest = max(newest, event.at)
        heapq.heappush(waiting, event)
        while waiting[0].at < newest - lateness:
            yield heapq.heappop(waiting)
    while waiting:
        yield heapq.heappop(waiting)


def as_record(event: Event, clock: int) -> Record:
    """The record as a broker would hand it to us at `clock` (milliseconds); its offset is the line."""
    topic = event.type.topic if event.type is not None else topics.DEAD_LETTERS.name
    return Record(topic, 0, event.line, clock, event.key, event.value)
