"""`chalandise simulate`: to a file, to a pipe, live to Kafka; `up` takes it in."""

from __future__ import annotations

import subprocess

import pytest
from kafka import KafkaConsumer, TopicPartition

from streams.topics import create_topics
from tests.commands.commands import MAIN, PARIS, chalandise, environment


def test_the_same_seed_gives_the_same_bytes_to_a_file_and_to_output(tmp_path):
    file = tmp_path / "walks.jsonl"
    asked = ("simulate", PARIS, "--members", 5, "--minutes", 5, "--bad", 2, "--seed", 9)
    done = chalandise(*asked, "--out", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = subprocess.run(
        [*MAIN, *map(str, asked)], capture_output=True, env=environment({}), timeout=60, check=True
    ).stdout
    assert shown == file.read_bytes()
    assert shown.count(b"\n") > 50


def test_whoever_reads_only_the_beginning_is_no_error():
    command = " ".join([f"'{part}'" for part in (*MAIN, "simulate", str(PARIS), "--members", "200")]) + " | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, env=environment({}), timeout=60, check=False)
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_live_it_is_written_as_it_happens(tmp_path):
    file = tmp_path / "walks.jsonl"
    done = chalandise("simulate", PARIS, "--members", 40, "--minutes", 0.1, "--pace", "--out", file)
    assert done.returncode == 0, done.stderr
    assert b'"ping"' in file.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--start", "noon"], "--start noon: give a date and time with its offset"),
        (["--start", "2026-11-24T12:00:00"], "with its offset"),
        (["--to", "redis"], "--to redis: live events go to `kafka`"),
        (["--rate", "5"], "--rate is for --to kafka"),
        (["--to", "kafka"], "set CHALANDISE_BROKER=kafka://"),
        (["--members", "0"], "--members"),
        (["--out", "/nowhere/at/all"], "/nowhere/at/all: no such file or directory"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(arguments, told):
    done = chalandise("simulate", PARIS, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.kafka
def test_the_load_generator_sends_at_its_rate(kafka_bootstrap):
    create_topics(kafka_bootstrap, 4)
    before = written(kafka_bootstrap)
    done = chalandise(
        *("simulate", PARIS, "--to", "kafka", "--rate", 100, "--minutes", 0.1),
        CHALANDISE_BROKER=f"kafka://{kafka_bootstrap}",
    )
    assert done.returncode == 0, done.stderr
    assert 300 < written(kafka_bootstrap) - before < 700  # 100 a second for six seconds


def written(bootstrap: str) -> int:
    """Pings on the broker."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        partitions = [TopicPartition("pings", number) for number in range(4)]
        return sum(consumer.end_offsets(partitions).values())
    finally:
        consumer.close()
