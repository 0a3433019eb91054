"""From a body to its items, and from an item to what its sender may say with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from streams.decoding import MOST_AHEAD, Fault, NotAMessage, refused
from streams.gateway.access import Caller
from streams.gateway.keys import Scope
from streams.gateway.kinds import Kind
from streams.linking import AT_THE_TILL
from streams.messages import CheckIn, MemberChange, Message, Ping, Preference
from streams.records import Outgoing
from streams.times import to_milliseconds
from streams.topics import MAX_RECORD_BYTES

_ARRAY = re.compile(rb"\s*\[")
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Item(NamedTuple):
    """One item of a body: where it stood, the key of its record, and its message with nothing left out."""

    place: int
    key: str
    message: Message


def items_of(body: bytes) -> Sequence[bytes]:
    """The bytes of each item: of an array all, else the body itself. Raises NotAMessage where an array has no end."""
    if _ARRAY.match(body) is None:
        return [body]
    try:
        return [bytes(raw) for raw in _split(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(body, error) from None


def read_item(place: int, raw: bytes, kind: Kind, caller: Caller, now: int) -> Item:
    """An item as its sender may say it; `now` is milliseconds UTC. Raises NotAMessage."""
    message = kind.decoder.read(raw, now)
    _refuse_what_cannot_hold(message, now)
    if message.retailer not in (None, caller.retailer):
        raise NotAMessage(Fault.UNKNOWN_RETAILER, "not the retailer of this key")
    changes: dict[str, Any] = {"retailer": caller.retailer}
    if caller.scope is Scope.DEVICE:
        changes |= _of_the_device(message, caller)
    elif isinstance(message, Ping) and message.device is None:
        raise NotAMessage(Fault.WRONG_TYPE, "Object missing required field `device`")
    if isinstance(message, Preference):
        changes |= _said_by_now(message, now, live=caller.scope is Scope.DEVICE)
    message = msgspec.structs.replace(message, **changes)
    return Item(place, kind.decoder.key_of(message), message)


def _refuse_what_cannot_hold(message: Message, now: int) -> None:
    """Consent of a time to come, which no withdrawal of today would end."""
    said = message.consent if isinstance(message, MemberChange | Preference) else None
    if isinstance(said, dict) and any(to_milliseconds(each.at) > now + MOST_AHEAD for each in said.values()):
        raise NotAMessage(Fault.WRONG_TYPE, "Expected a time that has come - at `$.consent[...].at`")


def _said_by_now(preference: Preference, now: int, *, live: bool) -> dict[str, Any]:
    """The times of a preference, none of them later than `now`: a clock ahead would outlast the words that follow.

    `live`: a phone says it. What it takes back then is taken back now, so that a clock behind does not lose to words
    before: whoever was answered with 200 gets nothing more.
    """
    changes: dict[str, Any] = {}
    if to_milliseconds(preference.at) > now or (live and preference.contact == "stop"):
        changes["at"] = now
    if isinstance(said := preference.consent, dict):
        moved = {
            purpose for purpose, each in said.items() if to_milliseconds(each.at) > now or (live and not each.granted)
        }
        changes["consent"] = said | {name: msgspec.structs.replace(said[name], at=now) for name in moved}
    return changes


def outgoing(item: Item, kind: Kind) -> Outgoing:
    """The record of an item, as the workers' decoders take it: what the contract does not name is not in it.

    Raises NotAMessage where it is larger than a record may be.
    """
    key, value = item.key.encode(), _encode(item.message)
    if len(key) + len(value) > MAX_RECORD_BYTES:
        raise NotAMessage(Fault.WRONG_TYPE, f"Expected at most {MAX_RECORD_BYTES} bytes")
    return Outgoing(kind.topic, key, value)


def _of_the_device(message: Any, caller: Caller) -> dict[str, Any]:
    """What a key that ships in an app may say: of its own device, and not who is behind that: its link says it."""
    if message.device not in (None, caller.device):
        raise NotAMessage(Fault.NOT_ALLOWED, "another device than that of the token")
    if isinstance(message, Preference) and (message.member, message.card) != (None, None):
        raise NotAMessage(Fault.NOT_ALLOWED, "a device speaks for itself alone: leave `member` and `card` out")
    if isinstance(message, CheckIn) and message.via in AT_THE_TILL:
        raise NotAMessage(Fault.NOT_ALLOWED, "only a till says this - at `$.via`")
    nobody = {name: None for name in ("member", "card") if hasattr(message, name)}
    return {"device": caller.device, **nobody}
