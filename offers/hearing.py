"""A member at one moment: what all candidates of an occasion have in common, worked out once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from offers.campaigns import Rules
from offers.contact_policy import Cap, Span, cap_spans, cool_down_span, local, spacing_spans
from offers.members import Member, Wish
from offers.once import once
from offers.withheld import Withheld


@dataclass(frozen=True, eq=False)
class Hearing:
    """What a retailer's `rules` let `member` hear at `at` (milliseconds UTC), whichever campaign speaks."""

    member: Member
    at: int
    rules: Rules
    _clocks: dict[ZoneInfo, datetime] = field(default_factory=dict, repr=False)

    def clock(self, zone: ZoneInfo) -> datetime:
        """The moment on the clock of `zone`."""
        return self._clocks.get(zone) or self._clocks.setdefault(zone, local(self.at, zone))

    @once
    def zone(self) -> ZoneInfo:
        """The clock the member lives by: their own, else the retailer's."""
        if self.member.profile.time_zone:
            try:
                return ZoneInfo(self.member.profile.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                return self.rules.zone
        return self.rules.zone

    @once
    def quiet(self) -> str | None:
        """In words, where it is night for the member."""
        hours = self.rules.contact.quiet_hours
        if hours is None:
            return None
        moment = self.clock(self.zone).time()
        return f"it is {moment:%H:%M} for the member" if hours.cover(moment) else None

    @once
    def tone(self) -> str | None:
        """How the member was addressed before."""
        return self.member.tone

    @once
    def heard(self) -> frozenset[str]:
        """The campaigns that spoke to the member before."""
        return frozenset(contact.campaign for contact in self.member.contacts)

    @once
    def is_newcomer(self) -> bool:
        """Whether the ramp of newcomers holds for them."""
        ramp = self.rules.contact.newcomers
        return ramp is not None and self.member.is_newcomer(ramp.first_visits, self.at)

    def against(self, reason: Withheld) -> str | None:
        """What the contact policy has against any offer that is no reward: the first for this `reason`, in words."""
        return self._against.get(reason)

    @once
    def _against(self) -> dict[Withheld, str]:
        contacts = self.member.contacts
        refused = [span for span in self._spans() if not span.allows(contacts)]
        return {span.reason: span.words for span in reversed(refused)}

    def _spans(self) -> Iterator[Span]:
        policy = self.rules.contact
        yield from self._cap_spans(policy.caps, Withheld.CAP)
        yield from spacing_spans(policy.spacing, self.at)
        if policy.cool_down is not None:
            yield cool_down_span(policy.cool_down, self.at)
        if policy.newcomers is not None and self.is_newcomer:
            yield from self._cap_spans((policy.newcomers.cap,), Withheld.NEWCOMER)

    def _cap_spans(self, caps: tuple[Cap, ...], reason: Withheld) -> Iterator[Span]:
        if self.member.consent.wish is Wish.LESS:
            caps = tuple(cap.halved() for cap in caps)
        return cap_spans(caps, self.at, self.zone, self.rules.rewards, reason)
