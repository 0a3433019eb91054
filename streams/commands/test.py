"""`chalandise test`: a retailer's own tests of its rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from config.settings import read_settings
from streams.commands.check import FINDINGS
from streams.errors import UserError
from streams.scenarios.junit import write_junit
from streams.scenarios.running import Played, Prepared, prepare, run, selected
from streams.scenarios.story import Story
from streams.scenarios.telling import Teller

_STYLES = {"offer": "green", "no": "dim"}


def test(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Files of scenarios, or folders of *.scenarios.yaml.")
    ],
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A retailer's YAML, in place of those that the files name.")
    ] = None,
    words: Annotated[
        list[str] | None, typer.Option("-k", metavar="TEXT", help="Only scenarios with TEXT in their name or file.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE.xml", help="Write the results for a build server, as JUnit XML.")
    ] = None,
    story: Annotated[bool, typer.Option("--story", help="Tell all that came of each scenario, and when.")] = False,
) -> None:
    """Play scenarios through the rules, and say which expectation does not hold, what happened instead, and why.

    The clock is the scenarios' own. Exits with 0 where all hold, 1 where one does not or a file has mistakes, 2 where a
    file cannot be read.
    """
    prepared = prepare(files, config)
    if prepared.findings:
        _refuse(prepared, junit)
    chosen = selected(prepared.stories, words or ())
    if not chosen:
        raise UserError(f"no scenario has {' or '.join(words or ())} in its name; there are {len(prepared.stories)}")
    played = _play(chosen, tells=story)
    if junit is not None:
        write_junit(junit, played)
    _sum_up(played, left_out=len(prepared.stories) - len(chosen))
    if any(each.failures for each in played):
        raise typer.Exit(FINDINGS)


def _refuse(prepared: Prepared, junit: Path | None) -> None:
    for finding in prepared.findings:
        typer.echo(str(finding))
    if junit is not None:
        write_junit(junit, (), prepared.findings)
    raise typer.Exit(FINDINGS)


def _play(stories: Sequence[Story], *, tells: bool) -> list[Played]:
    settings = read_settings(config=(), broker="embedded://test", secret=None)
    console, beside = Console(highlight=False, soft_wrap=True), Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("scenarios"), TimeElapsedColumn())
    played: list[Played] = []
    with Progress(*columns, console=beside, transient=True, disable=not beside.is_terminal) as progress:
        task = progress.add_task("scenarios", total=len(stories))
        for each in run(stories, settings):
            if not played or played[-1].story.placed.file != each.story.placed.file:
                console.print(Text(each.story.placed.file, "bold"))
            _show(each, console, tells=tells)
            played.append(each)
            progress.advance(task)
    return played


def _show(played: Played, console: Console, *, tells: bool) -> None:
    mark = Text("  ✗ ", "bold red") if played.failures else Text("  ✓ ", "bold green")
    aside = "" if played.story.sought else "  (nothing is expected of it)"
    console.print(Text.assemble(mark, (played.name, "bold" if played.failures else ""), (aside, "yellow")))
    if tells:
        for line in Teller(played.happened, played.story.begins).everything():
            console.print(Text(f"      {line.text}", _STYLES.get(line.tone, "")))
    for failure in played.failures:
        console.print(Text.assemble((f"{failure.file}:{failure.line}:{failure.column}", "red"), f": {failure.what}"))
        for instead in failure.instead:
            console.print(Text(f"      {instead}"))


def _sum_up(played: Sequence[Played], left_out: int) -> None:
    failed = sum(1 for each in played if each.failures)
    seconds = sum(each.seconds for each in played)
    said = _counted(len(played), "scenario") + (
        f", {failed} of them not as expected" if failed else ", all as expected"
    )
    said += f" ({left_out} left out)" if left_out else ""
    held_out = sum(1 for each in played if each.story.placed.scenario.holdout)
    said += f"; holdouts count in {held_out}" if held_out else ""
    Console(highlight=False).print(Text(f"{said}, {seconds:.1f} s", "bold red" if failed else "bold green"))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
