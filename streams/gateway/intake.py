"""Messages by the piece: one object or an array, each item taken or rejected for itself, answered once all are kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request, Response
from starlette.routing import Route

from streams.decoding import Fault, NotAMessage
from streams.errors import RecordTooLarge
from streams.gateway.access import Caller, allowing, spared_by
from streams.gateway.consent import admitted
from streams.gateway.effects import take_effect
from streams.gateway.gateway import Gateway, answering, gateway_of
from streams.gateway.items import Item, items_of, outgoing, read_item
from streams.gateway.kinds import KINDS, Kind
from streams.gateway.limits import refusal
from streams.gateway.taken import Taken
from streams.records import Outgoing

Endpoint = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    """A route for each kind of message: plain ones, which cost a third less a post than those of FastAPI."""
    return [Route(kind.path, _endpoint(kind), methods=["POST"]) for kind in KINDS]


def _endpoint(kind: Kind) -> Endpoint:
    allow = allowing(*kind.scopes)

    async def take_in(request: Request) -> Response:
        caller = await allow(request)
        gateway = gateway_of(request)
        async with answering(request, spare=spared_by(caller, gateway.limits)) as body:
            taken = await _take(body, kind, caller, gateway)
        _count(taken, kind, gateway)
        return taken.response()

    return take_in


async def _take(body: bytes, kind: Kind, caller: Caller, gateway: Gateway) -> Taken:
    taken = Taken()
    items = _read(body, kind, caller, gateway, taken)
    kept = await admitted(items, gateway.doors.tables)
    taken.without_consent = len(items) - len(kept)
    records = await _effective(kept, kind, gateway, taken)
    taken.accepted = await _produce(records, gateway, taken)
    return taken


def _read(body: bytes, kind: Kind, caller: Caller, gateway: Gateway, taken: Taken) -> list[Item]:
    try:
        raws = items_of(body)
    except NotAMessage as fault:
        taken.reject(0, fault)
        return []
    if len(raws) > gateway.limits.items:
        raise refusal(422, f"an array has at most {gateway.limits.items} items")
    now, items = gateway.doors.clock(), []
    for index, raw in enumerate(raws):
        try:
            items.append(read_item(index, raw, kind, caller, now))
        except NotAMessage as fault:
            taken.reject(index, fault)
    return items


async def _effective(items: Sequence[Item], kind: Kind, gateway: Gateway, taken: Taken) -> list[tuple[int, Outgoing]]:
    """The records of these items, once what takes effect at once has."""
    records = []
    for item in items:
        try:
            record = outgoing(item, kind)
            await take_effect(item.message, gateway.doors)
            records.append((item.place, record))
        except NotAMessage as fault:
            taken.reject(item.place, fault)
    return records


async def _produce(records: list[tuple[int, Outgoing]], gateway: Gateway, taken: Taken) -> int:
    """How many of them the broker has acknowledged: all but those that it finds too large."""
    while True:
        try:
            await gateway.producer.produce([record for _, record in records])
        except RecordTooLarge as error:
            refused = next(index for index, record in records if record is error.record)
            taken.reject(
                refused, NotAMessage(Fault.WRONG_TYPE, "Expected a message that the broker takes, and not so large")
            )
            records = [each for each in records if each[0] != refused]
        else:
            return len(records)


def _count(taken: Taken, kind: Kind, gateway: Gateway) -> None:
    counts = gateway.doors.counts
    counts.accepted(kind.name, taken.accepted)
    for each in taken.rejected:
        counts.rejected(kind.name, each.reason)
    if taken.without_consent:
        counts.without_consent(kind.name, taken.without_consent)
