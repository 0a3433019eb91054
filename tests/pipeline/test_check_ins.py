"""Check-ins: what is not believed, what they must not do to time, and what they leave behind."""

from __future__ import annotations

import pytest

from streams import topics
from streams.tables.members import Members
from tests.pipeline.boutique import (
    HAUSSMANN,
    HOUR,
    MINUTE,
    NAME,
    NOON,
    SECOND,
    Collected,
    Topics,
    Working,
    check_in,
    east_of,
    member,
    memory_tables,
    pings,
    run,
)

YEAR = 365 * 24 * HOUR


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"at": NOON + 2 * MINUTE}, "FUTURE"),
        ({"at": NOON + 74 * YEAR}, "FUTURE"),
        ({"at": NOON - 25 * HOUR}, "STALE"),
        ({"at": NOON, "lat": 45.76, "lon": 4.83, "accuracy": 1e9}, "INACCURATE"),
        ({"at": NOON, "lat": 45.76, "lon": 4.83, "accuracy": 20.0}, "TOO_FAR"),
    ],
)
def test_a_check_in_that_cannot_be_is_rejected_with_its_reason(more: dict[str, float], reason: str) -> None:
    async def story() -> tuple[list[str], Collected]:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected)
        await working.enter(broker.records([member("mia", "phone")]))
        said = check_in(NOON, device="phone", store="haussmann") | more
        processed = await working.work([broker.record(said, received=NOON)])
        return [each.reason for each in processed.rejections], collected

    reasons, collected = run(story())
    assert reasons == [reason]
    assert collected.read(topics.DECISIONS) == []


def test_a_check_in_read_ahead_of_the_pings_moves_no_clock() -> None:
    """After an outage the few check-ins of a partition are read before its many pings: nobody dwells by that."""

    async def story() -> list[str]:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected)
        await working.enter(broker.records([member("mia", "phone"), member("tom", "other")]))
        ahead = broker.record(check_in(NOON + HOUR, device="other", store="haussmann"))
        here = broker.records(pings("phone", HAUSSMANN, NOON, 2))
        gone = broker.records(pings("phone", east_of(HAUSSMANN, 900.0), NOON + 60 * SECOND, 20))
        await working.work([*here, ahead])
        await working.work(gone)
        return [each["kind"] for each in collected.read(topics.TRANSITIONS)]

    assert "DWELL" not in run(story())


def test_a_check_in_that_is_not_believed_is_not_weighed_again_against_later_fixes() -> None:
    async def story() -> tuple[int, int]:
        collected, broker = Collected(), Topics(1)
        tables = memory_tables()
        working = Working(tables, collected)
        await working.enter(broker.records([member("mia", "phone")]))
        await working.work(broker.records(pings("phone", east_of(HAUSSMANN, 9_000.0), NOON, 3)))
        said = broker.record(check_in(NOON + 30 * SECOND, device="phone", store="haussmann"))
        first = await working.work([said])
        await working.work(broker.records(pings("phone", HAUSSMANN, NOON + 20 * MINUTE, 3)))
        again = await Working(tables, collected).work([said])
        return len(first.rejections), again.repeated

    assert run(story()) == (1, 1)


def test_no_visit_is_kept_of_a_member_who_consents_to_nothing() -> None:
    async def story() -> int:
        collected, broker = Collected(), Topics(1)
        tables = memory_tables()
        working = Working(tables, collected)
        await working.enter(broker.records([member("mia", consent=())]))
        await working.work([broker.record(check_in(NOON, member="mia", store="haussmann", via="till"))])
        assert collected.reasons() == {"NO_CONSENT": 2}
        visits = (await Members(tables.members.keyspace).read("visits", f"{NAME}|mia")).value
        return len(visits.recent)

    assert run(story()) == 0


@pytest.mark.parametrize("via", ["wifi", "till"])
def test_a_check_in_that_only_works_in_the_store_enters_it_stays_and_leaves(via: str) -> None:
    """The fixes say 300 m off, indoors with 90 m; the till knows better. One occasion; then a DWELL, then an EXIT."""

    async def story() -> tuple[list[str], Collected]:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected)
        await working.enter(broker.records([member("mia", "phone")]))
        await working.work(broker.records(pings("phone", east_of(HAUSSMANN, 300.0), NOON, 3)))
        before = len(collected.read(topics.TRANSITIONS))
        said = check_in(NOON + 30 * SECOND, device="phone", store="haussmann", via=via)
        await working.work([broker.record(said)])
        walked = pings("phone", HAUSSMANN, NOON + 40 * SECOND, 20) + pings(
            "phone", east_of(HAUSSMANN, 5_000.0), NOON + 10 * MINUTE, 20
        )
        await working.work(broker.records(walked))
        told = collected.read(topics.TRANSITIONS)[before:]
        return [f"{each['kind']} {each['geofence'].partition('/')[2]}" for each in told], collected

    told, collected = run(story())
    assert told == [
        *("ENTER proximity", "ENTER inside", "DWELL inside"),
        *("EXIT inside", "EXIT proximity", "EXIT catchment"),
    ]
    assert len({each["trigger"]["at"] for each in collected.read(topics.DECISIONS)}) <= 3


@pytest.mark.parametrize("known", [True, False])
def test_fixes_from_before_a_check_in_that_come_after_it_do_not_undo_it(known: bool) -> None:
    """The check-in of an hour later is read first, after an outage; the pings of that hour lie 900 m off."""

    async def story() -> list[str]:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected)
        await working.enter(broker.records([member("mia", "phone")]))
        away = east_of(HAUSSMANN, 900.0)
        if known:
            await working.work(broker.records(pings("phone", away, NOON, 2)))
        await working.work([broker.record(check_in(NOON + 20 * MINUTE, device="phone", store="haussmann", via="till"))])
        await working.work(broker.records(pings("phone", away, NOON + MINUTE, 19, every=MINUTE)))
        await working.work(broker.records(pings("phone", HAUSSMANN, NOON + 20 * MINUTE, 30)))
        told = [each for each in collected.read(topics.TRANSITIONS) if each["geofence"].endswith("inside")]
        return [each["kind"] for each in told]

    assert run(story()) == ["ENTER", "DWELL"]
