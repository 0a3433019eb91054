"""`chalandise gateway` and `chalandise keys`: a key made on the command line opens the door, until it is revoked."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from streams.tables.server import RedisServer
from streams.topics import create_topics
from tests.brokers import free_port
from tests.commands.commands import PARIS, chalandise, started
from tests.gateway.doorway import ping

SECRET = "a secret of the tests, long enough"
RETAILER = "galerie-lumiere"
NOWHERE = "127.0.0.1:1"


def settings(**more: str) -> dict[str, str]:
    given = {"BROKER": f"kafka://{NOWHERE}", "REDIS": f"redis://{NOWHERE}", "SECRET": SECRET, "CONFIG": str(PARIS)}
    return {f"CHALANDISE_{name}": value for name, value in (given | more).items()}


@contextmanager
def running(**more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A gateway on a free port, and its address."""
    process = started("gateway", **settings(GATEWAY_PORT="0", **more))
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert f"gateway for {RETAILER} at http://127.0.0.1:" in said, said
        yield process, said.partition(" at ")[2].partition(";")[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.kafka
def test_a_key_opens_the_door_until_it_is_revoked(kafka_bootstrap: str, own_redis: RedisServer) -> None:
    create_topics(kafka_bootstrap, 4)
    made = chalandise(
        "keys", "create", "--retailer", RETAILER, "--scope", "crm", "--name", "loyalty", **settings(REDIS=own_redis.url)
    )
    key, id_ = made.stdout.strip(), made.stderr.split()[1]
    assert (made.returncode, key.startswith(f"chalandise_{id_}.")) == (0, True)
    listed = chalandise("keys", "list", **settings(REDIS=own_redis.url)).stdout
    assert all(each in listed for each in (id_, RETAILER, "crm", "loyalty"))
    assert key.partition(".")[2] not in listed
    with running(BROKER=f"kafka://{kafka_bootstrap}", REDIS=own_redis.url) as (process, address):
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=20) as client:
            agreed = {"device": "phone", "consent": ["offers"], "at": 1_795_172_400_000}
            assert client.post("/v1/preferences", json=agreed).json()["accepted"] == 1
            assert client.post("/v1/pings", json=ping()).json()["accepted"] == 1
            revoked = chalandise("keys", "revoke", id_, **settings(REDIS=own_redis.url))
            assert (revoked.returncode, revoked.stderr) == (0, f"revoked {id_}; every gateway refuses it within 2 s\n")
            deadline = time.monotonic() + 10
            while client.post("/v1/pings", json=ping()).status_code != 401:
                assert time.monotonic() < deadline
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert (process.returncode, said) == (0, "")
    again = chalandise("keys", "revoke", id_, **settings(REDIS=own_redis.url))
    assert again.returncode == 2
    assert again.stderr == f"chalandise: there is no key {id_}: `chalandise keys list` shows those in force\n"


def test_with_neither_redis_nor_broker_it_starts_answers_503_and_ends_on_ctrl_c() -> None:
    with running() as (process, address):
        headers = {"Authorization": "Bearer chalandise_x.y"}
        for _ in range(10):
            answer = httpx.post(f"{address}/v1/pings", json=ping(), headers=headers, timeout=20)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0
        assert said.count("Redis is away") == 1
        assert "Traceback" not in said
        assert "48.8" not in said


def test_a_port_that_is_in_use_is_said_in_one_line() -> None:
    with running() as (_, address):
        port = address.rpartition(":")[2]
        done = chalandise("gateway", **settings(GATEWAY_PORT=port))
        assert done.returncode == 2
        assert done.stderr.startswith(f"chalandise: cannot listen on 127.0.0.1:{port}: ")
        assert (done.stderr.count("\n"), "CHALANDISE_GATEWAY_PORT" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ({"SECRET": ""}, "CHALANDISE_SECRET"),
        ({"REDIS": ""}, "CHALANDISE_REDIS"),
        ({"BROKER": "embedded://x"}, "CHALANDISE_BROKER"),
        ({"CONFIG": ""}, "CHALANDISE_CONFIG"),
        ({"GATEWAY_PORT": "70000"}, "CHALANDISE_GATEWAY_PORT"),
        ({"GATEWAY_HOST": ""}, "CHALANDISE_GATEWAY_HOST"),
        ({"GATEWAY_HOST": "no such host"}, "CHALANDISE_GATEWAY_HOST"),
    ],
)
def test_a_setting_that_does_not_do_is_named(more: dict[str, str], needed: str) -> None:
    done = chalandise("gateway", **settings(**more))
    assert (done.returncode, needed in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_is_made_for_a_known_retailer_and_scope_alone() -> None:
    for retailer, scope, said in (("nobody", "till", "no retailer 'nobody'"), (RETAILER, "owner", "owner")):
        done = chalandise("keys", "create", "--retailer", retailer, "--scope", scope, **settings())
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
        assert (done.stdout, "Traceback" in done.stderr) == ("", False)


def test_redis_away_is_said_in_one_line() -> None:
    for command in (("list",), ("revoke", "x"), ("create", "--retailer", RETAILER, "--scope", "till")):
        done = chalandise("keys", *command, **settings(REDIS=f"redis://127.0.0.1:{free_port()}"))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "Redis is away" in done.stderr


def test_help_says_what_is_read_from_the_environment(tmp_path: Path) -> None:
    said = chalandise("gateway", "--help").stdout
    assert "CHALANDISE_GATEWAY_PORT" in said
