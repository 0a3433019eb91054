"""How much the gateway takes in, and how long it waits; and how it says that it is too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import HTTPException

MEBIBYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one gateway. Times are seconds."""

    body_bytes: int = MEBIBYTE
    """Of one body, as it was sent and unpacked."""
    items: int = 1_000
    """Of one body."""
    body_seconds: float = 10.0
    """For the whole of a body to arrive."""
    answer_seconds: float = 5.0
    """From the last byte of a body to the answer: what the broker has not acknowledged by then gets no 200."""
    bytes_in_flight: int = 8 * MEBIBYTE
    """Of all bodies that are arriving or being worked, unpacked: about 80,000 pings."""
    spare_bytes: int = 2 * MEBIBYTE
    """Of `bytes_in_flight`, what phones leave to tills, to the retailer's systems and to stops: their key is public."""
    request_bytes: int = 4_096
    """What a request weighs besides its body while it is worked: so that no more than 2,048 are at once."""


class InFlight:
    """How much is being worked just now; what is too much is sent away, and comes again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    @contextmanager
    def room(self, spare: int = 0) -> Iterator[Callable[[int], None]]:
        """Take room piece by piece with what this gives, but the last `spare`; all is given back at the end."""
        mine = 0

        def take(more: int) -> None:
            nonlocal mine
            if self.held + more > self._most - spare:
                raise refusal(503, "too much at once: try again", retry_after=1)
            mine += more
            self.held += more

        try:
            yield take
        finally:
            self.held -= mine


def refusal(status: int, detail: str, *, retry_after: int | None = None, close: bool = False) -> HTTPException:
    """An answer that refuses. `close` ends the connection, so that nobody reads the rest of a body."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return HTTPException(status, detail, headers=headers | ({"Connection": "close"} if close else {}))
