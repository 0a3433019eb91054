"""Files of scenarios: all their mistakes at once, or each scenario played and judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.findings import ConfigError, Finding
from config.scenarios import load_scenarios
from config.settings import Settings
from streams.scenarios.happened import Happened
from streams.scenarios.judging import Failure, judge
from streams.scenarios.playing import play
from streams.scenarios.story import Story, tell


@dataclass(frozen=True)
class Prepared:
    """The stories of some files, in order; with findings none is to be played."""

    stories: tuple[Story, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Played:
    """A story, what came of it, what of that was not expected, and how long it took (seconds)."""

    story: Story
    happened: Happened
    failures: tuple[Failure, ...]
    seconds: float

    @property
    def name(self) -> str:
        """The scenario's."""
        return self.story.placed.scenario.scenario


def prepare(files: Sequence[Path], config: Path | None = None) -> Prepared:
    """Read `files` and find all that is wrong with them. Raises OSError where one cannot be read."""
    loaded = load_scenarios(files, config)
    stories: list[Story] = []
    findings = list(loaded.findings)
    for placed in loaded.scenarios:
        try:
            stories.append(tell(placed))
        except ConfigError as refused:
            findings += refused.findings
    order = {file: place for place, file in reversed([*enumerate(found.file for found in findings)])}
    findings.sort(key=lambda found: (order[found.file], found))
    return Prepared(tuple(stories), tuple(findings))


def run(stories: Sequence[Story], settings: Settings) -> Iterator[Played]:
    """Play and judge one story after the other."""
    for story in stories:
        began = time.perf_counter()
        happened = asyncio.run(play(story, settings))
        yield Played(story, happened, tuple(judge(story, happened)), time.perf_counter() - began)


def selected(stories: Sequence[Story], words: Sequence[str]) -> list[Story]:
    """Those whose file or name holds one of `words`, capitals or not; all of them without words."""
    wanted = [each.lower() for each in words]

    def fits(story: Story) -> bool:
        named = f"{Path(story.placed.file).name} {story.placed.scenario.scenario}".lower()
        return any(each in named for each in wanted)

    return [story for story in stories if not wanted or fits(story)]
