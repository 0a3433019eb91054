"""Who may come in: the key of a request, its scope, and the device that its token proves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import HTTPException, Request

from streams.gateway.doors import Doors
from streams.gateway.keys import KeyRing, Scope
from streams.gateway.limits import Limits
from streams.gateway.tokens import device_of

DEVICE_TOKEN = "x-device-token"

__all__ = ["DEVICE_TOKEN", "Caller", "Scope", "allowing", "forbidden", "spared_by", "unauthorized"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key a request brought; `device` is the one that its token proves, None for keys of other scopes."""

    retailer: str
    scope: Scope
    device: str | None = None


Allowed = Callable[[Request], Awaitable[Caller]]


def allowing(*scopes: Scope, token: bool = True) -> Allowed:
    """A dependency that gives the caller, or answers 401 (no key, a wrong one, no device token) or 403 (scope).

    Neither says more than that. Where `token` is False, a key of scope `device` needs no device token.
    """

    async def caller(request: Request) -> Caller:
        found = await _caller(request, token)
        if found.scope not in scopes:
            raise forbidden()
        return found

    return caller


def spared_by(caller: Caller, limits: Limits) -> int:
    """How much of the room for bodies a caller leaves to others."""
    return limits.spare_bytes if caller.scope is Scope.DEVICE else 0


def unauthorized() -> HTTPException:
    """401: who are you."""
    return HTTPException(401, "Unauthorized", headers={"WWW-Authenticate": "Bearer"})


def forbidden() -> HTTPException:
    """403: not with this key, or not this device."""
    return HTTPException(403, "Forbidden")


async def _caller(request: Request, token: bool) -> Caller:
    doors: Doors = request.app.state.doors
    keyring: KeyRing = request.app.state.gateway.keyring
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    known = await keyring.recognise(shown.strip()) if kind.lower() == "bearer" else None
    retailer = None if known is None else doors.retailers.get(known.retailer)
    if known is None or retailer is None:
        raise unauthorized()
    scope = Scope(known.scope)
    if scope is not Scope.DEVICE or not token:
        return Caller(retailer.name, scope)
    device = device_of(request.headers.get(DEVICE_TOKEN, ""), retailer.name, retailer.secret)
    if device is None:
        raise unauthorized()
    return Caller(retailer.name, scope, device)
