"""What may be said at the doors: for each type of message its path, its topic, who may say it, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec

from streams import topics
from streams.decoding import Decoder
from streams.entries import ENTRIES
from streams.gateway.keys import Scope
from streams.messages import Message, Name, Ping, RetailerName
from streams.pipeline import CHECK_IN_DECODER, PING_DECODER

DEVICE, TILL, CRM = Scope.DEVICE, Scope.TILL, Scope.CRM


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of message: its name as in `type`, where it is posted, and by keys of which scope."""

    name: str
    path: str
    topic: str
    scopes: tuple[Scope, ...]
    decoder: Decoder[Any]
    """The worker's, but what the sender's key says may be left out."""


def _kind(name: str, path: str, topic: topics.Topic, decoder: Decoder[Any], *scopes: Scope) -> Kind:
    said = _said(decoder.message, name)
    return Kind(name, f"/v1/{path}", topic.name, scopes, Decoder(said, decoder.key_of, decoder.ahead))


def _said(message: type[Message], name: str) -> type[Message]:
    """`message` as it is sent to the gateway: with its `type`, and without what the sender's key says, if they like."""
    optional: Mapping[str, Any] = {"retailer": RetailerName, "type": cast(Any, Literal)[name]}
    if message is Ping:
        optional = {**optional, "device": Name}
    fields = [(field, kind | None, None) for field, kind in optional.items()]
    options: Mapping[str, Any] = {"frozen": True, "kw_only": True, "omit_defaults": True, "module": __name__}
    return cast(type[Message], msgspec.defstruct(message.__name__, fields, bases=(message,), **options))


def _entered(topic: topics.Topic) -> Decoder[Any]:
    return ENTRIES[topic.name].decoder


PINGS = _kind("ping", "pings", topics.PINGS, PING_DECODER, DEVICE, CRM)
CHECK_INS = _kind("checkin", "checkins", topics.CHECKINS, CHECK_IN_DECODER, DEVICE, TILL, CRM)
PURCHASES = _kind("purchase", "purchases", topics.PURCHASES, _entered(topics.PURCHASES), TILL, CRM)
MEMBERS = _kind("member", "members", topics.MEMBER_CHANGES, _entered(topics.MEMBER_CHANGES), CRM)
PREFERENCES = _kind("preference", "preferences", topics.PREFERENCES, _entered(topics.PREFERENCES), DEVICE, CRM)
CONTACTS = _kind("contact", "contacts", topics.CONTACTS, _entered(topics.CONTACTS), CRM)
PRODUCTS = _kind("product", "products", topics.PRODUCT_CHANGES, _entered(topics.PRODUCT_CHANGES), CRM)
REDEMPTIONS = _kind("redemption", "redemptions", topics.REDEMPTIONS, _entered(topics.REDEMPTIONS), TILL, CRM)

KINDS = (PINGS, CHECK_INS, PURCHASES, MEMBERS, PREFERENCES, CONTACTS, PRODUCTS)
"""Those that are taken in by the piece; a redemption is answered."""
