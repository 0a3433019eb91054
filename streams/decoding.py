"""Bytes to messages; and what is not a message to a dead letter with its reason."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from streams.messages import Message
from streams.records import Record
from streams.times import in_time, to_milliseconds

Decoded = TypeVar("Decoded", bound=Message)

MOST_AHEAD = 86_400_000
"""Milliseconds: clocks of tills and shops are wrong, but not by more than a day."""

MOST_RAW = 4096
"""Bytes of a record that its dead letter keeps."""


class Fault(StrEnum):
    """Why a record is no message."""

    EMPTY = "EMPTY"
    """A record without a value."""
    NOT_JSON = "NOT_JSON"
    NOT_UTF8 = "NOT_UTF8"
    TOO_DEEP = "TOO_DEEP"
    DUPLICATE_KEYS = "DUPLICATE_KEYS"
    WRONG_TYPE = "WRONG_TYPE"
    """A field is missing, of another type, or out of its range."""
    WRONG_KEY = "WRONG_KEY"
    """The record's key is not the one its message asks for, so that it may stand in the wrong partition."""
    UNKNOWN_RETAILER = "UNKNOWN_RETAILER"
    UNKNOWN_STORE = "UNKNOWN_STORE"
    UNKNOWN_MEMBER = "UNKNOWN_MEMBER"
    """Nobody is known behind the card of a preference."""
    NOT_ALLOWED = "NOT_ALLOWED"
    """The sender's key may not say this; the gateway's alone."""
    INTERNAL = "INTERNAL"
    """An error of ours; what raised is in the log."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that is no message, with what is wrong. `raw` is left out where it may hold a position."""

    reason: Fault
    detail: str
    topic: str
    partition: int
    offset: int
    raw: str | None


class NotAMessage(Exception):  # noqa: N818 - the record's fault, told as such
    """What is wrong with the bytes of one record."""

    def __init__(self, reason: Fault, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Decoder(Generic[Decoded]):
    """Decodes the records of one topic.

    `ahead` is how many milliseconds after its record was written a message may claim to have happened; None: `screen`
    looks at that.
    """

    def __init__(
        self, message: type[Decoded], key_of: Callable[[Decoded], str], ahead: int | None = MOST_AHEAD
    ) -> None:
        self.message = message
        self.key_of = key_of
        self.ahead = ahead
        self._decode = msgspec.json.Decoder(message).decode

    def decode(self, record: Record, retailers: Collection[str]) -> Decoded:
        """The message of `record`; raises NotAMessage."""
        message = self.read(record.value, record.timestamp)
        if message.retailer not in retailers:
            raise NotAMessage(Fault.UNKNOWN_RETAILER, "no such retailer is configured")
        if record.key != self.key_of(message).encode():
            raise NotAMessage(Fault.WRONG_KEY, "the record's key is not that of its message")
        return message

    def read(self, raw: bytes | None, received: int) -> Decoded:
        """The message of these bytes, whosever it is; `received` is milliseconds UTC. Raises NotAMessage."""
        if not raw:
            raise NotAMessage(Fault.EMPTY, "the record has no value")
        try:
            message = self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise refused(raw, error) from None
        if _may_repeat_a_key(raw):
            _refuse_duplicates(raw)
        if not in_time(message.at):
            raise NotAMessage(Fault.WRONG_TYPE, "Expected a time from 1970 to 2999 - at `$.at`")
        if self.ahead is not None and to_milliseconds(message.at) > received + self.ahead:
            raise NotAMessage(Fault.WRONG_TYPE, "Expected a time that has come - at `$.at`")
        return message


def refused(raw: bytes, error: Exception) -> NotAMessage:
    """What is wrong with bytes that a JSON decoder refused with `error`."""
    if isinstance(error, msgspec.ValidationError):
        return NotAMessage(Fault.WRONG_TYPE, _without_value(str(error)))
    if isinstance(error, RecursionError):
        return NotAMessage(Fault.TOO_DEEP, "nested too deeply")
    try:
        raw.decode()
    except UnicodeDecodeError as broken:
        return NotAMessage(Fault.NOT_UTF8, f"byte {broken.start} is not UTF-8")
    return NotAMessage(Fault.NOT_JSON, str(error))


def one_of(message: object, *names: str) -> str:
    """The first of these fields that is given; NotAMessage where none is."""
    found = next((given for name in names if (given := getattr(message, name)) is not None), None)
    if found is None:
        raise NotAMessage(Fault.WRONG_TYPE, f"Expected one of {', '.join(f'`{name}`' for name in names)}")
    return str(found)


def _without_value(detail: str) -> str:
    """`detail` without what the sender wrote, which may be long, and hold a position."""
    said, at, where = detail.rpartition(" - at ")
    return f"Not one of the values there are{at}{where}" if said.startswith("Invalid enum value") else detail


def _may_repeat_a_key(raw: bytes) -> bool:
    """Whether some key may stand twice: cheap, and in doubt it may. No key can where all quoted strings differ."""
    quoted = raw.split(b'"')[1::2]
    return len(set(quoted)) < len(quoted) or b"\\" in raw


def _refuse_duplicates(raw: bytes) -> None:
    try:
        json.loads(raw, object_pairs_hook=_pairs)
    except RecursionError:
        raise NotAMessage(Fault.TOO_DEEP, "nested too deeply") from None
    except ValueError as error:
        raise NotAMessage(Fault.NOT_JSON, str(error)) from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotAMessage(Fault.DUPLICATE_KEYS, "a key stands twice in one object")
    return found


_POSITION = re.compile(rb"lat|lon|lng|coord|\\u|[0-9][.,][0-9]{3}", re.IGNORECASE)
"""What names a position, may name it in escapes, or is as exact as one: three decimals are a hundred metres."""


def may_hold_position(raw: bytes) -> bool:
    """Whether the bytes may name a position: then a dead letter does not keep them.

    In doubt they do: half a ping is no JSON, and holds a position all the same; as does one in UTF-16 or UTF-32.
    """
    return _POSITION.search(raw.replace(b"\0", b"")) is not None


def dead_letter(record: Record, reason: Fault, detail: str) -> DeadLetter:
    """The dead letter of `record`."""
    raw = record.value or b""
    kept = None if may_hold_position(raw) else base64.b64encode(raw[:MOST_RAW]).decode()
    return DeadLetter(reason, detail, record.topic, record.partition, record.offset, kept)
