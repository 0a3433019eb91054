"""`chalandise why`: the decision behind an offer, or behind its absence, readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from config import RetailerConfig, load_or_refuse
from config.settings import Settings, read_settings
from streams.app import EMBEDDED, bootstrap
from streams.decision_search import Found, find_in_folder, find_on_kafka
from streams.errors import UserError
from streams.sentences import occurrence, reason_in_words
from streams.told import DecisionTold

NOT_FOUND = 1


def why(
    named: Annotated[str, typer.Argument(metavar="ID", help="The id of an offer, of a trigger or of a decision.")],
    folder: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="What `replay --out` or `demo --out` wrote.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The retailer's YAML, for names of stores and local time.")
    ] = None,
) -> None:
    """Say why an offer was made, or why none was: what happened, what was considered, what spoke against it.

    Without --from it looks on Kafka (CHALANDISE_BROKER), at the time with which the id begins.
    """
    settings = read_settings()
    names = {each.retailer: each for each in load_or_refuse(_configs(settings, config))}
    found = find_in_folder(folder, named) if folder is not None else _find_on_kafka(settings, named)
    if found is None:
        where = str(folder) if folder is not None else f"{settings.broker}, which keeps decisions 30 days"
        typer.echo(f"chalandise: no decision, trigger or offer {named} in {where}", err=True)
        raise typer.Exit(NOT_FOUND)
    Console().print(explanation(found, names.get(found.decision.retailer)))


def _configs(settings: Settings, config: Path | None) -> list[Path]:
    return [config] if config is not None else list(settings.config)


def _find_on_kafka(settings: Settings, named: str) -> Found | None:
    if settings.broker.startswith(EMBEDDED):
        raise UserError(
            "where are the decisions? Name a folder with --from DIR (`demo` and `replay --out` write one), "
            "or set CHALANDISE_BROKER=kafka://HOST:9092"
        )
    with _progress() as looked_at:
        return find_on_kafka(bootstrap(settings), named, looked_at)


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} decisions looked at"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("decisions", total=None)
        yield lambda count: progress.advance(task, count)


def explanation(found: Found, retailer: RetailerConfig | None) -> Table:
    """The decision as a table of two columns; without the retailer's YAML, times are UTC and stores are ids."""
    decision = found.decision
    zone = retailer.rules.zone if retailer else ZoneInfo("UTC")
    known = retailer.rules.stores.get(decision.trigger.where) if retailer else None
    store = known.name if known else decision.trigger.where
    happened = f"{decision.member or 'somebody whom nobody knows'}: {occurrence(decision.trigger, store)}"
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("what happened", Text(happened))
    table.add_row("when", f"{decision.at.astimezone(zone):%A %d %B %Y, %H:%M:%S} ({zone})")
    for place, (campaign, words) in enumerate(_considered(decision)):
        table.add_row("considered" if place == 0 else "", Text.assemble((campaign, "cyan"), f": {words}"))
    for title, text in _outcome(found, zone):
        table.add_row(title, text)
    table.add_row("rules", Text(decision.rules, "dim"))
    table.add_row("decision", Text(decision.id, "dim"))
    table.add_row("trigger", Text(decision.trigger.id, "dim"))
    return table


def _considered(decision: DecisionTold) -> Iterator[tuple[str, str]]:
    """Each campaign, and what became of it."""
    for candidate, step in zip(decision.candidates, decision.steps, strict=False):
        if candidate.reason is None:
            yield candidate.campaign, "nothing speaks against it"
        else:
            detail = step.partition(f"{candidate.reason}, ")[2]
            yield candidate.campaign, f"{reason_in_words(candidate.reason)} ({candidate.reason}: {detail})"


def _outcome(found: Found, zone: ZoneInfo) -> Iterator[tuple[str, Text]]:
    decision, offer = found.decision, found.offer
    if decision.offer is None:
        words = reason_in_words(decision.reason, decision.detail)
        yield "outcome", Text(f"nothing was offered: {words} ({decision.reason})", "bold red")
        return
    yield "outcome", Text(f"offered: {decision.campaign}", "bold green")
    if offer is not None:
        yield "text", Text(offer.text, "bold")
        yield "valid until", Text(f"{offer.expires_at.astimezone(zone):%d %B %Y, %H:%M}")
        if offer.coupon is not None:
            yield "coupon", Text(offer.coupon.code)
    yield "offer", Text(decision.offer, "dim")
