"""What every keyspace does, in process, on Redis and on a cluster: read, replace, reserve, remind."""

from __future__ import annotations

import asyncio
import math
from collections import Counter

import pytest

from streams.tables.keys import SHARDS, key, shard, tag
from streams.tables.keyspace import Change, GivenPlace, Keyspace, Reminder, Reservation
from tests.tables.conftest import Run

TTL = 60_000
NOW = 1_795_131_000_000


def written(name: str, value: bytes | None, expected: bytes | None = None) -> Change:
    return Change(name, expected, value, TTL)


def names(retailer: str, count: int) -> list[str]:
    return [key("profile", f"{retailer}|{member}") for member in range(count)]


def test_reading_nothing_reads_nothing(keyspace: Keyspace, run: Run) -> None:
    assert run(keyspace.read([])) == []
    assert run(keyspace.replace([])) == []
    assert run(keyspace.reserve([])) == []
    run(keyspace.note([]))


def test_values_come_in_the_order_asked_for_over_all_shards_and_none_for_the_absent(
    keyspace: Keyspace, run: Run, retailer: str
) -> None:
    named = names(retailer, 500)
    assert len({tag(name) for name in named}) == SHARDS
    assert run(keyspace.replace([[written(name, name.encode())] for name in named[::2]])) == [True] * 250
    expected = [None if place % 2 else name.encode() for place, name in enumerate(named)]
    assert run(keyspace.read(named)) == expected
    assert run(keyspace.read(named[::-1])) == expected[::-1]
    assert run(keyspace.read([named[0], named[1], named[0]])) == [expected[0], None, expected[0]]


def test_any_bytes_come_back_as_they_were(keyspace: Keyspace, run: Run, retailer: str) -> None:
    (name,) = names(retailer, 1)
    values = [bytes(range(256)), b"\x00", b"=", b"-", b"+", b"+\r\n", b"x" * 1_000_000]
    before = None
    for value in values:
        assert run(keyspace.replace([[written(name, value, before)]])) == [True]
        assert run(keyspace.read([name])) == [value]
        before = value


@pytest.mark.parametrize("expected", [b"other", None])
def test_nothing_is_written_where_something_has_changed(
    keyspace: Keyspace, run: Run, retailer: str, expected: bytes | None
) -> None:
    first, second = key("visits", f"{retailer}|a"), key("contacts", f"{retailer}|a")
    run(keyspace.replace([[written(first, b"there")]]))
    for group in ([written(second, b"new"), written(first, b"new", expected)],):
        assert run(keyspace.replace([group])) == [False]
        assert run(keyspace.replace([group[::-1]])) == [False]
    assert run(keyspace.read([first, second])) == [b"there", None]


def test_a_key_expected_that_is_gone_has_changed(keyspace: Keyspace, run: Run, retailer: str) -> None:
    (name,) = names(retailer, 1)
    assert run(keyspace.replace([[written(name, b"new", b"old")]])) == [False]
    assert run(keyspace.read([name])) == [None]


def test_each_group_has_its_own_answer_in_order(keyspace: Keyspace, run: Run, retailer: str) -> None:
    named = names(retailer, 200)
    run(keyspace.replace([[written(name, b"there")] for name in named[::3]]))
    answers = run(keyspace.replace([[written(name, b"new")] for name in named]))
    assert answers == [place % 3 != 0 for place in range(200)]
    assert run(keyspace.read(named)) == [b"new" if answer else b"there" for answer in answers]


def test_a_later_group_sees_what_an_earlier_one_wrote(keyspace: Keyspace, run: Run, retailer: str) -> None:
    (name,) = names(retailer, 1)
    groups = [[written(name, b"1")], [written(name, b"2")], [written(name, b"3", b"1")]]
    assert run(keyspace.replace(groups)) == [True, False, True]
    assert run(keyspace.read([name])) == [b"3"]


