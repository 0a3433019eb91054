"""Devices, members and check-ins: who is behind a phone, and whether somebody is where they say they are."""

from __future__ import annotations

import orjson

from streams import topics
from tests.pipeline.boutique import (
    HAUSSMANN,
    HOUR,
    MINUTE,
    NAME,
    NOON,
    ODEON,
    RIVOLI,
    SECOND,
    Collected,
    Topics,
    Working,
    check_in,
    east_of,
    member,
    pings,
    preference,
    run,
)
from tests.pipeline.conftest import OpenTables

PHONE = f"{NAME}|phone"


async def presence_of(working: Working, owner: str = PHONE) -> bytes:
    (device,) = await working.tables.presences.admit([owner])
    return device.body


def test_a_device_that_gets_a_member_keeps_its_presence_and_is_not_greeted_again(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([preference(NOON - 1, device="phone", consent=["offers"])]))
            await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 3)))
            assert set(collected.reasons()) == {"NO_MEMBER"}
            before = await presence_of(working)
            await working.enter([broker.record(member("mia", "phone", at=NOON + 30 * SECOND))])
            assert await presence_of(working) == before != b""
            await working.work(broker.records(pings("phone", HAUSSMANN, NOON + 40 * SECOND, 9)))
        transitions = collected.read(topics.TRANSITIONS)
        assert [each["kind"] for each in transitions] == ["ENTER"] * 3 + ["DWELL"]
        assert [each.get("member") for each in transitions] == [None] * 3 + ["mia"]
        assert [offer["campaign"] for offer in collected.offers()] == ["stay"]

    run(story())


def test_a_device_that_changes_its_member_starts_anew(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone"), member("max", at=NOON - HOUR)]))
            await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 3)))
            await working.enter([broker.record(member("max", "phone", at=NOON + 30 * SECOND))])
            assert await presence_of(working) == b""
            await working.work(broker.records(pings("phone", HAUSSMANN, NOON + 40 * SECOND, 3)))
        entered = [each for each in collected.read(topics.TRANSITIONS) if each["geofence"] == "haussmann/proximity"]
        assert [(each["member"], each["reason"]) for each in entered] == [("mia", "first_seen"), ("max", "first_seen")]
        assert [offer["member"] for offer in collected.offers()] == ["mia", "max"]

    run(story())


def test_a_device_taken_from_a_member_stands_on_its_own_consent_again(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone"), member("mia", at=NOON - HOUR)]))
            processed = await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 3)))
        assert processed.without_consent == 3

    run(story())


def test_a_member_named_in_a_ping_is_not_believed(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "other")]))
            await working.enter([broker.record(preference(NOON - 1, device="phone", consent=["offers"]))])
            told = [each | {"member": "mia"} for each in pings("phone", HAUSSMANN, NOON, 3)]
            await working.work(broker.records(told))
        assert set(collected.reasons()) == {"NO_MEMBER"}

    run(story())


def test_two_phones_of_one_member_at_the_same_time_get_one_offer(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone", "watch")]))
            both = [*pings("phone", RIVOLI, NOON, 3), *pings("watch", RIVOLI, NOON, 3)]
            await working.work(broker.records(both))
        assert [offer["campaign"] for offer in collected.offers()] == ["ten"]
        assert collected.reasons()["PER_MEMBER"] == 1

    run(story())


def test_a_check_in_is_believed_where_nothing_speaks_against_it(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone", cards=["card-1"]), member("max", cards=["c2"])]))
            processed = await working.work(
                [
                    broker.record(check_in(NOON, device="phone", store="rivoli")),
                    broker.record(check_in(NOON + SECOND, card="c2", code="rivoli", via="qr")),
                    broker.record(check_in(NOON + SECOND, card="c3", store="rivoli")),
                ]
            )
        assert processed.check_ins == 3
        assert [(offer["member"], offer["campaign"]) for offer in collected.offers()] == [
            ("mia", "hello"),
            ("max", "hello"),
        ]
        assert collected.reasons()["NO_MEMBER"] == 2  # a check-in is a visit, too: two triggers

    run(story())


def test_a_check_in_that_cannot_be_true_is_rejected_with_its_reason(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone")]))
            lon, lat = ODEON
            processed = await working.work(
                [
                    *broker.records(pings("phone", HAUSSMANN, NOON, 1)),
                    broker.record(check_in(NOON + 10 * SECOND, device="phone", store="rivoli")),
                    broker.record(check_in(NOON + 11 * SECOND, device="phone", store="rivoli", lat=lat, lon=lon)),
                    broker.record(check_in(NOON + 12 * SECOND, device="phone", store="rivoli", via="till")),
                ]
            )
        assert [each.reason for each in processed.rejections] == ["OUT_OF_REACH", "TOO_FAR"]
        # The till says that proximity is entered as well.
        assert [offer["campaign"] for offer in collected.offers()] == ["few", "ten"]

    run(story())


def test_a_check_in_at_a_store_that_is_none_is_a_dead_letter(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone")]))
            records = [
                broker.record(check_in(NOON, device="phone", store="nowhere", lat=48.1, lon=2.1)),
                broker.record(check_in(NOON, device="phone", store="rivoli")),
            ]
            await working.work(records)
        (letter,) = collected.read(topics.DEAD_LETTERS)
        assert (letter["reason"], letter["topic"], "raw" in letter) == ("UNKNOWN_STORE", "checkins", False)
        assert len(collected.offers()) == 1

    run(story())


def test_a_check_in_that_comes_twice_is_one(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone")]))
            record = broker.record(check_in(NOON, device="phone", store="rivoli"))
            await working.work([record])
            processed = await working.work([record])
            await working.work([record, broker.record(check_in(NOON + MINUTE, device="phone", store="rivoli"))])
            visits = (await tables.members.read("visits", f"{NAME}|mia")).value
        assert processed.repeated == 1
        assert visits.count == 1
        assert len(collected.offers()) == 1

    run(story())


def test_a_check_in_and_a_stay_within_two_hours_are_one_visit(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone")]))
            await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 20)))
            await working.work(
                [
                    broker.record(check_in(NOON + 5 * MINUTE, device="phone", store="haussmann")),
                    broker.record(check_in(NOON + 6 * MINUTE, member="mia", store="rivoli", via="card")),
                ]
            )
            visits = (await tables.members.read("visits", f"{NAME}|mia")).value
        assert "DWELL" in {each["kind"] for each in collected.read(topics.TRANSITIONS)}
        assert visits.count == 2
        assert sorted(visit.store for visit in visits.recent) == ["haussmann", "rivoli"]
        triggers = [orjson.dumps(each["trigger"]) for each in collected.read(topics.DECISIONS)]
        assert sum(b'"kind":"VISIT"' in each and b"haussmann" in each for each in triggers) == 1

    run(story())


def test_somebody_far_away_enters_nothing(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone")]))
            await working.work(broker.records(pings("phone", east_of(HAUSSMANN, 5_000.0), NOON, 6)))
            await working.wait(NOON + HOUR)
        assert collected.sent[1:] == []  # the member, merged

    run(story())
