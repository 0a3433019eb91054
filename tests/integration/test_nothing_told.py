"""Positions and codes never stand in logs, metrics or error texts: looked for after a run that had plenty of both."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import httpx
import orjson
import pytest
import structlog

from config.settings import Settings
from streams import topics
from streams.app import Engine, build_app
from streams.gateway.beside import doors_beside
from streams.gateway.keys import Scope, sample_keys
from streams.logs import set_up_logs
from streams.records import Record
from streams.steps import Step
from streams.tables.server import RedisServer
from streams.transport.broker import Broker
from tests.integration.running import AVENUE, FIRST, NAME, Message, member, now, outgoing, until, visit

LAT, LON = re.compile(r"48\.87\d{2}"), re.compile(r"(?<![\d.])2\.33\d{2,}(?!\d*e)")
"""All positions of the run; sizes of memory are written as 2.33e+08."""
UNKNOWN_CODE = "7K4M-X2QW-9PLD"
BROKEN = [
    b'{"retailer": "avenue", "device": "phone-1", "lat": 48.873799, "lon": 2.332099, "at": ',
    b'{"retailer": "avenue", "device": "phone-1", "lat": "48.873799", "lon": 2.332099, "at": 1}',
    b'{"retailer": "avenue", "device": "phone-1", "lat": 48.873799, "lon": "2.332099", "at": "48.873799"}',
    b'{"retailer": "avenue", "device": "phone-1", "lat": 48.873799, "lat": 48.873799, "lon": 2.332099, "at": 1}',
    b'{"retailer": "avenue", "device": "48.873799", "lat": 48.873799, "lon": 2.332099, "at": 1}',
    b"48.873799,2.332099",
]


@contextmanager
def everything_logged() -> Iterator[None]:
    """On standard error, down to the least important line."""
    root, level, handlers = logging.getLogger(), logging.getLogger().level, list(logging.getLogger().handlers)
    set_up_logs(Settings(log_format="json", log_level="debug"))
    for client in ("httpx", "httpcore"):  # the one who asks, not the one who is asked
        logging.getLogger(client).setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


class Run:
    """An engine that works, and all that it tells."""

    def __init__(self, engine: Engine, client: httpx.AsyncClient) -> None:
        assert engine.broker is not None
        self.engine, self.broker, self._client = engine, engine.broker, client
        self.told: list[str] = []

    def send(self, *messages: Message) -> None:
        for each in map(outgoing, messages):
            self.broker.append(each.topic, each.key, each.value)

    def send_bytes(self, topic: topics.Topic, *values: bytes) -> None:
        for value in values:
            self.broker.append(topic.name, f"{NAME}|phone-1".encode(), value)

    async def tell(self) -> None:
        """Keep what the ops port says just now, an error of its own too."""
        for path in ("/metrics", "/readyz", "/livez", "/nowhere?lat=48.873799"):
            self.told.append((await self._client.get(path)).text)

    def records(self, topic: topics.Topic) -> list[Record]:
        return list(chain.from_iterable(log.read(log.start, 10_000) for log in self.broker.logs(topic.name)))

    async def until_written(self, topic: topics.Topic, count: int) -> None:
        await until(lambda: len(self.records(topic)) >= count, f"{count} records on {topic.name}")

    def codes(self) -> list[str]:
        offers = (orjson.loads(record.value or b"") for record in self.records(topics.OFFERS))
        return [offer["coupon"]["code"] for offer in offers if "coupon" in offer]

    def details(self) -> list[str]:
        """What dead letters say of themselves."""
        return [orjson.loads(record.value or b"")["detail"] for record in self.records(topics.DEAD_LETTERS)]


def broker_of(engine: Engine) -> Broker:
    assert engine.broker is not None
    return engine.broker


def redemption(code: str, store: str) -> Message:
    known_by = f"r-{len(store)}"
    return {"type": "redemption", "retailer": NAME, "id": known_by, "coupon": code, "store": store, "at": now()}


async def offers_and_redemptions(run: Run) -> None:
    run.send(member(1, now() - 1_000), member(2, now() - 1_000))
    await run.until_written(topics.MEMBERS, 2)
    run.send(*visit(1, now() - 60_000))
    await until(run.codes, "a coupon")
    run.send(redemption(run.codes()[0], "first"), redemption(UNKNOWN_CODE, "first"))


async def at_the_gateway(run: Run, gateway: httpx.AsyncClient) -> None:
    """What is right, wrong, unknown and not allowed; an answer may say a code or position to nobody."""
    keys = await sample_keys(NAME, run.engine.tables.api_keys, now())
    ping = {"device": "phone-1", "lat": 48.873799, "lon": 2.332099, "at": now()}
    wrong = [{**ping, "lat": "48.873799"}, {**ping, "lat": 488.73799}, {**ping, "at": 48.873799}, {**ping, "lon": None}]
    asked = [redemption(code, store) for code in (run.codes()[0], UNKNOWN_CODE) for store in ("first", "48.873799")]
    posts: list[tuple[str, object]] = [("pings", [ping, *wrong, 48.873799]), ("pings", ping), ("checkins", ping)]
    posts += [("redemptions", each) for each in (*asked, {**asked[1], "at": UNKNOWN_CODE}, [asked[1]])]
    for path, body in posts:
        for key in (*keys.values(), UNKNOWN_CODE):
            answer = await gateway.post(f"/v1/{path}", json=body, headers={"Authorization": f"Bearer {key}"})
            run.told.append(answer.text)
    for path in BROKEN[:1] + BROKEN[3:]:
        answer = await gateway.post("/v1/pings", content=path, headers={"Authorization": f"Bearer {keys[Scope.CRM]}"})
        run.told.append(answer.text)
    run.told.append((await gateway.get(f"/v1/offers?device={UNKNOWN_CODE}&lat=48.873799")).text)
    assert any('"accepted":1' in told for told in run.told)
    assert any('"ACCEPTED"' in told or '"ALREADY_USED"' in told for told in run.told)


async def broken_messages(run: Run) -> None:
    run.send_bytes(topics.PINGS, *BROKEN)
    run.send_bytes(topics.CHECKINS, *BROKEN)
    wrong_key = b'{"retailer": "avenue", "id": "r", "coupon": "%s", "store": "first", "at": 1}' % UNKNOWN_CODE.encode()
    run.send_bytes(topics.REDEMPTIONS, wrong_key)
    await run.until_written(topics.DEAD_LETTERS, 2 * len(BROKEN) + 1)


async def a_fault_of_ours(run: Run) -> None:
    """An exception that says where somebody was."""
    gate, letters = run.engine.pipeline.gate, len(run.records(topics.DEAD_LETTERS))

    def broken(step: Step) -> None:
        gate(step)
        if step is Step.ADVANCE:
            raise ValueError(f"no zone at {FIRST}, for {run.codes()}")

    run.engine.pipeline.gate = broken
    run.send(visit(2, now() - 60_000)[0])
    await run.until_written(topics.DEAD_LETTERS, letters + 1)
    run.engine.pipeline.gate = gate


async def redis_away(run: Run, redis: RedisServer) -> None:
    await asyncio.to_thread(redis.stop)
    run.send(*visit(2, now() - 50_000))
    health = run.engine.ops.health
    await until(lambda: any("Redis" in reason for reason in health.reasons()), "Redis is missed")
    await run.tell()
    await asyncio.to_thread(redis.start)
    await until(lambda: len(run.codes()) >= 2, "the second coupon")


def test_no_position_and_no_code_is_told(own_redis: RedisServer, capfd: pytest.CaptureFixture[str]) -> None:
    async def story() -> tuple[list[str], list[str]]:
        settings = Settings(config=(AVENUE,), broker="embedded://told", redis=own_redis.url, ops_port=0, gateway_port=0)
        async with (
            build_app(settings) as engine,
            doors_beside(engine, broker_of(engine), settings, now) as addresses,
            httpx.AsyncClient(base_url=addresses.ops or "") as client,
            httpx.AsyncClient(base_url=addresses.gateway) as gateway,
        ):
            run, running = Run(engine, client), asyncio.create_task(engine.run())
            await offers_and_redemptions(run)
            await at_the_gateway(run, gateway)
            await broken_messages(run)
            await a_fault_of_ours(run)
            await redis_away(run, own_redis)
            await run.tell()
            engine.stop.set()
            await running
            return run.codes(), run.told + run.details()

    with everything_logged():
        codes, told = asyncio.run(story())
    logged = capfd.readouterr().err
    assert "a batch of 1 records raised" in logged
    assert "Redis is away" in logged
    everything = "\n".join((logged, *told))
    assert len(codes) >= 2
    assert [code for code in (*codes, UNKNOWN_CODE) if code in everything] == []
    assert LAT.findall(everything) + LON.findall(everything) == []


@pytest.mark.parametrize(("text", "found"), [("at 48.873712", True), ("at (2.332, 1)", False), ("at 2.3320", True)])
def test_a_position_would_be_found(text: str, found: bool) -> None:
    assert bool(LAT.findall(text) + LON.findall(text)) is found
    assert not LON.findall("process_resident_memory_bytes 2.33529344e+08")
