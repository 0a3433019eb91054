"""The one table of topics, and the command that creates them. Nothing else creates a topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from streams.errors import InfrastructureError, UserError

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
FOREVER = -1
# A record outlives its retention by one segment and one check of the broker (5 min): 22 h is never more than 24.
RAW_MS, RAW_SEGMENT_MS = 22 * HOUR_MS, HOUR_MS
PURCHASES_MS = 420 * DAY_MS

MAX_RECORD_BYTES = 1_000_000  # key and value; the broker's limit leaves room for what the format adds
MAX_MESSAGE_BYTES = 1_048_576
PARTITIONS = 12
PATIENCE_MS = 5_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: `keyed` ones all have the same number of partitions, which never changes; the others have one.

    `schema` is the message of docs' messages page, `owner` who writes it, times are in milliseconds (-1: for ever).
    """

    name: str
    keyed_by: str
    schema: str
    owner: str
    retention_ms: int
    keyed: bool = True
    compacted: bool = False

    def partitions(self, keyed: int) -> int:
        """Its number of partitions, where keyed topics have `keyed`."""
        return keyed if self.keyed else 1

    def settings(self) -> dict[str, str]:
        """Its configuration on the broker."""
        settings = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
        }
        if self.retention_ms == RAW_MS:
            settings["segment.ms"] = str(RAW_SEGMENT_MS)
        return settings


DEVICE, MEMBER = "retailer|device", "retailer|member"

PINGS = Topic("pings", DEVICE, "ping", "gateway", RAW_MS)
CHECKINS = Topic("checkins", DEVICE, "checkin", "gateway", RAW_MS)
PURCHASES = Topic("purchases", MEMBER, "purchase", "gateway", PURCHASES_MS)
REDEMPTIONS = Topic("redemptions", "retailer|coupon", "redemption", "gateway", PURCHASES_MS)
PREFERENCES = Topic("preferences", MEMBER, "preference", "gateway", 30 * DAY_MS)
CONTACTS = Topic("contacts", MEMBER, "contact", "gateway", 30 * DAY_MS)
MEMBER_CHANGES = Topic("member-changes", MEMBER, "member", "gateway", 7 * DAY_MS)
PRODUCT_CHANGES = Topic("product-changes", "retailer|id", "product", "gateway", 7 * DAY_MS)
MEMBERS = Topic("members", MEMBER, "member", "member agent", FOREVER, compacted=True)
CATALOGUE = Topic("catalogue", "retailer|id", "product", "catalogue agent", FOREVER, compacted=True)
TRANSITIONS = Topic("transitions", DEVICE, "transition", "ping agent", 7 * DAY_MS)
DECISIONS = Topic("decisions", MEMBER, "decision", "ping agent", 30 * DAY_MS)
OFFERS = Topic("offers", MEMBER, "offer", "ping agent", 30 * DAY_MS)
NOTICES = Topic("notices", MEMBER, "notice", "ping agent", 7 * DAY_MS)
DEAD_LETTERS = Topic("dead-letters", "topic|partition|offset", "dead letter", "all agents", RAW_MS, keyed=False)

TOPICS: tuple[Topic, ...] = (
    *(PINGS, CHECKINS, PURCHASES, REDEMPTIONS, PREFERENCES, CONTACTS, MEMBER_CHANGES, PRODUCT_CHANGES),
    *(MEMBERS, CATALOGUE, TRANSITIONS, DECISIONS, OFFERS, NOTICES, DEAD_LETTERS),
)


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One line of `chalandise topics`: what the table says, and what the broker has (0 partitions: not created)."""

    topic: Topic
    partitions: int
    settings: Mapping[str, str]

    @property
    def differing(self) -> dict[str, str]:
        """Settings that the broker has otherwise than the table."""
        wanted = self.topic.settings()
        return {name: self.settings.get(name, "") for name in wanted if self.settings.get(name) != wanted[name]}


def create_topics(
    bootstrap: str, partitions: int = PARTITIONS, replication: int = 1, topics: tuple[Topic, ...] = TOPICS
) -> list[str]:
    """Create what is missing; returns the names created. What is there stays as it is.

    Raises `UserError` where a topic is there with another number of partitions, before anything is created: keys would
    move to other partitions, and with them the order that presence rests on. Raises `InfrastructureError` where the
    broker cannot be had.
    """
    with _admin(bootstrap) as admin:
        found = _found(admin)
        _refuse_other_partitions(topics, partitions, found)
        missing = [topic for topic in topics if topic.name not in found]
        new = {topic.name: _new_topic(topic, partitions, replication) for topic in missing}
        if new:
            try:
                admin.create_topics(new, wait_for_metadata=True)
            except TopicAlreadyExistsError:  # somebody else creates them just now
                _refuse_other_partitions(topics, partitions, _found(admin))
        return list(new)


def list_topics(bootstrap: str) -> list[TopicRow]:
    """A row for each topic of the table, created or not."""
    with _admin(bootstrap) as admin:
        found = _found(admin)
        there = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in TOPICS if topic.name in found]
        configs = admin.describe_configs(there, config_filter="all")["topic"] if there else {}
        return [TopicRow(topic, found.get(topic.name, 0), _values(configs.get(topic.name, {}))) for topic in TOPICS]


def _values(config: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    return {name: str(data["value"]) for name, data in config.items()}


def _new_topic(topic: Topic, partitions: int, replication: int) -> dict[str, object]:
    return {
        "num_partitions": topic.partitions(partitions),
        "replication_factor": replication,
        "configs": topic.settings(),
    }


def _found(admin: KafkaAdminClient) -> dict[str, int]:
    """The number of partitions of each topic on the broker."""
    return {each["name"]: len(each["partitions"]) for each in admin.describe_topics()}


def _refuse_other_partitions(topics: tuple[Topic, ...], partitions: int, found: Mapping[str, int]) -> None:
    for topic in topics:
        have, wanted = found.get(topic.name), topic.partitions(partitions)
        if have is not None and have != wanted:
            raise UserError(
                f"topic {topic.name} has {have} partitions, and {wanted} are wanted: the number never changes. "
                f"Set the number of partitions to {have}, or read the topic to its end, delete it and create it anew"
            )


@contextmanager
def _admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","), client_id="chalandise-topics", bootstrap_timeout_ms=PATIENCE_MS
        )
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        raise InfrastructureError(f"the broker at {bootstrap} did not answer: {error!r}") from error
