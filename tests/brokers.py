"""A real Apache Kafka broker for the suite: started from the jars in `KAFKA_LIBS`, or the one at `KAFKA_BOOTSTRAP`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

ROOT = Path(__file__).parent.parent
LIBS = Path(os.environ.get("KAFKA_LIBS", ROOT / ".kafka" / "libs")).resolve()
ARCHIVE = LIBS.parent / "classes.jsa"  # of classes, for a start three times faster; tied to this JVM and these jars
JVM = ["java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
START_SECONDS, STOP_SECONDS = 60.0, 10.0

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=2
background.threads=2
"""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class KafkaBroker:
    """One broker with its data in `directory`; it can be stopped, killed, and started again on the same data."""

    def __init__(self, directory: Path) -> None:
        if not LIBS.is_dir() or not any(LIBS.glob("kafka_*.jar")):
            raise RuntimeError(f"no Kafka jars in {LIBS}: run `make kafka`, or set KAFKA_LIBS or KAFKA_BOOTSTRAP")
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._properties = directory / "server.properties"
        self._properties.write_text(
            PROPERTIES.format(port=self.port, controller=free_port(), data=directory / "data"), encoding="ascii"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._properties)).wait()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = self._java("kafka.Kafka", str(self._properties))
        wait_until_ready(self.bootstrap, self._process)

    def stop(self) -> None:
        """Orderly, and by force after 10 s."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would, but for the page cache."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _java(self, *command: str) -> subprocess.Popen[bytes]:
        archive = [f"-XX:SharedArchiveFile={ARCHIVE}"] if ARCHIVE.exists() else ["-XX:TieredStopAtLevel=1"]
        return _run([*JVM, *archive], command, self.directory)


def _run(jvm: list[str], command: tuple[str, ...], directory: Path) -> subprocess.Popen[bytes]:
    with (directory / "broker.log").open("ab") as log:
        return subprocess.Popen([*jvm, "-cp", f"{LIBS}/*", *command], stdout=log, stderr=log, cwd=directory)


def wait_until_ready(bootstrap: str, process: subprocess.Popen[bytes]) -> None:
    """Returns once the broker lists its node."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the broker ended with {process.returncode}: see broker.log")
        if _listens(bootstrap) and _answers(bootstrap):
            return
        time.sleep(0.05)
    raise TimeoutError(f"the broker at {bootstrap} was not ready in {START_SECONDS} s")


def _listens(bootstrap: str) -> bool:
    host, _, port = bootstrap.rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, int(port))) == 0


def _answers(bootstrap: str) -> bool:
    try:
        admin = KafkaAdminClient(bootstrap_servers=[bootstrap], bootstrap_timeout_ms=2000, request_timeout_ms=2000)
    except KafkaError:
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except (KafkaError, KeyError):
        return False
    finally:
        admin.close()


def make_archive(directory: Path) -> None:
    """Once for all: run a broker that writes down which classes it loaded."""
    made = directory / "classes.jsa"
    broker = KafkaBroker(directory)
    broker._process = _run(
        [*JVM, f"-XX:ArchiveClassesAtExit={made}"], ("kafka.Kafka", str(broker._properties)), directory
    )
    wait_until_ready(broker.bootstrap, broker._process)
    broker.stop()
    beside = ARCHIVE.with_suffix(f".{os.getpid()}")  # the data may lie on another disk
    shutil.copyfile(made, beside)
    beside.replace(ARCHIVE)


@pytest.fixture(scope="session")
def kafka_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where brokers of this run keep their data."""
    directory = tmp_path_factory.mktemp("kafka")
    if LIBS.is_dir() and not ARCHIVE.exists():
        make_archive(directory / "archive")
    return directory


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_directory: Path) -> Iterator[str]:
    """The broker of the suite: take new names for topics and groups in each test."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield given
        return
    broker = KafkaBroker(kafka_directory / "suite")
    broker.start()
    try:
        yield broker.bootstrap
    finally:
        broker.stop()


@pytest.fixture
def own_kafka(kafka_directory: Path, request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """A broker for one test, to be stopped and killed at will."""
    broker = KafkaBroker(kafka_directory / request.node.name.replace("/", "-"))
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
