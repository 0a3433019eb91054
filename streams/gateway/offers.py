"""How an app gets its offers: `GET /v1/offers`, a list, or a stream of server-sent events where it accepts one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as Asked

from streams.delivery import Delivery, Listener
from streams.errors import InfrastructureError
from streams.gateway.access import Caller, Scope, allowing, forbidden, spared_by
from streams.gateway.gateway import Gateway, answering, gateway_of
from streams.gateway.limits import refusal
from streams.gateway.offer_stream import OfferStream, Shown, shown
from streams.gateway.openapi import DEVICE_TOKEN_PARAMETER
from streams.gateway.qr import svg
from streams.gateway.standings import in_time
from streams.merging import member_named
from streams.tables.recipients import Recipient, Standing
from streams.told import OfferTold, read_told
from streams.topics import OFFERS

EVENTS = "text/event-stream"
MOST_STREAMS = 10_000
"""Open streams of one gateway."""
MOST_PER_MEMBER = 16
"""Open streams for one member's offers: as many phones, and more than one person has."""

MOST_CHARACTERS = 200
"""Of a name. It is looked at after the key: without one nobody hears more than 401."""

HEADERS = {"Cache-Control": "no-store", "Vary": "Accept, Authorization, X-Device-Token", "X-Accel-Buffering": "no"}

_EXAMPLE = {"id": "01KAGK8Q3W0000000000000000", "member": "camille", "text": "…", "expires_at": "2026-11-20T13:00:00Z"}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The offers that have not expired, newest first; or, with `Accept: text/event-stream`, those "
        "oldest first and then each as it is made: `id` the offer's, `event: offer`, `data` the offer.",
        "content": {
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}, "example": [_EXAMPLE]},
            EVENTS: {"schema": {"type": "string"}, "example": "id: 01KAGK8Q3W…\nevent: offer\ndata: {…}\n\n"},
        },
    },
    401: {"description": "No key, a wrong one, or no device token."},
    403: {"description": "Not with this key, or not this device."},
    422: {"description": "Neither a device nor a member is named, or both are."},
    429: {"description": "Too many streams of one member; come again after `Retry-After` seconds."},
    503: {"description": "Not now; come again after `Retry-After` seconds."},
}

_SEEN = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "On a stream: the id of the last offer that was seen; clients that read event streams send it.",
    "schema": {"type": "string"},
}
_EXTRA = {"security": [{"key": []}], "parameters": [DEVICE_TOKEN_PARAMETER, _SEEN]}

StillAllowed = Callable[[], Awaitable[object]]
Named = Annotated[str | None, Query(json_schema_extra={"minLength": 1, "maxLength": MOST_CHARACTERS})]

router = APIRouter()
_allow = allowing(Scope.DEVICE, Scope.CRM)


@router.get("/v1/offers", response_class=Response, responses=_RESPONSES, openapi_extra=_EXTRA)
async def get_offers(request: Request, device: Named = None, member: Named = None) -> Response:
    """The offers of the member behind a device; a key of scope `crm` may name a member instead.

    With `Accept: text/event-stream` a stream that stays open; `Last-Event-ID` says what was seen. At the moment of
    delivery consent, stop and expiry are looked at once more.
    """
    caller = await _allow(request)
    device, member = _asked(caller, device, member)
    gateway = gateway_of(request)
    async with answering(request, spare=spared_by(caller, gateway.limits)):
        recipient = await _recipient(gateway, caller.retailer, device, member)
        if EVENTS in request.headers.get("accept", ""):
            return _stream(gateway, recipient, request.headers.get("last-event-id", ""), lambda: _allow(request))
        return Response(await _listed(gateway, recipient), media_type="application/json", headers=HEADERS)


