"""What is believed of each device: its packed presence, how far each topic was applied to it, and who it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from offers.members import Consent, Purpose
from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace

_OFFERS, _LOCATION_HISTORY, _LINKED = 1, 2, 4


class Mark(NamedTuple):
    """The last record of one topic that was applied to a device; -1 where there was none."""

    partition: int = -1
    offset: int = -1

    def covers(self, partition: int, offset: int) -> bool:
        """Whether that record was applied already."""
        return offset <= self.offset and partition == self.partition


NO_MARK = Mark()
_MARKS = Struct("<hqhq")


@dataclass(frozen=True, slots=True)
class Admission:
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
    return Admission(bool(flags & _OFFERS), bool(flags & _LOCATION_HISTORY), member)


@dataclass(slots=True)
class Device:
    """One device as it stands in the table; `body` is its presence, packed by `geofences`.

    `packed` and `packed_admission` are the bytes that were read: a save rests on them. `pings` and `check_ins` mark
    how far each topic was applied.
    """

    owner: str
    packed: bytes | None
    packed_admission: bytes | None
    admission: Admission
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
        values = await self.keyspace.read(
            [key(kind, owner) for owner in owners for kind in ("presence", "admission")],
        )
        return [_device(owner, values[2 * place], values[2 * place + 1]) for place, owner in enumerate(owners)]

    async def save(self, moved: Sequence[tuple[Device, bytes]]) -> list[bool]:
        """Write each device's marks and new presence, unless that or its admission has changed since it was read."""
        return await self.keyspace.replace([self._saved(device, body) for device, body in moved])

    def _saved(self, device: Device, body: bytes) -> tuple[Change, Change]:
        packed = _MARKS.pack(*device.pings, *device.check_ins) + body
        return (
            Change(key("presence", device.owner), device.packed, packed, self.ttl),
            Change(key("admission", device.owner), device.packed_admission, device.packed_admission, 0),
        )


def _device(owner: str, packed: bytes | None, packed_admission: bytes | None) -> Device:
    admission = unpack_admission(packed_admission)
    if packed is None:
        return Device(owner, None, packed_admission, admission, NO_MARK, NO_MARK, b"")
    pings_partition, pings_offset, check_ins_partition, check_ins_offset = _MARKS.unpack_from(packed)
    pings, check_ins = Mark(pings_partition, pings_offset), Mark(check_ins_partition, check_ins_offset)
    return Device(owner, packed, packed_admission, admission, pings, check_ins, packed[_MARKS.size :])
