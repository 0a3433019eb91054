"""Everything that is not a ping or a check-in: for each topic, how its messages are read and what they change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from streams import topics
from streams.batches import Batch, Processed
from streams.catalogue import change_product
from streams.decoding import Decoder, NotAMessage, dead_letter, one_of
from streams.loyalty import add_contact, add_purchase
from streams.member_changes import change_member, change_preference
from streams.messages import ContactMade, MemberChange, Message, Preference, ProductChange, Purchase, RedemptionAsked
from streams.outputs import dead_letter_record
from streams.records import Outgoing, Producer, Record
from streams.retailers import Retailers
from streams.tables.tables import Tables
from streams.tills import enter_redemption

Enter = Callable[[Any, Tables, Retailers], Awaitable[list[Outgoing]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """How the messages of one topic are entered. `enter` may raise NotAMessage, and may come twice for a message."""

    decoder: Decoder[Any]
    enter: Enter


def _by_member(message: Any) -> str:
    return f"{message.retailer}|{one_of(message, 'member', 'card')}"


def _by_member_or_device(message: Preference) -> str:
    return f"{message.retailer}|{one_of(message, 'member', 'card', 'device')}"


def _entry(message: type[Message], key_of: Callable[[Any], str], enter: Enter) -> Entry:
    return Entry(Decoder(message, key_of), enter)


ENTRIES: Mapping[str, Entry] = {
    topics.PURCHASES.name: _entry(Purchase, _by_member, add_purchase),
    topics.CONTACTS.name: _entry(ContactMade, _by_member, add_contact),
    topics.REDEMPTIONS.name: _entry(RedemptionAsked, lambda said: f"{said.retailer}|{said.coupon}", enter_redemption),
    topics.PREFERENCES.name: _entry(Preference, _by_member_or_device, change_preference),
    topics.MEMBER_CHANGES.name: _entry(MemberChange, lambda said: f"{said.retailer}|{said.member}", change_member),
    topics.PRODUCT_CHANGES.name: _entry(ProductChange, lambda said: f"{said.retailer}|{said.id}", change_product),
}


class Entries:
    """Enters the messages of these topics, one after the other."""

    def __init__(self, retailers: Retailers, producer: Producer) -> None:
        self._retailers = retailers
        self._producer = producer

    async def process(self, batch: Batch, tables: Tables, now: int) -> Processed:
        """Enter a batch. Raises `InfrastructureError` where something is away; the batch is then entered again."""
        processed = Processed()
        for record in batch.records:
            try:
                processed.records += await self._enter(record, tables)
                processed.entered += 1
            except NotAMessage as fault:
                letter = dead_letter(record, fault.reason, str(fault))
                processed.dead_letters.append(letter)
                processed.records.append(dead_letter_record(letter))
        await self._producer.produce(processed.records)
        return processed

    async def _enter(self, record: Record, tables: Tables) -> list[Outgoing]:
        entry = ENTRIES[record.topic]
        return await entry.enter(entry.decoder.decode(record, self._retailers), tables, self._retailers)
