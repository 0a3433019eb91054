"""The commands that the containers run, without Docker, against a real broker and a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from streams import topics
from streams.tables.server import RedisServer
from tests.brokers import KafkaBroker
from tests.integration.running import (
    AVENUE,
    SECRET,
    Chalandise,
    client,
    member,
    now,
    run_command,
    visit,
)

pytestmark = pytest.mark.kafka
PARTITIONS = 12  # as in docker-compose.yml


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


def test_what_is_needed_to_run_is_asked_for(settings: dict[str, object]) -> None:
    for name, asked in (("secret", "CHALANDISE_SECRET"), ("redis", "CHALANDISE_REDIS")):
        refused = run_command("worker", **settings | {name: ""})
        assert refused.returncode == 2
        assert asked in refused.stderr
        assert "Traceback" not in refused.stderr
