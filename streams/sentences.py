"""What happened, in words that a retailer understands: for `demo`, `watch` and `why`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from streams.told import DecisionTold, TransitionTold, TriggerTold

REASONS: Mapping[str, str] = {
    "NO_MEMBER": "nobody is known behind this phone",
    "NO_CONSENT": "no consent to offers",
    "STOPPED": "the member said stop",
    "STALE_TRIGGER": "it happened too long ago to greet anybody now",
    "SHADOWED": "a ring further in speaks for the store",
    "NO_CAMPAIGN": "no campaign waits for this",
    "NOT_IN_DATES": "the campaign does not run today",
    "NOT_IN_DAYPART": "the campaign does not run at this hour",
    "STORE_CLOSED": "the store is closed",
    "TIER": "the campaign is for other tiers",
    "ATTRIBUTES": "the campaign is for others",
    "HISTORY": "what was bought or visited before does not fit",
    "NEWCOMER": "too new to be written to as often",
    "QUIET_HOURS": "these are quiet hours for the member",
    "CAP": "heard enough from us for now",
    "SPACING": "too soon after the last message",
    "PER_MEMBER": "had this offer already",
    "NO_PRODUCT": "there is no product to offer",
    "NO_TEXT": "the text needs something that is not known of the member",
    "OUTRANKED": "another offer came first",
    "HOLDOUT": "in the control group, which gets nothing so that the effect can be measured",
    "OUT_OF_STOCK": "all offers of the campaign are given",
    "OUT_OF_BUDGET": "the budget of the campaign is spent",
}

UNEVENTFUL = frozenset({"NO_CAMPAIGN", "SHADOWED", "OUTRANKED"})
"""Reasons by which nobody lost an offer: nothing waited, or something else spoke."""

_MOVES: Mapping[tuple[str, str], str] = {
    ("ENTER", "catchment"): "comes into the neighbourhood of",
    ("ENTER", "proximity"): "comes near",
    ("ENTER", "inside"): "goes into",
    ("EXIT", "catchment"): "leaves the neighbourhood of",
    ("EXIT", "proximity"): "walks away from",
    ("EXIT", "inside"): "comes out of",
}
_MOVES_OF_A_PLACE: Mapping[str, str] = {"ENTER": "comes to", "EXIT": "leaves"}


def reason_in_words(reason: str | None, detail: str | None = None) -> str:
    """`the campaign is for other tiers (tier is silver, asked for: gold)`."""
    words = REASONS.get(reason or "", reason or "no reason is told")
    return f"{words} ({detail})" if detail and reason in _WITH_DETAIL else words


_WITH_DETAIL = frozenset({"NOT_IN_DATES", "TIER", "HISTORY", "QUIET_HOURS", "NO_TEXT", "NO_PRODUCT"})


def movement(transition: TransitionTold, store: str) -> str:
    """`comes near Café Lumière`."""
    if transition.kind == "DWELL":
        return f"stays at {store}" if transition.place else f"is visiting {store}"
    if transition.kind == "PASS_BY":
        return f"only passes by {store}"
    move = _MOVES.get((transition.kind, transition.ring)) or _MOVES_OF_A_PLACE[transition.kind]
    return f"{move} {store}" + (" (not heard of for long)" if transition.reason == "timeout" else "")


def occurrence(trigger: TriggerTold, store: str) -> str:
    """`came near Café Lumière`: what began a decision, as it is told afterwards."""
    told = _OCCURRENCES.get((trigger.kind, _ring(trigger))) or _OCCURRENCES.get((trigger.kind, ""), "was seen at {}")
    return told.format(store)


_OCCURRENCES: Mapping[tuple[str, str], str] = {
    ("CHECK_IN", ""): "checked in at {}",
    ("SCAN", ""): "scanned something at {}",
    ("VISIT", ""): "a visit of {} began",
    ("ENTER", ""): "came near {}",
    ("ENTER", "catchment"): "came into the neighbourhood of {}",
    ("ENTER", "inside"): "went into {}",
    ("DWELL", ""): "stayed at {}",
    ("EXIT", ""): "went away from {}",
    ("EXIT", "catchment"): "left the neighbourhood of {}",
    ("EXIT", "inside"): "came out of {}",
    ("PASS_BY", ""): "passed by {}",
}


def _ring(trigger: TriggerTold) -> str:
    return (trigger.geofence or "").rpartition("/")[2]


def verdict(decision: DecisionTold) -> str:
    """`offered beauty-comeback`, or why nothing was offered."""
    if decision.outcome == "offered":
        return f"offered: {decision.campaign}"
    return f"nothing offered: {reason_in_words(decision.reason, decision.detail)}"


def is_eventful(decision: DecisionTold) -> bool:
    """Whether somebody might have got an offer here, and did not."""
    no_nth_visit = decision.trigger.kind == "VISIT" and decision.reason == "HISTORY"
    return decision.outcome == "withheld" and decision.reason not in UNEVENTFUL and not no_nth_visit


def clock_time(moment: datetime, zone: tzinfo = UTC) -> str:
    """`12:08:20` on the clock of `zone`."""
    return f"{moment.astimezone(zone):%H:%M:%S}"
