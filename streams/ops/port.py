"""The ops port: `/metrics`, `/livez` and `/readyz`, apart from the doors that phones and tills use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from config.settings import PREFIX, Settings
from streams.ops.health import Health
from streams.ops.process import Ops
from streams.serving import address, answered, listen

ADVICE = f"set {PREFIX}OPS_PORT to another, to 0 for any free one, or to nothing for no ops port"


def ops_app(registry: CollectorRegistry, health: Health) -> Starlette:
    """The application behind the port."""

    async def metrics(_: Request) -> Response:
        return Response(await rendered(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def livez(_: Request) -> Response:
        """That it answers says that the loop turns."""
        return PlainTextResponse(f"{health.ended or 'ok'}\n", 200 if health.ended is None else 503)

    async def readyz(_: Request) -> Response:
        reasons = health.reasons()
        told = {"ready": not reasons, "reasons": reasons, "rules": dict(health.rules)}
        return JSONResponse(told, 503 if reasons else 200)

    return Starlette(routes=[Route("/metrics", metrics), Route("/livez", livez), Route("/readyz", readyz)])


class _One:
    """A registry with one family."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


async def rendered(registry: CollectorRegistry) -> bytes:
    """All metrics as text. Between two families others have their turn: a scrape must not hold up a batch."""
    parts = []
    for family in registry.collect():
        family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
        parts.append(generate_latest(_One(family)))
        await asyncio.sleep(0)
    return b"".join(parts)


@asynccontextmanager
async def ops_port(settings: Settings, ops: Ops) -> AsyncIterator[str | None]:
    """Serve the ops port as `settings` say; gives its address, `127.0.0.1:9464`, or None where it is switched off.

    Raises `UserError` where the port is taken.
    """
    looking = asyncio.create_task(ops.health.look_after(), name="health")
    try:
        if settings.ops_port is None:
            yield None
        else:
            listening = listen(settings.ops_host, settings.ops_port, ADVICE)
            app = ops_app(ops.registry, ops.health)
            config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
            async with answered(config, listening):
                yield address(listening)
    finally:
        looking.cancel()
