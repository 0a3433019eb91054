"""The keyspace in Redis: one command a batch on a single server, one a shard and pipelined on a cluster."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from hashlib import sha1
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from redis.asyncio import ConnectionPool, Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    ClusterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)

from streams.errors import InfrastructureError
from streams.tables import keys
from streams.tables.connections import Connections
from streams.tables.keyspace import Change, FirstValue, GivenPlace, Listed, Note, Reminder, Reservation, Saving

Client = Redis | RedisCluster
Command = tuple[Any, ...]
Item = TypeVar("Item")


async def connect(url: str) -> RedisKeyspace:
    """A keyspace on the server or cluster behind `url` (`redis://host:port/db`), which one the server says itself.

    Without timers a call or retries of its own: the caller has one deadline round the batch, and a claim that may have
    been carried out must be looked up, not repeated.
    """
    pool = ConnectionPool.from_url(url, protocol=2, socket_timeout=None, retry=Retry(NoBackoff(), 0))
    client = Redis.from_pool(pool)
    async with _named_errors():
        about = await client.info("cluster")
    if not about.get("cluster_enabled"):
        return RedisKeyspace(client)
    await client.aclose()
    return RedisKeyspace(RedisCluster.from_url(url, protocol=2, socket_timeout=None))


@cache
def script(name: str) -> tuple[str, str]:
    """The text of a Lua file beside this one, and its SHA-1."""
    text = (Path(__file__).parent / f"{name}.lua").read_text()
    return text, sha1(text.encode(), usedforsecurity=False).hexdigest()


_UNABLE = (ClusterDownError, TryAgainError, ReadOnlyError, OutOfMemoryError)
"""What a server answers that cannot do it now. The client takes these names off the text of what it raises."""


@asynccontextmanager
async def _named_errors() -> AsyncIterator[None]:
    """What Redis being away looks like becomes `InfrastructureError`; a mistake of ours stays what it is."""
    try:
        yield
    except ResponseError as error:
        if isinstance(error, _UNABLE) or str(error).startswith(("MISCONF", "NOREPLICAS", "BUSY")):
            raise InfrastructureError(f"Redis answers: {error}") from error
        raise
    except (RedisError, RedisClusterException, OSError, asyncio.IncompleteReadError) as error:
        raise InfrastructureError(f"Redis is away: {error}") from error


class RedisKeyspace:
    """See `Keyspace` for what each call does."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sharded = isinstance(client, RedisCluster)
        self._connections = None if isinstance(client, RedisCluster) else Connections(client.connection_pool)

    async def close(self) -> None:
        """Give the connections back."""
        if self._connections is not None:
            await self._connections.close()
        await self._client.aclose()

    async def clear(self) -> None:
        """Delete all there is: for benches and tests."""
        await self._client.flushdb()

    async def read(self, wanted: Sequence[str]) -> list[bytes | None]:
        """One MGET; on a cluster one a shard."""
        if not wanted:
            return []
        parts = self._split(range(len(wanted)), lambda place: wanted[place])
        replies = await self._run([("MGET", *(wanted[place] for place in part)) for part in parts])
        return _in_order(parts, replies)

    async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
        """One EVALSHA of `replace.lua`; on a cluster one a shard."""
        if not groups:
            return []
        parts = self._split(range(len(groups)), lambda place: groups[place][0].key)
        replies = await self._run([_replacement([groups[place] for place in part]) for part in parts])
        return [bool(written) for written in _in_order(parts, replies)]

    async def save(self, savings: Sequence[Saving], ttl: int) -> list[bool]:
        """One EVALSHA of `save.lua`; on a cluster one a shard."""
        if not savings:
            return []
        parts = self._split(range(len(savings)), lambda place: savings[place][0])
        replies = await self._run([_saving([savings[place] for place in part], ttl) for part in parts])
        return [bool(saved) for saved in _in_order(parts, replies)]

    async def note(self, notes: Sequence[Note]) -> None:
        """A command or two each, pipelined."""
        await self._run([command for note in notes for command in _noting(note)])

    async def listed(self, wanted: Sequence[str], now: int) -> list[list[bytes]]:
        """One ZRANGEBYSCORE each, pipelined."""
        return await self._run([("ZRANGEBYSCORE", each, f"({now}", "+inf") for each in wanted])

    async def strike(self, named: str, value: bytes) -> None:
        """One ZREM."""
        await self._run([("ZREM", named, value)])

    async def drop(self, named: str) -> None:
        """One DEL."""
        await self._run([("DEL", named)])

    async def reserve(self, reservations: Sequence[Reservation]) -> list[int]:
        """One EVALSHA of `reserve.lua` each, pipelined."""
        return await self._run([_reserving(each) for each in reservations])

    async def release(self, places: str, token: str, share: str = "", overdue: int | None = None) -> None:
        """One EVALSHA of `release.lua`."""
        await self._run([_evaluation("release", _places(places, share), token, "" if overdue is None else overdue)])

    async def spend(self, places: str, token: str, until: float, share: str = "", cents: int = 0) -> None:
        """One EVALSHA of `spend.lua`."""
        named = _places(places, share)[1:]
        await self._run([_evaluation("spend", named, token, _score(until), cents, keys.KEPT["places"])])

    async def overdue(self, places: str, now: int) -> list[str]:
        """One ZRANGEBYSCORE."""
        (tokens,) = await self._run([("ZRANGEBYSCORE", _places(places, "")[0], "-inf", f"({now}")])
        return [token.decode() for token in tokens]

    async def rearm(self, dues: Mapping[int, Mapping[str, int | None]]) -> dict[int, int | None]:
        """A ZADD, a ZREM and a ZRANGE a partition, pipelined."""
        parts = [_rearming(partition, rearmed) for partition, rearmed in dues.items()]
        replies = iter(await self._run(list(chain.from_iterable(parts))))
        last = [[next(replies) for _ in part][-1] for part in parts]
        return {partition: _first_due(reply) for partition, reply in zip(dues, last, strict=True)}

    async def due(self, partition: int, until: int, most: int) -> list[tuple[str, int]]:
        """One ZRANGEBYSCORE."""
        command = ("ZRANGEBYSCORE", keys.timers(partition), "-inf", until, "WITHSCORES", "LIMIT", 0, most)
        (reply,) = await self._run([command])
        return [(device.decode(), at) for device, at in _scored(reply)]

    async def next_due(self, partition: int) -> int | None:
        """One ZRANGE."""
        (reply,) = await self._run([_asking_first(partition)])
        return _first_due(reply)

    def _split(self, places: Iterable[int], key_of: Any) -> list[list[int]]:
        """The places of a batch that may go into one command: all of them, or on a cluster those of one shard."""
        if not self._sharded:
            return [list(places)]
        shards: defaultdict[str, list[int]] = defaultdict(list)
        for place in places:
            shards[keys.tag(key_of(place))].append(place)
        return list(shards.values())

    async def _run(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to `commands`, sent at once. Scripts that the server does not know are loaded and tried again."""
        if not commands:
            return []
        async with _named_errors():
            replies = await self._send(commands)
            unknown = [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
            if unknown:
                await self._load()
                again = await self._send([commands[place] for place in unknown])
                for place, reply in zip(unknown, again, strict=True):
                    replies[place] = reply
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
        return replies

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        if self._connections is not None:
            return await self._connections.exchange(commands)
        if len(commands) == 1:
            try:
                return [await self._client.execute_command(*commands[0])]
            except NoScriptError as unknown:
                return [unknown]
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return list(await pipeline.execute(raise_on_error=False))

    async def _load(self) -> None:
        for name in ("replace", "save", "reserve", "confirm", "release", "spend", "enlist"):
            await self._client.script_load(script(name)[0])


def _in_order(parts: Sequence[Sequence[int]], replies: Sequence[Sequence[Item]]) -> list[Item]:
    """The replies to the parts of a batch, put back in the order of the batch."""
    if len(parts) == 1:
        return list(replies[0])
    found = {
        place: item for part, reply in zip(parts, replies, strict=True) for place, item in zip(part, reply, strict=True)
    }
    return [found[place] for place in range(len(found))]


def _replacement(groups: Sequence[Sequence[Change]]) -> Command:
    """The call of `replace.lua` for `groups`; its own file says what its arguments are."""
    arguments: list[Any] = []
    for group in groups:
        arguments.append(len(group))
        for _, expected, value, ttl in group:
            if value is expected:
                arguments += (expected or b"", b"=", 0)
            else:
                arguments += (expected or b"", b"-" if value is None else b"+" + value, ttl)
    named = [change.key for group in groups for change in group]
    return _evaluation("replace", named, *arguments)


def _saving(savings: Sequence[Saving], ttl: int) -> Command:
    """The call of `save.lua` for `savings`; its own file says what its arguments are."""
    named: list[str] = []
    arguments: list[Any] = [ttl]
    for presence, admission, head, admitted, value in savings:
        named += (presence, admission)
        arguments += (head, admitted or b"", value)
    return _evaluation("save", named, *arguments)


def _noting(note: Note) -> list[Command]:
    match note:
        case FirstValue(key, value, ttl):
            return [("SET", key, value, "NX", "PX", ttl)]
        case GivenPlace(places, token, until, share, cents):
            return [_evaluation("confirm", _places(places, share), token, until, cents, keys.KEPT["places"])]
        case Reminder(partition, dues):
            pairs = chain.from_iterable((due, device) for device, due in dues.items())
            return [("ZADD", keys.timers(partition), "LT", *pairs), _kept_timers(partition)] if dues else []
        case Listed(key, value, ends, now, most, ttl):
            return [_evaluation("enlist", [key], now, ends, value, most, ttl)]


def _evaluation(name: str, named: Sequence[str], *arguments: Any) -> Command:
    return ("EVALSHA", script(name)[1], len(named), *named, *arguments)


def _places(places: str, share: str) -> tuple[str, str, str]:
    """What is reserved of a campaign, and the places and the money taken of one share of it: all of one hash tag."""
    return f"{places}:reserved", f"{places}:{share}:taken", f"{places}:{share}:money"


def _reserving(asked: Reservation) -> Command:
    """The call of `reserve.lua`; its own file says what its arguments are."""
    limit, budget = ("" if each is None else each for each in (asked.limit, asked.budget))
    named = _places(asked.places, asked.share)
    kept = keys.KEPT["places"]
    return _evaluation("reserve", named, asked.token, limit, asked.cents, budget, asked.now, asked.deadline, kept)


def _rearming(partition: int, dues: Mapping[str, int | None]) -> list[Command]:
    """What puts the next times in place, and last the question which one is the first."""
    named = keys.timers(partition)
    pairs = list(chain.from_iterable((due, device) for device, due in dues.items() if due is not None))
    done = [device for device, due in dues.items() if due is None]
    commands: list[Command] = [("ZADD", named, *pairs), _kept_timers(partition)] if pairs else []
    return [*commands, *([("ZREM", named, *done)] if done else []), _asking_first(partition)]


def _asking_first(partition: int) -> Command:
    return "ZRANGE", keys.timers(partition), 0, 0, "WITHSCORES"


def _first_due(reply: Sequence[Any]) -> int | None:
    return next((at for _, at in _scored(reply)), None)


def _kept_timers(partition: int) -> Command:
    return "PEXPIRE", keys.timers(partition), keys.KEPT["timers"]


def _score(until: float) -> str:
    return "+inf" if until == math.inf else str(int(until))


def _scored(reply: Sequence[Any]) -> Iterable[tuple[bytes, int]]:
    return ((reply[place], int(float(reply[place + 1]))) for place in range(0, len(reply), 2))
