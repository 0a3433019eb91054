"""What a file tells of members goes to its topic, or into a file of events; bad lines keep nothing else back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from config.findings import Finding
from streams.importing.lines import Told
from streams.records import Outgoing

AT_ONCE = 500
"""Messages that are sent together."""

Send = Callable[[Sequence[Outgoing]], Awaitable[None]]
Found = Callable[[Finding], None]


@dataclass(slots=True)
class Summary:
    """What came of a file: how many messages were sent, and lines refused; how often each field was spoken of."""

    sent: int = 0
    refused: int = 0
    fields: Counter[str] = field(default_factory=Counter)


async def pass_on(told: Iterable[Told], send: Send, found: Found, summary: Summary) -> None:
    """Send all messages, `AT_ONCE` together, and say what is wrong with the other lines; counted in `summary`.

    Raises what `send` raises: what was counted by then has been sent.
    """
    waiting: list[Told] = []
    for each in told:
        if each.sent is None:
            summary.refused += 1
            for finding in each.findings:
                found(finding)
            continue
        waiting.append(each)
        if len(waiting) == AT_ONCE:
            await _send(waiting, send, summary)
            waiting = []
    await _send(waiting, send, summary)


async def _send(waiting: Sequence[Told], send: Send, summary: Summary) -> None:
    if waiting:
        await send([each.sent for each in waiting if each.sent is not None])
    summary.sent += len(waiting)
    for each in waiting:
        summary.fields.update(each.fields)


async def nowhere(records: Sequence[Outgoing]) -> None:
    """A dry run sends nothing."""


def into(file: BinaryIO) -> Send:
    """As events, one a line, for `replay` and `up --events`."""

    async def write(records: Sequence[Outgoing]) -> None:
        file.writelines(b'{"type":"member",' + (each.value or b"")[1:] + b"\n" for each in records)

    return write
