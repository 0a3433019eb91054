"""How often a retailer may speak to one member, across all its campaigns and channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from offers.members import Contact
from offers.withheld import Withheld

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


@dataclass(frozen=True, slots=True)
class Span:
    """At most `at_most` contacts with `start < moment < end`, in milliseconds.

    `moment_of` says when a contact counts here, None for one that does not; `words` what stands against another one.
    """

    at_most: int
    start: int
    end: int
    reason: Withheld
    moment_of: Callable[[Contact], int | None]
    words: str

    def allows(self, contacts: Iterable[Contact]) -> bool:
        """Whether one more contact may come on top of `contacts`."""
        moments = map(self.moment_of, contacts)
        return sum(1 for moment in moments if moment is not None and self.start < moment < self.end) < self.at_most


def cap_spans(
    caps: Sequence[Cap], at: int, zone: ZoneInfo, rewards: Container[str] = (), reason: Withheld = Withheld.CAP
) -> Iterator[Span]:
    """The spans round `at` that the caps leave room in or not; offers of the campaigns `rewards` do not count.

    A window reaches to both sides, so that a cap holds in whatever order contacts arrive.
    """

    def moment_of(contact: Contact) -> int | None:
        return None if contact.campaign in rewards else contact.at

    for cap in caps:
        start, end = _days_round(at, zone, cap.days) if cap.window is None else (at - cap.window, at + cap.window)
        yield Span(cap.at_most, start, end, reason, moment_of, f"{cap.at_most} already made in the time that counts")


def spacing_spans(spacing: Mapping[str, int], at: int) -> Iterator[Span]:
    """What keeps apart from messages of other channels: those before `at`, the same millisecond included."""
    for channel, apart in spacing.items():
        words = f"a message by {channel} came less than {_in_words(apart)} before"
        yield Span(1, at - apart, at + 1, Withheld.SPACING, partial(_moment_of_channel, channel), words)


def cool_down_span(cool_down: int, at: int) -> Span:
    """The rest after a coupon was used."""
    words = f"a coupon was used less than {_in_words(cool_down)} before"
    return Span(1, at - cool_down, at + 1, Withheld.SPACING, lambda contact: contact.redeemed or None, words)


def announced_span(campaign: str, announcer: str, every: int, at: int) -> Span:
    """What `announcer` announced of `campaign`: not sooner than `every` milliseconds after either of them spoke."""
    words = f"announced by {announcer} for no sooner than {_in_words(every)} after"
    moment_of = partial(_moment_of_campaigns, (campaign, announcer))
    return Span(1, at - every, at + every, Withheld.CAP, moment_of, words)


def rest_span(campaign: str, at: int) -> Span:
    """The rest that every campaign keeps after each offer to a member."""
    return limit_span(campaign, 1, SAME_CAMPAIGN_REST, at)


def limit_span(campaign: str, at_most: int, window: int | None, at: int) -> Span:
    """A campaign's own limit per member, in any `window` milliseconds round `at`, or for good."""
    reach = at + 1 if window is None else window
    words = f"{at_most} already made in the time that counts"
    moment_of = partial(_moment_of_campaigns, (campaign,))
    return Span(at_most, at - reach, at + reach, Withheld.PER_MEMBER, moment_of, words)


def _moment_of_channel(channel: str, contact: Contact) -> int | None:
    return contact.at if contact.channel == channel else None


def _moment_of_campaigns(campaigns: Container[str], contact: Contact) -> int | None:
    return contact.at if contact.campaign in campaigns else None


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
    today = local(at, zone).date()  # a midnight made of it is the first, where the clock is put back over midnight
    midnight, following = (datetime.combine(day, time(), zone) for day in (today, today + timedelta(days=1)))
    return milliseconds(midnight), milliseconds(following)


def local(at: int, zone: ZoneInfo) -> datetime:
    """`at` (milliseconds UTC) on the clock of `zone`."""
    return datetime.fromtimestamp(at / 1000, zone)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
