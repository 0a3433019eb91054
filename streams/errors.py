"""Errors by whose fault they are: the infrastructure's (tried again) and the user's (said in one line)."""

from __future__ import annotations

from streams.records import Outgoing


class InfrastructureError(Exception):
    """Redis or the broker cannot be had just now. The batch is tried again, nothing of it is lost."""


class Abandoned(Exception):  # noqa: N818 - not a fault: the batch now belongs to another worker
    """The partition of this batch was revoked while it was worked: no claim, no produce, no save, no ack."""


class UserError(Exception):
    """A user's mistake: said in one line, with what to do, and never with a traceback."""


class RecordTooLarge(Exception):  # noqa: N818 - a fault of the data
    """The broker takes no record of this size. All others of the same call are written."""

    def __init__(self, record: Outgoing, size: int, limit: int) -> None:
        super().__init__(f"a record for {record.topic} with key {record.key!r} has {size} bytes, more than {limit}")
        self.record = record
