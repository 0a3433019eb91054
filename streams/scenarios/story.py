"""A scenario as it will be played: all that happens in order of time, and by when what must have come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from config.findings import ConfigError, Path, Problem
from config.scenarios.expecting import Expected
from config.scenarios.language import Recorded, Redeem, Step, Walk
from config.scenarios.loading import Placed
from config.scenarios.moments import Moment, local_day
from config.scenarios.references import devices_of, phone_of
from streams.events import Event, read_events
from streams.phones import ping_line
from streams.scenarios.saying import line_of, of_member
from streams.scenarios.walking import fixes_of

EVER = 1 << 62
"""Later than any time, in milliseconds."""

_RANK_OF_A_REDEMPTION = 1


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """An event at its time (ms UTC), or a coupon shown at a till; `place` is its order among those of one time."""

    at: int
    rank: int
    place: int
    path: Path = field(compare=False)
    event: Event | None = field(default=None, compare=False)
    redeem: Redeem | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Sought:
    """An expectation, where it stands, and of which time: after `since`, up to `until` (ms UTC).

    `day` is a moment (ms UTC) of the day that its times without a day mean.
    """

    expected: Expected
    path: Path
    since: int
    until: int
    day: int


@dataclass(frozen=True, slots=True)
class Story:
    """What happens, in order, from `begins` (ms UTC) on, and what is sought."""

    placed: Placed
    begins: int
    happenings: tuple[Happening, ...]
    sought: tuple[Sought, ...]


def tell(placed: Placed) -> Story:
    """The story of a scenario. Raises ConfigError where its times make none, or what was recorded cannot be read."""
    return _Teller(placed).story()


class _Teller:
    def __init__(self, placed: Placed) -> None:
        self._placed = placed
        self._rules = placed.retailer.rules
        self._zones = (*placed.retailer.zones, *placed.retailer.places)
        self._happenings: list[Happening] = []
        self._sought: list[Sought] = []
        self._walks = 0
        self._begins: int | None = None
        self._now: int | None = None
        """When what was told last is over."""
        self._checked = -1
        self._said: int | None = None
        """When something was said last."""

    def story(self) -> Story:
        scenario = self._placed.scenario
        devices = devices_of(scenario)
        if scenario.at is not None:
            self._come_to(scenario.at, None, ("at",))
        for place, walk in enumerate(scenario.walk):
            self._walk(walk, ("walk", place))
        for place, step in enumerate(scenario.happens):
            self._step(step, ("happens", place))
        begins = self._begins or 0
        for place, member in enumerate(scenario.members):
            own = sorted(device for device, owner in devices.items() if owner == member.id)
            for at, line in of_member(self._rules, member, own, begins, f"past-{place}"):
                self._add(read_events([line]), ("members", place), at)
        self._seek(scenario.expect, ("expect",), -1, EVER, begins)
        return Story(self._placed, begins, tuple(sorted(self._happenings)), tuple(self._sought))

    def _step(self, step: Step, path: Path) -> None:
        kind = step.kind
        if step.walk is not None:
            self._walk(step.walk, (*path, kind))
        elif step.recorded is not None:
            self._play(step.recorded, (*path, kind))
        elif step.wait is not None:
            self._now = self._come_to(None, None, (*path, kind)) + step.wait
        elif step.expect is not None:
            until = self._come_to(None, None, (*path, kind))
            day = min((each.at for each in self._happenings if each.at > self._checked), default=until)
            self._seek(step.expect, (*path, kind), self._checked, until, day)
            self._checked = until
            self._now = until + 1  # what follows is of the next part, whatever comes at once
        else:
            self._say(kind, getattr(step, kind), (*path, kind))

    def _say(self, kind: str, said: Any, path: Path) -> None:
        at = self._come_to(said.at, getattr(said, "store", None), (*path, "at"))
        if said.at is None and self._said == at:
            at = self._now = at + 1  # after what was said before, whatever ranks first at one time
        self._said = at
        place = len(self._happenings)
        if isinstance(said, Redeem):
            self._happenings.append(Happening(at, _RANK_OF_A_REDEMPTION, place, path, redeem=said))
        else:
            self._add(read_events([line_of(self._rules, kind, said, at, f"{kind}-{place}")]), path, at)

    def _walk(self, walk: Walk, path: Path) -> None:
        device = walk.device or phone_of(walk.member or "")
        start = self._come_to(walk.start, None, (*path, "from"))
        fixes = list(fixes_of(walk, start, self._zones, self._walks))
        self._add(read_events(ping_line(self._rules.retailer, device, fix) for fix in fixes), path, start)
        self._walks += 1

    def _play(self, recorded: Recorded, path: Path) -> None:
        file = self._placed.folder / recorded.file
        try:
            lines = file.read_bytes().splitlines()
        except OSError as error:
            what = f"the file `{recorded.file}` cannot be read ({(error.strerror or 'no file').lower()})"
            raise self._refused(path, what, "its name counts from the folder of the scenarios") from None
        events = list(read_events(_filled(lines, self._rules.retailer, recorded.device)))
        unread = next((each.line for each in events if each.type is None), None)
        if unread is not None:
            what = f"line {unread} of `{recorded.file}` is no event"
            raise self._refused(path, what, "write one JSON object a line, each with its `type`, as for `replay`")
        self._add(events, path, self._now or 0)

    def _add(self, events: Iterable[Event], path: Path, otherwise: int) -> None:
        """Let `events` happen; without one, nothing but `otherwise` has come."""
        latest = otherwise
        for each in events:
            rank = 0 if each.type is None else each.type.rank
            self._happenings.append(Happening(each.at, rank, len(self._happenings), path, each))
            latest = max(latest, each.at)
            if path[0] != "members":
                self._begin(each.at)
        self._now = latest

    def _come_to(self, moment: Moment | None, store: str | None, path: Path) -> int:
        """The time (ms UTC) that `moment` means; without one, when what stands before is over."""
        known = self._rules.stores.get(store or "")
        zone = known.zone if known is not None else self._rules.zone
        if moment is None and self._now is None:
            path = path[:-1] if path[-1] in ("at", "from") else path
            raise self._refused(
                path, "when this is stands nowhere", 'begin with a time, as in `at: "2026-11-20 12:00"`'
            )
        if moment is None:
            return self._now or 0
        at = moment.at(zone, None if self._now is None else local_day(self._now, zone))
        if at is None:
            raise self._refused(path, f"{moment} of which day stands nowhere", f'write it as in "2026-11-20 {moment}"')
        if moment.day is None and self._begins is not None and at < self._begins:
            raise self._refused(path, f"{moment} is before it all begins", "write the day as well, if it is the next")
        if self._placed.scenario.at is not None and self._begins is not None and at < self._begins:
            raise self._refused(path, f"{moment} is before the scenario begins", "write `at` earlier, or not at all")
        self._begin(at)
        self._now = at
        return at

    def _begin(self, at: int) -> None:
        self._begins = at if self._begins is None else min(self._begins, at)

    def _seek(self, expected: Iterable[Expected], path: Path, since: int, until: int, day: int) -> None:
        for place, each in enumerate(expected):
            self._sought.append(Sought(each, (*path, place), since, until, day))

    def _refused(self, path: Path, what: str, todo: str) -> ConfigError:
        return ConfigError([self._placed.document.finding(Problem(path, what, todo))])


def _filled(lines: Iterable[bytes], retailer: str, device: str | None) -> Iterator[bytes]:
    """Recorded lines with the retailer and the phone where they name none."""
    for line in lines:
        try:
            told = orjson.loads(line) if line.strip() else None
        except orjson.JSONDecodeError:
            told = None
        if not isinstance(told, dict):
            yield line
            continue
        told.setdefault("retailer", retailer)
        if device is not None and told.get("type") in ("ping", "checkin"):
            told.setdefault("device", device)
        yield orjson.dumps(told)
