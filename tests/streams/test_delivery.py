"""Delivery: offers of the topic's newest end, to those who listen for their key, on both brokers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from kafka.admin import KafkaAdminClient

from streams import topics
from streams.delivery import MOST_WAITING, Delivery, Listener, delivering
from streams.errors import InfrastructureError
from streams.offer_sources import EmbeddedOffers, KafkaOffers
from streams.topics import OFFERS
from streams.transport.broker import Broker
from tests.brokers import KafkaBroker

Write = Callable[[str, bytes | None], Awaitable[None]]


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.01)


@asynccontextmanager
async def embedded() -> AsyncIterator[tuple[Delivery, Write]]:
    with Broker(f"delivery-{uuid4().hex}") as broker:
        broker.create_topic(OFFERS.name, 4)
        broker.append(OFFERS.name, b"r|anna", b"from before")

        async def write(key: str, value: bytes | None) -> None:
            broker.append(OFFERS.name, key.encode(), value)

        async with delivering(EmbeddedOffers(broker)) as delivery:
            await until(lambda: delivery.reading)
            yield delivery, write


@asynccontextmanager
async def on_kafka(bootstrap: str, topic: str = "") -> AsyncIterator[tuple[Delivery, Write]]:
    topic = topic or f"offers-{uuid4().hex}"
    topics.create_topics(bootstrap, 4, topics=(replace(OFFERS, name=topic),))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await producer.start()

    async def write(key: str, value: bytes | None) -> None:
        await producer.send_and_wait(topic, value, key.encode())

    await write("r|anna", b"from before")
    try:
        async with delivering(KafkaOffers(bootstrap, topic=topic)) as delivery:
            await until(lambda: delivery.reading)
            yield delivery, write
    finally:
        await producer.stop()


Opened = Callable[[], AbstractAsyncContextManager[tuple[Delivery, Write]]]


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def opened(request: pytest.FixtureRequest) -> Opened:
    if request.param == "embedded":
        return embedded
    bootstrap = request.getfixturevalue("kafka_bootstrap")
    return lambda: on_kafka(bootstrap)


async def heard(listener: Listener, count: int) -> list[bytes]:
    """So many records, as they come."""
    await until(lambda: len(listener.waiting) >= count)
    return list(listener.waiting)


def test_those_who_listen_for_a_member_hear_what_is_written_from_now_on_in_order(opened: Opened) -> None:
    async def story() -> None:
        async with opened() as (delivery, write):
            with (
                delivery.listen("r|anna") as phone,
                delivery.listen("r|anna") as watch,
                delivery.listen("r|bea") as bea,
            ):
                written = [b"%d" % each for each in range(20)]
                for each in written:
                    await write("r|anna", each)
                    await write("r|ann", b"another")
                await write("r|bea", b"hers")
                assert await heard(phone, 20) == await heard(watch, 20) == written
                assert await heard(bea, 1) == [b"hers"]

    asyncio.run(story())


def test_members_of_all_partitions_are_heard(opened: Opened) -> None:
    async def story() -> None:
        async with opened() as (delivery, write):
            names = [f"r|{each}" for each in range(40)]
            with delivery.listen(names[0]) as first:
                listeners = [delivery.listen(name) for name in names]
                entered = [each.__enter__() for each in listeners]
                for name in names:
                    await write(name, name.encode())
                for name, listener in zip(names, entered, strict=True):
                    assert await heard(listener, 1) == [name.encode()]
                assert await heard(first, 1) == [b"r|0"]

    asyncio.run(story())


def test_records_without_a_key_or_a_value_are_nobodys() -> None:
    async def story() -> None:
        async with embedded() as (delivery, write):
            with delivery.listen("r|anna") as listener, delivery.listen("") as nobody:
                await write("r|anna", None)
                await write("r|anna", b"offer")
                assert await heard(listener, 1) == [b"offer"]
                assert not nobody.waiting

    asyncio.run(story())


def test_who_left_is_forgotten_and_who_comes_hears_nothing_of_before() -> None:
    async def story() -> None:
        async with embedded() as (delivery, write):
            with delivery.listen("r|anna") as listener:
                assert delivery.listening() == delivery.listening("r|anna") == 1
            assert delivery.listening() == delivery.listening("r|anna") == 0
            with delivery.listen("r|bea") as witness:
                await write("r|anna", b"1")
                await write("r|bea", b"read so far")
                await heard(witness, 1)
            with delivery.listen("r|anna") as later:
                await write("r|anna", b"2")
                assert await heard(later, 1) == [b"2"]
            assert not listener.waiting

    asyncio.run(story())


def test_a_listener_who_takes_nothing_ends_and_the_others_go_on() -> None:
    async def story() -> None:
        async with embedded() as (delivery, write):
            with delivery.listen("r|anna") as slow, delivery.listen("r|anna") as good:
                taken = 0
                while taken < MOST_WAITING + 1:
                    await write("r|anna", b"offer")
                    await until(lambda: bool(good.waiting))
                    good.waiting.clear()
                    taken += 1
                    assert slow.ended == (taken > MOST_WAITING)
                assert not good.ended

    asyncio.run(story())


def test_all_end_when_delivery_ends_and_who_comes_then_ends_at_once() -> None:
    async def story() -> None:
        async with embedded() as (delivery, _):
            with delivery.listen("r|anna") as listener:
                delivery.end()
                await asyncio.wait_for(listener.news(), 1)
                assert listener.ended
            with delivery.listen("r|anna") as late:
                assert late.ended

    asyncio.run(story())


def test_everyone_is_woken_at_each_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.delivery.PULSE", 0.01)

    async def story() -> None:
        async with embedded() as (delivery, _):
            with delivery.listen("r|anna") as one, delivery.listen("r|bea") as other:
                for _ in range(3):
                    await asyncio.wait_for(asyncio.gather(one.news(), other.news()), 5)

    asyncio.run(story())


class Breaking:
    """A source that breaks in turn with each of `errors`, and then reads on."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.begun = 0
        self.more = asyncio.Event()

    async def read(self) -> AsyncGenerator[list[tuple[bytes, bytes]], None]:
        if self.errors:
            raise self.errors.pop(0)
        self.begun += 1
        yield []
        yield [(b"r|anna", b"offer")]
        await self.more.wait()
        self.more.clear()
        raise InfrastructureError("the broker went away")


