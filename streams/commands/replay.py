"""`chalandise replay`: recorded events through the rules of a retailer, before anybody is greeted."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from config import load_or_refuse
from config.settings import read_settings
from streams.app import retailers_of
from streams.batches import Batch, Processed
from streams.explained import Explained
from streams.map_page import write_map
from streams.replay import Files, Replay, Summary
from streams.sketch import Sketch


def replay(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The retailer's YAML.")],
    events: Annotated[str, typer.Argument(metavar="EVENTS", help="A file of JSON lines, or - for standard input.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to write what came of it.")] = None,
    picture: Annotated[
        Path | None, typer.Option("--map", metavar="FILE.html", help="Draw a map of rings, tracks and offers.")
    ] = None,
    explained: Annotated[
        str | None, typer.Option("--explain", metavar="DEVICE", help="Say of each fix of a device what it weighed.")
    ] = None,
) -> None:
    """Play recorded pings, check-ins and purchases, and see which offers they lead to, and why not more.

    The clock is the events' own, and coupon codes are samples: the same input gives the same output, byte for byte.
    """
    settings = read_settings(config=(config,), broker="embedded://replay", secret=None)
    configs = load_or_refuse(settings.config)
    retailers = retailers_of(settings, configs)
    sketch = Sketch.of(configs[0])
    console = Console(stderr=True)
    told = None if explained is None else Explained(next(iter(retailers.values())), explained, print)
    with _lines(events) as lines, Files(out) as files, _progress(console) as progress:
        task = progress.add_task("events", total=None)

        def observe(processed: Processed, batch: Batch) -> None:
            progress.advance(task)
            if picture is not None:
                sketch.add(processed, batch)
            if told is not None:
                told.add(processed, batch)

        summary = asyncio.run(Replay(retailers, files, observe).run(lines))
    if told is not None:
        told.end()
        if not told.steps:
            console.print(f"no ping of a device {explained!r}", highlight=False, soft_wrap=True)
    _print(summary, Console(), out)
    if picture is not None:
        write_map(sketch, picture, f"{configs[0].description.name}: a replay of {_title(events)}")
        Console().print(f"map: {picture}", highlight=False, soft_wrap=True)


def _title(events: str) -> str:
    return "standard input" if events == "-" else Path(events).name


@contextmanager
def _lines(events: str) -> Iterator[Iterator[bytes]]:
    if events == "-":
        yield iter(sys.stdin.buffer)
        return
    with Path(events).open("rb") as file:
        yield iter(file)


def _progress(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print(summary: Summary, console: Console, out: Path | None) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("events", f"{summary.events:,}")
    for title, counts in (
        ("transitions", summary.transitions),
        ("decisions", summary.decisions),
        ("rejected fixes", summary.rejections),
        ("dead letters", summary.dead_letters),
    ):
        table.add_row(title, f"{counts.total():,}")
        for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
            table.add_row(f"  {name}", f"{count:,}", style="dim")
    if summary.without_consent:
        table.add_row("dropped for want of consent", f"{summary.without_consent:,}")
    console.print(table)
    if out is not None:
        console.print(f"written to {out}/", highlight=False, soft_wrap=True)
