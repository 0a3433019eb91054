"""What is no message, or no fix to be believed: each is told with its reason, and the good pings between them go on."""

from __future__ import annotations

import pytest

from geofences.fixes import Fix
from streams import topics
from streams.batches import Batch
from streams.producers import EmbeddedProducer
from streams.topics import MAX_RECORD_BYTES
from streams.transport.broker import Broker
from streams.working import Worker
from tests.pipeline.boutique import (
    HAUSSMANN,
    NAME,
    NOON,
    SECOND,
    Collected,
    Message,
    Topics,
    Working,
    member,
    memory_tables,
    ping,
    pings,
    run,
)

KEY = f"{NAME}|phone"
BEGIN = b'{"retailer": "boutique", "device": "phone", "at": %d, ' % NOON
LARGEST = MAX_RECORD_BYTES - len(KEY)


def padded(size: int) -> bytes:
    """A ping of so many bytes, most of them in a field that we do not know."""
    head = BEGIN + b'"lat": 48.8737, "lon": 2.3320, "accuracy": 10, "padding": "'
    return head + b"x" * (size - len(head) - 2) + b'"}'


NO_MESSAGES = {
    "nothing": (None, "EMPTY"),
    "an empty value": (b"", "EMPTY"),
    "garbage": (bytes(range(256)), "NOT_UTF8"),
    "text": (b"hello", "NOT_JSON"),
    "cut off": (BEGIN + b'"lat": 48.8', "NOT_JSON"),
    "an array": (b"[]", "WRONG_TYPE"),
    "a nested bomb": (b'{"x":' * 100_000, "TOO_DEEP"),
    "a nested bomb in a field": (BEGIN + b'"lat": 48.8, "lon": 2.3, "x": ' + b'{"a":' * 50_000, "TOO_DEEP"),
    "NaN": (BEGIN + b'"lat": NaN, "lon": 2.3}', "NOT_JSON"),
    "infinity": (BEGIN + b'"lat": Infinity, "lon": 2.3}', "NOT_JSON"),
    "a number beyond all": (BEGIN + b'"lat": 1e999, "lon": 2.3}', "WRONG_TYPE"),
    "a time before 1970": (
        b'{"retailer": "boutique", "device": "phone", "lat": 48.8, "lon": 2.3, "at": -1}',
        "WRONG_TYPE",
    ),
    "a lone surrogate": (
        b'{"retailer": "boutique", "device": "\\ud800", "lat": 48.8, "lon": 2.3, "at": 1}',
        "NOT_JSON",
    ),
    "duplicate keys": (BEGIN + b'"lat": 48.8, "lat": 48.9, "lon": 2.3}', "DUPLICATE_KEYS"),
    "an escaped duplicate": (BEGIN + b'"lat": 48.8, "l\\u0061t": 48.9, "lon": 2.3}', "DUPLICATE_KEYS"),
    "a latitude in words": (BEGIN + b'"lat": "48.8", "lon": 2.3}', "WRONG_TYPE"),
    "no longitude": (BEGIN + b'"lat": 48.8}', "WRONG_TYPE"),
    "latitude 91": (BEGIN + b'"lat": 91, "lon": 2.3}', "WRONG_TYPE"),
    "longitude 181": (BEGIN + b'"lat": 48.8, "lon": 181}', "WRONG_TYPE"),
    "a time without an offset": (
        b'{"retailer": "boutique", "device": "phone", "lat": 48.8, "lon": 2.3, "at": "2026-11-20T12:00:00"}',
        "WRONG_TYPE",
    ),
    "a time beyond all": (
        b'{"retailer": "boutique", "device": "phone", "lat": 48.8, "lon": 2.3, "at": 99999999999999999999}',
        "WRONG_TYPE",
    ),
    "an unknown retailer": (
        b'{"retailer": "nobody", "device": "phone", "lat": 48.8, "lon": 2.3, "at": 1}',
        "UNKNOWN_RETAILER",
    ),
    "another device's key": (
        b'{"retailer": "boutique", "device": "other", "lat": 48.8, "lon": 2.3, "at": 1}',
        "WRONG_KEY",
    ),
    "a device without a name": (b'{"retailer": "boutique", "device": "", "lat": 1, "lon": 2.3, "at": 1}', "WRONG_TYPE"),
}


def good() -> list[Message]:
    return pings("good", HAUSSMANN, NOON, 4)


async def work(broker: Topics, bad: list[bytes | None]) -> Collected:
    """Bad records between four good pings, in one batch."""
    collected = Collected()
    working = Working(memory_tables(), collected)
    await working.enter(broker.records([member("mia", "good"), member("max", "phone")]))
    first, *others = good()
    begin = broker.record(first)
    between = [broker.raw(topics.PINGS.name, value, NOON + LATE, KEY) for value in bad]
    await working.work([begin, *between, *broker.records(others)])
    return collected


LATE = 100


@pytest.mark.parametrize(("value", "reason"), NO_MESSAGES.values(), ids=list(NO_MESSAGES))
def test_what_is_no_message_is_a_dead_letter_with_its_reason(value: bytes | None, reason: str) -> None:
    collected = run(work(Topics(1), [value]))
    (letter,) = collected.read(topics.DEAD_LETTERS)
    assert (letter["reason"], letter["topic"], letter["offset"]) == (reason, "pings", 1)
    assert letter["detail"]
    assert [offer["member"] for offer in collected.offers()] == ["mia"]


