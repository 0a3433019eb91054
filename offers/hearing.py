"""A member at one moment: what all candidates of an occasion have in common, worked out once, and only where asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from offers.campaigns import Rules
from offers.contact_policy import Cap, against_caps, against_cool_down, against_spacing, local, moments_counted
from offers.members import Member, Wish
from offers.once import once
from offers.products import Product
from offers.recommendation import NOTHING_SOLD, Recommendation, Recommender, recommend


@dataclass(eq=False)  # not frozen: it keeps what it worked out, and there are many
class Hearing:
    """What a retailer's `rules` let `member` hear at `at` (milliseconds UTC), whichever campaign speaks."""

    member: Member
    at: int
    rules: Rules
    catalogue: Mapping[str, Product]
    recommender: Recommender = NOTHING_SOLD
    _clocks: dict[ZoneInfo, datetime] = field(default_factory=dict, repr=False)
    _recommended: dict[Recommendation, Product | None] = field(default_factory=dict, repr=False)

    def clock(self, zone: ZoneInfo) -> datetime:
        """The moment on the clock of `zone`."""
        return self._clocks.get(zone) or self._clocks.setdefault(zone, local(self.at, zone))

    def recommended(self, asked: Recommendation) -> Product | None:
        """What is recommended to the member; None where nothing fits."""
        if asked not in self._recommended:
            found = recommend(asked, self.member.purchases, self.at, self.catalogue, self.recommender)
            self._recommended[asked] = found
        return self._recommended[asked]

    @once
    def zone(self) -> ZoneInfo:
        """The clock the member lives by: their own, else the retailer's."""
        own = self.member.profile.time_zone
        return (known_zone(own) if own else None) or self.rules.zone

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
        return frozenset([contact.campaign for contact in self.member.contacts])

    @once
    def is_newcomer(self) -> bool:
        """Whether the ramp of newcomers holds for them."""
        ramp = self.rules.contact.newcomers
        return ramp is not None and self.member.is_newcomer(ramp.first_visits, self.at)

    @once
    def against_a_newcomer(self) -> str | None:
        """What the ramp has against one more offer that is no reward, in words."""
        ramp = self.rules.contact.newcomers
        return None if ramp is None or not self.is_newcomer else self._against((ramp.cap,))

    @once
    def capped(self) -> str | None:
        """What the caps have against it."""
        return self._against(self.rules.contact.caps)

    @once
    def spaced(self) -> str | None:
        """What messages of other channels, and coupons used, have against it."""
        policy, contacts = self.rules.contact, self.member.contacts
        against = against_spacing(policy.spacing, contacts, self.at)
        if against is None and policy.cool_down is not None:
            return against_cool_down(policy.cool_down, contacts, self.at)
        return against

    def _against(self, caps: tuple[Cap, ...]) -> str | None:
        contacts, reach = self.member.contacts, self.rules.contact.reach
        if not contacts or contacts[-1].at <= self.at - reach:
            return None
        if self.member.consent.wish is Wish.LESS:
            caps = tuple(cap.halved() for cap in caps)
        return against_caps(caps, self._moments, self.at, self.zone)

    @once
    def _moments(self) -> list[int]:
        return moments_counted(self.member.contacts, self.rules.rewards)


@lru_cache(maxsize=1_024)
def known_zone(name: str) -> ZoneInfo | None:
    """The time zone of that name; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
