"""The gateway and the ops port in the process of a worker: for `up` and for the demo."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from config.settings import Settings
from streams.app import Engine
from streams.delivery import delivering
from streams.gateway.doors import Doors
from streams.gateway.serving import serving
from streams.metrics import GatewayMetrics
from streams.offer_sources import EmbeddedOffers
from streams.ops.port import ops_port
from streams.transport.broker import Broker


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a process can be reached; `ops` is None where that port is switched off."""

    gateway: str
    ops: str | None


@asynccontextmanager
async def doors_beside(
    engine: Engine, broker: Broker, settings: Settings, clock: Callable[[], int]
) -> AsyncIterator[Addresses]:
    """Open the doors of `engine`, on its own tables and its own embedded `broker`; `clock` is milliseconds UTC.

    Raises `UserError` where a port cannot be had.
    """
    async with AsyncExitStack() as opened:
        ops = await opened.enter_async_context(ops_port(settings, engine.ops))
        delivery = await opened.enter_async_context(delivering(EmbeddedOffers(broker)))
        counts = GatewayMetrics(engine.ops.registry)
        counts.watch_streams(delivery.listening)
        doors = Doors(engine.retailers, engine.tables, engine.producer, clock, delivery, counts)
        gateway = await opened.enter_async_context(serving(doors, settings.gateway_host, settings.gateway_port))
        yield Addresses(gateway, None if ops is None else f"http://{ops}")


def reachable_at_itself(settings: Settings) -> Settings:
    """The same settings, where nothing else is said with the gateway's own address in each `stop_url`."""
    if "public_url" in settings.model_fields_set:
        return settings
    port = settings.gateway_port or _free(settings.gateway_host, 0)
    host = f"[{settings.gateway_host}]" if ":" in settings.gateway_host else settings.gateway_host
    return settings.model_copy(update={"gateway_port": port, "public_url": f"http://{host}:{port}"})


def on_free_ports(settings: Settings) -> Settings:
    """The same settings, with other ports where those are taken: for what need not be found again."""
    ports = {
        "gateway_port": _free(settings.gateway_host, settings.gateway_port),
        "ops_port": None if settings.ops_port is None else _free(settings.ops_host, settings.ops_port),
    }
    return settings.model_copy(update=ports)


def _free(host: str, port: int) -> int:
    """`port`, or another one where that is taken."""
    for wanted in (port, 0):
        try:
            with socket.create_server((host, wanted)) as listening:
                return int(listening.getsockname()[1])
        except OSError:
            continue
    return port