def test_what_breaks_is_tried_again_said_once_and_listeners_look_at_the_list(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        source = Breaking(InfrastructureError("no broker"), ValueError("secret"), InfrastructureError("no broker"))
        async with delivering(source) as delivery:
            with delivery.listen("r|anna") as listener:
                listener.behind = False
                assert not delivery.reading
                assert await heard(listener, 1) == [b"offer"]
                assert listener.behind
                listener.behind = False
                source.more.set()
                assert await heard(listener, 2) == [b"offer"] * 2
                assert (listener.behind, source.begun) == (True, 2)

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())
    said = [record.getMessage() for record in caplog.records if record.name == "streams.delivery"]
    assert said == [
        "no broker; trying again until offers can be read",
        "offers can be read again",
        "the broker went away; trying again until offers can be read",
        "offers can be read again",
    ]


@pytest.mark.kafka
def test_a_broker_that_was_killed_is_read_on_and_nothing_is_missed(
    own_kafka: KafkaBroker, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with on_kafka(own_kafka.bootstrap) as (delivery, write):
            with delivery.listen("r|anna") as listener:
                await write("r|anna", b"1")
                await heard(listener, 1)
                await asyncio.to_thread(own_kafka.kill)
                await until(lambda: "the broker is away" in caplog.text)
                await asyncio.to_thread(own_kafka.start)
                await write("r|anna", b"2")
                assert await heard(listener, 2) == [b"1", b"2"]
                await until(lambda: "the broker is back" in caplog.text)

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())
    assert caplog.text.count("the broker is away") == 1
    assert len([record for record in caplog.records if record.name.startswith("aiokafka")]) < 5


@pytest.mark.kafka
def test_a_broker_and_a_topic_that_come_later_are_waited_for(own_kafka: KafkaBroker) -> None:
    async def story() -> None:
        await asyncio.to_thread(own_kafka.stop)
        async with delivering(KafkaOffers(own_kafka.bootstrap)) as delivery:
            with delivery.listen("r|anna") as listener:
                await asyncio.to_thread(own_kafka.start)
                assert not delivery.reading
                async with on_kafka(own_kafka.bootstrap, OFFERS.name) as (_, write):
                    await until(lambda: delivery.reading)
                    await write("r|anna", b"offer")
                    await until(lambda: b"offer" in listener.waiting)
                    assert listener.waiting[-1] == b"offer"

    asyncio.run(story())


@pytest.mark.kafka
def test_partitions_that_are_added_are_read(own_kafka: KafkaBroker) -> None:
    async def story() -> None:
        topics.create_topics(own_kafka.bootstrap, 1, topics=(OFFERS,))
        async with delivering(KafkaOffers(own_kafka.bootstrap, refresh_ms=200)) as delivery:
            await until(lambda: delivery.reading)
            admin = KafkaAdminClient(bootstrap_servers=own_kafka.bootstrap)
            await asyncio.to_thread(admin.create_partitions, {OFFERS.name: 3})
            admin.close()
            producer = AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap, metadata_max_age_ms=200)
            await producer.start()
            with delivery.listen("r|anna") as listener:
                async with asyncio.timeout(30):
                    while b"2" not in listener.waiting:
                        await send_to(producer, 2)
            await producer.stop()

    asyncio.run(story())


async def send_to(producer: AIOKafkaProducer, partition: int) -> None:
    """A record for one partition, where that is known yet."""
    if partition in (await producer.partitions_for(OFFERS.name) or ()):
        await producer.send_and_wait(OFFERS.name, b"%d" % partition, b"r|anna", partition)
    await asyncio.sleep(0.05)
