"""The options of the servers in docker-compose.yml, given to the same servers without Docker."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from kafka.admin import KafkaAdminClient
from ruamel.yaml import YAML

from streams.tables.server import RedisServer
from tests.brokers import LIBS, KafkaBroker, free_port

SERVICES = YAML(typ="safe", pure=True).load(Path(__file__).parents[2] / "docker-compose.yml")["services"]
# What /opt/kafka/bin/kafka-configs.sh runs in the image.
CONFIGS = ["java", "-cp", f"{LIBS}/*", "kafka.admin.ConfigCommand"]


class ComposeRedis(RedisServer):
    """Our server, with the options of the compose file and only its port and folder from us."""

    def _options(self, ports: tuple[int, int]) -> list[str]:
        return ["--port", str(ports[0]), "--bind", "127.0.0.1", *SERVICES["redis"]["command"][1:]]


def test_redis_takes_the_options_and_answers_its_health_check(tmp_path: Path) -> None:
    assert SERVICES["redis"]["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]
    with ComposeRedis(tmp_path) as server, redis.Redis.from_url(server.url, decode_responses=True) as client:
        assert client.ping()
        asked = client.config_get("appendonly", "appendfsync", "save", "maxmemory-policy")
        assert asked == {"appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction"}
        client.set("kept", "1")
        server.kill()
        server.start()
        assert client.get("kept") == "1"


def on_this_machine(setting: str, ports: dict[str, int]) -> str:
    """A setting with the container's host and ports replaced by loopback and free ones."""
    setting = setting.replace("kafka:", "127.0.0.1:").replace("://:", "://127.0.0.1:")
    return re.sub(r"\b(9092|9093|29092)\b", lambda port: str(ports[port[1]]), setting)


def health_check(bootstrap: str) -> list[str]:
    _, script, *arguments = SERVICES["kafka"]["healthcheck"]["test"]
    assert script == "/opt/kafka/bin/kafka-configs.sh"
    return [argument.replace("kafka:9092", bootstrap) for argument in arguments]


@pytest.fixture
def compose_kafka(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A broker with the settings that the image makes of the environment: KAFKA_LOG_DIRS is log.dirs."""
    broker = KafkaBroker(tmp_path)
    ports = {"9092": broker.port, "9093": free_port(), "29092": free_port()}
    environment = SERVICES["kafka"]["environment"] | {"KAFKA_LOG_DIRS": str(tmp_path / "data")}
    settings = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): on_this_machine(value, ports)
        for name, value in environment.items()
        if name != "KAFKA_HEAP_OPTS"
    }
    (tmp_path / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.kafka
@pytest.mark.skipif(
    "KAFKA_BOOTSTRAP" in os.environ, reason="the settings are for a broker of our own, and need its jars"
)
def test_kafka_takes_the_settings_and_answers_its_health_check(compose_kafka: KafkaBroker) -> None:
    command = [*CONFIGS, *health_check(compose_kafka.bootstrap)]
    answered = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert answered.returncode == 0, answered.stderr
    assert "Dynamic configs for broker 1" in answered.stdout
    admin = KafkaAdminClient(bootstrap_servers=[compose_kafka.bootstrap])
    assert len(admin.describe_cluster()["brokers"]) == 1
    admin.close()
