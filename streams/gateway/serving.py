"""The gateway on a port: in the loop of whoever runs it, beside a worker or alone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from streams.errors import UserError
from streams.gateway.application import gateway_app
from streams.gateway.doors import Doors
from streams.gateway.limits import Limits
from streams.gateway.protocol import Protocol

LET_FINISH = 3
"""Seconds that open requests have when the gateway ends; streams of offers end at once."""
BACKLOG = 2_048


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals belong to the command."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


@asynccontextmanager
async def serving(doors: Doors, host: str, port: int, limits: Limits | None = None) -> AsyncIterator[str]:
    """Answer requests at the address that this gives; on leaving, those under way are finished.

    Raises `UserError` where the port cannot be had. Port 0 takes a free one.
    """
    listening = _listen(host, port)
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
    server = _Server(config)
    served = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield _address(listening)
    finally:
        if doors.delivery is not None:
            doors.delivery.end()  # or the server would wait for streams that never end by themselves
        server.should_exit = True
        await served
        listening.close()


async def serve_gateway(doors: Doors, host: str, port: int, stop: asyncio.Event) -> None:
    """Answer requests until `stop` is set. Raises `UserError` where the port cannot be had."""
    async with serving(doors, host, port):
        await stop.wait()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise UserError(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}; "
            "set CHALANDISE_GATEWAY_HOST and CHALANDISE_GATEWAY_PORT to an address of this machine that is free"
        ) from None
    # asyncio does it only for sockets that it made: without it an answer waits 40 ms for the phone to say "received"
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
