"""The gateway as one ASGI application: its routes, and what all of them share."""

from __future__ import annotations

from fastapi import FastAPI

from streams.gateway.doors import Doors
from streams.gateway.keys import KeyRing


def gateway_app(doors: Doors) -> FastAPI:
    """The application over `doors`."""
    app = FastAPI(title="Chalandise", version="1")
    app.state.doors = doors
    app.state.keyring = KeyRing(doors.tables.api_keys)
    return app
