"""The gateway as one ASGI application: its routes, and what all of them share."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from streams.errors import InfrastructureError
from streams.gateway import devices, intake, offers, redemptions, stop
from streams.gateway.doors import Doors
from streams.gateway.gateway import Gateway
from streams.gateway.limits import Limits
from streams.gateway.openapi import ABOUT, describe
from streams.gateway.outage import RETRY_AFTER
from streams.gateway.taken import json_response
from streams.gateway.watching import Watching


def gateway_app(doors: Doors, limits: Limits | None = None) -> FastAPI:
    """The application over `doors`."""
    limits = limits or Limits()
    app = FastAPI(title="Chalandise", version="1", description=ABOUT)
    app.state.doors = doors
    app.state.gateway = Gateway.over(doors, limits)
    app.router.routes.extend(intake.routes())
    app.include_router(redemptions.router)
    app.include_router(devices.router)
    app.include_router(offers.router)
    app.include_router(stop.router)
    app.add_exception_handler(InfrastructureError, _come_again)
    app.add_middleware(Watching, counts=doors.counts)
    describe(app, limits)
    return app


async def _come_again(request: Request, error: Exception) -> Response:
    """Redis or the broker is away: nothing is lost where the sender comes again with the same."""
    gateway: Gateway = request.app.state.gateway
    gateway.outage.failed(error)
    response = json_response({"detail": "not now: try again"}, 503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
