"""How much one fix weighs for the crossing of one edge. Thousandths of a certain fix, metres."""

from collections.abc import Sequence

from geofences.fixes import COARSE, Fix
from geofences.rings import Ring, Zone

ENOUGH = 1_000
"""Evidence is counted in thousandths of one certain fix."""
MOST = 2_000
FAINT = 100
FLOOR = 15.0
"""Metres: no phone in a street is more accurate than this, whatever it says."""


def weight(beyond: float, accuracy: float) -> int:
    """Of a fix that lies `beyond` an edge (negative: on this side of it): -1000 .. 1000, nothing where faint."""
    weighed = round(ENOUGH * min(max(beyond / reach_of(accuracy), -1.0), 1.0))
    return weighed if abs(weighed) >= FAINT else 0


def leave_weight(beyond: float, accuracy: float) -> int:
    """The same for a leave: a coarse fix adds nothing unless it is certain. Several towers are no proof together."""
    weighed = weight(beyond, accuracy)
    return 0 if accuracy > COARSE and 0 < weighed < ENOUGH else weighed


def is_repeated(fixes: Sequence[Fix]) -> bool:
    """Whether the last fix is a coarse one that came before, to the digit: the same tower again is no new evidence."""
    last = fixes[-1]
    return last.accuracy > COARSE and any(fix[:3] == last[:3] for fix in fixes[:-1])


def is_steady(held: Ring, zone: Zone, distances: tuple[float, ...], accuracy: float) -> bool:
    """No ring has more than faint evidence for a change: by far the most frequent case, so it is looked at first."""
    # A little below FAINT, so that rounding never makes this say yes where the scales say no.
    reach = FLOOR if accuracy <= FLOOR else accuracy if accuracy <= COARSE else reach_of(accuracy)
    faint = 0.00099 * FAINT * reach
    for ring, margin, inside in zip(zone.rings, zone.exit_margins, distances, strict=True):
        if (-inside - margin if ring <= held else inside) >= faint:
            return False
    return True


def bound(accuracy: float) -> float:
    """Metres, for `GeofenceIndex.locate`: beyond so much more than its margin every distance weighs the same."""
    # Presence keeps accuracies in tenths, and of a coarse one each tenth counts twice.
    return reach_of(accuracy) + 0.25


def reach_of(accuracy: float) -> float:
    """Metres beyond an edge at which a fix is certain: its accuracy, of which what is beyond COARSE counts twice."""
    if accuracy > COARSE:
        return 2 * accuracy - COARSE
    return accuracy if accuracy > FLOOR else FLOOR
