"""What a sender is told of the items of a body."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Response

from streams.decoding import Fault, NotAMessage

_encode = msgspec.json.Encoder().encode

UNREADABLE = frozenset({Fault.EMPTY, Fault.NOT_JSON, Fault.NOT_UTF8, Fault.TOO_DEEP})


class Rejected(msgspec.Struct, frozen=True):
    """An item that is no message: where it stood in the array (0 without one), and what is wrong with it."""

    index: int
    reason: Fault
    detail: str


class Taken(msgspec.Struct):
    """What became of them: kept by the broker, rejected, or dropped because nobody consented."""

    accepted: int = 0
    rejected: list[Rejected] = msgspec.field(default_factory=list)
    without_consent: int = 0

    def reject(self, index: int, fault: NotAMessage) -> None:
        """An item that is no message."""
        self.rejected.append(Rejected(index, fault.reason, str(fault)))

    @property
    def status(self) -> int:
        """200, unless there were items and none was usable."""
        if not self.rejected or self.accepted or self.without_consent:
            return 200
        reasons = {each.reason for each in self.rejected}
        if reasons <= UNREADABLE:
            return 400
        return 403 if reasons == {Fault.NOT_ALLOWED} else 422

    def response(self) -> Response:
        """The answer; `rejected` in the order of the items."""
        self.rejected.sort(key=lambda each: each.index)
        return json_response(self, self.status)


def json_response(told: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(_encode(told), status, media_type="application/json")
