"""`chalandise topics`: create and look at the topics on Kafka."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from config.settings import Settings, read_settings
from streams.app import EMBEDDED, bootstrap
from streams.errors import UserError
from streams.topics import DAY_MS, FOREVER, TopicRow, create_topics, list_topics

topics_app = typer.Typer(help="Create and look at the topics on Kafka.", no_args_is_help=True)


@topics_app.command("create")
def create() -> None:
    """Create the topics that are missing on CHALANDISE_BROKER. What is there stays as it is."""
    settings = _kafka_settings()
    made = create_topics(",".join(bootstrap(settings)), settings.partitions, settings.replication)
    typer.echo(f"created: {', '.join(made)}" if made else "all topics are there")


@topics_app.command("list")
def show() -> None:
    """List the topics: who writes them, by what they are keyed, how long they are kept, what differs on the broker."""
    rows = list_topics(",".join(bootstrap(_kafka_settings())))
    table = Table(box=None)
    for title in ("topic", "partitions", "key", "kept", "written by", "differs"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*_cells(row))
    Console().print(table)


def _cells(row: TopicRow) -> tuple[str, ...]:
    topic = row.topic
    kept = "compacted" if topic.compacted else _time(topic.retention_ms)
    differing = ", ".join(f"{name}={value}" for name, value in row.differing.items()) if row.partitions else ""
    return (topic.name, str(row.partitions or "missing"), topic.keyed_by, kept, topic.owner, differing)


def _time(milliseconds: int) -> str:
    if milliseconds == FOREVER:
        return "for ever"
    return f"{milliseconds / DAY_MS:.0f} d" if milliseconds >= DAY_MS else f"{milliseconds / DAY_MS * 24:.0f} h"


def _kafka_settings() -> Settings:
    settings = read_settings()
    if settings.broker.startswith(EMBEDDED):
        raise UserError(
            "the embedded broker makes its own topics: use `chalandise up` for it, or set CHALANDISE_BROKER=kafka://…"
        )
    return settings
