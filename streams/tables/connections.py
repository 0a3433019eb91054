"""Connections to one Redis server that are held between two calls.

The client's own pool asks each connection whether it still lives before it hands it out, tells its observers of each
call, and packs commands in Python: on loopback that costs more than the call itself. Here hiredis packs, and a
connection that died is found out by the call that uses it, which fails, and whoever called tries again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hiredis
from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import ResponseError


class Connections:
    """As many as there are calls at once. `pool` says how a connection is made, and holds none itself."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._idle: list[Connection] = []

    async def exchange(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The replies to `commands`, sent at once; an error that the server answers is one of them."""
        connection: Connection = self._idle.pop() if self._idle else self._pool.make_connection()
        try:
            await connection.send_packed_command([hiredis.pack_command(each) for each in commands], check_health=False)
            replies = [await _reply(connection) for _ in commands]
        except Exception:
            await self.close()  # what has died here has probably died for all
            await connection.disconnect(nowait=True)
            raise
        except BaseException:
            await connection.disconnect(nowait=True)  # given up half way: nobody may read its reply as their own
            raise
        self._idle.append(connection)
        return replies

    async def close(self) -> None:
        """Let all go that are not in use."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.disconnect(nowait=True)


async def _reply(connection: Connection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error
