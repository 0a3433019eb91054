"""Every key has an end, and no retailer's data outlives what is promised for its class."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import redis

from offers.coupons import Coupon, Redemption
from offers.history import History
from offers.members import Contact, Visits
from offers.products import Product
from streams.tables.api_keys import ApiKey
from streams.tables.keys import KEPT
from streams.tables.members import Claim, Fields, Outcome
from streams.tables.memory import MemoryKeyspace
from streams.tables.places import Asked, Given, Token
from streams.tables.presences import Admission
from streams.tables.products import Changed
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables
from tests.tables.conftest import Run

NOW = 1_795_131_000_000


async def write_everything(tables: Tables, retailer: str, partition: int) -> None:
    """Each command that writes, at least once."""
    phone, anna, welcome = f"{retailer}|phone", f"{retailer}|anna", f"{retailer}|welcome"
    await tables.links.admit(phone, Admission(True, True, "anna"))
    await tables.links.give("card", f"{retailer}|card", "anna", NOW)
    await tables.links.give("link", phone, "anna", NOW)
    await tables.links.give("merged", f"{retailer}|other", "anna", NOW)
    await tables.links.take("link", phone, "anna", NOW)
    devices = await tables.presences.admit([phone])
    for device in devices:
        device.body = b"here"
    await tables.presences.save(devices)
    await tables.note(tables.timers.reminders({partition: {phone: NOW}}))
    await tables.timers.rearm({partition + 1: {phone: NOW, f"{phone}-2": None}})
    for kind, value in {
        "profile": Fields(said={"tier": 1}),
        "consent": None,
        "purchases": History(1),
    }.items():
        await tables.members.revise(kind, anna, lambda before, value=value: value or before)
    await tables.members.revise("purchases", f"{retailer}|card|1", lambda _: History(1))
    await tables.members.set_aside(f"{retailer}|card|1")
    (loaded,) = await tables.members.load([(anna, "occasion")])
    outcome = Outcome([], "offer", "welcome", True, "CODE", NOW + 1)
    await tables.members.claim([Claim(loaded, "occasion", Visits(1), (Contact(NOW, "welcome", "offer"),), outcome)])
    (found,) = await tables.members.load([(anna, "occasion")])
    await tables.members.void(found, "occasion", Outcome([]))
    token, other = Token("offer", "anna", "occasion"), Token("other", "anna", "occasion")
    await tables.places.reserve([Asked(welcome, token, 9, 5), Asked(welcome, other, 9, 5)], NOW)
    await tables.places.confirm([Given(welcome, token, NOW + 1, 5)])
    await tables.places.use(Given(welcome, token, NOW + 1, 5))
    await tables.places.unuse(Given(welcome, token, NOW + 1, 5))
    await tables.coupons.put([(f"{retailer}|CODE", Coupon("offer", "welcome", "anna", NOW + 1, "occasion", True))])
    await tables.coupons.redeem(f"{retailer}|CODE", Redemption("till", "haussmann", NOW))
    await tables.coupons.take_back(f"{retailer}|CODE", "till")
    await tables.offers.put([(anna, b"{}", NOW + 2 * KEPT["offers"])], NOW)
    await tables.sales.count(retailer, "1", ["p", "q"])
    await tables.products.revise(retailer, "p", lambda _: Changed(Product("p", "un produit", "gifts"), {}))
    await tables.api_keys.add(ApiKey("id", retailer, "till", b"digest", "", NOW))


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as connected:
        yield connected


def test_every_class_of_key_is_written_with_the_end_that_stands_in_the_table(
    client: redis.Redis, redis_url: str, run: Run, retailer: str, partition: int
) -> None:
    keyspace = run(connect(redis_url))
    run(write_everything(Tables.over(keyspace), retailer, partition))
    run(keyspace.close())
    timers = [name for each in (0, 1) for name in client.scan_iter(f"timers:*:{partition + each}", 1_000)]
    found = [*client.scan_iter(f"*{retailer}*", 1_000), *timers, *client.scan_iter("api_keys:*", 1_000)]
    assert len(timers) == 2
    assert {name.partition(":")[0] for name in found} == set(KEPT)
    for name in found:
        kept = KEPT[name.partition(":")[0]]
        assert kept - 60_000 < client.pttl(name) <= kept, name


def test_an_admission_outlives_a_presence_and_a_consent_whatever_rests_on_it() -> None:
    assert KEPT["presence"] <= 86_400_000
    assert KEPT["outcome"] >= 48 * 3_600_000
    assert KEPT["purchases"] >= 400 * 86_400_000
    assert KEPT["presence"] < KEPT["admission"] <= KEPT["consent"]


def test_what_is_only_looked_at_keeps_the_end_it_had(
    client: redis.Redis, redis_url: str, run: Run, retailer: str, partition: int
) -> None:
    keyspace = run(connect(redis_url))
    run(write_everything(Tables.over(keyspace), retailer, partition))
    (consent,) = client.scan_iter(f"consent:*{retailer}*", 1_000)
    client.pexpire(consent, 100_000)

    async def claim_again() -> list[bool]:
        members = Tables.over(keyspace).members
        (loaded,) = await members.load([(f"{retailer}|anna", "another")])
        member = loaded.member
        return await members.claim([Claim(loaded, "another", member.visits, member.contacts, Outcome([]))])

    assert run(claim_again()) == [True]
    run(keyspace.close())
    assert client.pttl(consent) <= 100_000


def test_in_process_keys_end_to_the_millisecond(retailer: str) -> None:
    now = NOW
    tables = Tables.over(MemoryKeyspace(lambda: now))
    asyncio.run(write_everything(tables, retailer, 1))
    body = [b"here", b"here", b""]
    for moment, expected in zip((0, KEPT["presence"] - 1, KEPT["presence"]), body, strict=True):
        now = NOW + moment
        (device,) = asyncio.run(tables.presences.admit([f"{retailer}|phone"]))
        assert device.body == expected
        assert device.admission.granted
