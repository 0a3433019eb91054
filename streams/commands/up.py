"""`chalandise up`: broker, Redis, worker and gateway in one process, for a retailer's own YAML."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated

import typer

from config.settings import Settings, read_settings
from streams.app import Engine, build_app
from streams.batches import Batch, Processed
from streams.commands.worker import stop_on_signals
from streams.entries import ENTRIES
from streams.events import as_record, read_events
from streams.gateway.beside import Addresses, doors_beside, reachable_at_itself
from streams.gateway.samples import kept_keys
from streams.logs import set_up_logs
from streams.topics import OFFERS
from streams.transport.broker import Broker, wall_clock

KEYS = "keys.json"


def up(
    config: Annotated[list[Path], typer.Argument(metavar="CONFIG", help="YAML files, one retailer each.")],
    events: Annotated[
        str | None, typer.Option(metavar="FILE", help="JSON lines to take in: a file, or - for standard input.")
    ] = None,
) -> None:
    """Run everything in one process: broker, Redis, worker, gateway and ops port. Offers come out as JSON lines.

    What is known of members is kept under .chalandise/, so that a stop or a consent survives a restart; so are the keys
    with which the gateway can be tried.
    """
    settings = reachable_at_itself(read_settings(config=tuple(config), broker="embedded://up", redis=None))
    set_up_logs(settings)
    file = None if events is None else _open(events)
    asyncio.run(_up(settings, events or "", file))


def _open(events: str) -> IO[bytes]:
    """Of standard input a reader of our own, never closed: at its end Python would wait for a read of its own one."""
    return open(0, "rb", closefd=False) if events == "-" else Path(events).open("rb")


class Facts:
    """Members, purchases and the like have topics of their own: a ping waits for those that stand before it."""

    def __init__(self) -> None:
        self.written = 0
        self._worked = 0
        self._news = asyncio.Event()

    def observe(self, processed: Processed, _: Batch) -> None:
        """Count what is worked."""
        self._worked += processed.entered + sum(letter.topic in ENTRIES for letter in processed.dead_letters)
        self._news.set()

    async def worked(self) -> None:
        """Wait until all that was written is worked."""
        while self._worked < self.written:
            self._news.clear()
            await self._news.wait()


async def _up(settings: Settings, events: str, file: IO[bytes] | None) -> None:
    facts = Facts()
    async with build_app(settings, observe=facts.observe, state=settings.state_folder / "redis") as engine:
        stop_on_signals(engine)
        async with doors_beside(engine, _broker(engine), settings, wall_clock) as addresses:
            await _say_where(engine, settings, addresses)
            async with asyncio.TaskGroup() as tasks:
                told = tasks.create_task(_tell_offers(engine))
                taken = tasks.create_task(_take_in(engine, facts, events, file)) if file is not None else None
                await engine.run()
                told.cancel()
                if taken is not None:
                    taken.cancel()


async def _say_where(engine: Engine, settings: Settings, addresses: Addresses) -> None:
    """Where the doors are, and the keys that open them."""
    file = settings.state_folder / KEYS
    keys = await kept_keys(file, engine.retailers, engine.tables.api_keys, wall_clock())
    ops = f"; ops port {addresses.ops}" if addresses.ops else ""
    lines = [
        f"up for {', '.join(each.name for each in engine.retailers.values())}; Ctrl-C to stop",
        f"gateway {addresses.gateway}, described at {addresses.gateway}/docs{ops}",
        f"keys to try it with, kept in {file}:",
        *(f"  {name:<12} {scope:<7} {key}" for name, scopes in keys.items() for scope, key in scopes.items()),
    ]
    typer.echo("\n".join(lines), err=True)


async def _tell_offers(engine: Engine) -> None:
    async for record in _broker(engine).read(OFFERS.name, from_beginning=True):
        typer.echo((record.value or b"").decode())


async def _take_in(engine: Engine, facts: Facts, events: str, file: IO[bytes]) -> None:
    broker, number = _broker(engine), 0
    async for line in _lines(file):
        number += 1
        for event in read_events([line]):
            if event.type is None:
                typer.echo(f"{events}:{number}: no event; it is a JSON object with a type that we know", err=True)
                continue
            if event.type.topic in ENTRIES:
                facts.written += 1
            else:
                await facts.worked()
            record = as_record(event, wall_clock())
            broker.append(record.topic, record.key, record.value)


async def _lines(file: IO[bytes]) -> AsyncIterator[bytes]:
    """The lines of `file`, read in a thread that nobody waits for: a terminal may stay silent for ever."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes](1_024)

    def read() -> None:
        with suppress(RuntimeError, CancelledError, ValueError):  # the loop has ended, or the file was closed
            while line := file.readline():
                asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()
            asyncio.run_coroutine_threadsafe(queue.put(b""), loop).result()

    threading.Thread(target=read, name="events", daemon=True).start()
    while line := await queue.get():
        yield line


def _broker(engine: Engine) -> Broker:
    if engine.broker is None:
        raise TypeError("this runs on the embedded broker only")
    return engine.broker
