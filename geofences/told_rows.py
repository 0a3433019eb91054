"""What compiled code tells: transitions as rows of numbers."""

from typing import NamedTuple

from geofences.compiled import called, compiled
from geofences.metric import Indices
from geofences.presence_rows import copy
from geofences.zone_table import ZoneTable

ENTER, DWELL, EXIT, PASS_BY = range(4)
NO_REASON, FIRST_SEEN, TIMEOUT, PASSED = range(4)
NUMBER, FIRED, ZONE, RING, KIND, HAPPENED, CONFIRMED, REASON, FIX = range(9)
"""Columns of what is told: by which fix of a batch, or of which device; whether a timer told it; then a transition."""
TOLD_WIDTH = FIX + 5
COUNT, TELLER, IS_TIMER, TOUCHED, NEWS = range(5)
"""NEWS counts the fixes, or devices, that were left, or told something, or have another timer."""


class Telling(NamedTuple):
    """What is told, a row a transition; `state` holds COUNT, and the TELLER and IS_TIMER of the next."""

    rows: Indices
    state: Indices


@called
def tell(
    telling: Telling, zone: int, ring: int, kind: int, at: int, confirmed_at: int, reason: int, fix: Indices
) -> None:
    """One more transition."""
    row = telling.rows[telling.state[COUNT]]
    telling.state[COUNT] += 1
    row[NUMBER], row[FIRED], row[ZONE], row[RING] = telling.state[TELLER], telling.state[IS_TIMER], zone, ring
    row[KIND], row[HAPPENED], row[CONFIRMED], row[REASON] = kind, at, confirmed_at, reason
    copy(fix, 0, row, FIX, TOLD_WIDTH - FIX)


@compiled
def sort(telling: Telling, first: int, table: ZoneTable) -> None:
    """Put the rows from `first` on in the order of `presence.py`."""
    for last in range(first + 1, telling.state[COUNT]):
        place = last
        while place > first and _rank(telling.rows[place - 1], table) > _rank(telling.rows[place], table):
            for column in range(TOLD_WIDTH):
                kept = telling.rows[place, column]
                telling.rows[place, column] = telling.rows[place - 1, column]
                telling.rows[place - 1, column] = kept
            place -= 1


@compiled
def _rank(row: Indices, table: ZoneTable) -> int:
    """What ended, then what began, then what lasted; then by store."""
    kind = row[KIND]
    rank = 2 if kind == DWELL else 1 if kind == ENTER else 0
    return int(rank * len(table.order) + table.order[row[ZONE]])
