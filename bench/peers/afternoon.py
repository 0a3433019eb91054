"""Load and claim as they are written in an afternoon: one call a step and member, each awaited before the next.

The client is redis-py as its documentation has it, with hiredis. What is read and written is the same, and the scripts
are the same; only nothing is put together: each member is loaded, gets a place and is claimed by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from streams.tables.redis_keyspace import RedisKeyspace, script


class Afternoon(RedisKeyspace):
    """A keyspace that sends each command by a call of its own."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url)
        super().__init__(self._redis)

    async def load_scripts(self) -> None:
        """Once, as the server starts."""
        for name in ("replace", "reserve"):
            await self._redis.script_load(script(name)[0])

    async def _send(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        return [await self._redis.execute_command(*command) for command in commands]
