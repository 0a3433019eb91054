"""Does a member grow? Redis bytes of a member at 10, 100, 1,000 and 10,000 purchases, spread evenly over twenty years.

    python -m bench.history [--scale 0.01]

The purchases go the way of the topic, one message after the other, with the products and categories of a department
store. Bytes are `MEMORY USAGE` of all keys of the member on a real server, the names of the keys included. Peer: the
same purchases kept line by line, as JSON. The goal: the last at most 1.1 times the one before, and at most 4 KiB.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from random import Random
from typing import Any, NamedTuple

import msgspec
import redis.asyncio

from bench.servers import redis as redis_server
from bench.world import NAME, World
from streams.entries import ENTRIES
from streams.messages import Purchase
from streams.retailers import Retailers
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables
from streams.topics import PURCHASES

MARKS = (10, 100, 1_000, 10_000)
YEARS = 20
DAY = 86_400_000
CATEGORIES, PRODUCTS = 8, 400
END = 1_795_172_400_000
GROWTH, MOST = 1.1, 4_096


class Weight(NamedTuple):
    """Of a member with so many purchases: bytes in Redis, and of the lines as JSON."""

    purchases: int
    kept: int
    lines: int


def purchases(count: int, member: str, seed: int = 1) -> list[Purchase]:
    """So many purchases of one or two lines, evenly over twenty years."""
    random, every = Random(seed), YEARS * 365 * DAY // count
    return [_purchase(random, number, END - (count - number) * every, member) for number in range(1, count + 1)]


def _purchase(random: Random, number: int, at: int, member: str) -> Purchase:
    lines = []
    for _ in range(random.choice((1, 1, 1, 2))):
        product = int(random.paretovariate(0.6)) % PRODUCTS
        amount = f"{random.randrange(1, 120)}.{random.randrange(100):02} EUR"
        lines.append({"product": f"p{product}", "category": f"category-{product % CATEGORIES}", "amount": amount})
    told: Any = {"retailer": NAME, "member": member, "id": f"receipt-{number}", "at": at, "lines": lines}
    return msgspec.convert(told, Purchase)


async def measure(url: str, marks: tuple[int, ...], retailers: Retailers) -> list[Weight]:
    """The weight of one member at each mark."""
    keyspace = await connect(url)
    enter, tables = ENTRIES[PURCHASES.name].enter, Tables.over(keyspace)
    weights = []
    for mark in marks:
        member = f"member-{mark}"
        made, began = purchases(mark, member), time.process_time()
        for each in made:
            await enter(each, tables, retailers)
        apiece = (time.process_time() - began) / mark * 1e6
        lines = sum(len(msgspec.json.encode(line)) for each in made for line in each.lines)
        weights.append(Weight(mark, await _bytes_of(url, member), lines))
        print(f"{line(weights[-1])}  ({apiece:.0f} µs of CPU a purchase)", flush=True)
    await keyspace.close()
    return weights


async def _bytes_of(url: str, member: str) -> int:
    async with redis.asyncio.Redis.from_url(url) as client:
        keys = [key async for key in client.scan_iter(f"*{NAME}|{member}")]
        return sum([await client.memory_usage(key, samples=0) or 0 for key in keys])


def line(weight: Weight) -> str:
    """One mark."""
    return f"{weight.purchases:>6,} purchases: {weight.kept:>5,} bytes in Redis; line by line {weight.lines:>9,}"


def verdict(weights: list[Weight]) -> tuple[str, bool]:
    """The last mark against the one before, and whether that is within the goal."""
    before, last = weights[-2:]
    growth = last.kept / before.kept
    within = growth <= GROWTH and last.kept <= MOST
    return f"{growth:.3f} times the one before, {last.kept:,} bytes: {'kept' if within else 'NOT kept'}", within


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Does a member grow?")
    parser.add_argument("--scale", type=float, default=1.0, help="of the purchases; 0.01 for a trial")
    given = parser.parse_args()
    marks = tuple(max(1, round(mark * given.scale)) for mark in MARKS)
    with redis_server() as url:
        told, within = verdict(asyncio.run(measure(url, marks, {NAME: World(10, 1, 1).retailer()})))
    print(told)
    sys.exit(0 if within or given.scale < 1 else 1)


if __name__ == "__main__":
    main()
