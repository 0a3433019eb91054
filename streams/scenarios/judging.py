"""Whether what came of a story is what was expected of it; and where not, what happened instead, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from config.findings import Path
from config.scenarios.expecting import ANY, Expected
from config.scenarios.references import devices_of
from config.scenarios.words import NOT_TRIGGERED
from streams.scenarios.candidates import Candidate, Looker
from streams.scenarios.happened import Happened, Weighed
from streams.scenarios.story import Sought, Story
from streams.scenarios.telling import Teller
from streams.told import milliseconds

MOST_LINES = 6
"""Lines of what happened instead."""


class Failure(NamedTuple):
    """What does not hold, at its place in a file: in one sentence, and what happened instead, line by line."""

    file: str
    line: int
    column: int
    what: str
    instead: tuple[str, ...]

    def __str__(self) -> str:
        head = f"{self.file}:{self.line}:{self.column}: {self.what}"
        return "\n    ".join((head, *self.instead))


def judge(story: Story, happened: Happened) -> list[Failure]:
    """All that does not hold, in the order of the file."""
    judge_ = _Judge(story, happened)
    failures = [judge_.failure(each.path, each.what, ()) for each in dict.fromkeys(happened.unplayed)]
    return sorted([*failures, *(found for each in story.sought for found in judge_.failures(each))])


class _Judge:
    def __init__(self, story: Story, happened: Happened) -> None:
        self._document = story.placed.document
        self._owners = devices_of(story.placed.scenario)
        self._happened = happened
        self._teller = Teller(happened, story.begins)
        self._looker = Looker(happened, self._teller)

    def failure(self, path: Path, what: str, instead: Iterable[str]) -> Failure:
        position = self._document.position(path)
        return Failure(self._document.file, position.line, position.column, what, _few(instead))

    def failures(self, sought: Sought) -> Iterator[Failure]:
        found = self._no_offer(sought) if sought.expected.kind == "no_offer" else self._found(sought)
        if found is not None:
            summary, instead = found
            hoped = "did not expect" if sought.expected.times == 0 else "expected"
            yield self.failure(sought.path, f"{hoped} {in_words(sought.expected)}, but {summary}", instead)

    def _found(self, sought: Sought) -> tuple[str, Sequence[str]] | None:
        candidates = self._looker.candidates(sought)
        matching = [each for each in candidates if not each.misses]
        times = sought.expected.times
        if len(matching) == times or (times is None and matching):
            return None
        if matching:
            return f"it came {_often(len(matching))}:", [str(each) for each in matching]
        if sought.expected.offer not in (None, ANY):
            return self._no_such_offer(sought, sought.expected.offer or "", candidates)
        if candidates:
            return "there was only:", [*_nearest(candidates), *self._unseen(sought)]
        return self._nothing(sought)

    def _no_such_offer(self, sought: Sought, campaign: str, near: Sequence[Candidate]) -> tuple[str, Sequence[str]]:
        weighed = [each for each in self._looker.weighed(sought, campaign) if each.campaigns[campaign] is not None]
        withheld = [self._teller.weighed(each, campaign) for each in weighed]
        own = [each for each in near if each.misses and not each.of_others]
        if own:
            return "it came otherwise:", [*_nearest(own), *withheld]
        if withheld:
            return "it was withheld:", withheld
        summary, instead = self._nothing(sought, f"nothing that happened began it ({NOT_TRIGGERED})")
        return summary, [*instead, *map(str, near)]

    def _no_offer(self, sought: Sought) -> tuple[str, Sequence[str]] | None:
        campaign, because = sought.expected.no_offer or "", sought.expected.because
        offered = [each for each in self._looker.candidates(sought) if not each.misses]
        if offered:
            return "it was offered:", [each.line for each in offered]
        if because is None:
            return None
        weighed = self._looker.weighed(sought, campaign)
        if not weighed:
            if NOT_TRIGGERED in because:
                return None
            return self._nothing(sought, f"nothing that happened began it ({NOT_TRIGGERED})")
        others = [each for each in weighed if not _reasons(each, campaign) <= set(because)]
        if not others:
            return None
        return "the reason was another:", [self._weighed(each, campaign) for each in others]

    def _weighed(self, each: Weighed, campaign: str) -> str:
        return self._teller.decision(each) if campaign == ANY else self._teller.weighed(each, campaign)

    def _nothing(self, sought: Sought, summary: str = "there was none") -> tuple[str, Sequence[str]]:
        """Nothing of the kind: all that is known of who it should have been."""
        who = sought.expected.to or sought.expected.device
        moved = [
            self._teller.transition(each)
            for each in self._happened.transitions
            if who in (None, each.member, each.device)
            and sought.since < milliseconds(each.confirmed_at) <= sought.until
        ]
        unseen = [*self._unseen(sought)]
        if moved:
            return f"{summary}; what happened:", [*moved, *unseen]
        if unseen:
            return f"{summary}, and nobody came near any store or left one:", unseen
        return f"{summary}, and nobody came near any store or left one", []

    def _unseen(self, sought: Sought) -> Iterator[str]:
        """What nobody looked at or believed, of who it should have been."""
        who = sought.expected.to or sought.expected.device
        for device, number in sorted(self._happened.without_consent.items()):
            if who in (None, device, self._owners.get(device)):
                yield f"{number} messages of {device} were not looked at: no consent to `offers` or `location_history`"
        for each in self._happened.rejections:
            if who in (None, each.device, self._owners.get(each.device or "")):
                yield self._teller.rejection(each)


def in_words(expected: Expected) -> str:
    """What is expected: `the offer `hello` to m1 before 12:40`."""
    parts = [_what(expected)]
    parts += [f"to {expected.to}"] * (expected.to is not None and expected.kind in _TO)
    parts += [f"by {expected.to}"] * (expected.to is not None and expected.kind not in _TO)
    parts += [f"by {expected.device}"] * (expected.device is not None)
    parts += [f"at {expected.store}"] * (expected.store is not None)
    parts += [f"after {expected.after}"] * (expected.after is not None)
    parts += ["and"] * (expected.after is not None and expected.before is not None)
    parts += [f"before {expected.before}"] * (expected.before is not None)
    parts += [f"that says “{expected.text}”"] * (expected.text is not None)
    parts += [f"of {expected.product}"] * (expected.product is not None)
    parts += [f"because of {' or '.join(expected.because or ())}"] * (expected.because is not None)
    parts += [_often(expected.times or 0)] * bool(expected.times)
    return " ".join(parts)


_TO = frozenset({"offer", "no_offer", "notice"})


def _what(expected: Expected) -> str:
    match expected.kind:
        case "transition":
            return f"{expected.transition} of {expected.geofence or 'any geofence'}"
        case "offer":
            return _named(expected.offer, "the offer")
        case "no_offer":
            return "no offer" if expected.no_offer == ANY else f"no offer `{expected.no_offer}`"
        case "withheld":
            return f"{expected.withheld}" + (f" for `{expected.campaign}`" if expected.campaign else "")
        case "redemption":
            return f"{expected.redemption}" + (f" for the coupon of `{expected.campaign}`" if expected.campaign else "")
        case "notice":
            return _named(expected.notice, "the notice")
    return f"{expected.rejection}"


def _named(name: str | None, what: str) -> str:
    return what.replace("the", "an" if what.endswith("offer") else "a") if name == ANY else f"{what} `{name}`"


def _often(times: int) -> str:
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


def _nearest(candidates: Sequence[Candidate]) -> list[str]:
    """Those with the fewest differences."""
    fewest = min(len(each.misses) for each in candidates)
    return [str(each) for each in candidates if len(each.misses) == fewest]


def _reasons(each: Weighed, campaign: str) -> set[str]:
    if campaign == ANY:
        return {each.told.reason or "offered"}
    reason = each.campaigns[campaign]
    return {reason.reason if reason is not None else "offered"}


def _few(lines: Iterable[str]) -> tuple[str, ...]:
    all_ = tuple(lines)
    more = len(all_) - MOST_LINES
    return all_ if more <= 0 else (*all_[:MOST_LINES], f"… and {more} more")
