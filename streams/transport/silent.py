"""The producer that Faust insists on. Nothing is written through Faust: its sends are futures that nobody awaits."""

from __future__ import annotations

from typing import Any, NoReturn

from faust.transport.producer import Producer as FaustProducer


class SilentProducer(FaustProducer):
    """Opens no connection and writes nothing; `streams.producers` writes, awaited and idempotent."""

    async def send(self, topic: str, *args: Any, **options: Any) -> NoReturn:
        raise RuntimeError(f"nothing is sent to {topic} through Faust: use streams.producers")

    async def send_and_wait(self, topic: str, *args: Any, **options: Any) -> NoReturn:
        await self.send(topic)

    async def flush(self) -> None:
        """Nothing to wait for."""
