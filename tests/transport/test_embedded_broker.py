"""The embedded broker on its own: logs, time, reading without a group, its name."""

from __future__ import annotations

import asyncio

import pytest

from streams.errors import UserError
from streams.records import Record
from streams.transport.broker import OPEN, Broker, open_broker
from streams.transport.faust_app import new_faust_app


def test_a_record_bears_the_time_of_the_clock_unless_given_one() -> None:
    with Broker("clock", clock=lambda: 42) as broker:
        broker.create_topic("pings", 1)
        assert broker.append("pings", b"a", b"1").timestamp == 42
        assert broker.append("pings", b"a", b"2", timestamp=7).timestamp == 7


def test_one_key_stays_in_one_partition_and_the_partition_is_that_of_kafka() -> None:
    with Broker("keys") as broker:
        broker.create_topic("pings", 12)
        found = {broker.append("pings", b"foobar", b"").partition for _ in range(5)}
        # what Apache Kafka's own tests give for murmur2 of these bytes
        assert found == {(-790332482 & 0x7FFFFFFF) % 12}


def test_reading_without_a_group_gives_what_was_there_and_what_comes() -> None:
    async def story() -> None:
        with Broker("read") as broker:
            broker.create_topic("offers", 2)
            for number in range(3):
                broker.append("offers", b"key%d" % number, b"%d" % number, timestamp=number)
            old, new = broker.read("offers", from_beginning=True), broker.read("offers")
            assert [(await anext(old)).value for _ in range(3)] == [b"0", b"1", b"2"]
            coming = asyncio.ensure_future(anext(new))
            await asyncio.sleep(0)
            broker.append("offers", b"key3", b"3", timestamp=3)
            assert (await coming).value == b"3"
            assert (await anext(old)).value == b"3"

    asyncio.run(story())


def test_reading_ends_when_the_broker_is_closed() -> None:
    async def story() -> None:
        broker = Broker("closed")
        broker.create_topic("offers", 1)

        async def read_all() -> list[Record]:
            return [record async for record in broker.read("offers")]

        reading = asyncio.ensure_future(read_all())
        await asyncio.sleep(0)
        broker.close()
        assert await asyncio.wait_for(reading, 1) == []

    asyncio.run(story())


def test_only_the_last_records_are_kept_and_a_late_reader_is_told() -> None:
    async def story() -> None:
        with Broker("short", keep=10) as broker:
            broker.create_topic("pings", 1)
            reader = broker.read("pings", from_beginning=True)
            broker.append("pings", b"a", b"0")
            assert (await anext(reader)).offset == 0
            for number in range(1, 100):
                broker.append("pings", b"a", b"%d" % number)
            assert (await anext(reader)).offset == 90
            assert sum(broker.records_lost.values()) == 89
            assert broker.logs("pings")[0].end == 100

    asyncio.run(story())


def test_a_name_is_open_once_and_free_again_when_closed() -> None:
    with Broker("name"), pytest.raises(UserError, match="open already"):
        Broker("name")
    with Broker("name") as broker:
        assert open_broker("name") is broker
    assert "name" not in OPEN


def test_a_topic_that_was_never_created_is_a_mistake_of_the_user() -> None:
    with Broker("topics") as broker:
        with pytest.raises(UserError, match="no topic 'pings'"):
            broker.append("pings", b"a", b"1")
        broker.create_topic("pings", 2)
        broker.create_topic("pings", 2)
        with pytest.raises(UserError, match="has 2 partitions"):
            broker.create_topic("pings", 3)


def test_an_app_of_no_open_broker_or_of_another_scheme_is_refused() -> None:
    with pytest.raises(UserError, match="no embedded broker named 'nowhere'"):
        _ = new_faust_app("app", "embedded://nowhere").transport
    with pytest.raises(UserError, match="embedded://NAME"):
        new_faust_app("app", "amqp://localhost")
