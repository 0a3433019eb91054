"""The server from the wheel: it answers, it keeps what it was told to keep, and it does not outlive us."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from streams.errors import UserError
from streams.tables import server as module
from streams.tables.server import RedisServer

PARENT = """
import sys
from pathlib import Path
from streams.tables.server import RedisServer
server = RedisServer(Path(sys.argv[1]) if sys.argv[1:] else None).start()
print(server.pid, server._directory, flush=True)
try:
    sys.stdin.read()
except KeyboardInterrupt:
    server._server.send_signal(0)  # raises if the Ctrl-C had reached the server first
    print("still there:", server._server.poll(), flush=True)
    server.stop()
"""


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether no such process runs any more; one that ended and waits for its parent (a zombie) counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
def parent() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PARENT, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def server_of(process: subprocess.Popen[str]) -> tuple[int, Path]:
    assert process.stdout is not None
    pid, directory = process.stdout.readline().split()
    return int(pid), Path(directory)


def test_it_answers_on_loopback_only_and_evicts_nothing() -> None:
    with RedisServer() as server, redis.Redis.from_url(server.url, decode_responses=True) as client:
        assert client.ping()
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_it_is_gone_with_its_folder_after_stop() -> None:
    with RedisServer() as server:
        pid, directory = server.pid, server._directory
        assert pid is not None
        assert directory is not None
        assert directory.exists()
    assert gone(pid)
    assert not directory.exists()
    assert server.pid is None


def test_stop_and_kill_of_one_that_does_not_run_do_nothing() -> None:
    server = RedisServer()
    server.stop()
    server.kill()


def test_start_twice_is_refused(own_redis: RedisServer) -> None:
    with pytest.raises(RuntimeError, match="runs already"):
        own_redis.start()


@pytest.mark.parametrize("end", [RedisServer.stop, RedisServer.kill])
def test_what_it_acknowledged_is_there_after_a_restart_on_the_same_port(
    own_redis: RedisServer, end: Callable[[RedisServer], None]
) -> None:
    url = own_redis.url
    with redis.Redis.from_url(url, decode_responses=True) as client:
        client.set("stop", "1")
        end(own_redis)
        with pytest.raises(redis.ConnectionError):
            client.ping()
        own_redis.start()
        assert own_redis.url == url
        assert client.get("stop") == "1"


def test_without_a_directory_nothing_is_kept() -> None:
    server = RedisServer()
    with server, redis.Redis.from_url(server.url) as client:
        client.set("a", "1")
    with server, redis.Redis.from_url(server.url) as client:
        assert client.get("a") is None


def test_a_directory_in_use_is_refused_with_its_name(own_redis: RedisServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=str(tmp_path / "redis")):
        RedisServer(tmp_path / "redis").start()
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.ping()


def test_a_port_taken_meanwhile_is_another_port(monkeypatch: pytest.MonkeyPatch) -> None:
    free = module._free_ports
    with socket.socket() as stranger:
        stranger.bind((module.HOST, 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        offered = iter([(taken, taken), free()])
        monkeypatch.setattr(module, "_free_ports", lambda: next(offered))
        monkeypatch.setattr(module, "NO_ANSWER_S", 0.2)
        with RedisServer() as server:
            assert not server.url.endswith(f":{taken}/0")


def test_its_own_port_taken_between_stop_and_start_is_said(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NO_ANSWER_S", 0.2)
    own_redis.stop()
    port = int(own_redis.url.rsplit(":", 1)[1].removesuffix("/0"))
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind((module.HOST, port))
        stranger.listen()
        with pytest.raises(UserError, match=f"port {port} .* used by another program"):
            own_redis.start()


def test_a_file_that_it_cannot_read_is_said_with_the_last_of_its_log(own_redis: RedisServer, tmp_path: Path) -> None:
    own_redis.stop()
    (manifest,) = (tmp_path / "redis").rglob("*.manifest")
    manifest.write_text("nonsense\n")
    with pytest.raises(UserError, match=r"(?s)exit code 1.*manifest"):
        own_redis.start()


def test_a_machine_without_a_binary_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UserError, match="CHALANDISE_REDIS"):
        RedisServer().start()


def test_a_cluster_of_one_node_has_all_slots_and_refuses_keys_of_two(redis_cluster_url: str) -> None:
    with redis.RedisCluster.from_url(redis_cluster_url) as client:
        assert client.cluster_info()["cluster_state"] == "ok"
        assert client.set("a", "1")
    with redis.Redis.from_url(redis_cluster_url) as client, pytest.raises(redis.ResponseError, match="same slot"):
        client.mget("a", "b")


def test_it_dies_with_a_parent_that_was_killed(parent: Callable[..., subprocess.Popen[str]]) -> None:
    process = parent()
    pid, directory = server_of(process)
    process.kill()
    until(lambda: gone(pid))
    until(lambda: not directory.exists())


def test_a_directory_that_was_given_outlives_a_parent_that_was_killed(
    parent: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = parent(str(tmp_path))
    pid, directory = server_of(process)
    process.kill()
    until(lambda: gone(pid))
    assert (directory / "appendonlydir").is_dir()


def test_ctrl_c_in_the_terminal_reaches_the_parent_first(parent: Callable[..., subprocess.Popen[str]]) -> None:
    process = parent()
    pid, directory = server_of(process)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert said == "still there: None\n"
    assert process.returncode == 0
    assert gone(pid)
    assert not directory.exists()
