"""Answering requests on a port, in the loop of whoever runs it: that of the gateway, and that of ops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn

from streams.errors import UserError

BACKLOG = 2_048


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals belong to the command."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def listen(host: str, port: int, advice: str) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises `UserError`, which says `advice`, where it cannot be."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"cannot listen on {host}:{port}: {why}; {advice}") from None
    # asyncio does it only for sockets that it made: without it an answer waits 40 ms for the phone to say "received"
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address(listening: socket.socket) -> str:
    """`127.0.0.1:8080`, or `[::1]:8080`."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@asynccontextmanager
async def answered(config: uvicorn.Config, listening: socket.socket) -> AsyncIterator[None]:
    """Answer at `listening`; on leaving, those under way are finished as `config` says, and it is closed."""
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]), name="answering")
    try:
        yield
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving
        listening.close()