@router.get(
    "/v1/offers/{offer}/coupon.svg",
    response_class=Response,
    responses={
        200: {"description": "The coupon's code as a QR code.", "content": {"image/svg+xml": {}}},
        404: {"description": "The member has no such offer, or it has no coupon."},
        **{code: _RESPONSES[code] for code in (401, 403, 422, 503)},
    },
    openapi_extra={"security": [{"key": []}], "parameters": [DEVICE_TOKEN_PARAMETER]},
)
async def get_coupon(request: Request, offer: str, device: Named = None, member: Named = None) -> Response:
    """The QR code of an offer's coupon, for the till to scan; whose offers these are is asked as for the list."""
    caller = await _allow(request)
    device, member = _asked(caller, device, member)
    gateway = gateway_of(request)
    async with answering(request, spare=spared_by(caller, gateway.limits)):
        for each in await _open(gateway, await _recipient(gateway, caller.retailer, device, member)):
            told = read_told(OFFERS.name, each.value) if each.id == offer else None
            if isinstance(told, OfferTold) and told.coupon is not None:
                return Response(svg(told.coupon.code), media_type="image/svg+xml", headers=HEADERS)
    raise refusal(404, "there is no such offer, or it has no coupon")


def _asked(caller: Caller, device: str | None, member: str | None) -> tuple[str | None, str | None]:
    """Whose offers a caller asks for, where they may: with a device key those of their own device alone."""
    if caller.scope is Scope.DEVICE:
        if member is not None or device not in (None, caller.device):
            raise forbidden()
        return caller.device, None
    if (device is None) == (member is None):
        raise refusal(422, "name either `device` or `member`")
    if not 0 < len(device or member or "") <= MOST_CHARACTERS:
        raise refusal(422, f"names have 1 to {MOST_CHARACTERS} characters")
    return device, member


async def _recipient(gateway: Gateway, retailer: str, device: str | None, member: str | None) -> Recipient:
    """The member that was named, or the one behind the device just now."""
    tables = gateway.doors.tables
    async with in_time():
        if device is not None:
            member = await tables.links.member_of("link", f"{retailer}|{device}")
        elif member is not None:
            member = await member_named(retailer, member, tables)
    return Recipient(retailer, member, device)


async def _listed(gateway: Gateway, recipient: Recipient) -> bytes:
    offers = await _open(gateway, recipient)
    return b"[" + b",".join(offer.value for offer in reversed(offers)) + b"]"


async def _open(gateway: Gateway, recipient: Recipient) -> list[Shown]:
    """What the recipient may see just now, the oldest first."""
    doors = gateway.doors
    records = await doors.tables.offers.unexpired(recipient.owner, doors.clock())
    if not records or await gateway.standings.ask(recipient) is not Standing.OPEN:
        return []
    return shown(records, recipient, doors.clock())


def _stream(gateway: Gateway, recipient: Recipient, last_seen: str, still_allowed: StillAllowed) -> Response:
    delivery = gateway.doors.delivery
    if delivery is None:
        raise refusal(503, "this gateway has no stream of offers: ask for the list", retry_after=60)
    if delivery.listening() >= MOST_STREAMS:
        raise refusal(503, "too many streams are open: try again", retry_after=5)
    if delivery.listening(recipient.owner) >= MOST_PER_MEMBER:
        raise refusal(429, "too many streams of one member are open", retry_after=60)
    listening = ExitStack()
    listener = listening.enter_context(delivery.listen(recipient.owner))  # it counts at once: many may ask together
    return _Streaming(listening, _events(gateway, delivery, recipient, listener, listening, last_seen, still_allowed))


class _Streaming(StreamingResponse):
    """A stream that listens until it ends, also where it ends before its first event."""

    def __init__(self, listening: ExitStack, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, media_type=EVENTS, headers=HEADERS)
        self._listening = listening

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        """See ASGI."""
        with self._listening:
            await super().__call__(scope, receive, send)


async def _events(
    gateway: Gateway,
    delivery: Delivery,
    recipient: Recipient,
    listener: Listener,
    listening: ExitStack,
    last_seen: str,
    still_allowed: StillAllowed,
) -> AsyncGenerator[bytes, None]:
    """The events of one recipient; where the device gets another member, those of that one from then on."""
    doors, sent = gateway.doors, dict[str, int]()
    while True:
        stream = OfferStream(
            *(listener, recipient, doors.tables.offers, gateway.standings, still_allowed, doors.clock, last_seen),
            sent=sent,
        )
        async for chunk in stream.events():
            yield chunk
        listening.close()
        if not stream.moved:
            return
        try:
            recipient, last_seen = await _recipient(gateway, recipient.retailer, recipient.device, None), ""
        except InfrastructureError:
            return  # the client comes back, and is told to wait
        listener = listening.enter_context(delivery.listen(recipient.owner))
