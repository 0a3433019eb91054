"""The packed presences of many devices in one buffer, where compiled code moves them on in place."""

from collections.abc import Sequence

import numpy as np

from geofences.advancing import SPARE
from geofences.metric import Indices
from geofences.packed import BEGINS, LENGTH, ROOM, Packed

LEAST = 448
"""Bytes for a device: eight fixes, some stores, and SPARE."""


class Shelf:
    """Packed presences by number, from 0 on; an empty one is that of a device that nothing is known of."""

    def __init__(self, bodies: Sequence[bytes] = ()) -> None:
        sizes = np.array([len(body) for body in bodies], np.int64)
        rooms = sizes + SPARE + 15 & ~15
        ends = np.cumsum(rooms)
        self._count, self._end = len(bodies), int(ends[-1]) if bodies else 0
        joined = bytearray().join([body.ljust(room, b"\0") for body, room in zip(bodies, rooms.tolist(), strict=True)])
        buffer = np.frombuffer(joined, np.uint8)
        places = np.array([ends - rooms, sizes, rooms, np.zeros_like(sizes)]).T.copy()
        self.packed = Packed(buffer, buffer.view(np.uint32), places)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> bytes:
        start = self.packed.places[number, BEGINS]
        return self.packed.bytes[start : start + self.packed.places[number, LENGTH]].tobytes()

    def __setitem__(self, number: int, body: bytes) -> None:
        if len(body) > self.packed.places[number, ROOM]:
            self._move(number, len(body) + len(body) // 2)
        start = int(self.packed.places[number, BEGINS])
        self.packed.bytes[start : start + len(body)] = np.frombuffer(body, np.uint8)
        self.packed.places[number, LENGTH] = len(body)

    def widen(self, numbers: Indices) -> None:
        """Make room for SPARE bytes more in each."""
        packed = self.packed
        for number in set(numbers[packed.places[numbers, LENGTH] + SPARE > packed.places[numbers, ROOM]].tolist()):
            body = self[number]
            self._move(number, len(body) + SPARE + 128)
            self[number] = body

    def add(self) -> int:
        """The number of one more device."""
        places = self.packed.places
        if self._count == len(places):
            more = np.zeros((max(64, self._count), 4), np.int64)
            self.packed = self.packed._replace(places=np.concatenate([places, more]))
        self._count += 1
        self._move(self._count - 1, LEAST)
        return self._count - 1

    def _move(self, number: int, size: int) -> None:
        """To the end, where there is so much room; what stood there before stays empty."""
        room = size + 15 & ~15
        missing = self._end + room - len(self.packed.bytes)
        if missing > 0:
            grown = np.concatenate([self.packed.bytes, np.zeros(max(missing, len(self.packed.bytes)), np.uint8)])
            self.packed = self.packed._replace(bytes=grown, words=grown.view(np.uint32))
        self.packed.places[number, BEGINS], self.packed.places[number, ROOM] = self._end, room
        self._end += room
