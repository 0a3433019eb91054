"""A check-in that only works in the store: who made it is there, and what that does to what was believed."""

import pytest

from geofences.fixes import LATENESS
from geofences.presence import SILENCE, Presence, arrive
from tests.geofences.street import (
    CATCHMENT,
    INSIDE,
    MINUTE,
    PROXIMITY,
    SECOND,
    START,
    a_store,
    fix_at,
    follow,
    held,
    told,
)

SHOP = a_store(catchment=1_500, proximity=250, inside=50)
FAR = 5_000


def arrived(presence, after, index=SHOP):
    return arrive(presence, "haussmann", START + after, index)


def test_who_was_never_seen_enters_every_ring_at_its_time_and_is_seen_first():
    presence, transitions = arrived(Presence(), 0)
    assert told(transitions) == [
        "ENTER catchment first_seen",
        "ENTER proximity first_seen",
        "ENTER inside first_seen",
    ]
    assert {(each.at, each.confirmed_at) for each in transitions} == {(START, START)}
    assert held(presence) == {"haussmann": INSIDE}
    assert presence.newest is not None
    assert presence.newest.at == START


def test_who_was_seen_elsewhere_enters_what_is_not_held_yet():
    presence, _ = follow(SHOP, [fix_at(FAR, 0), fix_at(900, 5 * MINUTE)])
    assert held(presence) == {"haussmann": CATCHMENT}
    presence, transitions = arrived(presence, 6 * MINUTE)
    assert told(transitions) == ["ENTER proximity", "ENTER inside"]
    assert [fix.at for fix in presence.fixes] == [START, START + 5 * MINUTE]


def test_who_is_in_already_enters_nothing():
    presence, _ = follow(SHOP, [fix_at(0, 0)])
    assert arrived(presence, MINUTE)[1] == ()
    assert held(arrived(presence, MINUTE)[0]) == {"haussmann": INSIDE}


@pytest.mark.parametrize(("late", "count"), [(0, 3), (LATENESS, 3), (LATENESS + 1, 0)])
def test_one_that_is_later_than_a_fix_may_be_changes_nothing(late, count):
    presence, _ = follow(SHOP, [fix_at(FAR, 10 * MINUTE)])
    after, transitions = arrived(presence, 10 * MINUTE - late)
    assert len(transitions) == count
    assert (after == presence) == (count == 0)


def test_one_at_the_moment_of_what_was_told_counts_and_one_from_before_it_does_not():
    presence, transitions = follow(SHOP, [fix_at(FAR, 0), fix_at(900, 5 * MINUTE)])
    assert told(transitions) == ["ENTER catchment"]
    assert told(arrived(presence, 5 * MINUTE)[1]) == ["ENTER proximity", "ENTER inside"]
    assert arrived(presence, 5 * MINUTE - 1)[1] == ()


def test_a_leave_that_began_before_it_is_off():
    presence, _ = follow(SHOP, [fix_at(0, 0), fix_at(150, MINUTE)])
    assert [pending.ring for pending in presence.stores["haussmann"].pendings] == [INSIDE]
    presence, transitions = arrived(presence, MINUTE + SECOND)
    assert (transitions, presence.stores["haussmann"].pendings) == ((), ())
    _, later = follow(SHOP, [], presence, until=20 * MINUTE)
    assert "EXIT" not in {each.kind.value for each in later}


def test_an_entry_that_was_pending_happened_at_its_first_evidence():
    shop = a_store(proximity=50)
    presence, _ = follow(shop, [fix_at(FAR, 0, 60), fix_at(10, 5 * MINUTE, 60)])
    (pending,) = presence.stores["haussmann"].pendings
    assert (pending.ring, pending.began) == (PROXIMITY, START + 5 * MINUTE)
    presence, transitions = arrived(presence, 6 * MINUTE, shop)
    assert [(each.at, each.confirmed_at) for each in transitions] == [(START + 5 * MINUTE, START + 6 * MINUTE)]


@pytest.mark.parametrize(("after", "begins_anew"), [(SILENCE - 1, False), (SILENCE, True)])
def test_after_silence_it_begins_anew(after, begins_anew):
    presence, _ = follow(SHOP, [fix_at(FAR, 0)])
    presence, transitions = arrived(presence, after)
    assert (presence.started == START + after) == begins_anew
    assert {each.reason is not None for each in transitions} == {begins_anew}


def test_a_store_that_is_not_there_changes_nothing():
    presence, _ = follow(SHOP, [fix_at(0, 0)])
    assert arrive(presence, "nowhere", START + MINUTE, SHOP) == (presence, ())


def test_fixes_from_before_it_that_come_after_it_change_nothing_there():
    presence, _ = follow(SHOP, [fix_at(FAR, 0)])
    presence, _ = arrived(presence, 5 * MINUTE)
    after, transitions = follow(SHOP, [fix_at(FAR, 5 * MINUTE - SECOND)], presence)
    assert (transitions, held(after)) == ([], {"haussmann": INSIDE})
