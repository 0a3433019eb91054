"""`chalandise watch`: offers, and what was withheld, as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from rich.console import Console
from rich.text import Text

from config import RetailerConfig, load_or_refuse
from config.settings import read_settings
from streams import topics
from streams.app import EMBEDDED, bootstrap
from streams.errors import InfrastructureError, UserError
from streams.sentences import clock_time, is_eventful, occurrence, reason_in_words
from streams.told import DecisionTold, OfferTold, Told, read_told

WATCHED = (topics.OFFERS.name, topics.DECISIONS.name)


def watch(
    member: Annotated[str | None, typer.Option(metavar="ID", help="Only what is about this member.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also where no campaign waited, or another trigger spoke.")
    ] = False,
) -> None:
    """Watch offers, and those withheld with the reason why, as the workers on Kafka decide them.

    CHALANDISE_BROKER says where; with CHALANDISE_CONFIG, stores have their names and times are local. Ctrl-C ends it.
    """
    settings = read_settings()
    if settings.broker.startswith(EMBEDDED):
        raise UserError(
            "an embedded broker is seen by its own process only: `chalandise demo` and `chalandise up` show what "
            "happens there; to watch workers, set CHALANDISE_BROKER=kafka://HOST:9092"
        )
    retailers = {each.retailer: each for each in load_or_refuse(list(settings.config))} if settings.config else {}
    console = Console()
    for told in _told(bootstrap(settings)):
        if member in (None, getattr(told, "member", None)) and (everything or _is_worth_a_line(told)):
            console.print(line(told, retailers), soft_wrap=True)


def _told(brokers: list[str]) -> Iterator[Told]:
    """What is written from now on."""
    address = ",".join(brokers)
    try:
        with closing(KafkaConsumer(bootstrap_servers=brokers, client_id="chalandise-watch")) as consumer:
            _begin_at_the_end(consumer, address)
            typer.echo(f"watching {address}; Ctrl-C to stop", err=True)
            while True:
                for records in consumer.poll(timeout_ms=500).values():
                    yield from filter(None, (read_told(record.topic, record.value) for record in records))
    except KafkaError as error:
        raise InfrastructureError(f"the broker at {address} did not answer: {error!r}") from error


def _begin_at_the_end(consumer: KafkaConsumer, address: str) -> None:
    """All partitions, each from what comes next."""
    missing = [topic for topic in WATCHED if not consumer.partitions_for_topic(topic)]
    if missing:
        raise UserError(f"there is no topic {' or '.join(missing)} on {address}: `chalandise topics create` makes it")
    partitions = [TopicPartition(topic, each) for topic in WATCHED for each in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    for partition, end in consumer.end_offsets(partitions).items():
        consumer.seek(partition, end)


def _is_worth_a_line(told: Told) -> bool:
    """Offers have a line of their own, so that their decision needs none."""
    return isinstance(told, OfferTold) or (isinstance(told, DecisionTold) and is_eventful(told))


def line(told: Told, retailers: Mapping[str, RetailerConfig]) -> Text:
    """`12:08:20  offered   sample-camille  came near Haussmann  beauty-comeback: Camille, …`"""
    retailer = retailers.get(told.retailer)
    zone = retailer.rules.zone if retailer else ZoneInfo("UTC")
    if isinstance(told, OfferTold):
        words = Text.assemble(("offered   ", "bold green"), _whom(told, retailer), (told.text, "bold"))
        words.append(f"  {told.campaign} {told.id}", "dim")
        return Text.assemble((clock_time(told.created_at, zone), "dim"), "  ", words)
    if not isinstance(told, DecisionTold):
        raise TypeError(f"no line for {type(told).__name__}")
    if told.offer is not None:
        words = Text.assemble(("decided   ", "green"), _whom(told, retailer), f"offered {told.campaign}")
    else:
        reason = reason_in_words(told.reason, told.detail)
        words = Text.assemble(("withheld  ", "red"), _whom(told, retailer), reason, (f" {told.reason}", "red"))
    words.append(f"  {told.id}", "dim")
    return Text.assemble((clock_time(told.at, zone), "dim"), "  ", words)


def _whom(told: OfferTold | DecisionTold, retailer: RetailerConfig | None) -> Text:
    known = retailer.rules.stores.get(told.trigger.where) if retailer else None
    came = occurrence(told.trigger, known.name if known else told.trigger.where)
    return Text.assemble((told.member or "nobody known", "cyan"), f" {came}: ")
