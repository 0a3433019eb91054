"""What a device did while it had no member goes over to its member, once, however often and wherever it is tried."""

from __future__ import annotations

from dataclasses import replace
from sys import maxsize

from offers.members import Visit, Visits
from offers.sequences import with_passages
from offers.visits import all_visits, with_known, with_sign


def handed_over(visits: Visits, own: Visits, device: str) -> Visits:
    """A member's `visits` with the `own` of a device that are new to them; both were there: it is one visit."""
    known = max(visits.handed.get(device, 0), own.handed.get(device, 0))
    visits = with_passages(visits, own.trail, maxsize) if own.trail else visits
    visits = _with_marks(visits, own, device) if own.series or own.handed else visits
    new = own.count - known
    if new <= 0:
        return visits
    kept = all_visits(own)
    merged, apart = _merged(all_visits(visits), kept)
    known_still = min(len(kept) - len(apart), known - own.handed.get(device, 0))
    forgotten = max(own.count - len(kept) - (known - known_still), 0)  # by the device, and new to the member
    apart = apart[-new:]
    count = visits.count + min(len(apart) + forgotten, new)
    older = visits.older._replace(lost=max(visits.older.lost, own.older.lost))
    visits = replace(visits, count=count, older=older, handed={**visits.handed, device: own.count})
    return with_known(visits, (*merged, *apart)) if merged or apart else visits


def _with_marks(visits: Visits, own: Visits, device: str) -> Visits:
    """How far each series has come, and what was handed over to both."""
    series = {name: max(step, visits.series.get(name, step)) for name, step in own.series.items()}
    handed = {name: max(count, visits.handed.get(name, 0)) for name, count in own.handed.items() if name != device}
    return replace(visits, series={**visits.series, **series}, handed={**visits.handed, **handed})


def without_handed(own: Visits, device: str) -> Visits:
    """What stays with a device when all its visits were handed over: how many they were."""
    return Visits(own.count, handed={device: own.count})


def _merged(known: tuple[Visit, ...], own: tuple[Visit, ...]) -> tuple[tuple[Visit, ...], list[Visit]]:
    """`known`, each lasting as long as the signs of it among `own`; and those of `own` that are no such sign."""
    apart = []
    for visit in own:
        found = with_sign(known, visit)
        if found is None:
            apart.append(visit)
        else:
            known = found
    return known, apart
