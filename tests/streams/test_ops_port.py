"""The ops port tells what is so: alive, ready or why not, and the metrics; and a scrape lets others have their turn."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from config.settings import Settings
from streams.app import Engine, build_app
from streams.errors import InfrastructureError, UserError
from streams.metrics import Agent
from streams.ops.health import STUCK_SECONDS, Health, Lag, Work
from streams.ops.port import ops_port, rendered
from streams.ops.process import Ops
from streams.ops.reach import QUIET_SECONDS, LateKeyspace, Reach, Server
from streams.tables.server import RedisServer
from streams.topics import PINGS, PURCHASES
from streams.transport.progress import Partition
from tests.integration.running import AVENUE, member, now, outgoing, visit

PATIENCE = 20.0


@asynccontextmanager
async def started(redis: str | None = None) -> AsyncIterator[tuple[Engine, httpx.AsyncClient]]:
    """An engine on the embedded broker, not yet run, with its ops port."""
    settings = Settings(config=(AVENUE,), broker="embedded://ops", redis=redis, ops_port=0)
    async with (
        build_app(settings) as engine,
        ops_port(settings, engine.ops) as address,
        httpx.AsyncClient(base_url=f"http://{address}") as client,
    ):
        yield engine, client


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - another task or process is waited for
            await asyncio.sleep(0.02)


def send(engine: Engine, *messages: Any) -> None:
    assert engine.broker is not None
    for each in map(outgoing, messages):
        engine.broker.append(each.topic, each.key, each.value)


def test_a_worker_is_ready_once_it_has_partitions_and_no_more_once_it_has_ended() -> None:
    async def story() -> None:
        async with started() as (engine, client):
            early = await client.get("/readyz")
            assert early.status_code == 503
            assert "no partitions are assigned" in early.json()["reasons"]
            assert early.json()["rules"] == {"avenue": engine.retailers["avenue"].rules.hash}
            running = asyncio.create_task(engine.run())
            await until(lambda: answers(client, "/readyz", 200))
            assert (await client.get("/readyz")).json()["reasons"] == []
            assert (await client.get("/livez")).status_code == 200
            engine.stop.set()
            await running
            assert (await client.get("/livez")).status_code == 503
            assert (await client.get("/readyz")).json()["reasons"] == ["the worker has ended"]

    asyncio.run(story())


async def answers(client: httpx.AsyncClient, path: str, status: int) -> bool:
    return (await client.get(path)).status_code == status


def test_what_was_worked_is_in_the_metrics() -> None:
    async def story() -> dict[str, float]:
        async with started() as (engine, client):
            running = asyncio.create_task(engine.run())
            send(engine, member(1, now() - 1_000))
            await until(lambda: shows(client, "chalandise_facts_entered_total 1.0"))
            send(engine, *visit(1, now() - 60_000))
            await until(lambda: shows(client, 'chalandise_offers_total{retailer="avenue"} 2.0'))
            text = (await client.get("/metrics")).text
            engine.stop.set()
            await running
            return samples(text)

    told = asyncio.run(story())
    sent = len(visit(1, 0))
    assert told["chalandise_pings_total"] == sent
    assert told['chalandise_decisions_total{outcome="offered",reason=""}'] == 2
    assert told['chalandise_transitions_total{kind="ENTER"}'] == 2
    assert told['chalandise_batch_records_sum{agent="pings"}'] == sent
    assert told['chalandise_step_seconds_count{step="save"}'] >= 1
    assert told['chalandise_server_up{server="redis"}'] == told['chalandise_server_up{server="broker"}'] == 1
    assert sum(name.startswith("chalandise_newest_ping_age_seconds") for name in told) == 1
    assert sum(name.startswith('chalandise_consumer_lag_records{partition="0"') for name in told) == 8


async def shows(client: httpx.AsyncClient, line: str) -> bool:
    return line in (await client.get("/metrics")).text.splitlines()


def samples(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_redis_away_is_told_and_counted_without_any_work(own_redis: RedisServer) -> None:
    async def story() -> None:
        async with started(own_redis.url) as (engine, client):
            running = asyncio.create_task(engine.run())
            await until(lambda: answers(client, "/readyz", 200))
            await asyncio.to_thread(own_redis.stop)
            await until(lambda: answers(client, "/readyz", 503))
            assert "Redis is away" in (await client.get("/readyz")).text
            told = samples((await client.get("/metrics")).text)
            assert told['chalandise_infrastructure_errors_total{server="redis"}'] >= 1
            assert (told["chalandise_ready"], told['chalandise_server_up{server="redis"}']) == (0, 0)
            assert (await client.get("/livez")).status_code == 200
            await asyncio.to_thread(own_redis.start)
            await until(lambda: answers(client, "/readyz", 200))
            engine.stop.set()
            await running

    asyncio.run(story())


def test_a_redis_that_hangs_is_told_of(own_redis: RedisServer) -> None:
    async def story() -> None:
        async with started(own_redis.url) as (engine, client):
            running = asyncio.create_task(engine.run())
            await until(lambda: answers(client, "/readyz", 200))
            assert own_redis.pid is not None
            os.kill(own_redis.pid, signal.SIGSTOP)
            try:
                await until(lambda: answers(client, "/readyz", 503))
                assert "Redis does not answer within 1 s" in (await client.get("/readyz")).text
            finally:
                os.kill(own_redis.pid, signal.SIGCONT)
            await until(lambda: answers(client, "/readyz", 200))
            engine.stop.set()
            await running

    asyncio.run(story())


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        async with ops_port(Settings(ops_port=port), Ops({})):
            pytest.fail("served")

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UserError, match="CHALANDISE_OPS_PORT"):
        asyncio.run(story(taken.getsockname()[1]))


def test_without_a_port_nothing_listens() -> None:
    async def story() -> None:
        async with ops_port(Settings(ops_port=None), Ops({})) as address:
            assert address is None

    asyncio.run(story())


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def work(lag: Lag | None) -> tuple[Work, Clock]:
    clock = Clock()
    return Work(lambda: lag, clock), clock


@pytest.mark.parametrize(("topic", "agent"), [(PINGS.name, Agent.PINGS), (PURCHASES.name, Agent.FACTS)])
def test_records_that_wait_and_no_batch_for_ten_seconds_is_stuck(topic: str, agent: Agent) -> None:
    worker, clock = work({Partition(topic, 0): 5, Partition(topic, 1): None})
    clock.now += STUCK_SECONDS
    worker.look()
    assert worker.reasons() == []
    clock.now += 0.1
    assert worker.reasons() == [f"5 records wait for {agent}, and no batch was done for 10 s"]
    worker.moved(Agent.FACTS if agent is Agent.PINGS else Agent.PINGS)
    assert worker.reasons() != []
    worker.moved(agent)
    assert worker.reasons() == []


def test_where_nothing_waits_nothing_is_stuck_and_the_time_runs_from_the_first_record_that_does() -> None:
    lag: dict[Partition, int | None] = {Partition(PINGS.name, 0): 0}
    worker, clock = work(lag)
    for _ in range(3):
        clock.now += STUCK_SECONDS
        worker.look()
    lag[Partition(PINGS.name, 0)] = 1
    assert worker.reasons() == []


def test_a_server_is_asked_only_where_nothing_was_heard_of_it_for_a_second() -> None:
    clock, asked, counted = Clock(), [], []
    reach = Reach(Server.REDIS, counted.append, clock)

    async def question() -> None:
        asked.append(clock.now)
        await reach.watch(refused())

    async def refused() -> None:
        raise InfrastructureError("Redis is away: refused")

    async def story() -> None:
        assert reach.away is not None
        await reach.ask_if_quiet(question)
        await reach.ask_if_quiet(question)
        assert (len(asked), reach.away, counted) == (1, "Redis is away: refused", [Server.REDIS])
        clock.now += QUIET_SECONDS
        await reach.watch(asyncio.sleep(0))
        assert reach.away is None
        await reach.ask_if_quiet(question)
        assert len(asked) == 1

    asyncio.run(story())


def test_a_server_that_does_not_answer_a_question_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.ops.reach.ANSWER_SECONDS", 0.01)
    reach = Reach(Server.BROKER, lambda server: None)
    asyncio.run(reach.ask_if_quiet(asyncio.Event().wait))
    assert "does not answer" in (reach.away or "")


def test_an_answer_that_nobody_expected_is_no_end_of_asking() -> None:
    async def refused() -> None:
        raise RuntimeError("no permission")

    reach = Reach(Server.REDIS, lambda server: None)
    asyncio.run(reach.ask_if_quiet(refused))
    assert reach.away == "Redis answers with RuntimeError"


def test_a_keyspace_connects_once_when_it_is_first_asked_and_again_where_that_failed() -> None:
    class Inner:
        async def read(self, keys: list[str]) -> list[str]:
            return keys

        async def close(self) -> None: ...

    tries: list[int] = []

    async def connect() -> Inner:
        tries.append(1)
        if len(tries) == 1:
            raise InfrastructureError("Redis is away")
        return Inner()

    async def story() -> None:
        late = LateKeyspace(connect, Reach(Server.REDIS, lambda server: None))
        with pytest.raises(InfrastructureError):
            await late.read(["a"])
        assert await asyncio.gather(late.read(["a"]), late.read(["b"])) == [["a"], ["b"]]
        await late.close()

    asyncio.run(story())
    assert len(tries) == 2


def test_a_call_with_nothing_to_do_says_nothing_of_the_server() -> None:
    class Inner:
        async def read(self, keys: list[str]) -> list[str]:
            return keys

    async def connect() -> Inner:
        return Inner()

    async def story() -> None:
        reach = Reach(Server.REDIS, lambda server: None)
        late = LateKeyspace(connect, reach)
        assert await late.read([]) == []
        assert reach.away is not None
        await late.read(["a"])
        assert reach.away is None

    asyncio.run(story())


def test_others_have_their_turn_during_a_scrape() -> None:
    registry = CollectorRegistry()
    for number in range(5):
        Counter(f"counter_{number}", "One of many.", registry=registry)
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def story() -> bytes:
        task = asyncio.create_task(other())
        text = await rendered(registry)
        task.cancel()
        return text

    text = asyncio.run(story()).decode()
    assert text.count("# TYPE") == 5
    assert "_created" not in text
    assert len(turns) >= 5


def test_an_ended_process_is_not_ready_whatever_else_is_well() -> None:
    health = Health({})
    assert health.reasons() == []
    health.ended = "the worker has ended"
    assert health.reasons() == ["the worker has ended"]
