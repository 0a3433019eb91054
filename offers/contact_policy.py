"""How often a retailer may speak to one member, across all its campaigns and channels."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from offers.members import Contact

LONGEST_DAY = 49 * 3_600_000
"""Milliseconds: longer than any local day, and one that comes twice."""

SAME_CAMPAIGN_REST = 4 * 3_600_000
"""Milliseconds in which a campaign makes no second offer to a member: why two phones of one member get one offer."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `at_most` in any `window` milliseconds, or, where that is None, on any `days` days of the member."""

    at_most: int
    window: int | None
    days: int = 1

    def halved(self) -> Cap:
        """Half as much: half the number, rounded down; of one, one in twice the time, so that `less` is not `stop`."""
        if self.at_most > 1:
            return replace(self, at_most=self.at_most // 2)
        return replace(self, window=None if self.window is None else 2 * self.window, days=2 * self.days)

    @property
    def reach(self) -> int:
        """Milliseconds before an offer in which contacts may count, halved or not."""
        return 2 * (self.window if self.window is not None else self.days * LONGEST_DAY)


@dataclass(frozen=True, slots=True)
class Newcomers:
    """In a member's first `first_visits` visits only campaigns for newcomers speak, and no more than `cap` allows."""

    first_visits: int
    cap: Cap


@dataclass(frozen=True, slots=True)
class Announcement:
    """That the campaign `next` speaks in `every` milliseconds: it does not sooner, nor more often than that."""

    every: int
    next: str


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` up to, not including, `end` on the member's clock; past midnight where `end` is before `start`."""

    start: time
    end: time

    def cover(self, moment: time) -> bool:
        """Whether `moment`, a time of the member's day, is quiet."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


@dataclass(frozen=True, slots=True)
class ContactPolicy:
    """What holds for every campaign of one retailer."""

    caps: tuple[Cap, ...] = ()
    quiet_hours: QuietHours | None = None
    address: str = "vous"
    """How a member is spoken to who never said, and to whom nothing was said yet: `tu` or `vous`."""
    newcomers: Newcomers | None = None
    spacing: Mapping[str, int] = field(default_factory=dict)
    """Milliseconds without an offer after a message of each channel."""
    cool_down: int | None = None
    """Milliseconds without an offer after a coupon was used."""
    reach: int = field(init=False)
    """Milliseconds after which no cap counts a contact any more."""

    def __post_init__(self) -> None:
        caps = (*self.caps, *((self.newcomers.cap,) if self.newcomers else ()))
        object.__setattr__(self, "reach", max((cap.reach for cap in caps), default=0))


def against_caps(caps: Sequence[Cap], moments: Sequence[int], at: int, zone: ZoneInfo) -> str | None:
    """What the caps have against one more contact at `at` on top of those at `moments`, which stand in order of time.

    A window reaches to both sides, so that a cap holds in whatever order contacts arrive.
    """
    for cap in caps:
        start, end = _days_round(at, zone, cap.days) if cap.window is None else (at - cap.window, at + cap.window)
        if between(moments, start, end) >= cap.at_most:
            return _already_made(cap.at_most)
    return None


def against_spacing(spacing: Mapping[str, int], contacts: Iterable[Contact], at: int) -> str | None:
    """What messages of other channels have against it: those before `at`, the same millisecond included."""
    for channel, apart in spacing.items():
        if any(contact.channel == channel and at - apart < contact.at <= at for contact in contacts):
            return f"a message by {channel} came less than {_in_words(apart)} before"
    return None


def against_cool_down(cool_down: int, contacts: Iterable[Contact], at: int) -> str | None:
    """The rest after a coupon was used."""
    if any(contact.redeemed and at - cool_down < contact.redeemed <= at for contact in contacts):
        return f"a coupon was used less than {_in_words(cool_down)} before"
    return None


def against_announcement(campaign: str, announcer: str, every: int, contacts: Iterable[Contact], at: int) -> str | None:
    """What `announcer` announced of `campaign`: not sooner than `every` milliseconds after either of them spoke."""
    if between(_moments_of((campaign, announcer), contacts), at - every, at + every):
        return f"announced by {announcer} for no sooner than {_in_words(every)} after"
    return None


def against_rest(campaign: str, contacts: Iterable[Contact], at: int) -> str | None:
    """The rest that every campaign keeps after each offer to a member."""
    return against_limit(campaign, 1, SAME_CAMPAIGN_REST, contacts, at)


def against_limit(campaign: str, at_most: int, window: int | None, contacts: Iterable[Contact], at: int) -> str | None:
    """A campaign's own limit per member, in any `window` milliseconds round `at`, or for good."""
    moments = _moments_of((campaign,), contacts)
    made = len(moments) if window is None else between(moments, at - window, at + window)
    return _already_made(at_most) if made >= at_most else None


def between(moments: Sequence[int], start: int, end: int) -> int:
    """How many of `moments`, which stand in order of time, lie after `start` and before `end`."""
    return bisect_left(moments, end) - bisect_right(moments, start)


def moments_counted(contacts: Iterable[Contact], rewards: Container[str] = ()) -> list[int]:
    """When the contacts were that count for a cap, in order of time: all but offers of the campaigns `rewards`."""
    return sorted([contact.at for contact in contacts if contact.campaign not in rewards])


def _moments_of(campaigns: Container[str], contacts: Iterable[Contact]) -> list[int]:
    return sorted([contact.at for contact in contacts if contact.campaign in campaigns])


def _already_made(at_most: int) -> str:
    return f"{at_most} already made in the time that counts"


def _days_round(at: int, zone: ZoneInfo, days: int) -> tuple[int, int]:
    """The span in which any stretch of `days` local days that holds `at` lies."""
    start, end = day_of(at, zone)
    for _ in range(days - 1):
        start, end = day_of(start - 1, zone)[0], day_of(end, zone)[1]
    return start - 1, end


def _in_words(milliseconds: int) -> str:
    """`3 days`, `90 min`"""
    if milliseconds % 86_400_000 == 0:
        return f"{milliseconds // 86_400_000} days"
    return f"{milliseconds / 60_000:g} min"


MOST_CONTACTS = 256
"""Contacts kept of one member, newest last."""

NEWEST = 128
"""So many of them are the newest, whoever made them: what caps rest on."""


def kept_contacts(contacts: Iterable[Contact]) -> tuple[Contact, ...]:
    """`contacts` in order of time, as many as are kept.

    Of the older ones those from outside go first, then those of which the same campaign made most since: a campaign's
    limit for good rests on its last contacts, however many others there were.
    """
    ordered = sorted(contacts)
    if len(ordered) <= MOST_CONTACTS:
        return tuple(ordered)
    since: Counter[str] = Counter()
    ranked = []
    for age, contact in enumerate(reversed(ordered)):
        ranked.append((age >= NEWEST, contact.campaign == "", since[contact.campaign], age, contact))
        since[contact.campaign] += 1
    return tuple(sorted(contact for *_, contact in sorted(ranked)[:MOST_CONTACTS]))


def day_of(at: int, zone: ZoneInfo) -> tuple[int, int]:
    """First millisecond of the local day that holds `at`, and of the one after; 23 to 25 hours apart."""
    return _bounds(local(at, zone).date(), zone)


@lru_cache(maxsize=1_024)  # nearly all members live one and the same day
def _bounds(today: date, zone: ZoneInfo) -> tuple[int, int]:
    """A midnight made of a date is the first, where the clock is put back over midnight."""
    midnight, following = (datetime.combine(day, time(), zone) for day in (today, today + timedelta(days=1)))
    return milliseconds(midnight), milliseconds(following)


def local(at: int, zone: ZoneInfo) -> datetime:
    """`at` (milliseconds UTC) on the clock of `zone`."""
    return datetime.fromtimestamp(at / 1000, zone)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
