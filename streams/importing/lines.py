"""What becomes of the lines of a file: each a `member` message, or what is wrong with it, without what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from config.findings import Finding, Position
from streams.decoding import Decoder, NotAMessage
from streams.messages import MemberChange
from streams.records import Outgoing
from streams.times import written
from streams.topics import MAX_RECORD_BYTES, MEMBER_CHANGES

FIELDS: Mapping[str, str] = {
    "member": "name the member, in 1 to 200 characters, not beginning with `device|` or `card|`",
    "at": "write a time that has come, with its offset, as in 2026-11-20T12:00:00Z",
    "first_name": "write text",
    "tier": "write text",
    "points": "write a whole number, as in 1200",
    "joined": "write a day, as in 2026-11-20, or a time with its offset",
    "visits": "write a whole number, as in 12",
    "last_visit": "write a day, as in 2026-11-20, or a time with its offset",
    "locale": "write text, as in fr-FR",
    "tone": "write tu or vous",
    "time_zone": "write text, as in Europe/Paris",
    "consent": "purposes are offers, location_history, analytics, notices",
    "devices": "list names of 1 to 200 characters",
    "cards": "list names of 1 to 200 characters",
    "emails_hashed": "list hashes, such as SHA-256 of the address in small letters",
    "phones_hashed": "list hashes, such as SHA-256 of the number with its country's code",
    "attributes": "write text of at most 200 characters, a number, or true or false",
    "merges": "list the other names of this member, of 1 to 200 characters",
    "deleted": "write true or false",
}
"""What may be said of a member, and how it is written."""

HASHED = ("emails_hashed", "phones_hashed")

_FIELD = re.compile(r"\$\.(\w+)")
_DECODER = Decoder(MemberChange, lambda said: f"{said.retailer}|{said.member}")


@dataclass(frozen=True, slots=True)
class About:
    """What holds for all lines of a file: its name in findings, whose members they are, when it is said (ms)."""

    file: str
    retailer: str
    at: int
    now: int

    def finding(self, place: Position, what: str, todo: str) -> Finding:
        """A mistake at a place of the file."""
        return Finding(self.file, place, what, todo)


@dataclass(frozen=True, slots=True)
class Told:
    """One line: what is sent for it, and of which fields it speaks; or what is wrong with it, and nothing is sent."""

    sent: Outgoing | None = None
    fields: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class Lost(Exception):  # noqa: N818 - a mistake of the file, told as such
    """What is wrong with a line."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


def told(said: dict[str, Any], places: Mapping[str, Position], start: Position, about: About) -> Told:
    """The message that says `said`; `places` is where each field stands, `start` where the line begins. Raises Lost."""
    hashed = [name for name in HASHED if any("@" in str(each) for each in said.get(name) or ())]
    if hashed:
        what = f"`{hashed[0]}` holds an address as it is, which must not leave your house"
        raise Lost(about.finding(places.get(hashed[0], start), what, FIELDS[hashed[0]]))
    value = _written({"retailer": about.retailer, "at": written(about.at)} | said, places, start, about)
    if len(value) > MAX_RECORD_BYTES // 2:
        raise Lost(about.finding(start, f"a line of {len(value):,} bytes", "write at most 500,000"))
    try:
        message = _DECODER.read(value, about.now)
    except NotAMessage as refused:
        raise Lost(_finding(refused, places, start, about)) from None
    sent = Outgoing(MEMBER_CHANGES.name, _DECODER.key_of(message).encode(), value)
    return Told(sent, tuple(_spoken_of(said)))


def _written(whole: dict[str, Any], places: Mapping[str, Position], start: Position, about: About) -> bytes:
    """The line as JSON. Raises Lost for what JSON has no way to write, at its first field."""
    for name, value in whole.items():
        try:
            orjson.dumps(value)
        except orjson.JSONEncodeError:
            what = f"`{name}`: nothing that can be sent: half a character, too large a number, or nested too deeply"
            raise Lost(about.finding(places.get(name, start), what, FIELDS.get(name, "write text"))) from None
    return orjson.dumps(whole)


def _finding(refused: NotAMessage, places: Mapping[str, Position], start: Position, about: About) -> Finding:
    """What the decoder says, where the field stands; it never repeats what was written there."""
    said, _, where = str(refused).partition(" - at ")
    named = _FIELD.search(where)
    field, words = named[1] if named else "", said[:1].lower() + said[1:]
    if "required field" in said:
        field = said.split("`")[1]
        return about.finding(start, f"`{field}` is missing", FIELDS.get(field, "add it"))
    what = f"`{field}`: {words}" if field else words
    return about.finding(places.get(field, start), what, FIELDS.get(field, "write it as in docs/messages.md"))


def _spoken_of(said: Mapping[str, Any]) -> Iterator[str]:
    for name, value in said.items():
        if name in ("attributes", "consent") and isinstance(value, dict):
            yield from (f"{name}.{each}" for each in value)
        elif name not in ("member", "at", "retailer"):
            yield name


def text_of(line: bytes, number: int, about: About) -> str:
    """A line as text, without its end. Raises Lost where it is not UTF-8."""
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as broken:
        column = len(line[: broken.start].decode()) + 1
        raise Lost(
            about.finding(Position(number, column), "this is not UTF-8", "save the file as UTF-8, and try again")
        ) from None


def lines_of(file: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, without the mark that some programs put at its beginning."""
    for number, line in enumerate(file, 1):
        yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
