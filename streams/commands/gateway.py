"""`chalandise gateway`: the HTTP doors alone, on Kafka and Redis; any number of them."""

from __future__ import annotations

import asyncio
import signal

import typer

from config.settings import Settings, read_settings
from streams.gateway.building import build_doors
from streams.gateway.serving import serving
from streams.logs import set_up_logs
from streams.ops.port import ops_port


def gateway() -> None:
    """Take in what phones, tills and shops say, until told to stop.

    Everything comes from the environment: CHALANDISE_BROKER, CHALANDISE_REDIS, CHALANDISE_CONFIG, CHALANDISE_SECRET,
    CHALANDISE_GATEWAY_HOST, CHALANDISE_GATEWAY_PORT.
    """
    settings = read_settings()
    set_up_logs(settings)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        build_doors(settings) as (doors, ops),
        serving(doors, settings.gateway_host, settings.gateway_port) as address,
        ops_port(settings, ops) as ops_address,
    ):
        names = ", ".join(doors.retailers)
        told = f"; ops port: http://{ops_address}" if ops_address else ""
        typer.echo(f"gateway for {names} at {address}; OpenAPI at {address}/docs{told}", err=True)
        await stop.wait()
