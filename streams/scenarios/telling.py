"""What came of a story in words, line by line, on the clock of the place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.batches import Rejection
from streams.scenarios.happened import Happened, Reason, Redemption, Weighed
from streams.sentences import movement, occurrence, reason_in_words
from streams.told import NoticeTold, OfferTold, TransitionTold, milliseconds


class Line(NamedTuple):
    """One thing that came of it, at `at` (ms UTC); `tone` is how it is shown: `offer`, `no`, or nothing special."""

    at: int
    text: str
    tone: str = ""


class Teller:
    """Words for what happened; times carry the day where the story is longer than one."""

    def __init__(self, happened: Happened, begins: int) -> None:
        self.happened = happened
        self._begins = begins
        self._rules = happened.rules

    def zone_of(self, store: str | None) -> ZoneInfo:
        """The time zone of a store, else the retailer's."""
        known = self._rules.stores.get(store or "")
        return known.zone if known is not None else self._rules.zone

    def clock(self, at: int, store: str | None = None) -> str:
        """`12:08:20`; with the day before it where that is not the first one."""
        zone = self.zone_of(store)
        moment, first = (datetime.fromtimestamp(each / 1_000, UTC).astimezone(zone) for each in (at, self._begins))
        return f"{moment:%H:%M:%S}" if moment.date() == first.date() else f"{moment:%Y-%m-%d %H:%M:%S}"

    def transition(self, told: TransitionTold) -> str:
        """`12:08:20 m1 comes near Haussmann: ENTER haussmann/proximity`."""
        who = told.member or f"the phone {told.device}"
        what = movement(told, self._name(told.where))
        return f"{self.clock(milliseconds(told.at), told.store)} {who} {what}: {told.kind} {told.geofence}"

    def offer(self, told: OfferTold) -> str:
        """`12:08:20 `hello` to m1: “Bonjour”`."""
        at = self.clock(milliseconds(told.created_at), told.store)
        return f"{at} `{told.campaign}` to {told.member}: “{told.text}”"

    def weighed(self, decision: Weighed, campaign: str) -> str:
        """`12:08:20 m1 came near Haussmann: TIER, the campaign is for other tiers (tier is silver, …)`."""
        reason = decision.campaigns.get(campaign)
        return f"{self._happening(decision)}: {self._because(reason, decision)}"

    def decision(self, decision: Weighed) -> str:
        """The same, of a decision that offered nothing."""
        told = decision.told
        return f"{self._happening(decision)}: {self.reason(Reason(told.reason or '', told.detail))}"

    def redemption(self, told: Redemption) -> str:
        """`13:00:00 ACCEPTED for the coupon of `hello` of m1 at corner`."""
        whose = f"the coupon of `{told.campaign}` of {told.member}" if told.campaign else "a coupon"
        return f"{self.clock(told.at, told.store)} {told.answer} for {whose} at {told.store}"

    def notice(self, told: NoticeTold) -> str:
        """`12:08:20 to haussmann: “…”`."""
        return f"{self.clock(milliseconds(told.at), told.store)} to {told.store}: “{told.text}”"

    def rejection(self, told: Rejection) -> str:
        """`12:08:20 not believed: MOCKED from phone-of-ada`."""
        return f"{self.clock(told.at)} not believed: {told.reason}" + (f" from {told.device}" if told.device else "")

    def reason(self, reason: Reason) -> str:
        """`TIER, the campaign is for other tiers (tier is silver, asked for: gold)`."""
        words = reason_in_words(reason.reason)
        detail = f" ({reason.detail})" if reason.detail and reason.detail not in words else ""
        return f"{reason.reason}, {words}{detail}"

    def everything(self) -> list[Line]:
        """All that came of it, in order of time; of decisions the campaigns that were withheld."""
        return sorted(self._lines(), key=lambda line: line.at)

    def _lines(self) -> Iterator[Line]:
        happened = self.happened
        for transition in happened.transitions:
            yield Line(milliseconds(transition.at), self.transition(transition))
        for decision in happened.weighed:
            for campaign, reason in decision.campaigns.items():
                if reason is not None:
                    text = f"{self._happening(decision)}: no `{campaign}`, {self.reason(reason)}"
                    yield Line(milliseconds(decision.told.at), text, "no")
        for offer in happened.offers:
            yield Line(milliseconds(offer.created_at), self.offer(offer), "offer")
        for redemption in happened.redemptions:
            yield Line(redemption.at, self.redemption(redemption))
        for notice in happened.notices:
            yield Line(milliseconds(notice.at), self.notice(notice))
        for rejection in happened.rejections:
            yield Line(rejection.at, self.rejection(rejection), "no")

    def _happening(self, decision: Weighed) -> str:
        told = decision.told
        who = told.member or f"the phone {decision.device}"
        at = self.clock(milliseconds(told.at), told.trigger.store)
        return f"{at} {who} {_after_who(occurrence(told.trigger, self._name(told.trigger.where)))}"

    def _because(self, reason: Reason | None, decision: Weighed) -> str:
        if reason is None:
            return "it was offered" if decision.told.outcome == "offered" else "nothing spoke against it"
        winner = f"; `{decision.told.campaign}` was offered" if decision.told.campaign is not None else ""
        return self.reason(reason) + winner

    def _name(self, store: str) -> str:
        known = self._rules.stores.get(store)
        return known.name if known is not None else store


def _after_who(words: str) -> str:
    """`a visit of Haussmann began` cannot follow a name."""
    return (
        words.replace("a visit of", "began a visit of").removesuffix(" began") if words.startswith("a visit") else words
    )
