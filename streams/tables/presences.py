"""What is believed of each device: its packed presence, how far each topic was applied to it, and who it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from struct import Struct
from typing import NamedTuple

from offers.members import Consent, Purpose
from streams.tables.keys import KEPT, shard
from streams.tables.keyspace import Keyspace, Saving

_OFFERS, _LOCATION_HISTORY, _LINKED = 1, 2, 4


class Mark(NamedTuple):
    """The last record of one topic that was applied to a device; -1 where there was none."""

    partition: int = -1
    offset: int = -1

    def covers(self, partition: int, offset: int) -> bool:
        """Whether that record was applied already."""
        return offset <= self.offset and partition == self.partition


NO_MARK = Mark()
_HEAD = Struct("<Ihqhq")
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


@dataclass(slots=True)
class Device:
    """One device as it stands in the table; `body` is its presence, packed by `geofences`.

    `head` and `packed_admission` are bytes that were read: a save rests on them. Each save raises the `revision`, that
    stands in the head. `pings` and `check_ins` mark how far each topic was applied.
    """

    owner: str
    keys: tuple[str, str]
    head: bytes
    packed_admission: bytes | None
    admission: Admission
    revision: int
    pings: Mark
    check_ins: Mark
    body: bytes


@dataclass(frozen=True, slots=True)
class Presences:
    """The presence of devices, by owner `retailer|device`."""

    keyspace: Keyspace
    ttl: int = KEPT["presence"]

    async def admit(self, owners: Sequence[str]) -> list[Device]:
        """Each device with its admission, in one read."""
        named = [keys_of(owner) for owner in owners]
        values = await self.keyspace.read(list(chain.from_iterable(named)))
        return list(map(_device, owners, named, values[::2], values[1::2]))

    async def save(self, moved: Sequence[tuple[Device, bytes]]) -> list[bool]:
        """Write each device's marks and new presence, unless that or its admission has changed since it was read."""
        return await self.keyspace.save([_saving(device, body) for device, body in moved], self.ttl)


def _saving(device: Device, body: bytes) -> Saving:
    packed = _HEAD.pack(device.revision + 1 & _LAST_REVISION, *device.pings, *device.check_ins) + body
    return Saving(*device.keys, device.head, device.packed_admission, packed)


def keys_of(owner: str) -> tuple[str, str]:
    """The keys of a device's presence and admission, of one hash tag."""
    tagged = f"{{{shard(owner)}}}:{owner}"
    return f"presence:{tagged}", f"admission:{tagged}"


def _device(owner: str, keys: tuple[str, str], packed: bytes | None, packed_admission: bytes | None) -> Device:
    admission = unpack_admission(packed_admission)
    if packed is None:
        return Device(owner, keys, b"", packed_admission, admission, 0, NO_MARK, NO_MARK, b"")
    revision, pings_partition, pings_offset, check_ins_partition, check_ins_offset = _HEAD.unpack_from(packed)
    pings = Mark(pings_partition, pings_offset)
    check_ins = NO_MARK if check_ins_partition < 0 else Mark(check_ins_partition, check_ins_offset)
    head, body = packed[: _HEAD.size], packed[_HEAD.size :]
    return Device(owner, keys, head, packed_admission, admission, revision, pings, check_ins, body)
