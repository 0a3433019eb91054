"""The promise: after the 200 of a stop no offer is delivered to this member, 5 s later at the latest."""

from __future__ import annotations

import asyncio

from streams.tables.server import RedisServer
from tests.gateway.stop_story import PROMISED, everyone_stops

MEMBERS = 200


def test_of_all_who_stopped_nobody_gets_an_offer_later_than_promised(own_redis: RedisServer) -> None:
    came = asyncio.run(everyone_stops(own_redis.url, MEMBERS))
    assert came.members == MEMBERS
    assert max(came.late) < PROMISED, str(came)
    assert came.made >= MEMBERS / 2  # the engine itself made offers meanwhile
    assert came.delivered > MEMBERS
    assert came.rate > MEMBERS / 2
