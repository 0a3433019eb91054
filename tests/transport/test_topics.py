"""The table of topics, and what creating them does on a real broker."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kafka.admin import KafkaAdminClient

from streams.errors import InfrastructureError, UserError
from streams.topics import (
    CATALOGUE,
    CHECKINS,
    DAY_MS,
    DEAD_LETTERS,
    MEMBERS,
    PINGS,
    PURCHASES,
    TOPICS,
    TRANSITIONS,
    create_topics,
    list_topics,
)
from tests.brokers import KafkaBroker, free_port
from tests.transport.workers import new_group


def test_what_bears_raw_positions_is_gone_after_a_day_and_purchases_stay_400() -> None:
    for topic in (PINGS, CHECKINS, DEAD_LETTERS):
        assert topic.retention_ms + int(topic.settings()["segment.ms"]) < DAY_MS
    assert PURCHASES.retention_ms >= 400 * DAY_MS


def test_only_the_merged_whole_is_compacted() -> None:
    assert {topic for topic in TOPICS if topic.compacted} == {MEMBERS, CATALOGUE}


def test_what_presence_reads_and_writes_has_one_key() -> None:
    assert {topic.keyed_by for topic in (PINGS, CHECKINS, TRANSITIONS)} == {"retailer|device"}


def test_names_are_unique() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


@pytest.mark.kafka
def test_topics_are_created_once_as_the_table_says_and_another_number_of_partitions_is_refused(
    own_kafka: KafkaBroker,
) -> None:
    bootstrap = own_kafka.bootstrap
    assert all(row.partitions == 0 for row in list_topics(bootstrap))
    assert create_topics(bootstrap, 3) == [topic.name for topic in TOPICS]
    assert create_topics(bootstrap, 3) == []
    rows = list_topics(bootstrap)
    assert {row.topic.name: row.partitions for row in rows} == {topic.name: topic.partitions(3) for topic in TOPICS}
    assert [row.differing for row in rows] == [{}] * len(TOPICS)
    assert {row.settings["message.timestamp.type"] for row in rows} == {"LogAppendTime"}
    with pytest.raises(UserError, match=r"topic pings has 3 partitions, and 4 are wanted"):
        create_topics(bootstrap, 4)


@pytest.mark.kafka
def test_where_one_topic_does_not_fit_none_is_created(kafka_bootstrap: str) -> None:
    there, missing = (replace(PINGS, name=f"{name}-{new_group()}") for name in ("there", "missing"))
    create_topics(kafka_bootstrap, 3, topics=(there,))
    with pytest.raises(UserError, match="topic there"):
        create_topics(kafka_bootstrap, 4, topics=(missing, there))
    admin = KafkaAdminClient(bootstrap_servers=[kafka_bootstrap])
    assert missing.name not in admin.list_topics()
    admin.close()


@pytest.mark.kafka
def test_no_broker_is_an_infrastructure_error() -> None:
    with pytest.raises(InfrastructureError, match="did not answer"):
        create_topics(f"127.0.0.1:{free_port()}", 3)
