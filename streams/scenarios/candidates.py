"""What came of a story, held against one expectation: each thing that may be meant, and in what it differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from config.scenarios.expecting import ANY, Expected
from config.scenarios.moments import Moment, local_day
from streams.scenarios.happened import Happened, Weighed
from streams.scenarios.story import Sought
from streams.scenarios.telling import Teller
from streams.told import OfferTold, milliseconds


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that came of it, as it is told at `at` (ms UTC), and all in which it is not what was sought."""

    line: str
    at: int
    misses: tuple[str, ...]
    of_others: bool = False
    """Whether it concerns somebody else."""

    def __str__(self) -> str:
        return f"{self.line}; {', '.join(self.misses)}" if self.misses else self.line


class Looker:
    """Looks through what came of a story for what one expectation seeks."""

    def __init__(self, happened: Happened, teller: Teller) -> None:
        self._happened = happened
        self._teller = teller

    def candidates(self, sought: Sought) -> list[Candidate]:
        """What may be meant, best first: with the fewest differences, then the earliest."""
        found = list(getattr(self, f"_{sought.expected.kind}")(sought))
        return sorted(found, key=lambda each: (len(each.misses), each.at))

    def weighed(self, sought: Sought, campaign: str) -> list[Weighed]:
        """The decisions about that campaign that the expectation speaks of."""
        return [
            each
            for each in self._happened.weighed
            if (campaign in each.campaigns or (campaign == ANY and each.campaigns))
            and not any(self._around(sought, each.told.member, each.device, milliseconds(each.told.at), _store(each)))
        ]

    def _transition(self, sought: Sought) -> Iterator[Candidate]:
        expected = sought.expected
        for told in self._happened.transitions:
            at = milliseconds(told.at)
            misses = [*self._around(sought, told.member, told.device, at, told.store, milliseconds(told.confirmed_at))]
            misses += [f"not {expected.transition}"] * (told.kind != expected.transition)
            if expected.geofence is not None and expected.geofence not in (told.geofence, told.where):
                misses.append(f"not {expected.geofence}")
            yield Candidate(self._teller.transition(told), at, tuple(misses))

    def _offer(self, sought: Sought) -> Iterator[Candidate]:
        for told in self._happened.offers:
            if sought.expected.offer in (ANY, told.campaign):
                yield self._of_offer(sought, told)

    def _no_offer(self, sought: Sought) -> Iterator[Candidate]:
        for told in self._happened.offers:
            if sought.expected.no_offer in (ANY, told.campaign):
                yield self._of_offer(sought, told)

    def _of_offer(self, sought: Sought, told: OfferTold) -> Candidate:
        at = milliseconds(told.created_at)
        misses = self._around(sought, told.member, None, at, told.store)
        others = sought.expected.to not in (None, told.member)
        return Candidate(self._teller.offer(told), at, (*misses, *_differences(sought.expected, told)), others)

    def _withheld(self, sought: Sought) -> Iterator[Candidate]:
        expected = sought.expected
        for each in self._happened.weighed:
            reason = _reason_of(each, expected.campaign)
            if reason is None:
                continue
            campaign, at = expected.campaign, milliseconds(each.told.at)
            line = self._teller.decision(each) if campaign is None else self._teller.weighed(each, campaign)
            misses = [*self._around(sought, each.told.member, each.device, at, _store(each))]
            yield Candidate(line, at, (*misses, *[f"not {expected.withheld}"] * (reason != expected.withheld)))

    def _redemption(self, sought: Sought) -> Iterator[Candidate]:
        expected = sought.expected
        for told in self._happened.redemptions:
            misses = [*self._around(sought, told.member, None, told.at, told.store)]
            misses += [f"not {expected.redemption}"] * (told.answer != expected.redemption)
            misses += [f"not of `{expected.campaign}`"] * (expected.campaign not in (None, told.campaign))
            yield Candidate(self._teller.redemption(told), told.at, tuple(misses))

    def _notice(self, sought: Sought) -> Iterator[Candidate]:
        expected = sought.expected
        for told in self._happened.notices:
            at = milliseconds(told.at)
            misses = [*self._around(sought, told.member, None, at, told.store)]
            misses += [f"not {expected.notice}"] * (expected.notice not in (ANY, told.notice))
            misses += list(_lacking(expected.text, told.text))
            yield Candidate(self._teller.notice(told), at, tuple(misses))

    def _rejection(self, sought: Sought) -> Iterator[Candidate]:
        expected = sought.expected
        for told in self._happened.rejections:
            misses = [*self._around(sought, None, told.device, told.at, None)]
            misses += [f"not {expected.rejection}"] * (told.reason != expected.rejection)
            yield Candidate(self._teller.rejection(told), told.at, tuple(misses))

    def _around(
        self,
        sought: Sought,
        member: str | None,
        device: str | None,
        at: int,
        store: str | None,
        known: int | None = None,
    ) -> Iterator[str]:
        """In what whose, where and when it was is not what is sought; `known` is when we knew, where not at once."""
        expected = sought.expected
        if expected.to is not None and expected.to not in (member, device):
            yield f"not {'to' if expected.kind == 'offer' else 'by'} {expected.to}"
        if expected.device is not None and expected.device != device:
            yield f"not by {expected.device}"
        if expected.store is not None and expected.store != store:
            yield f"not at {expected.store}"
        if not sought.since < (at if known is None else known) <= sought.until:
            yield "in another part of the story"
        zone, day = self._teller.zone_of(store), sought.day
        after, before = (_time(each, zone, day) for each in (expected.after, expected.before))
        if after is not None and at < after:
            yield f"not after {expected.after}"
        if before is not None and at >= before:
            yield f"not before {expected.before}"


def _time(moment: Moment | None, zone: ZoneInfo, day: int) -> int | None:
    return None if moment is None else moment.at(zone, local_day(day, zone))


def _reason_of(decision: Weighed, campaign: str | None) -> str | None:
    """Why that campaign was withheld; without one, why nothing was offered at all. None: it was offered."""
    if campaign is None:
        return decision.told.reason
    reason = decision.campaigns.get(campaign)
    return None if reason is None else reason.reason


def _store(decision: Weighed) -> str:
    return decision.told.trigger.store


def _differences(expected: Expected, told: OfferTold) -> Iterator[str]:
    yield from _lacking(expected.text, told.text)
    if expected.product not in (None, told.product):
        yield f"its product is {told.product or 'none'}, not {expected.product}"
    if expected.locale not in (None, told.locale, told.locale.partition("-")[0]):
        yield f"it is in {told.locale}"
    if expected.coupon is not None and expected.coupon != (told.coupon is not None):
        yield "it has no coupon" if expected.coupon else "it has a coupon"


def _lacking(wanted: str | None, text: str) -> Iterator[str]:
    """Spaces are all the same: a price has one that does not break."""
    if wanted is not None and " ".join(wanted.split()) not in " ".join(text.split()):
        yield f"its text lacks “{wanted}”"
