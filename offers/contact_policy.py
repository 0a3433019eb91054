"""How often a retailer may speak to one member, across all its campaigns and channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from offers.members import Contact
from offers.withheld import Withheld

SAME_CAMPAIGN_REST = 4 * 3_600_000
"""Milliseconds in which a campaign makes no second offer to a member: why two phones of one member get one offer."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `at_most` in any window of `window` milliseconds, or, where that is None, on one day of the member."""

    at_most: int
    window: int | None


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
    """How a member is spoken to who never said: `tu` or `vous`."""


@dataclass(frozen=True, slots=True)
class Span:
    """At most `at_most` contacts with `start < at < end` (milliseconds); of one campaign where `campaign` is set.

    This is the form in which a rule crosses to the claim: no time zone and no calendar is needed to check it.
    """

    at_most: int
    start: int
    end: int
    reason: Withheld
    campaign: str | None = None

    def allows(self, contacts: Iterable[Contact]) -> bool:
        """Whether one more contact may come on top of `contacts`."""
        return sum(1 for contact in contacts if self._counts(contact)) < self.at_most

    def _counts(self, contact: Contact) -> bool:
        return self.start < contact.at < self.end and self.campaign in (None, contact.campaign)


def cap_spans(caps: Sequence[Cap], at: int, zone: ZoneInfo) -> Iterator[Span]:
    """The spans round `at` that the caps leave room in or not.

    A window reaches to both sides, so that a cap holds in whatever order contacts arrive.
    """
    for cap in caps:
        if cap.window is None:
            start, end = day_of(at, zone)
            yield Span(cap.at_most, start - 1, end, Withheld.CAP)
        else:
            yield Span(cap.at_most, at - cap.window, at + cap.window, Withheld.CAP)


def rest_span(campaign: str, at: int) -> Span:
    """The rest that every campaign keeps after each offer to a member."""
    return limit_span(campaign, 1, SAME_CAMPAIGN_REST, at)


def limit_span(campaign: str, at_most: int, window: int | None, at: int) -> Span:
    """A campaign's own limit per member, in any `window` milliseconds round `at`, or for good."""
    reach = at + 1 if window is None else window
    return Span(at_most, at - reach, at + reach, Withheld.PER_MEMBER, campaign)


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
