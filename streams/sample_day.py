"""The shipped sample days: what arrives from the sample members of a shipped retailer, made so that much is seen.

Each is a scenario in a file of its own, which `chalandise test` plays and judges as it does any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config import RetailerConfig
from streams import topics
from streams.errors import UserError
from streams.phones import Sent
from streams.scenarios.running import prepare
from streams.times import to_milliseconds

EXAMPLES = Path(__file__).parent.parent / "config" / "examples"

DAYS: Mapping[str, Path] = {
    "department-store": EXAMPLES / "galerie-lumiere.day.scenarios.yaml",
    "coffee-chain": EXAMPLES / "cafe-mirandole.day.scenarios.yaml",
    "snack-brand": EXAMPLES / "crounche.day.scenarios.yaml",
}
"""The file of each day, by the kind of retailer."""

FIRST = next(iter(DAYS))

START = to_milliseconds(datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
"""A Tuesday noon in Paris, milliseconds UTC."""

ON_THE_WAY = 400
"""Milliseconds from what happens to its arrival."""

_OF_THE_DAY = (topics.PINGS.name, topics.CHECKINS.name)


@dataclass(frozen=True, slots=True)
class SampleDay:
    """What was known of the members before `start` (ms UTC), and what arrives from then on, in order of arrival."""

    retailer: RetailerConfig
    title: str
    start: int
    history: tuple[Sent, ...]
    arriving: tuple[Sent, ...]

    @property
    def lines(self) -> list[bytes]:
        """All of it, as `replay` reads it."""
        return [sent.line for sent in (*self.history, *self.arriving)]


def read_day(name: str = FIRST) -> SampleDay:
    """The day of that name, or of the only one that begins so. Raises UserError where there is none."""
    return _day(_file(name))


def _file(name: str) -> Path:
    found = [file for known, file in DAYS.items() if known.startswith(name)]
    if len(found) != 1:
        raise UserError(f"there is no example {name}; there are {', '.join(DAYS)}")
    return found[0]


def _day(file: Path) -> SampleDay:
    (story,) = prepare([file]).stories
    events = [each.event for each in story.happenings if each.event is not None and each.event.type is not None]
    start = min(each.at for each in events if each.type is not None and each.type.topic in _OF_THE_DAY)
    history = tuple(Sent(start, each.value) for each in events if each.at < start)
    arriving = tuple(Sent(each.at + ON_THE_WAY, each.value) for each in events if each.at >= start)
    return SampleDay(story.placed.retailer, story.placed.scenario.scenario, start, history, arriving)
