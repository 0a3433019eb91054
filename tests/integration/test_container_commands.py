"""The commands that the containers run, without Docker, against a real broker and a real Redis."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from streams import topics
from streams.tables.server import RedisServer
from tests.brokers import KafkaBroker
from tests.integration.running import (
    AVENUE,
    NAME,
    SECRET,
    Chalandise,
    client,
    member,
    now,
    run_command,
    until,
    visit,
)

pytestmark = pytest.mark.kafka
PARTITIONS = 12  # as in docker-compose.yml
DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"
PURCHASE = {"id": "receipt-1", "member": "member-1", "lines": [{"category": "beauty", "amount": "39.00 EUR"}]}


@pytest.fixture(scope="module")
def broker(kafka_directory: Path) -> Iterator[KafkaBroker]:
    """One for all of this module: the topics have fixed names."""
    made = KafkaBroker(kafka_directory / "containers")
    made.start()
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture
def settings(broker: KafkaBroker, own_redis: RedisServer, tmp_path: Path) -> dict[str, object]:
    """The environment of docker-compose.yml: the retailers' YAML in a folder."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "avenue.yaml").write_bytes(AVENUE.read_bytes())
    return {
        "broker": f"kafka://{broker.bootstrap}",
        "redis": own_redis.url,
        "secret": SECRET,
        "config": folder,
        "partitions": PARTITIONS,
    }


def test_the_topics_are_created(settings: dict[str, object]) -> None:
    created = run_command("topics", "create", **settings)
    assert (created.returncode, created.stderr) == (0, "")
    assert all(topic.name in created.stdout for topic in topics.TOPICS)
    again = run_command("topics", "create", **settings)
    assert (again.returncode, again.stdout) == (0, "all topics are there\n")
    other = run_command("topics", "create", **settings | {"partitions": 5})
    assert other.returncode == 2
    assert "has 12 partitions, and 5 are wanted" in other.stderr


def test_the_topics_are_listed(settings: dict[str, object]) -> None:
    run_command("topics", "create", **settings)
    listed = run_command("topics", "list", **settings)
    assert (listed.returncode, listed.stderr) == (0, "")
    rows = {words[0]: words[1] for line in listed.stdout.splitlines() if len(words := line.split()) > 1}
    assert rows["pings"] == rows["offers"] == "12"
    assert rows["dead-letters"] == "1"
    assert "missing" not in listed.stdout


def test_the_worker_offers_what_is_due(settings: dict[str, object], broker: KafkaBroker, tmp_path: Path) -> None:
    run_command("topics", "create", **settings)

    async def story(worker: Chalandise) -> None:
        async with client(broker.bootstrap, PARTITIONS) as kafka:
            await kafka.write([member(1, now() - 1_000)])
            await kafka.read(topics.MEMBERS, least=1)
            await kafka.write(visit(1, now() - 60_000))
            offers = [orjson.loads(value or b"") for _, value in await kafka.read(topics.OFFERS, least=2)]
            assert {(offer["member"], offer["campaign"]) for offer in offers} == {
                ("member-1", "near"),
                ("member-1", "stay"),
            }
            told = [orjson.loads(value or b"")["kind"] for _, value in await kafka.read(topics.TRANSITIONS, least=3)]
            assert told[:3] == ["ENTER", "ENTER", "DWELL"]
            assert worker.runs()

    with Chalandise(tmp_path / "worker", "worker", **settings) as worker:
        asyncio.run(story(worker))
        assert worker.process.poll() is None
        worker.process.terminate()
        assert worker.process.wait(30) == 0
        assert "working on kafka://" in worker.err
        assert "Traceback" not in worker.err


def test_the_gateway_takes_a_purchase_in(settings: dict[str, object], broker: KafkaBroker, tmp_path: Path) -> None:
    run_command("topics", "create", **settings)
    key = run_command("keys", "create", "--retailer", NAME, "--scope", "crm", **settings).stdout.strip()
    (live,) = re.findall(r"import urllib[^\"]+", DOCKERFILE.read_text())

    async def story(gateway: Chalandise) -> None:
        await until(lambda: "ops port" in gateway.err or not gateway.runs(), "gateway")
        (address, ops) = re.findall(r"http://127[^/;\s]+", gateway.err)[::2]
        health = [sys.executable, "-c", live.replace("http://127.0.0.1:9464", ops)]
        assert (await asyncio.to_thread(subprocess.run, health, check=False)).returncode == 0
        asking = {"Authorization": f"Bearer {key}"}
        async with client(broker.bootstrap, PARTITIONS) as kafka, httpx.AsyncClient(base_url=address) as web:
            answer = await web.post("/v1/purchases", json=PURCHASE | {"at": now()}, headers=asking)
            assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
            ((keyed, value),) = await kafka.read(topics.PURCHASES, least=1)
            assert (keyed, orjson.loads(value or b"")["id"]) == (f"{NAME}|member-1".encode(), "receipt-1")

    with Chalandise(tmp_path / "gateway", "gateway", **settings) as gateway:
        asyncio.run(story(gateway))
        gateway.process.terminate()
        assert gateway.process.wait(30) == 0
        assert "Traceback" not in gateway.err
        refused = subprocess.run([sys.executable, "-c", live], capture_output=True, check=False)
        assert refused.returncode != 0  # nothing listens there any more


def test_what_is_needed_to_run_is_asked_for(settings: dict[str, object]) -> None:
    for name, asked in (("secret", "CHALANDISE_SECRET"), ("redis", "CHALANDISE_REDIS")):
        refused = run_command("worker", **settings | {name: ""})
        assert refused.returncode == 2
        assert asked in refused.stderr
        assert "Traceback" not in refused.stderr
