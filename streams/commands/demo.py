"""`chalandise demo`: a noon in Paris in under a minute, from the pings to the offers, in this process."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Annotated, NamedTuple

import orjson
import typer
from rich.console import Console

from config import RetailerConfig, load_or_refuse
from config.settings import Settings, read_settings
from streams import sample_day
from streams.app import retailers_of
from streams.batches import Batch, Processed
from streams.commands.demo_view import DemoView
from streams.commands.worker import stop_on_signals
from streams.demonstration import Demonstration, Programme, cut_short
from streams.errors import UserError
from streams.gateway.beside import doors_beside, on_free_ports, reachable_at_itself
from streams.gateway.keys import Scope, sample_keys
from streams.logs import set_up_logs
from streams.map_page import write_map
from streams.replay import Files
from streams.sample_day import SampleDay
from streams.simulation import MINUTE, Plan, simulate
from streams.sketch import Sketch

MEMBERS = 8
LASTING = 24 * MINUTE
MAP = "map.html"
EVENTS = "events.jsonl"


def demo(
    example: Annotated[
        str | None,
        typer.Argument(metavar="EXAMPLE", help=f"{', '.join(sample_day.DAYS)}; the first words will do."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own YAML, walked through by sample members.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=3_600, help="How long the walking takes to watch.")] = 45.0,
    speed: Annotated[
        float | None, typer.Option(min=0.1, max=10_000, help="Times real speed, in place of --seconds.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Show only the first minutes of the walk.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the map and all that was written go.")] = Path(
        "chalandise-demo"
    ),
    no_map: Annotated[bool, typer.Option("--no-map", help="Draw no map.")] = False,
) -> None:
    """Watch sample members walk through a shopping district: who comes near what, what they are offered, and why not.

    Broker, Redis, worker and gateway run inside this one process; nothing needs to be installed or configured.

    The examples do not exist, and their members are samples:

    department-store: in Paris at noon; what is shown where none is named.

    coffee-chain: in Lyon after work, off the train and past a coffee shop.

    snack-brand: at the partners of a brand in Paris, who hear who is at their door.
    """
    if example is not None and config is not None:
        raise UserError("an example and --config: which of the two? Leave one of them out")
    day = sample_day.read_day(example or sample_day.FIRST) if config is None else None
    file = config if day is None else Path(day.retailer.file)
    settings = read_settings(
        config=() if file is None else (file,), broker="embedded://demo", redis=None, secret=None, log_level="error"
    )
    settings = reachable_at_itself(on_free_ports(settings))
    set_up_logs(settings)
    described = load_or_refuse(settings.config)[0]
    programme = _programme(settings, described, day)
    title = "sample members on their way" if day is None else day.title
    if minutes is not None:
        programme = cut_short(programme, int(minutes * MINUTE))
    speed = speed or max(programme.lasting / 1_000 / seconds, 0.1)
    show = Shown(programme, described, f"{described.description.name}: {title}", out, draws=not no_map)
    asyncio.run(_show(show, settings, speed))


class Shown(NamedTuple):
    """What is shown, and where all that is written of it goes."""

    programme: Programme
    described: RetailerConfig
    title: str
    out: Path
    draws: bool


def _programme(settings: Settings, described: RetailerConfig, day: SampleDay | None) -> Programme:
    retailers = retailers_of(settings, [described])
    if day is not None:
        return Programme(retailers, day.start, day.history, day.arriving)
    plan = Plan(MEMBERS, sample_day.START, LASTING)
    sent = list(simulate(described.rules, described.zones, plan))
    before = [each for each in sent if each.arrives == plan.start]
    return Programme(retailers, plan.start, before, sent[len(before) :])


async def _show(shown: Shown, settings: Settings, speed: float) -> None:
    programme, described, title, out, draws = shown
    console = Console()
    sketch = Sketch.of(described)
    view = DemoView(console, sketch, described.description.name or described.retailer, math.ceil(speed))
    with Files(out) as files:

        def observe(processed: Processed, batch: Batch) -> None:
            sketch.add(processed, batch)
            view.tell(processed)
            files.take(processed)

        show = Demonstration(programme, speed, observe)
        with view.of(show):
            async with show.engine(settings) as engine:
                stop_on_signals(engine)
                if engine.broker is None:
                    raise TypeError("the demo runs on the embedded broker")
                async with doors_beside(engine, engine.broker, settings, show.clock) as addresses:
                    retailer = described.retailer
                    keys = await sample_keys(retailer, engine.tables.api_keys, show.clock())
                    view.say_doors(addresses, keys[Scope.CRM], _first_member(programme))
                    await show.run(engine)
    _write_events(programme, out / EVENTS)
    view.sum_up(show)
    if draws:
        write_map(sketch, out / MAP, title)
        view.say_where("the map", out / MAP)
    view.say_next(settings.config[0], out)


def _first_member(programme: Programme) -> str:
    told = (orjson.loads(sent.line) for sent in programme.history)
    return next((str(each["member"]) for each in told if each["type"] == "member"), "MEMBER")


def _write_events(programme: Programme, path: Path) -> None:
    path.write_bytes(b"".join(sent.line + b"\n" for sent in (*programme.history, *programme.arriving)))
