"""A client that costs little: HTTP/1.1 over connections that stay open, and streams of server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson


@dataclass
class Poster:
    """One connection to a gateway; one request at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    headers: bytes

    @classmethod
    async def connect(cls, port: int, key: str) -> Poster:
        """Connect to the gateway on loopback."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer, b"Host: gateway\r\nAuthorization: Bearer %b\r\n" % key.encode())

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        head = b"POST %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n" % (path.encode(), self.headers, len(body))
        self.writer.write(head + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        (length,) = (int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return status, await self.reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


async def listen(
    port: int, key: str, member: str, opened: Callable[[], None], heard: Callable[[bytes, float], None]
) -> None:
    """Read a member's stream until cancelled; `heard` is told of each offer and when it came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            b"GET /v1/offers?member=%b HTTP/1.1\r\nHost: gateway\r\nAccept: text/event-stream\r\n"
            b"Authorization: Bearer %b\r\n\r\n" % (member.encode(), key.encode())
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head.decode())
        opened()
        while line := await reader.readline():
            if line.startswith(b"data: "):
                heard(line[6:], time.perf_counter())
    finally:
        writer.close()


def coupon_of(offer: bytes) -> tuple[str, str] | None:
    """The code of an offer's coupon, and the store where the offer was made."""
    told = orjson.loads(offer)
    coupon = told.get("coupon")
    return None if coupon is None else (str(coupon["code"]), str(told["store"]))