def test_a_key_that_is_only_looked_at_must_hold_and_is_not_written(keyspace: Keyspace, run: Run, retailer: str) -> None:
    looked, other = key("consent", f"{retailer}|a"), key("visits", f"{retailer}|a")
    absent = Change(looked, None, None, 0)
    assert run(keyspace.replace([[absent, written(other, b"1")]])) == [True]
    assert run(keyspace.read([looked, other])) == [None, b"1"]
    run(keyspace.replace([[written(looked, b"yes")]]))
    (there,) = run(keyspace.read([looked]))
    assert run(keyspace.replace([[absent, written(other, b"2", b"1")]])) == [False]
    assert run(keyspace.replace([[Change(looked, there, there, 0), written(other, b"2", b"1")]])) == [True]
    assert run(keyspace.read([looked, other])) == [b"yes", b"2"]


def test_what_is_replaced_by_none_is_gone(keyspace: Keyspace, run: Run, retailer: str) -> None:
    (name,) = names(retailer, 1)
    run(keyspace.replace([[written(name, b"there")]]))
    assert run(keyspace.replace([[written(name, None, b"other")], [written(name, None, b"there")]])) == [False, True]
    assert run(keyspace.read([name])) == [None]


def test_of_any_number_that_replace_the_same_one_wins(peers: list[Keyspace], run: Run, retailer: str) -> None:
    (name,) = names(retailer, 1)

    async def all_at_once() -> list[list[bool]]:
        writers = range(200)
        return await asyncio.gather(*(peers[each % 4].replace([[written(name, b"%d" % each)]]) for each in writers))

    answers = run(all_at_once())
    assert Counter(answer for (answer,) in answers) == {True: 1, False: 199}
    assert run(peers[0].read([name])) == [b"%d" % answers.index([True])]


@pytest.mark.parametrize(
    ("before", "head", "saved"),
    [
        (None, b"", True),
        (None, b"head", False),
        (b"head and body", b"head", True),
        (b"head and body", b"head and body", True),
        (b"head and body", b"", False),
        (b"head and body", b"HEAD", False),
        (b"hea", b"head", False),
    ],
)
@pytest.mark.parametrize(
    ("admission", "admitted"), [(None, None), (b"yes", b"yes"), (b"yes", None), (None, b"yes"), (b"yes", b"ye")]
)
def test_a_presence_is_saved_where_its_head_and_its_admission_are_as_they_were(
    keyspace: Keyspace,
    run: Run,
    retailer: str,
    before: bytes | None,
    head: bytes,
    saved: bool,
    admission: bytes | None,
    admitted: bytes | None,
) -> None:
    named = key("presence", f"{retailer}|phone"), key("admission", f"{retailer}|phone")
    there = [written(name, value) for name, value in zip(named, (before, admission), strict=True) if value is not None]
    run(keyspace.replace([there] if there else []))
    expected = saved and admission == admitted
    assert run(keyspace.save([(*named, head, admitted, b"new")], TTL)) == [expected]
    assert run(keyspace.read(named)) == [b"new" if expected else before, admission]


def test_presences_are_saved_each_for_itself_over_all_shards(keyspace: Keyspace, run: Run, retailer: str) -> None:
    owners = [f"{retailer}|{each}" for each in range(300)]
    named = [(key("presence", owner), key("admission", owner)) for owner in owners]
    run(keyspace.replace([[written(presence, b"there")] for presence, _ in named[::3]]))
    savings = [(*both, b"", None, b"new") for both in named]
    assert run(keyspace.save(savings, TTL)) == [place % 3 != 0 for place in range(300)]
    assert run(keyspace.save([], TTL)) == []


def test_keys_of_one_owner_share_a_tag_and_shards_are_used_alike() -> None:
    assert len({tag(key(kind, "galerie|anna")) for kind in ("profile", "consent", "places")}) == 1
    used = Counter(shard(f"galerie|{member}") for member in range(64_000))
    assert len(used) == SHARDS
    assert max(used.values()) < 1_300


