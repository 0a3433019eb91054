"""`chalandise members import`: a table or JSON Lines to Kafka, to events, or only to what would be sent."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition

from streams.topics import create_topics
from tests.commands.commands import PARIS, chalandise

TABLE = """\
member,tier,points,attributes.segment
m1,gold,12,student
m2,gold,twelve,Zoe-Confidential
m3,silver,,family
"""
TOLD = """\
{file}:3:9: `points`: no whole number; write a whole number, as in 1200
2 members {done}, 1 line refused
  attributes.segment: 2
  points: 1
  tier: 2
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "crm.csv"
    file.write_text(TABLE)
    return file


def test_a_dry_run_says_what_would_be_sent_and_what_is_wrong(table: Path) -> None:
    done = chalandise("members", "import", table, "--dry-run", "--retailer", "corner-shop")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == TOLD.format(file=table, done="would be sent")


def test_events_are_written_for_replay_and_the_same_time_gives_the_same_bytes(table: Path, tmp_path: Path) -> None:
    asked = ("members", "import", table, "--at", "2024-01-10T12:00:00+01:00", "--out")
    done = chalandise(*asked, tmp_path / "events.jsonl", CHALANDISE_CONFIG=str(PARIS))
    assert (done.returncode, done.stderr) == (1, TOLD.format(file=table, done="written"))
    again = chalandise(*asked, "-", CHALANDISE_CONFIG=str(PARIS))
    assert again.stdout == (tmp_path / "events.jsonl").read_text()
    told = [orjson.loads(line) for line in again.stdout.splitlines()]
    assert [(each["type"], each["retailer"], each["member"]) for each in told] == [
        ("member", "galerie-lumiere", "m1"),
        ("member", "galerie-lumiere", "m3"),
    ]
    replayed = chalandise("replay", PARIS, tmp_path / "events.jsonl")
    assert replayed.returncode == 0
    assert "dead letters    0" in replayed.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["crm.csv"], "--retailer ID: whose members are these? CHALANDISE_CONFIG names none"),
        (["crm.csv", "--retailer", "shop"], "an embedded broker is another process's own: set CHALANDISE_BROKER="),
        (["crm.csv", "--retailer", "shop", "--at", "noon"], "--at noon: give a date and time that has come"),
        (["crm.csv", "--retailer", "shop", "--at", "2999-01-01T00:00:00Z"], "give a date and time that has come"),
        (["crm.csv", "--retailer", "shop", "--out", "./crm.csv"], "--out ./crm.csv: that is the file to be read"),
        (["nope.csv", "--retailer", "shop", "--dry-run"], "nope.csv: no such file or directory"),
        (
            ["crm.xlsx", "--retailer", "shop", "--dry-run"],
            "crm.xlsx: a table is called .csv or .tsv, JSON Lines .jsonl",
        ),
    ],
)
def test_a_mistake_is_told_without_a_traceback(table: Path, arguments: list[str], told: str) -> None:
    done = chalandise("members", "import", *arguments, cwd=table.parent)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert table.read_text() == TABLE


def test_a_retailer_that_is_not_configured_has_no_members(table: Path) -> None:
    done = chalandise("members", "import", table, "--retailer", "shop", CHALANDISE_CONFIG=str(PARIS))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no retailer 'shop' in CHALANDISE_CONFIG, which has: galerie-lumiere" in done.stderr


def test_of_a_file_full_of_mistakes_the_first_hundred_are_told(tmp_path: Path) -> None:
    file = tmp_path / "crm.csv"
    file.write_text("member,points\n" + "m1,x\n" * 150 + "m2,1\n")
    done = chalandise("members", "import", file, "--dry-run", "--retailer", "shop")
    told = done.stderr.splitlines()
    assert (len(told), told[100]) == (103, "and 50 more mistakes; mend these first")
    assert told[101] == "1 member would be sent, 150 lines refused"


@pytest.mark.kafka
def test_a_long_file_reaches_its_topic_whole(kafka_bootstrap: str, tmp_path: Path) -> None:
    create_topics(kafka_bootstrap, 4)
    file = tmp_path / "crm.jsonl"
    file.write_text("".join(f'{{"member":"import-{number}","points":{number}}}\n' for number in range(1_234)))
    settings = {"CHALANDISE_BROKER": f"kafka://{kafka_bootstrap}"}
    done = chalandise("members", "import", file, "--retailer", "shop", **settings)
    assert (done.returncode, done.stderr) == (0, "1,234 members sent, 0 lines refused\n  points: 1,234\n")
    assert read(kafka_bootstrap) == {f"shop|import-{number}": number for number in range(1_234)}


def read(bootstrap: str) -> dict[str, int]:
    """The points of each imported member, by key, as they stand on the topic."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        partitions = [TopicPartition("member-changes", number) for number in range(4)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends, found = consumer.end_offsets(partitions), {}
        while any(consumer.position(each) < ends[each] for each in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                told = {record.key.decode(): orjson.loads(record.value) for record in records}
                found |= {key: value["points"] for key, value in told.items() if key.startswith("shop|import-")}
        return found
    finally:
        consumer.close()
