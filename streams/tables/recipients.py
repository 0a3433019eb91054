"""Whether an offer may be handed out just now: what is read each time, and never kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from streams.tables.keys import key
from streams.tables.keyspace import Keyspace
from streams.tables.links import unpack_link
from streams.tables.members import KINDS


class Recipient(NamedTuple):
    """Who is to be given offers: a member (None: nobody is known), by the device they ask from, where there is one."""

    retailer: str
    member: str | None
    device: str | None = None

    @property
    def owner(self) -> str:
        """Whose offers these are: `retailer|member`, or what no offer is ever made for."""
        return f"{self.retailer}|{f'device|{self.device}' if self.member is None else self.member}"


class Standing(Enum):
    """How things stand with one recipient."""

    OPEN = auto()
    """They may be given offers."""
    CLOSED = auto()
    """They did not consent to offers, or said stop; or nobody is known."""
    MOVED = auto()
    """The device is another member's now, or nobody's."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """Consent and links, read for recipients together."""

    keyspace: Keyspace

    async def standings(self, asked: Sequence[Recipient]) -> list[Standing]:
        """How things stand with each, in order, in one read."""
        values = iter(await self.keyspace.read([named for each in asked for named in _named(each)]))
        return [_standing(each, values) for each in asked]


def _named(asked: Recipient) -> Iterator[str]:
    yield key("consent", asked.owner)
    if asked.device is not None:
        yield key("link", f"{asked.retailer}|{asked.device}")


def _standing(asked: Recipient, values: Iterator[bytes | None]) -> Standing:
    packed = next(values)
    if asked.device is not None and unpack_link(next(values)).member != asked.member:
        return Standing.MOVED
    if asked.member is None or packed is None:
        return Standing.CLOSED
    return Standing.OPEN if KINDS["consent"].decode(packed).lets_offers_out else Standing.CLOSED
