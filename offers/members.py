"""Who the customer is: what one retailer knows of one member, and may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from offers.attributes import Value
from offers.history import NO_PURCHASES, History

SAME_VISIT = 2 * 3_600_000
"""Milliseconds within which the same store again is the same visit."""


ESTABLISHED_AFTER = 90 * 86_400_000
"""Milliseconds after joining from which on a member of whose visits nothing was told is no newcomer."""


class Purpose(StrEnum):
    """What a member can consent to."""

    OFFERS = "offers"
    LOCATION_HISTORY = "location_history"
    ANALYTICS = "analytics"
    NOTICES = "notices"


class Wish(StrEnum):
    """How much a member wants to hear."""

    STOP = "stop"
    LESS = "less"
    NORMAL = "normal"


class Grant(NamedTuple):
    """One answer to one purpose; the newest `at` wins."""

    granted: bool
    at: int
    version: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """Grants by purpose, and the wish to hear less or nothing. Absent is no."""

    grants: Mapping[str, Grant] = field(default_factory=dict)
    wish: Wish = Wish.NORMAL
    wish_at: int = 0

    def allows(self, purpose: Purpose) -> bool:
        """Whether `purpose` was granted and not taken back."""
        grant = self.grants.get(purpose)
        return grant is not None and grant.granted

    @property
    def lets_offers_out(self) -> bool:
        """Whether this member may be given an offer: `offers` was granted, and they did not say stop."""
        return self.allows(Purpose.OFFERS) and self.wish is not Wish.STOP

    @property
    def lets_positions_in(self) -> bool:
        """Whether a position of this member may be looked at, and kept, at all."""
        return self.allows(Purpose.OFFERS) or self.allows(Purpose.LOCATION_HISTORY)


class Contact(NamedTuple):
    """Something said to a member: an offer, or a message of another channel (no campaign: a message from outside).

    `channel` is that of a message, empty for an offer. `tone` is how an offer addressed the member from then on: `tu`
    or `vous`. `redeemed` is when its coupon was used (milliseconds UTC), 0 where it was not; `expires_at` when it runs
    out, 0 where there is none.
    """

    at: int
    campaign: str
    id: str
    channel: str = ""
    tone: str = ""
    redeemed: int = 0
    expires_at: int = 0


class Visit(NamedTuple):
    """One visit of a store; `last` is the last time something spoke for it."""

    store: str
    first: int
    last: int


class OlderVisits(NamedTuple):
    """Visits before the most recent ones, packed; `lost` is when the last began that found no room, -1: none did."""

    stores: tuple[str, ...] = ()
    packed: bytes = b""
    lost: int = -1


NONE_OLDER = OlderVisits()


class Passage(NamedTuple):
    """Something that happened to a member, and that a sequence rests on; `ring` is empty where there is none."""

    at: int
    kind: str
    where: str
    ring: str


class Progress(NamedTuple):
    """How many steps of a series were given, the last of them at `occasion`."""

    given: int
    occasion: str


@dataclass(frozen=True, slots=True)
class Visits:
    """How often a member came since we count: the number of visits, and the most `recent` ones, oldest first.

    `older` holds those before them, as far as they are kept. `trail` is what sequences rest on, bounded; `series` says
    by campaign how far the member has come. `handed` says how many visits of a device, made while it had no member,
    were counted here; of such a device, under its own name, how many were handed to members.
    """

    count: int = 0
    recent: tuple[Visit, ...] = ()
    trail: tuple[Passage, ...] = ()
    series: Mapping[str, Progress] = field(default_factory=dict)
    handed: Mapping[str, int] = field(default_factory=dict)
    older: OlderVisits = NONE_OLDER


@dataclass(frozen=True, slots=True)
class Profile:
    """What the retailer told us. Everything may be missing."""

    first_name: str | None = None
    tier: str | None = None
    points: int | None = None
    joined: int | None = None
    visits: int | None = None
    """Visits from before this system counted."""
    last_visit: int | None = None
    locale: str | None = None
    tone: str | None = None
    time_zone: str | None = None
    devices: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    emails_hashed: tuple[str, ...] = ()
    phones_hashed: tuple[str, ...] = ()
    linked_devices: tuple[str, ...] = ()
    """Devices that checked in at a till together with a card of theirs, whatever else is said of `devices`."""
    linked_cards: tuple[str, ...] = ()
    """Cards that nobody had, and with which something was bought on a coupon of theirs, whatever is said of `cards`."""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    """What the retailer knows from elsewhere, under names of its own."""


@dataclass(frozen=True, slots=True)
class Member:
    """All that a decision may look at."""

    id: str
    profile: Profile = Profile()
    consent: Consent = Consent()
    visits: Visits = Visits()
    purchases: History = NO_PURCHASES
    contacts: tuple[Contact, ...] = ()
    """In order of time."""

    @property
    def total_visits(self) -> int:
        """All visits ever, those from before this system counted included."""
        return (self.profile.visits or 0) + self.visits.count

    @property
    def tone(self) -> str | None:
        """How they were addressed at their first contact: it stays, unless they wish otherwise."""
        return next((contact.tone for contact in self.contacts if contact.tone), None)

    def is_newcomer(self, first_visits: int, at: int) -> bool:
        """Whether they came `first_visits` times at most.

        Without a history from before, one who joined longer ago than `ESTABLISHED_AFTER` is none.
        """
        profile = self.profile
        if profile.visits is None and profile.joined is not None and at - profile.joined > ESTABLISHED_AFTER:
            return False
        return self.total_visits <= first_visits


def last_seen(member: Member, at: int) -> int | None:
    """When the member was last in a store or bought something, before what happens `at`; None: never, as we know."""
    seen = [min(visit.last, at) for visit in member.visits.recent if visit.first < at]
    seen += member.purchases.times_before(at)
    if member.profile.last_visit is not None and member.profile.last_visit < at:
        seen.append(member.profile.last_visit)
    return max(seen, default=None)
