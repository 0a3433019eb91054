"""A phone gets a device of its own, and the token that proves it."""

from __future__ import annotations

import secrets

import msgspec
from fastapi import APIRouter, Request, Response

from streams.decoding import Fault, NotAMessage, refused
from streams.gateway.access import Caller, allowing, spared_by
from streams.gateway.gateway import answering, gateway_of
from streams.gateway.keys import Scope
from streams.gateway.taken import Taken, json_response
from streams.gateway.tokens import device_token
from streams.messages import Name

router = APIRouter()
_allow = allowing(Scope.DEVICE, Scope.CRM, token=False)


class DeviceAsked(msgspec.Struct, frozen=True):
    """Which device a token is for; only a key of scope `crm` names one."""

    device: Name | None = None


class Device(msgspec.Struct, frozen=True):
    """A device, and what proves that it is one's own: the header `X-Device-Token`."""

    device: str
    token: str


_decode = msgspec.json.Decoder(DeviceAsked).decode


@router.post("/v1/devices", response_class=Response)
async def new_device(request: Request) -> Response:
    """A device that nobody has, or the one that is named, with its token."""
    caller = await _allow(request)
    gateway = gateway_of(request)
    retailer = gateway.doors.retailers[caller.retailer]
    async with answering(request, spare=spared_by(caller, gateway.limits)) as body:
        try:
            device = _named(body, caller) or secrets.token_urlsafe(16)
        except NotAMessage as fault:
            taken = Taken()
            taken.reject(0, fault)
            return taken.response()
    return json_response(Device(device, device_token(retailer.name, device, retailer.secret)))


def _named(body: bytes, caller: Caller) -> str | None:
    if not body:
        return None
    try:
        device = _decode(body).device
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(body, error) from None
    if device is not None and caller.scope is not Scope.CRM:
        raise NotAMessage(Fault.NOT_ALLOWED, "a device key takes the device that it is given")
    return device