def place(places: str, token: str, limit: int, now: int = NOW) -> Reservation:
    return Reservation(places, token, limit, now, now + TTL)


def test_of_two_hundred_at_once_ten_get_the_ten_places(peers: list[Keyspace], run: Run, retailer: str) -> None:
    places = key("places", f"{retailer}|welcome")

    async def all_at_once() -> list[list[bool]]:
        askers = range(200)
        return await asyncio.gather(*(peers[each % 4].reserve([place(places, str(each), 10)]) for each in askers))

    assert sum(got for (got,) in run(all_at_once())) == 10


def test_places_of_one_batch_are_given_in_order(keyspace: Keyspace, run: Run, retailer: str) -> None:
    places, other = key("places", f"{retailer}|a"), key("places", f"{retailer}|b")
    asked = [place(places, "1", 2), place(other, "1", 1), place(places, "2", 2), place(places, "3", 2)]
    assert run(keyspace.reserve(asked)) == [True, True, True, False]
    assert run(keyspace.reserve(asked)) == [True, True, True, False]


@pytest.mark.parametrize("confirmed", [False, True])
def test_asking_again_is_no_second_place(keyspace: Keyspace, run: Run, retailer: str, confirmed: bool) -> None:
    places = key("places", f"{retailer}|welcome")
    for _ in range(3):
        assert run(keyspace.reserve([place(places, "mine", 1), place(places, "other", 1)])) == [True, False]
        if confirmed:
            run(keyspace.note([GivenPlace(places, "mine", NOW + TTL)]))


def test_a_place_given_back_is_another_s(keyspace: Keyspace, run: Run, retailer: str) -> None:
    places = key("places", f"{retailer}|welcome")
    run(keyspace.reserve([place(places, "first", 1)]))
    for holder, following in (("first", "second"), ("second", "third")):
        run(keyspace.release(places, holder))
        run(keyspace.release(places, holder))
        assert run(keyspace.reserve([place(places, following, 1), place(places, holder, 1)])) == [True, False]


def test_a_place_that_was_given_is_not_given_back(keyspace: Keyspace, run: Run, retailer: str) -> None:
    places = key("places", f"{retailer}|welcome")
    run(keyspace.reserve([place(places, "first", 1)]))
    run(keyspace.note([GivenPlace(places, "first", NOW + TTL)]))
    run(keyspace.release(places, "first"))
    assert run(keyspace.reserve([place(places, "second", 1), place(places, "first", 1)])) == [False, True]


def test_giving_back_what_one_never_held_gives_nothing(keyspace: Keyspace, run: Run, retailer: str) -> None:
    places = key("places", f"{retailer}|welcome")
    run(keyspace.reserve([place(places, "first", 1)]))
    run(keyspace.release(places, "second"))
    assert run(keyspace.reserve([place(places, "second", 1)])) == [False]


@pytest.mark.parametrize(("later", "back"), [(0, False), (TTL - 1, False), (TTL, True)])
def test_the_place_of_an_unused_coupon_comes_back_at_its_expiry(
    keyspace: Keyspace, run: Run, retailer: str, later: int, back: bool
) -> None:
    places = key("places", f"{retailer}|welcome")
    run(keyspace.reserve([place(places, "first", 1)]))
    run(keyspace.note([GivenPlace(places, "first", NOW + TTL)]))
    assert run(keyspace.reserve([place(places, "second", 1, NOW + later)])) == [back]


