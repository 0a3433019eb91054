"""Round every request: what nobody expected is told without what it says, and each answer is counted with its time."""

from __future__ import annotations

import logging
import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.gateway.doors import Counts
from streams.gateway.taken import json_response
from streams.working import where

log = logging.getLogger(__name__)


class Watching:
    """ASGI middleware. The text of an exception may hold a position: the log gets its kind and its lines alone."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, ended, status = time.perf_counter(), 0.0, 0

        async def noting(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status, ended = message["status"], time.perf_counter()  # a stream of offers stays open for hours
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:
            log.error("a request raised, and is answered with 500: %s", where(error))
            if not status:
                await json_response({"detail": "Internal Server Error"}, 500)(scope, receive, noting)
        self._counts.answered(_route(scope), status, (ended or time.perf_counter()) - began)


def _route(scope: Scope) -> str:
    """The route that was taken; a plain one has no names in its path. `none`: somebody tried an address."""
    if "endpoint" not in scope:
        return "none"
    return str(getattr(scope.get("route"), "path", scope["path"])).rstrip("\n")  # `%0A` at its end is let through
