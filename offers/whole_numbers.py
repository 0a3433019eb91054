"""Whole numbers from zero on, at seven bits a byte: small ones take little room."""

from __future__ import annotations

from collections.abc import Iterator


def append_number(packed: bytearray, number: int) -> None:
    """Write `number` at the end."""
    while number > 127:
        packed.append(number & 127 | 128)
        number >>= 7
    packed.append(number)


def numbers_of(packed: bytes) -> Iterator[int]:
    """All numbers, in the order in which they were written."""
    number = shift = 0
    for byte in packed:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
