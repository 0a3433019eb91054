"""What may start an offer, and what a campaign waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from offers.dayparts import Daypart


class TriggerKind(StrEnum):
    """What may start an offer."""

    ENTER = "ENTER"
    """A ring of a store, or a place, was entered."""
    DWELL = "DWELL"
    """Somebody stayed: long enough in the innermost ring for a visit, or at a place."""
    EXIT = "EXIT"
    """A ring, or a place, was left."""
    PASS_BY = "PASS_BY"
    """A ring was touched and left before its hold time, or entered and left without a visit."""
    CHECK_IN = "CHECK_IN"
    """A member said so, and is believed."""
    VISIT = "VISIT"
    """A visit began: long enough in the innermost ring, or a believed check-in."""
    SCAN = "SCAN"
    """A believed check-in by the code of a product, or of a shelf."""


OF_RINGS = frozenset({TriggerKind.ENTER, TriggerKind.EXIT, TriggerKind.PASS_BY})
"""Kinds for which it matters which ring of a store it is."""

Key = tuple[TriggerKind, str, str | None]
"""What a trigger is found by: its kind, its store or place, and its ring, or what was scanned, where that matters."""


@dataclass(frozen=True, slots=True)
class Scannable:
    """What a code stands for: a product wherever it is sold, or a shelf of one `store`, with what stands there."""

    product: str | None = None
    category: str | None = None
    store: str | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """What campaigns may wait for: the product, its category."""
        named = (("product", self.product), ("category", self.category))
        return tuple(subject(kind, name) for kind, name in named if name is not None)


def subject(kind: str, name: str) -> str:
    """A product or a category as a campaign waits for it."""
    return f"{kind} {name}"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing that happened at `at` (milliseconds UTC), and may start an offer: at a `store`, or at a `place`."""

    id: str
    kind: TriggerKind
    at: int
    store: str | None
    ring: str | None = None
    place: str | None = None
    scanned: Scannable | None = None

    @property
    def geofence(self) -> str | None:
        """`store/ring`, or the place, where it happened at one."""
        return f"{self.store}/{self.ring}" if self.ring else self.place

    @property
    def where(self) -> str:
        """The store or the place."""
        return self.store or self.place or ""

    @property
    def keys(self) -> tuple[Key, ...]:
        """By which the campaigns that wait for it are found."""
        if self.scanned is not None:
            return tuple((self.kind, self.where, each) for each in (*self.scanned.subjects, None))
        return ((self.kind, self.where, self.ring if self.kind in OF_RINGS else None),)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that can happen at any of the stores or places `where`; `ring` for those kinds that have one.

    `subjects` are what a SCAN may be of; none: of anything.
    """

    kind: TriggerKind
    where: frozenset[str]
    ring: str | None = None
    subjects: frozenset[str] = frozenset()

    @property
    def keys(self) -> Iterator[Key]:
        """The keys of all triggers that are this."""
        details: frozenset[str | None] = frozenset(self.subjects) or frozenset({self.ring})
        return ((self.kind, each, detail) for each in self.where for detail in details)


@dataclass(frozen=True, slots=True)
class When(Happening):
    """The trigger a campaign waits for; `nth` of a VISIT (None: any). Times in milliseconds."""

    nth: int | None = None
    before: tuple[Happening, ...] = ()
    """What must have happened before it, in this order, the first of it at most `within` ago."""
    within: int = 0
    not_seen_for: int | None = None
    """So long the member must have been away from all stores."""
    dayparts: tuple[Daypart, ...] = ()
    """On the clock of the store, at least one of them; none: always."""
    even_closed: bool = False
    """Whether it speaks while the store is closed, too."""

    @property
    def asks_for_a_past(self) -> bool:
        """Whether it depends on what happened before."""
        return self.nth is not None or self.not_seen_for is not None or bool(self.before)