def test_a_place_reserved_and_not_confirmed_stays_until_a_sweep_gives_it_back(
    keyspace: Keyspace, run: Run, retailer: str
) -> None:
    places = key("places", f"{retailer}|welcome")
    run(keyspace.reserve([place(places, "first", 2), place(places, "second", 2, NOW + 1)]))
    assert run(keyspace.reserve([place(places, "third", 2, NOW + 9 * TTL)])) == [False]
    assert run(keyspace.overdue(places, NOW + TTL)) == []
    assert run(keyspace.overdue(places, NOW + TTL + 1)) == ["first"]
    assert sorted(run(keyspace.overdue(places, NOW + 2 * TTL))) == ["first", "second"]
    run(keyspace.note([GivenPlace(places, "first", NOW + 9 * TTL)]))
    assert run(keyspace.overdue(places, NOW + 2 * TTL)) == ["second"]


def test_a_used_place_never_comes_back_unless_the_use_is_taken_back(
    keyspace: Keyspace, run: Run, retailer: str
) -> None:
    places = key("places", f"{retailer}|welcome")
    run(keyspace.reserve([place(places, "first", 1)]))
    run(keyspace.note([GivenPlace(places, "first", NOW + TTL)]))
    for _ in range(2):
        run(keyspace.spend(places, "first", math.inf))
    run(keyspace.note([GivenPlace(places, "first", NOW + TTL)]))
    assert run(keyspace.reserve([place(places, "second", 1, NOW + 1_000 * TTL)])) == [False]
    run(keyspace.spend(places, "first", NOW + TTL))
    assert run(keyspace.reserve([place(places, "second", 1, NOW + TTL)])) == [True]


def test_a_place_that_was_never_given_cannot_be_used(keyspace: Keyspace, run: Run, retailer: str) -> None:
    places = key("places", f"{retailer}|welcome")
    run(keyspace.spend(places, "nobody", math.inf))
    assert run(keyspace.reserve([place(places, "first", 1)])) == [True]


def test_no_places_at_all_is_none_for_anybody(keyspace: Keyspace, run: Run, retailer: str) -> None:
    assert run(keyspace.reserve([place(key("places", f"{retailer}|welcome"), "first", 0)])) == [False]


def test_reminders_come_earliest_first_up_to_their_time_and_not_more_than_asked_for(
    keyspace: Keyspace, run: Run, partition: int
) -> None:
    assert run(keyspace.next_due(partition)) is None
    run(keyspace.note([Reminder(partition, {"r|b": NOW + 2, "r|é": NOW + 1, "r|a": NOW + 2, "r|late": NOW + 9})]))
    assert run(keyspace.next_due(partition)) == NOW + 1
    assert run(keyspace.due(partition, NOW, 9)) == []
    assert run(keyspace.due(partition, NOW + 2, 9)) == [("r|é", NOW + 1), ("r|a", NOW + 2), ("r|b", NOW + 2)]
    assert run(keyspace.due(partition, NOW + 2, 2)) == [("r|é", NOW + 1), ("r|a", NOW + 2)]
    assert run(keyspace.due(partition + 1, NOW + 9, 9)) == []


def test_an_earlier_reminder_stays_and_an_earlier_one_comes_in_its_place(
    keyspace: Keyspace, run: Run, partition: int
) -> None:
    for due, expected in ((NOW, NOW), (NOW + 1, NOW), (NOW - 1, NOW - 1)):
        run(keyspace.note([Reminder(partition, {"r|a": due})]))
        assert run(keyspace.next_due(partition)) == expected


def test_rearming_puts_a_later_time_in_place_of_the_last_and_none_ends_it(
    keyspace: Keyspace, run: Run, partition: int
) -> None:
    run(keyspace.note([Reminder(partition, {"r|a": NOW, "r|b": NOW})]))
    run(keyspace.rearm({partition: {"r|a": NOW + 5, "r|b": None, "r|c": NOW + 7, "r|never": None}}))
    assert run(keyspace.due(partition, NOW + 9, 9)) == [("r|a", NOW + 5), ("r|c", NOW + 7)]
    run(keyspace.rearm({partition: {"r|a": None, "r|c": None}}))
    assert run(keyspace.next_due(partition)) is None
    run(keyspace.rearm({partition: {}}))
    run(keyspace.note([Reminder(partition, {})]))
