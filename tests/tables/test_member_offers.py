"""A member's list of offers: what has not expired is there, once, and nothing of it outlives a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
import redis

from offers.coupons import Coupon
from streams.member_changes import change_member, change_preference
from streams.messages import MemberChange, Preference
from streams.tables.keys import KEPT
from streams.tables.keyspace import Keyspace
from streams.tables.member_offers import MOST_OFFERS, MemberOffers
from streams.tables.memory import MemoryKeyspace
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables
from tests.tables.conftest import Run

NOW = 1_795_131_000_000
HOUR = 3_600_000


@pytest.fixture
def anna(retailer: str) -> str:
    return f"{retailer}|anna"


def offer(number: int) -> bytes:
    return b'{"id":"%05d"}' % number


def test_offers_come_back_byte_for_byte_those_that_expire_soonest_first(tables: Tables, run: Run, anna: str) -> None:
    records = [bytes(range(256)), b"\x00", "{«é»}".encode(), b"x" * 100_000]
    run(tables.offers.put([(anna, record, NOW + 5 - place) for place, record in enumerate(records)], NOW))
    assert run(tables.offers.unexpired(anna, NOW)) == records[::-1]


def test_a_member_without_offers_has_an_empty_list(tables: Tables, run: Run, anna: str) -> None:
    run(tables.offers.put([], NOW))
    assert run(tables.offers.unexpired(anna, NOW)) == []
    run(tables.offers.remove(anna, offer(1)))
    run(tables.offers.forget(anna))


def test_an_offer_written_twice_is_there_once(tables: Tables, run: Run, anna: str) -> None:
    for _ in range(2):
        run(tables.offers.put([(anna, offer(1), NOW + HOUR)] * 2, NOW))
    assert run(tables.offers.unexpired(anna, NOW)) == [offer(1)]


def test_an_offer_is_there_until_the_millisecond_in_which_it_expires(tables: Tables, run: Run, anna: str) -> None:
    run(tables.offers.put([(anna, offer(1), NOW + HOUR), (anna, offer(2), NOW + 2 * HOUR)], NOW))
    assert run(tables.offers.unexpired(anna, NOW + HOUR - 1)) == [offer(1), offer(2)]
    assert run(tables.offers.unexpired(anna, NOW + HOUR)) == [offer(2)]
    assert run(tables.offers.unexpired(anna, NOW + 2 * HOUR)) == []


def test_one_that_had_expired_before_it_was_written_never_shows(tables: Tables, run: Run, anna: str) -> None:
    run(tables.offers.put([(anna, offer(1), NOW), (anna, offer(2), NOW - 1)], NOW))
    assert run(tables.offers.unexpired(anna, 0)) == []


def test_what_has_expired_is_dropped_when_another_is_written(tables: Tables, run: Run, anna: str) -> None:
    run(tables.offers.put([(anna, offer(1), NOW + HOUR)], NOW))
    run(tables.offers.put([(anna, offer(2), NOW + 2 * HOUR)], NOW + HOUR))
    assert run(tables.offers.unexpired(anna, 0)) == [offer(2)]


def test_of_too_many_those_that_expire_last_are_kept(tables: Tables, run: Run, anna: str) -> None:
    many = [offer(number) for number in range(MOST_OFFERS + 9)]
    run(tables.offers.put([(anna, each, NOW + HOUR + place) for place, each in enumerate(many)], NOW))
    assert run(tables.offers.unexpired(anna, NOW)) == many[9:]


def test_nobody_sees_the_offers_of_another_member_or_retailer(tables: Tables, run: Run, retailer: str) -> None:
    owners = [f"{retailer}|{member}" for member in ("anna", "anna b", "ann", "")] + [f"{retailer}-2|anna"]
    run(tables.offers.put([(owner, offer(place), NOW + HOUR) for place, owner in enumerate(owners)], NOW))
    found = [run(tables.offers.unexpired(owner, NOW)) for owner in owners]
    assert found == [[offer(place)] for place in range(len(owners))]


def test_a_voided_offer_is_taken_out_and_the_others_stay(tables: Tables, run: Run, anna: str) -> None:
    run(tables.offers.put([(anna, offer(number), NOW + HOUR) for number in range(3)], NOW))
    run(tables.offers.remove(anna, offer(1)))
    assert run(tables.offers.unexpired(anna, NOW)) == [offer(0), offer(2)]


def test_an_offer_and_its_coupon_are_noted_together(tables: Tables, run: Run, anna: str, retailer: str) -> None:
    coupon = Coupon("offer-1", "welcome", "anna", NOW + HOUR, "occasion-1", limited=False)
    notes = tables.coupons.notes([(f"{retailer}|CODE", coupon)])
    run(tables.note([*notes, *tables.offers.notes([(anna, offer(1), NOW + HOUR)], NOW)]))
    assert run(tables.offers.unexpired(anna, NOW)) == [offer(1)]
    assert not run(tables.coupons.put([(f"{retailer}|CODE", coupon)]))


def test_workers_that_write_at_once_lose_none(peers: list[Keyspace], run: Run, anna: str) -> None:
    lists = [MemberOffers(peer) for peer in peers]

    async def all_at_once() -> None:
        await asyncio.gather(*(lists[each % 4].put([(anna, offer(each), NOW + HOUR)], NOW) for each in range(32)))

    run(all_at_once())
    assert run(lists[0].unexpired(anna, NOW)) == [offer(each) for each in range(32)]


def granted(retailer: str, at: int = NOW) -> MemberChange:
    return MemberChange(retailer=retailer, member="anna", at=at, consent=["offers"], devices=["phone"])


@pytest.mark.parametrize("words", ["stop", "stop by device", "stop by card", "withdrawal", "deletion"])
def test_a_stop_a_withdrawal_and_a_deletion_forget_the_list(
    tables: Tables, run: Run, retailer: str, anna: str, words: str
) -> None:
    later = NOW + 1
    withdrawn = {"offers": {"granted": False, "at": later}}

    async def story() -> list[bytes]:
        await change_member(granted(retailer), tables, {})
        await tables.links.give("card", f"{retailer}|card", "anna", NOW)
        await tables.offers.put([(anna, offer(1), NOW + HOUR)], NOW)
        if words == "deletion":
            await change_member(MemberChange(retailer=retailer, member="anna", at=later, deleted=True), tables, {})
        elif words == "withdrawal":
            told = {"retailer": retailer, "member": "anna", "at": later, "consent": withdrawn}
            await change_member(msgspec.convert(told, MemberChange), tables, {})
        else:
            who = {"stop": {"member": "anna"}, "stop by device": {"device": "phone"}, "stop by card": {"card": "card"}}
            told = {"retailer": retailer, "at": later, "contact": "stop", **who[words]}
            await change_preference(msgspec.convert(told, Preference), tables, {})
        return await tables.offers.unexpired(anna, NOW)

    assert run(story()) == []


@pytest.mark.parametrize("contact", ["less", "normal"])
def test_other_wishes_leave_the_list_as_it_is(tables: Tables, run: Run, retailer: str, anna: str, contact: str) -> None:
    async def story() -> list[bytes]:
        await change_member(granted(retailer), tables, {})
        await tables.offers.put([(anna, offer(1), NOW + HOUR)], NOW)
        told = {"retailer": retailer, "at": NOW + 1, "contact": contact, "member": "anna"}
        await change_preference(msgspec.convert(told, Preference), tables, {})
        return await tables.offers.unexpired(anna, NOW)

    assert run(story()) == [offer(1)]


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as connected:
        yield connected


def test_the_key_goes_with_the_last_of_its_offers(client: redis.Redis, redis_url: str, run: Run, anna: str) -> None:
    keyspace = run(connect(redis_url))
    offers = MemberOffers(keyspace)
    for ends, expected in ((2 * HOUR, 2 * HOUR), (HOUR, 2 * HOUR), (3 * HOUR, 3 * HOUR)):
        run(offers.put([(anna, offer(ends), NOW + ends)], NOW))
        (name,) = client.scan_iter(f"offers:*{anna}", 1_000)
        assert expected - 60_000 < client.pttl(name) <= expected
    run(offers.put([(anna, b"for ever", NOW + 2 * KEPT["offers"])], NOW))
    assert client.pttl(name) <= KEPT["offers"]
    run(keyspace.close())


def test_in_process_the_list_goes_with_the_last_of_its_offers_too(run: Run) -> None:
    now = NOW
    offers = MemberOffers(MemoryKeyspace(lambda: now))
    run(offers.put([("a|b", offer(1), NOW + HOUR)], NOW))
    now = NOW + HOUR - 1
    assert run(offers.unexpired("a|b", 0)) == [offer(1)]
    now = NOW + HOUR
    assert run(offers.unexpired("a|b", 0)) == []
