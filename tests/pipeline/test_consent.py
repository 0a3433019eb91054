"""Absent is no: without consent nothing is offered, and no position stands anywhere."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator

import pytest
import redis

from geofences.fixes import DEGREE, Fix
from streams import topics
from streams.records import Record
from streams.tables.presences import NOT_ADMITTED
from tests.pipeline.boutique import (
    HAUSSMANN,
    MINUTE,
    NAME,
    NOON,
    SECOND,
    Collected,
    Message,
    Topics,
    Working,
    check_in,
    member,
    memory_tables,
    ping,
    pings,
    preference,
    redis_tables,
    run,
)
from tests.pipeline.conftest import OpenTables

LON, LAT = 2.3321987, 48.8737123  # within Haussmann, with digits of their own


def traces(value: float) -> Iterator[bytes]:
    """How a coordinate may stand in bytes: as text, as a double, as the integer of packed presence."""
    yield str(value).encode()
    yield str(value).partition(".")[2].encode()
    yield from (struct.pack(order + "d", value) for order in "<>")
    yield from (struct.pack(order + "f", value) for order in "<>")
    yield from (struct.pack(order + "i", round(value * DEGREE)) for order in "<>")


def everything_in(url: str) -> bytes:
    """All keys of a server, with all that they hold."""
    with redis.Redis.from_url(url) as client:
        found = []
        for key in client.scan_iter():
            kind = client.type(key)
            held = client.zrange(key, 0, -1, withscores=True) if kind == b"zset" else [(client.get(key), 0)]
            found += [key, *(value + str(score).encode() for value, score in held)]
    return b"\0".join(found)


def sent_by(collected: Collected) -> bytes:
    return b"\0".join(part for each in collected.sent for part in (each.key, each.value or b""))


def standing(device: str = "phone", **more: object) -> list[Message]:
    return [ping(device, Fix(LON, LAT, 10.0, NOON + each * 10 * SECOND), **more) for each in range(6)]


def there(trace: bytes, *places: bytes) -> bool:
    return any(trace in place for place in places)


def positions(*places: bytes) -> list[bytes]:
    """The traces of both coordinates that are found."""
    return [trace for value in (LON, LAT) for trace in traces(value) if there(trace, *places)]


REFUSED = {
    "nobody": [],
    "without a word": [member("mia", "phone", consent=())],
    "analytics": [member("mia", "phone", consent=("analytics", "notices"))],
    "taken back": [
        member("mia", "phone"),
        preference(NOON - MINUTE, member="mia", consent={"offers": {"granted": False, "at": NOON - MINUTE}}),
    ],
}


@pytest.mark.parametrize("facts", REFUSED.values(), ids=list(REFUSED))
def test_without_consent_no_position_stands_in_redis_on_a_topic_or_in_the_log(
    facts: list[Message], emptied_redis: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with redis_tables(emptied_redis) as tables:
            working = Working(tables, collected)
            await working.enter(broker.records(facts))
            visit = check_in(NOON + MINUTE, device="phone", store="haussmann", lat=LAT, lon=LON)
            processed = await working.work(broker.records([*standing(), *standing(member="mia"), visit]))
            await working.wait(NOON + 60 * MINUTE)
        assert processed.without_consent == 13
        assert collected.offers() == []
        assert positions(everything_in(emptied_redis), sent_by(collected), caplog.text.encode()) == []

    with caplog.at_level(logging.DEBUG):
        run(story())


def test_with_consent_the_same_search_finds_the_position(emptied_redis: str) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with redis_tables(emptied_redis) as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone")]))
            await working.work(broker.records(standing()))
        assert len(collected.offers()) == 1
        assert len(positions(everything_in(emptied_redis))) == 2
        assert len(positions(sent_by(collected))) == 4

    run(story())


def test_a_broken_record_that_parses_to_a_position_leaves_none_in_its_dead_letter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        working = Working(memory_tables(), collected)
        key = f"{NAME}|phone"
        values = [
            b'{"retailer": "boutique", "device": "phone", "lat": %r, "lon": %r, "at": "yesterday"}' % (LAT, LON),
            b'{"retailer": "nobody", "device": "phone", "lat": %r, "lon": %r, "at": 1}' % (LAT, LON),
            b'{"retailer": "boutique", "device": "phone", "lat": %r, "lon": %r, "lon": 0, "at": 1}' % (LAT, LON),
            b'{"retailer": "boutique", "device": "other", "lat": %r, "lon": %r, "at": 1}' % (LAT, LON),
            b'{"retailer": "boutique", "device": "phone", "lat": "%r", "lon": %r, "at": 1}' % (LAT, LON),
        ]
        await working.work([broker.raw(topics.PINGS.name, value, NOON, key) for value in values])
        assert len(collected.read(topics.DEAD_LETTERS)) == len(values)
        assert [each.get("raw") for each in collected.read(topics.DEAD_LETTERS)] == [None] * len(values)
        assert positions(sent_by(collected), caplog.text.encode()) == []

    with caplog.at_level(logging.DEBUG):
        run(story())


def test_consent_of_a_device_without_a_member_lets_its_position_in_and_offers_nothing(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([preference(NOON - DAY_BEFORE, device="phone", consent=["offers"])]))
            processed = await working.work(broker.records(standing()))
        assert processed.pings == 6
        assert collected.reasons() == {"NO_MEMBER": 3}
        assert all("member" not in each for each in collected.read(topics.TRANSITIONS))

    run(story())


DAY_BEFORE = 24 * 60 * MINUTE


def test_location_history_alone_lets_positions_in_and_offers_nothing(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone", consent=("location_history",))]))
            await working.work(broker.records(standing()))
        assert set(collected.reasons()) == {"NO_CONSENT"}
        assert collected.offers() == []

    run(story())


def test_withdrawal_deletes_presence_and_closes_the_door_of_every_device(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        owners = [f"{NAME}|phone", f"{NAME}|watch"]
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone", "watch")]))
            await working.work(broker.records([*standing("phone"), *standing("watch")]))
            assert all(device.body for device in await tables.presences.admit(owners))
            no = {"offers": {"granted": False, "at": NOON + MINUTE}}
            await working.enter(broker.records([preference(NOON + MINUTE, member="mia", consent=no)]))
            devices = await tables.presences.admit(owners)
            assert [(device.body, device.admission.granted) for device in devices] == [(b"", False)] * 2
            later = await working.work(broker.records(pings("phone", HAUSSMANN, NOON + 2 * MINUTE, 3)))
            assert later.without_consent == 3

    run(story())


def test_a_withdrawal_in_the_middle_of_a_batch_is_stronger_than_its_save_and_its_claim(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        no = {"offers": {"granted": False, "at": NOON + 1}}
        async with open_tables() as tables:
            other = Working(tables, collected)
            withdrawal = broker.records([preference(NOON + 1, member="mia", consent=no)])
            interrupting = Interrupting(Working(tables, collected), other, withdrawal)
            await other.enter(broker.records([member("mia", "phone")]))
            processed = await interrupting.work(broker.records(standing()))
            assert processed.unsaved == 1
            (device,) = await tables.presences.admit([f"{NAME}|phone"])
            assert device.body == b""
            assert device.admission.granted is False
        assert collected.offers() == []
        assert set(collected.reasons()) == {"NO_CONSENT"}

    run(story())


class Interrupting:
    """Between decision and claim of a batch another worker enters something."""

    def __init__(self, working: Working, other: Working, records: list[Record]) -> None:
        self._working, self._other, self._records = working, other, records
        members = working.tables.members
        claim = type(members).claim

        async def after_the_other(self_: object, claims: object) -> object:
            records, self._records = self._records, []
            if records:
                await other.enter(records)
            return await claim(members, claims)  # type: ignore[arg-type]  # passed on as it came

        slow = type("Slow", (type(members),), {"claim": after_the_other})
        tables = working.tables
        fields = {name: getattr(tables, name) for name in tables.__dataclass_fields__}
        working.tables = type(tables)(**fields | {"members": slow(members.keyspace)})

    async def work(self, records: list[Record]):
        return await self._working.work(records)


def test_a_stop_in_the_middle_of_a_batch_is_stronger_than_its_claim(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            other = Working(tables, collected)
            stop = broker.records([preference(NOON + 1, member="mia", contact="stop")])
            interrupting = Interrupting(Working(tables, collected), other, stop)
            await other.enter(broker.records([member("mia", "phone")]))
            await interrupting.work(broker.records(standing()))
            assert await tables.places.overdue(f"{NAME}|few", NOON + DAY_BEFORE) == []  # its place is given back
        assert collected.offers() == []
        assert set(collected.reasons()) == {"STOPPED"}

    run(story())


def test_after_a_stop_the_next_trigger_says_stopped_and_a_normal_wish_ends_it(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            stop = preference(NOON - 1, member="mia", contact="stop")
            await working.enter(broker.records([member("mia", "phone"), stop]))
            await working.work(broker.records(standing()))
            assert set(collected.reasons()) == {"STOPPED"}
            await working.enter(broker.records([preference(NOON + MINUTE, member="mia", contact="normal")]))
            await working.work(broker.records([check_in(NOON + 90 * SECOND, device="phone", store="haussmann")]))
        assert [offer["campaign"] for offer in collected.offers()] == ["stay"]

    run(story())


def test_consent_that_is_not_there_is_no() -> None:
    async def story() -> None:
        (device,) = await memory_tables().presences.admit([f"{NAME}|phone"])
        assert device.admission == NOT_ADMITTED
        assert not device.admission.granted

    run(story())
