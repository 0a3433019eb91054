"""A gateway of its own tells operations what a worker does: what it reaches, whether it is ready, its metrics."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from config.settings import Settings
from streams.gateway.building import build_doors
from streams.ops.port import ops_port
from streams.tables.server import RedisServer
from tests.integration.running import AVENUE, SECRET, until

pytestmark = pytest.mark.kafka


async def told(bootstrap: str, redis: str, ready: bool) -> tuple[list[str], str]:
    """The reasons of `/readyz`, once it says `ready`, and the metrics."""
    settings = Settings(broker=f"kafka://{bootstrap}", redis=redis, config=(AVENUE,), secret=SECRET, ops_port=0)
    async with (
        build_doors(settings) as (doors, ops),
        ops_port(settings, ops) as address,
        httpx.AsyncClient(base_url=f"http://{address}") as client,
    ):
        doors.counts.accepted("ping", 3)
        await until(lambda: bool(ops.health.reasons()) is not ready and heard_of_both(ops.health.reasons()), "known")
        answer = await client.get("/readyz")
        assert answer.status_code == (200 if ready else 503)
        return answer.json()["reasons"], (await client.get("/metrics")).text


def heard_of_both(reasons: list[str]) -> bool:
    return not any("nothing was heard" in reason for reason in reasons)


def test_a_gateway_is_ready_once_redis_and_the_broker_answer(kafka_bootstrap: str, redis_url: str) -> None:
    reasons, metrics = asyncio.run(told(kafka_bootstrap, redis_url, ready=True))
    assert reasons == []
    assert 'chalandise_gateway_accepted_total{type="ping"} 3.0' in metrics.splitlines()
    assert "chalandise_pings_total" not in metrics


def test_a_gateway_without_a_broker_says_so(redis_url: str) -> None:
    reasons, metrics = asyncio.run(told("127.0.0.1:1", redis_url, ready=False))
    (reason,) = reasons
    assert "broker" in reason
    assert 'chalandise_server_up{server="redis"} 1.0' in metrics.splitlines()


def test_a_gateway_without_redis_says_so(kafka_bootstrap: str, own_redis: RedisServer) -> None:
    own_redis.stop()
    reasons, _ = asyncio.run(told(kafka_bootstrap, own_redis.url, ready=False))
    assert [reason.startswith("Redis is away") for reason in reasons] == [True]
