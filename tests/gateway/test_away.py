"""Redis or the broker away: 503 with Retry-After and never 200, said once in the log; and all goes on afterwards."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import topics
from streams.errors import InfrastructureError, RecordTooLarge
from streams.gateway.limits import Limits
from streams.gateway.outage import QUIET, Outage
from streams.gateway.producing import Together
from streams.producers import KafkaProducer
from streams.records import Outgoing
from streams.tables.server import RedisServer
from streams.topics import create_topics
from tests.brokers import KafkaBroker
from tests.gateway.doorway import Doorway, Hindered, doorway, ping, run


def is_sent_away(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


def test_while_redis_is_away_everything_is_sent_away_and_the_log_says_it_once(
    own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with doorway(own_redis.url) as at:
            await at.admit("phone")
            assert (await at.post("/v1/pings", ping())).status_code == 200
            at.app.state.gateway.keyring._until = 0.0
            await asyncio.to_thread(own_redis.kill)
            for _ in range(20):
                assert is_sent_away(await at.post("/v1/pings", ping()))
            assert len(at.records(topics.PINGS)) == 1
            await asyncio.to_thread(own_redis.start)
            said = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
            assert len(said) == 1
            assert "Redis is away" in said[0]

    run(story())


def test_an_outage_is_over_once_nothing_failed_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    clock = iter([0.0, QUIET - 1, QUIET - 1, 2 * QUIET - 2, 3 * QUIET - 2.001, 3 * QUIET - 2])
    outage = Outage(lambda: next(clock))
    outage.answered()  # nothing is away: no clock is asked
    outage.failed(InfrastructureError("away"))
    outage.answered()
    outage.failed(InfrastructureError("away still"))
    outage.failed(InfrastructureError("away still"))
    outage.answered()
    assert len(caplog.records) == 1
    outage.answered()
    outage.answered()
    assert [each.getMessage() for each in caplog.records] == [
        "away; answering 503 until it is back",
        f"back: no request has failed for {QUIET:.0f} s",
    ]


def test_what_the_broker_does_not_acknowledge_in_time_gets_no_200(doorway_redis: str) -> None:
    never = asyncio.Event()

    async def hinder(_: object) -> None:
        await never.wait()

    async def story() -> None:
        async with doorway(doorway_redis, Limits(answer_seconds=0.05), lambda inner: Hindered(inner, hinder)) as at:
            await at.admit("phone")
            assert is_sent_away(await at.post("/v1/pings", ping()))
            assert is_sent_away(await at.post("/v1/pings", ping()))
            assert at.app.state.gateway.in_flight.held == 0
            at.app.state.gateway.producer._writing.cancel()

    run(story())


def test_an_error_of_ours_is_answered_and_logged_without_what_it_says(
    doorway_redis: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def hinder(records: Sequence[Outgoing]) -> None:
        raise ValueError(f"48.8737 in {records}")

    async def story() -> None:
        async with doorway(doorway_redis, around=lambda inner: Hindered(inner, hinder)) as at:
            await at.admit("phone")
            answer = await at.post("/v1/pings", ping())
            assert (answer.status_code, answer.json()) == (500, {"detail": "Internal Server Error"})
            assert "ValueError at " in caplog.text
            assert "48.8" not in caplog.text

    run(story())


def test_what_the_broker_finds_too_large_is_rejected_and_the_rest_is_kept(doorway_redis: str) -> None:
    async def hinder(records: Sequence[Outgoing]) -> None:
        for each in records:
            if b"large" in (each.value or b""):
                raise RecordTooLarge(each, 1, 0)

    async def story() -> None:
        async with doorway(doorway_redis, around=lambda inner: Hindered(inner, hinder)) as at:
            await at.admit("phone")
            body = [ping(id="small"), ping(id="large-1"), ping(id="large-2"), ping(id="small")]
            told = (await at.post("/v1/pings", body)).json()
            assert (told["accepted"], [each["index"] for each in told["rejected"]]) == (2, [1, 2])
            assert len(at.records(topics.PINGS)) == 2

    run(story())


def test_those_who_wait_are_written_together_and_each_hears_of_its_own() -> None:
    calls: list[int] = []
    going_on = asyncio.Event()

    class Slow:
        async def produce(self, records: Sequence[Outgoing]) -> None:
            calls.append(len(records))
            await going_on.wait()
            for each in records:
                if each.key == b"large":
                    raise RecordTooLarge(each, 1, 0)

    async def story() -> None:
        together = Together(Slow())
        record, large = Outgoing("topic", b"key", b""), Outgoing("topic", b"large", b"")
        waiting = [asyncio.create_task(together.produce(each)) for each in ([record], [record] * 2, [large], [record])]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting[1].cancel()
        going_on.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each).__name__ for each in outcomes] == [
            "NoneType",
            "CancelledError",
            "RecordTooLarge",
            "NoneType",
        ]
        assert calls[0] in (1, 5)
        await together.produce([record])

    run(story())


@pytest.mark.kafka
def test_a_broker_that_dies_between_accept_and_acknowledgement_means_503_and_nothing_answered_is_lost(
    doorway_redis: str, own_kafka: KafkaBroker
) -> None:
    topics_ = topics.TOPICS
    create_topics(own_kafka.bootstrap, 4, topics=topics_)
    producer = KafkaProducer(own_kafka.bootstrap, request_timeout_ms=1_500)

    async def post(at: Doorway, id_: str) -> Posted:
        began = time.monotonic()
        answer = await at.post("/v1/pings", ping(id=id_))
        return id_, answer, time.monotonic() - began

    async def story() -> None:
        async with doorway(doorway_redis, around=lambda _: producer) as at:
            await at.admit("phone")
            answered = await posted_until_taken(at, post)
            process = own_kafka._process
            assert process is not None
            os.kill(process.pid, signal.SIGSTOP)  # what is sent now is accepted by nobody, and not refused either
            under_way = [asyncio.create_task(post(at, str(uuid4()))) for _ in range(20)]
            await asyncio.sleep(0.2)
            assert not any(each.done() for each in under_way)
            await asyncio.to_thread(own_kafka.kill)
            under_way += [asyncio.create_task(post(at, str(uuid4()))) for _ in range(5)]
            refused = await asyncio.gather(*under_way)
            assert all(is_sent_away(answer) for _, answer, _ in refused)
            assert max(seconds for _, _, seconds in refused) < 15
            await asyncio.to_thread(own_kafka.start)
            answered += await posted_until_taken(at, post)
            kept = {id_ for id_, answer, _ in answered if answer.status_code == 200}
            assert kept <= await ids_on(own_kafka.bootstrap)
            await producer.stop()

    run(story())


Posted = tuple[str, httpx.Response, float]


async def posted_until_taken(at: Doorway, post: Callable[[Doorway, str], Awaitable[Posted]]) -> list[Posted]:
    """All that was answered, the last with 200."""
    answered: list[Posted] = []
    async with asyncio.timeout(40):
        while not answered or not answered[-1][1].is_success:
            answered.append(await post(at, str(uuid4())))
    return answered


async def ids_on(bootstrap: str) -> set[str]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topics.PINGS.name, number) for number in range(4)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: set[str] = set()
        for place in places:
            while await consumer.position(place) < ends[place]:
                for records in (await consumer.getmany(place, timeout_ms=200)).values():
                    found |= {
                        (each.value or b"").partition(b'"id":"')[2].partition(b'"')[0].decode() for each in records
                    }
        return found
    finally:
        await consumer.stop()


def test_those_who_come_while_one_is_written_are_written_together() -> None:
    calls: list[int] = []

    class Counting:
        async def produce(self, records: Sequence[Outgoing]) -> None:
            calls.append(len(records))
            under_way.set()
            await asyncio.sleep(0)

    under_way = asyncio.Event()

    async def story() -> None:
        together, record = Together(Counting()), Outgoing("topic", b"key", b"")
        first = asyncio.create_task(together.produce([record]))
        await under_way.wait()
        await asyncio.gather(first, *(together.produce([record]) for _ in range(3)))

    asyncio.run(story())
    assert calls == [1, 3]
