"""How late an offer is delivered after a stop: `python -m bench.stops [--scale 0.1]`.

1,000 members with an open stream each say stop within 5 s, among 1,000 pings a second, while a worker that has heard of
no stop goes on writing offers for all of them. Promised are 5 s from the 200 of each stop; whoever gets one later ends
the bench with an error. Engine, gateway and all streams are one process, on the embedded broker and a real Redis.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from bench.servers import redis
from tests.gateway.stop_story import PROMISED, Came, everyone_stops

MEMBERS = 1_000


def main(arguments: Sequence[str] | None = None) -> Came:
    """One round; it takes some 30 s."""
    parser = argparse.ArgumentParser(description="How late an offer is delivered after a stop.")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of members; 0.1 for a trial")
    members = max(int(MEMBERS * parser.parse_args(arguments).scale), 20)
    with redis() as url:
        came = asyncio.run(everyone_stops(url, members))
    print(came)
    if max(came.late) >= PROMISED:
        raise SystemExit(f"promised are {PROMISED:.0f} s")
    return came


if __name__ == "__main__":
    main()
