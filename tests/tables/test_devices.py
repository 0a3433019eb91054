"""Links, cards and presence: who may be looked at, whose it is, and that a withdrawn consent leaves nothing behind."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from offers.members import Consent, Grant
from streams.tables.keyspace import Keyspace
from streams.tables.links import Linked, Links
from streams.tables.presences import (
    NO_MARK,
    NOT_ADMITTED,
    Admission,
    Device,
    Mark,
    Presences,
    keys_of,
    unpack_admission,
)
from streams.tables.tables import Tables
from tests.tables.conftest import Run

ANNA = Admission(True, False, "anna")


@pytest.fixture
def owner(retailer: str) -> str:
    return f"{retailer}|phone"


def device(tables: Tables, run: Run, owner: str) -> Device:
    (found,) = run(tables.presences.admit([owner]))
    return found


def saved(tables: Tables, run: Run, owner: str, body: bytes = b"here") -> Device:
    """A device with a presence."""
    found = device(tables, run, owner)
    found.mark_ping(3, 42)
    found.body = body
    assert run(tables.presences.save([found])) == [True]
    return device(tables, run, owner)


def test_an_unknown_device_is_not_admitted_and_has_no_presence(tables: Tables, run: Run, owner: str) -> None:
    found = device(tables, run, owner)
    assert (found.admission, found.body, found.pings, found.check_ins) == (NOT_ADMITTED, b"", NO_MARK, NO_MARK)
    assert not found.admission.granted


@pytest.mark.parametrize("offers", [False, True])
@pytest.mark.parametrize("location_history", [False, True])
@pytest.mark.parametrize("member", [None, "anna", "é|" * 60])
def test_an_admission_is_read_as_it_was_written(offers: bool, location_history: bool, member: str | None) -> None:
    admission = Admission(offers, location_history, member)
    assert unpack_admission(admission.pack()) == admission
    assert admission.granted is (offers or location_history)


def test_an_admission_follows_the_consent() -> None:
    assert Admission.of(Consent({"offers": Grant(True, 0)}), "anna") == ANNA
    assert Admission.of(Consent({"location_history": Grant(True, 0), "offers": Grant(False, 1)}), None) == Admission(
        False, True, None
    )
    assert not Admission.of(Consent({"analytics": Grant(True, 0)}), "anna").granted


def test_presence_and_marks_are_read_as_they_were_saved(tables: Tables, run: Run, retailer: str) -> None:
    owners = [f"{retailer}|{each}" for each in range(100)]
    found = run(tables.presences.admit(owners))
    for place, each in enumerate(found):
        each.mark_ping(place, 2**60 + place)
        each.mark_check_in(32_767, place)
        each.body = b"%d" % place
    assert run(tables.presences.save(found)) == [True] * 100
    for place, each in enumerate(run(tables.presences.admit(owners))):
        assert (each.owner, each.body) == (owners[place], b"%d" % place)
        assert (each.pings, each.check_ins) == (Mark(place, 2**60 + place), Mark(32_767, place))


@pytest.mark.parametrize(
    ("partition", "offset", "covered"), [(3, 42, True), (3, 41, True), (3, 43, False), (4, 42, False), (4, 0, False)]
)
def test_a_mark_covers_its_own_partition_up_to_its_offset(partition: int, offset: int, covered: bool) -> None:
    device = Device("galerie|phone", keys_of("galerie|phone"))
    assert (device.has_ping(partition, offset), device.has_check_in(partition, offset)) == (False, False)
    device.mark_ping(3, 42)
    assert (device.has_ping(partition, offset), device.has_check_in(partition, offset)) == (covered, False)
    device.mark_check_in(3, 42)
    assert device.has_check_in(partition, offset) is covered


def test_a_presence_that_was_saved_meanwhile_is_not_saved_over(tables: Tables, run: Run, owner: str) -> None:
    first, second = device(tables, run, owner), device(tables, run, owner)
    first.body, second.body = b"first", b"second"
    assert run(tables.presences.save([first, second])) == [True, False]
    assert device(tables, run, owner).body == b"first"
    first.body = b"late"
    assert run(tables.presences.save([first])) == [False]


@pytest.mark.parametrize("before", [None, ANNA])
@pytest.mark.parametrize("after", [Admission(False, False, "anna"), Admission(True, False, "bea"), NOT_ADMITTED])
def test_a_presence_is_not_saved_where_the_admission_has_changed(
    tables: Tables, run: Run, owner: str, before: Admission | None, after: Admission
) -> None:
    if before is not None:
        run(tables.links.admit(owner, before))
    found = device(tables, run, owner)
    run(tables.links.admit(owner, after))
    found.body = b"here"
    assert run(tables.presences.save([found])) == [False]
    assert device(tables, run, owner).head == b""


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        (ANNA, Admission(False, False, "anna"), False),
        (ANNA, NOT_ADMITTED, False),
        (ANNA, Admission(True, False, "bea"), False),
        (ANNA, Admission(True, False, None), False),
        (ANNA, Admission(False, True, "anna"), True),
        (ANNA, ANNA, True),
        (Admission(True, False, None), ANNA, True),
    ],
)
def test_presence_goes_with_the_consent_and_with_the_member_but_not_with_a_first_link(
    tables: Tables, run: Run, owner: str, before: Admission, after: Admission, stays: bool
) -> None:
    run(tables.links.admit(owner, before))
    saved(tables, run, owner)
    run(tables.links.admit(owner, after))
    found = device(tables, run, owner)
    assert found.admission == after == run(tables.links.admission(owner))
    assert found.body == (b"here" if stays else b"")
    assert found.pings == (Mark(3, 42) if stays else NO_MARK)


def test_a_consent_that_is_withdrawn_while_presence_is_saved_leaves_none(
    peers: list[Keyspace], run: Run, retailer: str
) -> None:
    presences, links = Presences(peers[0]), Links(peers[1])
    owners = [f"{retailer}|{each}" for each in range(40)]

    async def save_again(owner: str) -> None:
        for body in (b"1", b"2", b"3", b"4"):
            (found,) = await presences.admit([owner])
            if found.admission.granted:
                found.body = body
                await presences.save([found])

    async def race() -> list[Device]:
        for owner in owners:
            await links.admit(owner, ANNA)
        withdrawn = Admission(False, False, "anna")
        calls = [(save_again(owner), links.admit(owner, withdrawn)) for owner in owners]
        await asyncio.gather(*(call for pair in calls for call in pair))
        return await presences.admit(owners)

    assert [found.head for found in run(race())] == [b""] * 40


def test_cards_are_given_and_given_on(tables: Tables, run: Run, retailer: str) -> None:
    cards = [f"{retailer}|{each}" for each in range(30)]
    for card in cards[:20]:
        run(tables.links.give("card", card, "anna", 1))
    run(tables.links.give("card", cards[0], "bea", 2))
    expected = {card: "bea" if card == cards[0] else "anna" for card in cards[:20]} | dict.fromkeys(cards[20:])
    assert run(tables.links.members_of(cards)) == expected


def test_of_two_who_admit_at_once_both_return_and_one_holds(peers: list[Keyspace], run: Run, owner: str) -> None:
    links = [Links(peer) for peer in peers]
    asked = [Admission(True, False, f"member-{each}") for each in range(20)]

    async def all_at_once() -> Admission:
        await asyncio.gather(*(links[place % 4].admit(owner, each) for place, each in enumerate(asked)))
        return await links[0].admission(owner)

    assert run(all_at_once()) in asked


def test_timers_are_hints_of_one_partition(tables: Tables, run: Run, retailer: str, partition: int) -> None:
    timers, names = tables.timers, [f"{retailer}|{each}" for each in range(300)]
    run(tables.note(timers.reminders({partition: {name: 1_000 + place for place, name in enumerate(names)}})))
    first = run(timers.due(partition, 2_000, 256))
    assert [name for name, _ in first] == names[:256]
    assert all(one < other for (_, one), (_, other) in pairwise(first))
    run(timers.rearm({partition: dict.fromkeys(names[:256])}))
    assert run(timers.next_due(partition)) == 1_256
    assert len(run(timers.due(partition, 1_257, 256))) == 2


@pytest.mark.parametrize("kind", ["link", "card"])
def test_a_link_is_the_newest_words_and_is_taken_only_from_whose_it_was_then(
    tables: Tables, run: Run, owner: str, kind: Linked
) -> None:
    links = tables.links
    steps = [
        (links.give(kind, owner, "anna", 10), "anna"),
        (links.give(kind, owner, "bea", 9), "anna"),
        (links.take(kind, owner, "bea", 20), "anna"),
        (links.take(kind, owner, "anna", 9), "anna"),
        (links.give(kind, owner, "bea", 11), "bea"),
        (links.take(kind, owner, "bea", 12), None),
        (links.give(kind, owner, "anna", 10), None),
        (links.give(kind, owner, "cleo", 13), "cleo"),
    ]
    for step, expected in steps:
        run(step)
        assert run(links.member_of(kind, owner)) == expected
