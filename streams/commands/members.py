"""`chalandise members`: what a retailer knows of its members from elsewhere, out of a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from config import load_or_refuse
from config.findings import Finding
from config.settings import Settings, read_settings
from streams.app import EMBEDDED, bootstrap
from streams.commands.check import FINDINGS
from streams.errors import InfrastructureError, UserError
from streams.importing.lines import About, Lost
from streams.importing.objects import members_of_objects
from streams.importing.sending import Found, Send, Summary, into, nowhere, pass_on
from streams.importing.tables import members_of_table
from streams.producers import KafkaProducer
from streams.times import to_milliseconds
from streams.transport.broker import wall_clock

KINDS = dict.fromkeys((".csv", ".tsv"), members_of_table) | dict.fromkeys((".jsonl", ".ndjson"), members_of_objects)
"""How a file is read, by the end of its name."""

MOST_SHOWN = 100
"""Mistakes that are told one by one."""

members_app = typer.Typer(help="Tell of members from a file.", no_args_is_help=True)


@members_app.callback()
def members() -> None:
    """Tell of members from a file."""


@members_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table (.csv, .tsv), or JSON Lines (.jsonl).")],
    retailer: Annotated[
        str | None, typer.Option(help="Whose members they are; by default the one in CHALANDISE_CONFIG.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When this was so, as 2026-11-24T12:00:00+01:00; by default now.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent, and what is wrong.")] = False,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write events for `replay` and `up`; - for standard output.")
    ] = None,
) -> None:
    """Tell of members, and of attributes that the CRM, a census or anybody else knows: one `member` message a line.

    Of each field the newest word holds, so that a file may be imported again at any time. A line that is wrong is told
    as `file:line:column: what is wrong; what to do`, without what stands there, and all the others are sent: to
    CHALANDISE_BROKER, or with --out into a file. Exits with 0 where nothing is wrong, 1 where some lines are, 2 where
    the file cannot be read.
    """
    settings = read_settings()
    now = wall_clock()
    about = About(str(file), _retailer(retailer, settings), _time(at, now), now)
    summary, shown = Summary(), _Shown()
    try:
        with _opened(out, file) as events:
            asyncio.run(_import(file, about, _sending(settings, dry_run, events), shown.show, summary))
    except Lost as lost:
        for finding in lost.findings:
            shown.show(finding)
    except InfrastructureError as error:
        raise InfrastructureError(
            f"{error}; {summary.sent:,} lines were sent by then. Import the file again: twice is once"
        ) from None
    shown.end()
    _say(summary, _done(dry_run, out))
    if shown.found:
        raise typer.Exit(FINDINGS)


class _Shown:
    """The mistakes that were told, on standard error."""

    def __init__(self) -> None:
        self.found = 0

    def show(self, finding: Finding) -> None:
        self.found += 1
        if self.found <= MOST_SHOWN:
            typer.echo(str(finding), err=True)

    def end(self) -> None:
        if self.found > MOST_SHOWN:
            typer.echo(f"and {self.found - MOST_SHOWN:,} more mistakes; mend these first", err=True)


def _done(dry_run: bool, out: str | None) -> str:
    if dry_run:
        return "would be sent"
    return "sent" if out is None else "written"


def _say(summary: Summary, done: str) -> None:
    members, lines = _counted(summary.sent, "member"), _counted(summary.refused, "line")
    typer.echo(f"{members} {done}, {lines} refused", err=True)
    for name, count in sorted(summary.fields.items()):
        typer.echo(f"  {name}: {count:,}", err=True)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _retailer(given: str | None, settings: Settings) -> str:
    known = [each.retailer for each in load_or_refuse(settings.config)] if settings.config else []
    if given is None and len(known) != 1:
        which = f"CHALANDISE_CONFIG has: {', '.join(known)}" if known else "CHALANDISE_CONFIG names none"
        raise UserError(f"--retailer ID: whose members are these? {which}")
    if given is not None and known and given not in known:
        raise UserError(f"no retailer {given!r} in CHALANDISE_CONFIG, which has: {', '.join(known)}")
    return given or known[0]


def _time(given: str | None, now: int) -> int:
    if given is None:
        return now
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or to_milliseconds(moment) > now:
        raise UserError(f"--at {given}: give a date and time that has come, with its offset: 2026-11-24T12:00:00+01:00")
    return to_milliseconds(moment)


@contextmanager
def _opened(out: str | None, read: Path) -> Iterator[BinaryIO | None]:
    if out is not None and Path(out).exists() and read.exists() and read.samefile(out):
        raise UserError(f"--out {out}: that is the file to be read, and would be lost; name another one")
    if out is None or out == "-":
        yield None if out is None else sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with Path(out).open("wb") as file:
        yield file


@asynccontextmanager
async def _sending(settings: Settings, dry_run: bool, out: BinaryIO | None) -> AsyncIterator[Send]:
    """Where the messages go."""
    if dry_run:
        yield nowhere
    elif out is not None:
        yield into(out)
    else:
        if settings.broker.startswith(EMBEDDED):
            raise UserError(
                "an embedded broker is another process's own: set CHALANDISE_BROKER=kafka://HOST:9092, or write "
                "events with --out FILE and give them to `chalandise up CONFIG --events FILE`"
            )
        producer = KafkaProducer(bootstrap(settings), client_id="chalandise-members")
        try:
            yield producer.produce
        finally:
            await producer.stop()


async def _import(
    file: Path, about: About, sending: AbstractAsyncContextManager[Send], found: Found, summary: Summary
) -> None:
    members = KINDS.get(file.suffix.lower())
    if members is None:
        raise UserError(f"{file}: a table is called .csv or .tsv, JSON Lines .jsonl; give it its name")
    with _lines(file) as lines:
        told = members(lines, about)
        async with sending as send:
            await pass_on(told, send, found, summary)


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file, with how far it has been read on standard error, where somebody looks at it."""
    console = Console(stderr=True)
    columns = (TextColumn(path.name), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with path.open("rb") as file, progress:
        task = progress.add_task("lines", total=path.stat().st_size or None)

        def read() -> Iterator[bytes]:
            for line in file:
                progress.advance(task, len(line))
                yield line

        yield read()
