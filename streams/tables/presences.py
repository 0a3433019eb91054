"""What is believed of each device: its packed presence, how far each topic was applied to it, and who it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from struct import Struct
from typing import NamedTuple

from offers.members import Consent, Purpose
from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Keyspace, Saving

_OFFERS, _LOCATION_HISTORY, _LINKED = 1, 2, 4
_GRANTED = _OFFERS | _LOCATION_HISTORY


class Mark(NamedTuple):
    """The last record of one topic that was applied to a device; -1 where there was none."""

    partition: int = -1
    offset: int = -1


NO_MARK = Mark()
_HEAD = Struct("<Ihqhqq")
KEYS_REMEMBERED = 32_768
"""Devices whose keys are kept at hand: those that walk about just now send again and again."""
_LAST_REVISION = 0xFFFFFFFF


class Admission(NamedTuple):
    """Whether positions of a device may be looked at, and whose it is. Written by the link and consent path alone."""

    offers: bool
    location_history: bool
    member: str | None

    @classmethod
    def of(cls, consent: Consent, member: str | None) -> Admission:
        """What `consent`, of the member or of a device without one, comes to."""
        return cls(consent.allows(Purpose.OFFERS), consent.allows(Purpose.LOCATION_HISTORY), member)

    @property
    def granted(self) -> bool:
        """Whether a position may be looked at, and kept, at all."""
        return self.offers or self.location_history

    def pack(self) -> bytes:
        """One byte of flags, then the member."""
        flags = self.offers * _OFFERS | self.location_history * _LOCATION_HISTORY
        return bytes([flags | (0 if self.member is None else _LINKED)]) + (self.member or "").encode()


NOT_ADMITTED = Admission(False, False, None)


def unpack_admission(packed: bytes | None) -> Admission:
    """The admission behind a packed value; absent is no."""
    if packed is None:
        return NOT_ADMITTED
    flags = packed[0]
    member = packed[1:].decode() if flags & _LINKED else None
    return Admission(flags & _OFFERS != 0, flags & _LOCATION_HISTORY != 0, member)


class Device:
    """One device as it stands in the table; `body` is its presence, packed by `geofences`.

    A save rests on the head and the admission that were read. Each save raises the revision, that stands in the head.
    There is one a ping: what most pings do not ask for is worked out when it is asked for.
    """

    __slots__ = ("_marks", "body", "keys", "owner", "packed", "packed_admission")

    def __init__(
        self, owner: str, keys: tuple[str, str], packed: bytes | None = None, packed_admission: bytes | None = None
    ) -> None:
        self.owner = owner
        self.keys = keys
        self.packed = packed
        self.packed_admission = packed_admission
        self._marks = [0, *NO_MARK, *NO_MARK, 0] if packed is None else list(_HEAD.unpack_from(packed))
        self.body = b"" if packed is None else packed[_HEAD.size :]

    @property
    def admission(self) -> Admission:
        """Whose it is, and what is granted."""
        return unpack_admission(self.packed_admission)

    @property
    def granted(self) -> bool:
        """Whether its positions may be looked at."""
        return self.packed_admission is not None and self.packed_admission[0] & _GRANTED != 0

    @property
    def head(self) -> bytes:
        """How the presence that was read begins."""
        return b"" if self.packed is None else self.packed[: _HEAD.size]

    @property
    def pings(self) -> Mark:
        """The last ping applied."""
        return Mark(*self._marks[1:3])

    @property
    def check_ins(self) -> Mark:
        """The last check-in applied."""
        return Mark(*self._marks[3:5])

    def has_ping(self, partition: int, offset: int) -> bool:
        """Whether that ping was applied already."""
        return self._marks[1] == partition and offset <= self._marks[2]

    def has_check_in(self, partition: int, offset: int) -> bool:
        """Whether that check-in was applied already."""
        return self._marks[3] == partition and offset <= self._marks[4]

    def mark_ping(self, partition: int, offset: int) -> None:
        """That ping is applied."""
        self._marks[1] = partition
        self._marks[2] = offset

    def mark_check_in(self, partition: int, offset: int) -> None:
        """That check-in is applied."""
        self._marks[3] = partition
        self._marks[4] = offset

    @property
    def lag(self) -> int:
        """How long after it was measured its last believed fix was received, milliseconds."""
        return self._marks[5]

    @lag.setter
    def lag(self, milliseconds: int) -> None:
        self._marks[5] = milliseconds

    def saving(self) -> Saving:
        """What is to be written, and what it rests on."""
        self._marks[0] = self._marks[0] + 1 & _LAST_REVISION
        value = _HEAD.pack(*self._marks) + self.body
        return (*self.keys, self.head, self.packed_admission, value)


@dataclass(frozen=True, slots=True)
class Presences:
    """The presence of devices, by owner `retailer|device`."""

    keyspace: Keyspace
    ttl: int = KEPT["presence"]

    async def admit(self, owners: Sequence[str]) -> list[Device]:
        """Each device with its admission, in one read."""
        named = [keys_of(owner) for owner in owners]
        values = await self.keyspace.read(list(chain.from_iterable(named)))
        return list(map(Device, owners, named, values[::2], values[1::2]))

    async def save(self, moved: Sequence[Device]) -> list[bool]:
        """Write each device's marks and new presence, unless that or its admission has changed since it was read."""
        return await self.keyspace.save([device.saving() for device in moved], self.ttl)


@lru_cache(maxsize=KEYS_REMEMBERED)
def keys_of(owner: str) -> tuple[str, str]:
    """The keys of a device's presence and admission, of one hash tag."""
    return key("presence", owner), key("admission", owner)
