"""Sequences across stores and places: what is remembered for them, and whether the steps before a trigger happened.

A trail is kept in order of time, at one time in the order in which transitions come: who leaves has left before they
enter, and from the outside in. So it does not matter in which order its passages became known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from offers.members import Passage, Visits
from offers.triggers import Happening, Trigger, When

MOST_PASSAGES = 64
"""Passages kept of one member, newest last."""

_RANKS = {"EXIT": 0, "PASS_BY": 0, "ENTER": 1, "DWELL": 2, "CHECK_IN": 3, "VISIT": 4}
_DEPTHS = {"catchment": 1, "proximity": 2, "inside": 3}


def remembered(visits: Visits, steps: Iterable[Trigger], longest: int) -> Visits:
    """`visits` with these steps in its trail; what is older than `longest` milliseconds before the newest goes."""
    passages = (Passage(step.at, step.kind.value, step.where, step.ring or "") for step in steps)
    return with_passages(visits, passages, longest)


def with_passages(visits: Visits, passages: Iterable[Passage], longest: int) -> Visits:
    """`visits` with these passages in its trail."""
    new = set(passages)
    if new <= set(visits.trail):
        return visits
    trail = sorted(new.union(visits.trail), key=lambda passage: (_order(passage), passage))
    kept = [passage for passage in trail if passage.at >= trail[-1].at - longest][-MOST_PASSAGES:]
    return replace(visits, trail=tuple(kept))


def missing_step(when: When, trail: Sequence[Passage], trigger: Trigger) -> str | None:
    """What lacks of the sequence that ends with `trigger`, in words; None where it is whole, and in time.

    Each step is looked for as late as possible, so that the first is as late as it can be.
    """
    limit = _order(Passage(trigger.at, trigger.kind.value, trigger.where, trigger.ring or ""))
    began = trigger.at
    for place, step in reversed(list(enumerate(when.before))):
        found = [passage for passage in trail if _order(passage) < limit and _is(passage, step)]
        if not found:
            return f"step {place + 1} of {len(when.before) + 1} did not happen before"
        limit, began = _order(found[-1]), found[-1].at
    if trigger.at - began > when.within:
        return f"its first step was {_span(trigger.at - began)} ago, at most {_span(when.within)} asked for"
    return None


def _is(passage: Passage, step: Happening) -> bool:
    at_ring = step.ring is None or passage.ring == step.ring
    return passage.kind == step.kind and passage.where in step.where and at_ring


def _order(passage: Passage) -> tuple[int, int, int]:
    depth = _DEPTHS.get(passage.ring, 0)
    rank = _RANKS.get(passage.kind, len(_RANKS))
    return passage.at, rank, depth if rank else -depth


_UNITS = ((86_400_000, "days"), (3_600_000, "h"), (60_000, "min"))


def _span(milliseconds: int) -> str:
    """`45 min`, `2.5 h`, `60 days`: in the largest unit of which there are two."""
    length, name = next((unit for unit in _UNITS if milliseconds >= 2 * unit[0]), _UNITS[-1])
    return f"{milliseconds / length:.4g} {name}"
