"""The body of a request: all of it, unpacked, within a bound of bytes and of time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Protocol

from fastapi import HTTPException, Request

from streams.gateway.limits import Limits, refusal

GZIP = 31
"""zlib's word for: the largest window, and the header of gzip alone."""


async def read_body(request: Request, limits: Limits, take: Callable[[int], None]) -> bytes:
    """The bytes of the body, as they were before compression; `take` is told of each piece.

    Answers 413 to more than `limits.body_bytes`, packed or unpacked, 408 where it does not arrive in time, 415 to
    another encoding than gzip, 400 to broken gzip.
    """
    packing = _packing(request)
    if int(request.headers.get("content-length", 0)) > limits.body_bytes:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _collect(request, packing, limits, take)
    except TimeoutError:
        raise refusal(408, "the body did not arrive in time", close=True) from None


async def _collect(request: Request, packing: Packing, limits: Limits, take: Callable[[int], None]) -> bytes:
    body, packed = bytearray(), 0
    async for chunk in request.stream():
        packed += len(chunk)
        piece = packing.unpack(chunk, limits.body_bytes - len(body) + 1)
        body += piece
        if packed > limits.body_bytes or len(body) > limits.body_bytes:
            raise _too_large(limits)
        take(len(piece))
    packing.end()
    return bytes(body)


class Packing(Protocol):
    """How a body is packed."""

    def unpack(self, chunk: bytes, most: int) -> bytes:
        """What `chunk` unpacks to; no more than `most` bytes, where there is more."""

    def end(self) -> None:
        """The body has ended."""


class Plain:
    """Not packed."""

    def unpack(self, chunk: bytes, most: int) -> bytes:
        """See `Packing`."""
        return chunk

    def end(self) -> None:
        """See `Packing`."""


class Gzip:
    """Packed with gzip, as one member. Of a bomb no more is unpacked than is allowed."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(GZIP)

    def unpack(self, chunk: bytes, most: int) -> bytes:
        """See `Packing`."""
        try:
            piece = self._stream.decompress(chunk, most)
        except zlib.error:
            raise _broken() from None
        if self._stream.unused_data:
            raise _broken()
        return piece

    def end(self) -> None:
        """See `Packing`."""
        if not self._stream.eof:
            raise _broken()


def _packing(request: Request) -> Packing:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return Plain()
    if encoding in ("gzip", "x-gzip"):
        return Gzip()
    raise refusal(415, "Content-Encoding is gzip or identity", close=True)


def _too_large(limits: Limits) -> HTTPException:
    return refusal(413, f"a body has at most {limits.body_bytes} bytes, packed and unpacked", close=True)


def _broken() -> HTTPException:
    return refusal(400, "the body is no gzip, or not a whole one", close=True)
