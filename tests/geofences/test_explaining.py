"""Why a device is in, and why it did not leave."""

from geofences.explaining import explain
from geofences.fixes import FixRejection
from geofences.presence import Presence
from tests.geofences.street import MINUTE, START, a_store, fix_at, follow, seen

SHOP = a_store(proximity=100)


def explained(presence, fix):
    return explain(presence, fix, seen(SHOP, fix), SHOP, fix.at)


def test_it_says_what_a_fix_weighs_and_what_is_still_missing():
    presence, _ = follow(SHOP, [fix_at(0, 0)])
    found = explained(presence, fix_at(135, MINUTE, 40))
    (ring,) = found.rings
    assert (ring.held, ring.weight, ring.before, ring.after.evidence) == (True, 500, None, 500)
    assert (found.rejection, found.transitions, found.next_due) == (None, (), START + 3 * MINUTE)
    expected = "in, 35 m outside its edge; +0.50 for a leave, 0.50 of 1 since 14:14:20, hold until 14:16:20"
    assert f"haussmann/proximity: {expected}" in str(found)


def test_it_says_why_a_fix_decides_nothing():
    presence, _ = follow(SHOP, [fix_at(0, 0), fix_at(400, MINUTE, 600), fix_at(135, MINUTE + 30_000, 40)])
    assert "no new evidence" in str(explained(presence, fix_at(400, 2 * MINUTE, 600)))
    assert "too near the edge to weigh" in str(explained(presence, fix_at(116, 2 * MINUTE, 40)))
    assert "too near the edge to weigh" in str(explained(presence, fix_at(1_100, 2 * MINUTE, 601)))
    assert "what was pending is over" in str(explained(presence, fix_at(0, 2 * MINUTE)))


def test_it_says_why_a_fix_is_not_believed_and_what_is_told():
    presence, _ = follow(SHOP, [fix_at(0, 0)])
    assert explained(presence, fix_at(5_000, 1_000)).rejection is FixRejection.IMPOSSIBLE_SPEED
    assert "not believed: DUPLICATE" in str(explained(presence, fix_at(0, 0)))
    assert "ENTER haussmann/proximity at" in str(explained(Presence(), fix_at(0, 0)))
