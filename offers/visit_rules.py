"""What a campaign may ask of a member's visits: how many in a time, where and when; and what is usual for them.

A visit counts with its beginning: one exactly `within` ago still does, one later than the trigger does not yet. What is
not known any more speaks against the campaign, whatever was asked; `least` needs no more than what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from offers.contact_policy import local
from offers.dayparts import Daypart
from offers.members import Member, Visit
from offers.visits import all_visits, lost_until

_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Coming:
    """Visits that count: of these `stores` (None: of all; `here`: of the one spoken of), begun in `dayparts`."""

    within: int
    """Milliseconds."""
    stores: frozenset[str] | None = None
    here: bool = False
    dayparts: tuple[Daypart, ...] = ()
    """On the clock of the store that was visited; none: always."""


@dataclass(frozen=True, slots=True)
class Came:
    """So many visits that count, the one that begins now included."""

    coming: Coming
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Usual:
    """Of the visits before this one at least `least` count, and of all in that time at least `percent` of 100 do."""

    coming: Coming
    least: int = 3
    percent: int = 50


@dataclass(frozen=True, slots=True)
class Looked:
    """A member's visits up to `at` (milliseconds UTC), as a campaign looks at them that speaks of the store `here`."""

    member: Member
    at: int
    here: str
    zone_of: Callable[[str], ZoneInfo]
    """The clock of a store."""

    def visits(self, within: int) -> list[Visit]:
        """Those that are known to have begun so many milliseconds ago at most."""
        return [visit for visit in all_visits(self.member.visits) if self.at - within <= visit.first <= self.at]

    def forgot(self, within: int) -> bool:
        """Whether one of them may have been counted and is not known any more."""
        visits = self.member.visits
        return lost_until(visits, all_visits(visits)) >= self.at - within

    def came_before_we_counted(self, within: int) -> bool:
        """Whether one of them may be among those that the retailer told of, without their times."""
        profile = self.member.profile
        return bool(profile.visits) and (profile.last_visit is None or profile.last_visit >= self.at - within)

    def fitting(self, visits: Iterable[Visit], coming: Coming) -> int:
        """How many of them count."""
        stores = frozenset((self.here,)) if coming.here else coming.stores
        there = [visit for visit in visits if stores is None or visit.store in stores]
        return sum(not coming.dayparts or self._begun_in(visit, coming.dayparts) for visit in there)

    def _begun_in(self, visit: Visit, dayparts: Iterable[Daypart]) -> bool:
        moment = local(visit.first, self.zone_of(visit.store))
        return any(daypart.covers(moment) for daypart in dayparts)


def against_visits(came: Iterable[Came], usual: Iterable[Usual], looked: Looked) -> Iterator[str]:
    """What of the visits speaks against it, in words."""
    for asked in came:
        yield from _against_came(asked, looked)
    for each in usual:
        yield from _against_usual(each, looked)


def _against_came(asked: Came, looked: Looked) -> Iterator[str]:
    within = asked.coming.within
    found = looked.fitting(looked.visits(within), asked.coming)
    doubtful = looked.forgot(within) or looked.came_before_we_counted(within)
    too_few = asked.least is not None and found < asked.least
    if too_few or (asked.most is not None and (found > asked.most or doubtful)):
        known = " that are known" if doubtful else ""
        yield f"came {found} times{known} in {_days(asked.coming)}, {_bounds(asked.least, asked.most)} asked for"


def _against_usual(asked: Usual, looked: Looked) -> Iterator[str]:
    within = asked.coming.within
    before = [visit for visit in looked.visits(within) if visit.first < looked.at]
    found = looked.fitting(before, asked.coming)
    if looked.forgot(within):
        yield f"not all visits of {_days(asked.coming)} are known any more"
    elif found < asked.least or found * 100 < asked.percent * len(before):
        words = f"at least {asked.least} and {asked.percent}% asked for"
        yield f"{found} of {len(before)} visits in {_days(asked.coming)} were like this, {words}"


def _bounds(least: int | None, most: int | None) -> str:
    named = (("at least", least), ("at most", most))
    return " and ".join(f"{bound} {number}" for bound, number in named if number is not None)


def _days(coming: Coming) -> str:
    return f"{coming.within / _DAY:g} days"