def test_all_of_them_together_harm_no_good_ping() -> None:
    alone = run(work(Topics(1), []))
    collected = run(work(Topics(1), [value for value, _ in NO_MESSAGES.values()]))
    assert [letter["reason"] for letter in collected.read(topics.DEAD_LETTERS)] == [
        reason for _, reason in NO_MESSAGES.values()
    ]
    for topic in (topics.TRANSITIONS, topics.DECISIONS, topics.OFFERS):
        assert collected.read(topic) == alone.read(topic)


YEAR_1970, YEAR_2100 = 0, 4_102_444_800_000
NOT_BELIEVED = {
    "null island": (Fix(0.0, 0.0, 10.0, NOON), "NULL_ISLAND"),
    "1970": (Fix(*HAUSSMANN, 10.0, YEAR_1970), "STALE"),
    "2100": (Fix(*HAUSSMANN, 10.0, YEAR_2100), "FUTURE"),
    "an accuracy below zero": (Fix(*HAUSSMANN, -1.0, NOON), "BAD_ACCURACY"),
    "a circle of 17 km": (Fix(*HAUSSMANN, 17_000.0, NOON), "INACCURATE"),
}


@pytest.mark.parametrize(("fix", "reason"), NOT_BELIEVED.values(), ids=list(NOT_BELIEVED))
def test_a_fix_that_is_not_believed_is_rejected_with_its_reason(fix: Fix, reason: str) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected)
        await working.enter(broker.records([member("max", "phone"), member("mia", "good")]))
        records = [broker.record(ping("phone", fix), NOON), *broker.records(good())]
        processed = await working.work(records)
        assert [(each.reason, each.device, each.at) for each in processed.rejections] == [(reason, "phone", fix.at)]
        assert processed.dead_letters == []
        assert [offer["member"] for offer in collected.offers()] == ["mia"]

    run(story())


def test_mocked_repeated_late_and_impossible_fixes_are_rejected_each_with_its_reason() -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected)
        await working.enter(broker.records([member("max", "phone")]))
        far = (HAUSSMANN[0] + 1.0, HAUSSMANN[1])
        fixes = [
            Fix(*HAUSSMANN, 10.0, NOON),
            Fix(*HAUSSMANN, 10.0, NOON),
            Fix(*HAUSSMANN, 10.0, NOON - 61 * SECOND),
            Fix(*far, 10.0, NOON + SECOND),
        ]
        told = [ping("phone", fix) for fix in fixes] + [
            ping("phone", Fix(*HAUSSMANN, 10.0, NOON + 2 * SECOND), mocked=True)
        ]
        processed = await working.work([broker.record(each, NOON) for each in told])
        assert [each.reason for each in processed.rejections] == [
            *("DUPLICATE", "OUT_OF_ORDER", "IMPOSSIBLE_SPEED", "MOCKED")
        ]

    run(story())


@pytest.mark.parametrize("size", [LARGEST - 1, LARGEST])
def test_a_ping_of_the_largest_size_is_worked_like_any_other(size: int) -> None:
    collected = run(work(Topics(1), [padded(size)]))
    assert collected.read(topics.DEAD_LETTERS) == []
    assert [offer["member"] for offer in collected.offers()] == ["mia", "max"]


@pytest.mark.parametrize("size", [LARGEST - 1, LARGEST])
def test_a_dead_letter_of_the_largest_record_keeps_four_kilobytes(size: int) -> None:
    collected = run(work(Topics(1), [b"x" * size]))
    (letter,) = collected.read(topics.DEAD_LETTERS)
    assert letter["reason"] == "NOT_JSON"
    assert len(letter["raw"]) == 5464  # base64 of 4096 bytes


def test_a_change_whose_merged_whole_is_too_large_becomes_a_dead_letter_and_stalls_nothing() -> None:
    async def story() -> None:
        with Broker("too-large") as embedded:
            for topic in topics.TOPICS:
                embedded.create_topic(topic.name, 1)
            producer, broker, tables = EmbeddedProducer(embedded), Topics(1), memory_tables()
            working = Working(tables, producer)
            worker = Worker(working.entries.process, tables, producer, lambda: NOON)
            bare = broker.record(member("max", first_name=""))
            room = MAX_RECORD_BYTES - len(bare.key or b"") - len(bare.value or b"")
            facts = broker.records([member("max", first_name="x" * room), member("mia", "good")])
            entered = [each async for each in worker.work(Batch(facts, {}))]
            assert sum(each.entered for each in entered) >= 1
            assert [letter.reason for each in entered for letter in each.dead_letters] == ["INTERNAL"]
            assert {record.key for record in embedded.logs(topics.MEMBERS.name)[0].read(0, 9)} == {b"boutique|mia"}

    run(story())


@pytest.mark.parametrize("topic", [topics.PINGS, topics.MEMBER_CHANGES])
def test_a_record_whose_key_is_as_large_as_can_be_becomes_a_dead_letter_and_stalls_nothing(topic: topics.Topic) -> None:
    async def story() -> None:
        with Broker("large-key") as embedded:
            for each in topics.TOPICS:
                embedded.create_topic(each.name, 1)
            producer, tables = EmbeddedProducer(embedded), memory_tables()
            working = Working(tables, producer)
            process = working.pipeline.process if topic is topics.PINGS else working.entries.process
            worker = Worker(process, tables, producer, lambda: NOON)
            record = Topics(1).raw(topic.name, b"x", NOON, b"k" * (MAX_RECORD_BYTES - 1))
            letters = [letter.reason async for each in worker.work(Batch([record], {})) for letter in each.dead_letters]
            assert letters == ["NOT_JSON"]
            assert len(embedded.logs(topics.DEAD_LETTERS.name)[0].read(0, 9)) == 1

    run(story())
