"""What a device did while it had no member goes over to its member, once, however often and wherever it is tried."""

from __future__ import annotations

from dataclasses import replace
from sys import maxsize

from offers.members import MOST_VISITS, SAME_VISIT, Visit, Visits
from offers.sequences import with_passages


def handed_over(visits: Visits, own: Visits, device: str) -> Visits:
    """A member's `visits` with the `own` of a device that are new to them; both were there: it is one visit."""
    known = max(visits.handed.get(device, 0), own.handed.get(device, 0))
    visits = with_passages(visits, own.trail, maxsize) if own.trail else visits
    new = own.count - known
    if new <= 0:
        return visits
    merged = list(visits.recent)
    apart = [visit for visit in own.recent if not _was_there(merged, visit)]
    known_still = min(len(own.recent) - len(apart), known - own.handed.get(device, 0))
    forgotten = max(own.count - len(own.recent) - (known - known_still), 0)  # by the device, and new to the member
    apart = apart[-new:]
    count = visits.count + min(len(apart) + forgotten, new)
    recent = sorted((*merged, *apart), key=lambda visit: visit.first)[-MOST_VISITS:]
    return replace(visits, count=count, recent=tuple(recent), handed={**visits.handed, device: own.count})


def without_handed(own: Visits, device: str) -> Visits:
    """What stays with a device when all its visits were handed over: how many they were."""
    return Visits(own.count, handed={device: own.count})


def _was_there(merged: list[Visit], new: Visit) -> bool:
    """Whether `new` is one of the visits that are there, which then lasts as long as both."""
    for place, visit in enumerate(merged):
        if visit.store == new.store and visit.first - SAME_VISIT < new.last and new.first < visit.last + SAME_VISIT:
            merged[place] = Visit(visit.store, min(visit.first, new.first), max(visit.last, new.last))
            return True
    return False
