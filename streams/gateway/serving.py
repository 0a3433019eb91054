"""The gateway on a port: in the loop of whoever runs it, beside a worker or alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from streams.gateway.application import gateway_app
from streams.gateway.doors import Doors
from streams.gateway.limits import Limits
from streams.gateway.protocol import Protocol
from streams.serving import address, answered, listen

LET_FINISH = 3
"""Seconds that open requests have when the gateway ends; streams of offers end at once."""
ADVICE = "set CHALANDISE_GATEWAY_HOST and CHALANDISE_GATEWAY_PORT to an address of this machine that is free"


@asynccontextmanager
async def serving(doors: Doors, host: str, port: int, limits: Limits | None = None) -> AsyncIterator[str]:
    """Answer requests at the address that this gives; on leaving, those under way are finished.

    Raises `UserError` where the port cannot be had. Port 0 takes a free one.
    """
    listening = listen(host, port, ADVICE)
    config = uvicorn.Config(
        gateway_app(doors, limits),
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,  # addresses of members and devices
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=LET_FINISH,
    )
    async with answered(config, listening):
        try:
            yield f"http://{address(listening)}"
        finally:
            if doors.delivery is not None:
                doors.delivery.end()  # or the server would wait for streams that never end by themselves
