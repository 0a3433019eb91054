"""The steps of the straight way, by name: crash points for tests, stages for the profile, gates for a revoked batch."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """What a batch goes through, in this order; LOAD to CLAIM once a round."""

    DECODE = "decode"
    ADMIT = "admit"
    LOCATE = "locate"
    ADVANCE = "advance"
    LOAD = "load"
    DECIDE = "decide"
    CLAIM = "claim"
    PRODUCE = "produce"
    SAVE = "save"
    ACK = "ack"


Gate = Callable[[Step], None]
"""Called before each step. It may raise, and the batch ends there: `Abandoned` where it is no longer ours."""


def open_gate(step: Step) -> None:
    """Lets every batch through."""
