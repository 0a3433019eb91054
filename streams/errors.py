"""Errors by whose fault they are: the infrastructure's (tried again) and the user's (said in one line)."""

from __future__ import annotations


class InfrastructureError(Exception):
    """Redis or the broker cannot be had just now. The batch is tried again, nothing of it is lost."""


class Abandoned(Exception):  # noqa: N818 - not a fault: the batch now belongs to another worker
    """The partition of this batch was revoked while it was worked: no claim, no produce, no save, no ack."""


class UserError(Exception):
    """A user's mistake: said in one line, with what to do, and never with a traceback."""
