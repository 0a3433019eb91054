"""Which candidate of an occasion goes first."""

from __future__ import annotations

from offers.candidates import Candidate


def rank(candidate: Candidate) -> tuple[int, int]:
    """Lower is better: by priority, then by order in the file, so that no two are equal.

    Here a learned ranking could stand: it sees the campaign, the member, the store and the time, and must come to the
    same for the same, because a decision that is not stored yet may be made twice.
    """
    return -candidate.campaign.priority, candidate.campaign.place
