"""`chalandise worker`: one of any number of workers on Kafka and Redis."""

from __future__ import annotations

import asyncio
import signal

import typer

from config.settings import Settings, read_settings
from streams.app import EMBEDDED, Engine, build_app
from streams.errors import UserError
from streams.logs import set_up_logs
from streams.ops.port import ops_port


def worker() -> None:
    """Work pings, check-ins and all the rest from Kafka, until told to stop.

    Everything comes from the environment: CHALANDISE_BROKER, CHALANDISE_REDIS, CHALANDISE_CONFIG, CHALANDISE_SECRET.
    """
    settings = read_settings()
    if settings.broker.startswith(EMBEDDED) or settings.redis is None:
        raise UserError(
            "a worker shares its broker and its Redis with others: set CHALANDISE_BROKER=kafka://… and "
            "CHALANDISE_REDIS=redis://…, or use `chalandise up` to run everything in one process"
        )
    set_up_logs(settings)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    async with build_app(settings) as engine:
        stop_on_signals(engine)
        rules = ", ".join(f"{each.name} {each.rules.hash}" for each in engine.retailers.values())
        async with ops_port(settings, engine.ops) as address:
            ops = f"; ops port: http://{address}" if address else ""
            typer.echo(f"working on {settings.broker} as {settings.group}; rules: {rules}{ops}", err=True)
            await engine.run()


def stop_on_signals(engine: Engine) -> None:
    """SIGTERM and Ctrl-C let the batch in hand end, commit it, and stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, engine.stop.set)
