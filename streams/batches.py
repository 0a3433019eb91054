"""What is worked together, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from geofences.states import Transition
from offers.decisions import Verdict
from offers.occasions import Occasion
from streams.decoding import DeadLetter
from streams.records import Outgoing, Record


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of `pings` and `checkins`, those of one partition in their order, as one fetch brought them.

    `clocks` says for each partition how far time has come there, in milliseconds: timers due by then fire.
    """

    records: Sequence[Record]
    clocks: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A fix that was not believed, or a check-in that the last fixes speak against."""

    reason: str
    retailer: str
    device: str | None
    at: int


@dataclass(slots=True)
class Processed:
    """What a batch came to, for metrics, `replay` and `watch`. Everything in it was produced and saved."""

    pings: int = 0
    check_ins: int = 0
    entered: int = 0
    """Messages of the other topics."""
    repeated: int = 0
    """Records at or below the last one applied to their device."""
    unseen: list[Record] = field(default_factory=list)
    """Records that nobody looked at, for want of consent."""
    unsaved: int = 0
    """Devices whose presence was not saved, because it or their consent changed meanwhile."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    transitions: list[tuple[str, str, Transition]] = field(default_factory=list)
    """Retailer, device, transition."""
    verdicts: list[tuple[Occasion, Verdict]] = field(default_factory=list)
    records: list[Outgoing] = field(default_factory=list)

    @property
    def without_consent(self) -> int:
        """How many records nobody looked at, for want of consent."""
        return len(self.unseen)

    def decisions(self) -> Counter[str]:
        """How often each outcome: `offered`, or why not."""
        found = (decision for _, verdict in self.verdicts for decision in verdict.decisions)
        return Counter(decision.reason or "offered" for decision in found)
