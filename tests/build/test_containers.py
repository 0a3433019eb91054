"""The image and the compose file, without Docker: their form, their promises, and a test for each command they run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BUILD_STAGE, FINAL_STAGE = re.split(r"(?m)^FROM ", (ROOT / "Dockerfile").read_text().replace("\\\n", " "))[1:]
SPECIFICATION = jsonschema.Draft7Validator(get_builtin_schema("vendor.compose-spec"))
SERVERS = ("kafka", "redis", "worker", "gateway")

GATEWAY = "tests/integration/test_container_commands.py::test_the_gateway_takes_a_purchase_in"
LIVE = "import urllib.request as web; web.urlopen('http://127.0.0.1:9464/livez', timeout=3)"
BROKER = "--entity-type=brokers --entity-name=1 --describe"

# Each command that a container runs, and the test that runs the same command without Docker.
COVERED = {
    "chalandise worker": "tests/integration/test_container_commands.py::test_the_worker_offers_what_is_due",
    "chalandise topics create": "tests/integration/test_container_commands.py::test_the_topics_are_created",
    "chalandise gateway": GATEWAY,
    "redis-server --appendonly yes --appendfsync everysec --save '' --maxmemory-policy noeviction": (
        "tests/build/test_server_options.py::test_redis_takes_the_options_and_answers_its_health_check"
    ),
    f"python -c {shlex.quote(LIVE)}": GATEWAY,
    "redis-cli ping": "tests/build/test_server_options.py::test_redis_takes_the_options_and_answers_its_health_check",
    f"/opt/kafka/bin/kafka-configs.sh --bootstrap-server=kafka:9092 {BROKER}": (
        "tests/build/test_server_options.py::test_kafka_takes_the_settings_and_answers_its_health_check"
    ),
}


def instruction(name: str) -> list[str]:
    """The words of an instruction of the final stage, in its JSON form; `HEALTHCHECK .* CMD` is one of the names."""
    (found,) = re.findall(rf"(?m)^{name} (\[.+\])$", FINAL_STAGE)
    return list(json.loads(found))


def commands() -> set[str]:
    entrypoint = instruction("ENTRYPOINT")
    found = [entrypoint + instruction("CMD"), instruction("HEALTHCHECK .* CMD")]
    for service in SERVICES.values():
        found.append((entrypoint if "build" in service else []) + service.get("command", []))
        found.append(service.get("healthcheck", {}).get("test", [])[1:])
    return {shlex.join(command) for command in found if command}


def test_the_compose_file_keeps_to_the_compose_specification() -> None:
    SPECIFICATION.validate(COMPOSE)


def test_a_mistake_in_the_compose_file_would_be_found() -> None:
    broken = COMPOSE | {"services": SERVICES | {"redis": SERVICES["redis"] | {"helthcheck": {}}}}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        SPECIFICATION.validate(broken)


def test_each_command_that_a_container_runs_has_a_test() -> None:
    assert commands() == set(COVERED)


@pytest.mark.parametrize("test", sorted(set(COVERED.values())))
def test_the_test_of_a_command_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert re.search(rf"(?m)^(async )?def {name}\b", (ROOT / path).read_text())


@pytest.mark.parametrize("image", [SERVICES["kafka"]["image"], SERVICES["redis"]["image"], BUILD_STAGE, FINAL_STAGE])
def test_images_are_pinned_to_a_full_version(image: str) -> None:
    assert re.match(r"[a-z/]+:\d+\.\d+\.\d+", image)


def test_ports_are_published_on_loopback_only() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_what_is_written_stays_in_a_volume() -> None:
    assert SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data"
    assert SERVICES["kafka"]["volumes"] == ["kafka-data:/var/lib/kafka/data"]
    assert SERVICES["redis"]["volumes"] == ["redis-data:/data"]
    assert set(COMPOSE["volumes"]) == {"kafka-data", "redis-data"}


@pytest.mark.parametrize("name", ["worker", "gateway"])
def test_worker_and_gateway_wait_for_the_servers_and_the_topics(name: str) -> None:
    waits = {name: needed["condition"] for name, needed in SERVICES[name]["depends_on"].items()}
    assert waits == {
        "kafka": "service_healthy",
        "redis": "service_healthy",
        "topics": "service_completed_successfully",
    }


def test_every_server_has_a_health_check_and_starts_again() -> None:
    assert instruction("HEALTHCHECK .* CMD")  # of worker and gateway
    for name in SERVERS:
        assert SERVICES[name]["restart"] == "unless-stopped"
        assert "build" in SERVICES[name] or SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["worker", "gateway"])
def test_worker_and_gateway_have_no_more_rights_than_they_need(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert all(volume.endswith(":ro") for volume in SERVICES[name]["volumes"])
    assert re.search(r"(?m)^USER [1-9]\d+$", FINAL_STAGE)


def test_there_is_no_secret_in_the_file_and_none_by_default() -> None:
    assert SERVICES["worker"]["environment"]["CHALANDISE_SECRET"].startswith("${CHALANDISE_SECRET:?")


def test_the_image_has_what_is_locked_and_no_tool_to_build_more() -> None:
    assert "--require-hashes --only-binary=:all: -r requirements.lock" in BUILD_STAGE
    assert "--without-pip" in BUILD_STAGE
    assert not re.search(r"\b(pip|apt|apt-get|gcc|build-essential)\b", FINAL_STAGE)


def test_every_file_that_is_copied_is_let_through_and_there() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", BUILD_STAGE) for word in shlex.split(line)[:-1]}
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)
