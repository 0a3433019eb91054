"""What came of a story, as it stands on the topics, with whom it concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from config.findings import Path
from offers.campaigns import Rules
from offers.decisions import Verdict
from offers.occasions import Occasion
from streams.batches import Batch, Processed, Rejection
from streams.told import DecisionTold, NoticeTold, OfferTold, Told, TransitionTold, milliseconds, read_told


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a campaign made no offer; `detail` says it with what was found."""

    reason: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """One decision, and what became of each campaign that it was about; None: nothing spoke against it."""

    told: DecisionTold
    device: str | None
    campaigns: Mapping[str, Reason | None]


@dataclass(frozen=True, slots=True)
class Redemption:
    """What a till was told."""

    at: int
    member: str | None
    campaign: str | None
    store: str
    answer: str


@dataclass(frozen=True, slots=True)
class Unplayed:
    """Something of the story that could not happen, where it stands, and why."""

    path: Path
    what: str


@dataclass(slots=True)
class Happened:
    """All that came of one story, in order."""

    rules: Rules
    transitions: list[TransitionTold] = field(default_factory=list)
    weighed: list[Weighed] = field(default_factory=list)
    offers: list[OfferTold] = field(default_factory=list)
    notices: list[NoticeTold] = field(default_factory=list)
    redemptions: list[Redemption] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    unplayed: list[Unplayed] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Why something was no message at all."""
    without_consent: Counter[str] = field(default_factory=Counter)
    """Messages by device that nobody looked at."""
    _known: set[str] = field(default_factory=set)

    def add(self, processed: Processed, batch: Batch) -> None:
        """Take in what came of one event or timer."""
        self.refused += [f"{letter.detail} ({letter.reason})" for letter in processed.dead_letters]
        self.rejections += processed.rejections
        self.without_consent.update((record.key or b"").decode().partition("|")[2] for record in processed.unseen)
        reasons = dict(_reasons(processed, self.rules))
        for told in (read_told(record.topic, record.value) for record in processed.records):
            if told is not None and told.id not in self._known:
                self._known.add(told.id)
                self._keep(told, reasons)

    def _keep(self, told: Told, reasons: Mapping[str, tuple[str | None, dict[str, Reason]]]) -> None:
        match told:
            case TransitionTold():
                self.transitions.append(told)
            case OfferTold():
                self.offers.append(told)
            case NoticeTold():
                self.notices.append(told)
            case DecisionTold():
                device, others = reasons.get(told.id, (None, {}))
                self.weighed.append(Weighed(told, device, {**others, **dict(_candidates(told))}))

    def newest_coupon(self, member: str, campaign: str, at: int) -> str | None:
        """The code of the newest offer of that campaign that has one, at `at` (ms UTC)."""
        codes = [
            each.coupon.code
            for each in self.offers
            if (each.member, each.campaign) == (member, campaign)
            and each.coupon
            and milliseconds(each.created_at) <= at
        ]
        return codes[-1] if codes else None

    def offer_of(self, code: str) -> OfferTold | None:
        """The offer that has that coupon."""
        return next((each for each in self.offers if each.coupon is not None and each.coupon.code == code), None)


def _candidates(told: DecisionTold) -> Iterator[tuple[str, Reason | None]]:
    for candidate, step in zip(told.candidates, told.steps, strict=False):
        detail = step.partition(f"{candidate.reason}, ")[2] or None
        yield candidate.campaign, None if candidate.reason is None else Reason(candidate.reason, detail)


def _reasons(processed: Processed, rules: Rules) -> Iterator[tuple[str, tuple[str | None, dict[str, Reason]]]]:
    """By decision the device it was about, and the campaigns that waited but were not weighed at all, with its reason.

    That is what a decision without candidates means to each of them: no consent, stopped, too old, shadowed.
    """
    for occasion, verdict in processed.verdicts:
        yield from _of_verdict(occasion, verdict, rules)


def _of_verdict(
    occasion: Occasion, verdict: Verdict, rules: Rules
) -> Iterator[tuple[str, tuple[str | None, dict[str, Reason]]]]:
    spoken_of = {each.campaign for decision in verdict.decisions for each in decision.considered}
    for decision in verdict.decisions:
        reason = Reason(decision.reason, decision.detail) if decision.reason is not None else None
        others = [each.id for each in rules.waiting(decision.trigger) if each.id not in spoken_of]
        yield decision.id, (occasion.device, dict.fromkeys(others, reason) if reason is not None else {})
