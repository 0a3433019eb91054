"""What is counted of each request."""

from __future__ import annotations

import asyncio
from typing import Any

from streams.gateway.watching import Watching


class Answered:
    """Notes the seconds that requests took; the rest of `Counts` is not asked."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def answered(self, route: str, status: int, seconds: float) -> None:
        self.seconds.append(seconds)


def test_a_stream_that_stays_open_is_counted_by_when_its_answer_began() -> None:
    async def story() -> None:
        answered, let_end, sent = Answered(), asyncio.Event(), asyncio.Event()

        async def stream(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await let_end.wait()
            await send({"type": "http.response.body"})

        async def send(message: dict[str, Any]) -> None:
            sent.set()

        counts: Any = answered
        streaming = asyncio.create_task(Watching(stream, counts)({"type": "http", "path": "/"}, None, send))  # type: ignore[arg-type]  # bare ASGI
        await sent.wait()
        loop = asyncio.get_running_loop()
        began = loop.time()
        loop.call_later(0.3, let_end.set)
        await streaming
        assert loop.time() - began >= 0.29
        assert answered.seconds[0] < 0.2

    asyncio.run(story())
