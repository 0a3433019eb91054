"""`chalandise up` as a process: events in, offers out, and what must survive a restart does."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest

from offers.members import Wish
from streams.tables.redis_keyspace import connect
from streams.tables.tables import Tables
from tests.integration.running import AVENUE, NAME, PATIENCE, Chalandise, Message, member, now, until, visit


def up(folder: Path, name: str) -> Chalandise:
    return Chalandise(folder / name, "up", str(AVENUE), "--events", "-", state_folder=folder / "state")


def offered(process: Chalandise) -> list[tuple[str, str]]:
    return [(each["member"], each["campaign"]) for each in map(orjson.loads, process.out.splitlines())]


async def ready(process: Chalandise) -> None:
    await until(lambda: "Ctrl-C to stop" in process.err or not process.runs(), "up")
    assert process.runs(), process.err


async def until_known(folder: Path, condition: Callable[[Tables], Awaitable[bool]]) -> None:
    """Wait until the tables behind `up` say so: facts and pings are read side by side, and may overtake each other."""
    log = (folder / "state" / "redis" / "redis.log").read_text(errors="replace")
    port = re.findall(r"port=(\d+)", log)[-1]
    keyspace = await connect(f"redis://127.0.0.1:{port}/0")
    deadline = time.monotonic() + PATIENCE
    while not await condition(Tables.over(keyspace)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await keyspace.close()


def admitted(*numbers: int) -> Callable[[Tables], Awaitable[bool]]:
    async def known(tables: Tables) -> bool:
        devices = await tables.presences.admit([f"{NAME}|phone-{number}" for number in numbers])
        return all(device.granted for device in devices)

    return known


async def second_has_stopped(tables: Tables) -> bool:
    return bool((await tables.members.read("consent", f"{NAME}|member-2")).value.wish is Wish.STOP)


def stop(number: int) -> Message:
    return {"type": "preference", "retailer": NAME, "member": f"member-{number}", "contact": "stop", "at": now()}


def test_events_on_standard_input_give_offers_on_standard_output(tmp_path: Path) -> None:
    async def story(process: Chalandise) -> None:
        await ready(process)
        process.say([member(1, now() - 1_000)])
        await until_known(tmp_path, admitted(1))
        process.say(visit(1, now() - 60_000))
        await until(lambda: len(offered(process)) == 2, "two offers")

    with up(tmp_path, "one") as process:
        asyncio.run(story(process))
        assert offered(process) == [("member-1", "near"), ("member-1", "stay")]
        assert process.end(signal.SIGINT) == 0
        assert "Traceback" not in process.err


def test_a_stop_and_what_was_offered_survive_a_restart(tmp_path: Path) -> None:
    async def before(process: Chalandise) -> None:
        await ready(process)
        process.say([member(1, now() - 1_000), member(2, now() - 1_000), member(3, now() - 1_000)])
        await until_known(tmp_path, admitted(1, 2, 3))
        process.say([*visit(1, now() - 60_000), stop(2), *visit(3, now() - 60_000)])
        await until_known(tmp_path, second_has_stopped)
        await until(lambda: len(offered(process)) == 4, "four offers")

    async def after(process: Chalandise) -> None:
        await ready(process)
        process.say([*visit(2, now() - 60_000), *visit(1, now() - 60_000), member(4, now())])
        await until_known(tmp_path, admitted(4))
        process.say(visit(4, now() - 60_000))
        await until(lambda: len(offered(process)) >= 2, "the offers of somebody new")

    with up(tmp_path, "before") as process:
        asyncio.run(before(process))
        assert process.end(signal.SIGINT) == 0
    with up(tmp_path, "after") as process:
        asyncio.run(after(process))
        assert process.end(signal.SIGTERM) == 0
        # nothing for the one who said stop, nothing again for the one who had it all
        assert offered(process) == [("member-4", "near"), ("member-4", "stay")]


@pytest.mark.parametrize("line", [b"no event\n", b'{"type": "nothing"}\n', b"[" * 10_000 + b"\n"])
def test_a_line_that_is_no_event_is_said_by_its_number_and_the_next_is_taken(tmp_path: Path, line: bytes) -> None:
    async def story(process: Chalandise) -> None:
        await ready(process)
        assert process.process.stdin is not None
        process.process.stdin.write(line)
        process.say([member(1, now() - 1_000)])
        await until_known(tmp_path, admitted(1))
        process.say(visit(1, now() - 60_000))
        await until(lambda: len(offered(process)) == 2, "two offers")

    with up(tmp_path, "one") as process:
        asyncio.run(story(process))
        assert "-:1: no event" in process.err
        assert process.end(signal.SIGINT) == 0


def test_an_interrupt_before_the_first_event_ends_cleanly(tmp_path: Path) -> None:
    with up(tmp_path, "one") as process:
        asyncio.run(ready(process))
        assert process.end(signal.SIGINT) == 0
        assert "Traceback" not in process.err
        assert process.out == ""
