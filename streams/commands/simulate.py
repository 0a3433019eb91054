"""`chalandise simulate`: plausible phones among the stores of a retailer, as events, or live as load on Kafka."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from config import load_or_refuse
from config.settings import read_settings
from streams import simulation
from streams.app import EMBEDDED, bootstrap
from streams.errors import UserError
from streams.live import paced, send
from streams.phones import Network, Sent
from streams.producers import KafkaProducer
from streams.sample_day import START
from streams.simulation import MINUTE, Plan
from streams.times import to_milliseconds
from streams.transport.broker import wall_clock

BATCHED, EVERY, EVERY_AT_A_RATE = 15.0, 8_000, 5_000

Done = Callable[[int], None]


def _percent(words: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(min=0, max=100, metavar="PERCENT", help=words)
    return option


def simulate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The retailer's YAML.")],
    members: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many sample members walk.")] = 20,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long they walk.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Another seed, other walks; the same seed, the same bytes.")] = 0,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="When they set out, as 2026-11-24T12:00:00+01:00; live: now.")
    ] = None,
    late: Annotated[float, _percent("Pings that arrive behind newer ones.")] = 1.0,
    duplicates: Annotated[float, _percent("Pings that arrive twice.")] = 0.5,
    bad: Annotated[float, _percent("Broken events between the pings.")] = 0.0,
    out: Annotated[str, typer.Option(metavar="FILE", help="Where the lines go: a file, or - for output.")] = "-",
    pace: Annotated[bool, typer.Option("--pace", help="Write each event when it arrives, live from now on.")] = False,
    to: Annotated[str | None, typer.Option(metavar="kafka", help="Send live to CHALANDISE_BROKER instead.")] = None,
    rate: Annotated[
        float | None, typer.Option(min=1, max=100_000, help="With --to kafka: about so many pings a second.")
    ] = None,
) -> None:
    """Let sample members walk among the stores of CONFIG, and write what their phones would send.

    Members, purchases, check-ins and pings come as JSON lines in the order in which they arrive, with errors of
    position, gaps, late ones and duplicates. Feed them to `replay`; or live to `up`:

    chalandise simulate shop.yaml --pace | chalandise up shop.yaml --events -
    """
    _refuse_what_does_not_go_together(to, rate, pace)
    described = load_or_refuse([config])[0]
    plan = Plan(
        members=members if rate is None else ceil(rate * EVERY_AT_A_RATE / 1_000),
        start=_start(start, live=pace or to is not None),
        lasting=int(minutes * MINUTE),
        seed=seed,
        every=EVERY if rate is None else EVERY_AT_A_RATE,
        network=Network(late=late, duplicates=duplicates, bad=bad, batched=BATCHED),
    )
    sent = simulation.simulate(described.rules, described.zones, plan)
    with _progress(plan) as done:
        if to is not None:
            asyncio.run(_send(sent, plan.start, done))
        else:
            _write(sent, plan.start, out, done, live=pace)


def _refuse_what_does_not_go_together(to: str | None, rate: float | None, pace: bool) -> None:
    if to not in (None, "kafka"):
        raise UserError(f"--to {to}: live events go to `kafka`; without --to they go to --out")
    if rate is not None and to is None:
        raise UserError("--rate is for --to kafka; for a file, choose --members and --minutes")
    if to is not None and pace:
        raise UserError("--to kafka is paced already: leave --pace out")


def _start(given: str | None, *, live: bool) -> int:
    if given is None:
        return wall_clock() if live else START
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UserError(f"--start {given}: give a date and time with its offset, as 2026-11-24T12:00:00+01:00")
    return to_milliseconds(moment)


def _write(sent: Iterable[Sent], start: int, out: str, done: Done, *, live: bool) -> None:
    with _opened(out) as file:
        if live:
            asyncio.run(_write_live(sent, start, file, done))
            return
        for each in sent:
            file.write(each.line + b"\n")
            done(1)


async def _write_live(sent: Iterable[Sent], start: int, file: BinaryIO, done: Done) -> None:
    async for due in paced(sent, start):
        file.writelines(each.line + b"\n" for each in due)
        file.flush()
        done(len(due))


@contextmanager
def _opened(out: str) -> Iterator[BinaryIO]:
    if out != "-":
        with Path(out).open("wb") as file:
            yield file
        return
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever read it has enough; what is left in the buffer must not fail at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _send(sent: Iterable[Sent], start: int, done: Done) -> None:
    settings = read_settings()
    if settings.broker.startswith(EMBEDDED):
        raise UserError(
            "--to kafka: set CHALANDISE_BROKER=kafka://HOST:9092; for the embedded broker use --pace with `up`"
        )
    producer = KafkaProducer(bootstrap(settings), client_id="chalandise-simulate")
    try:
        await send(sent, start, producer, done)
    finally:
        await producer.stop()


class _Speed(ProgressColumn):
    """How many a second just now."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


@contextmanager
def _progress(plan: Plan) -> Iterator[Done]:
    """On standard error, where somebody looks at it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.completed:,.0f} events"), BarColumn(), _Speed(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("events", total=plan.members * (plan.lasting // plan.every + 2))
        yield lambda count: progress.advance(task, count)
