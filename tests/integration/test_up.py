"""`chalandise up` as a process: events in, offers out, and what must survive a restart does."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
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


Doors = tuple[str, dict[str, str]]
"""The address of a gateway, and the keys that open it."""


async def doors(process: Chalandise, folder: Path) -> Doors:
    await ready(process)
    (address,) = re.findall(r"gateway (http://\S+), described at", process.err)
    file = folder / "state" / "keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    return address, orjson.loads(file.read_bytes())[NAME]


async def said(client: httpx.AsyncClient, path: str, key: str, message: object, **headers: str) -> Any:
    """What the gateway answers with 200."""
    answer = await client.post(
        path, content=orjson.dumps(message), headers={"Authorization": f"Bearer {key}", **headers}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_phone_walks_in_hears_its_offer_and_a_till_takes_the_coupon(tmp_path: Path) -> None:
    async def story(process: Chalandise) -> None:
        address, keys = await doors(process, tmp_path)
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
            phone = await said(client, "/v1/devices", keys["device"], {})
            token = {"X-Device-Token": phone["token"]}
            asking = {"Authorization": f"Bearer {keys['device']}", **token}
            whose = {"member": "member-1", "devices": [phone["device"]], "consent": ["offers"], "at": now() - 1_000}
            await said(client, "/v1/members", keys["crm"], whose)
            await until_known(tmp_path, device_admitted(phone["device"]))
            walk = [each | {"device": phone["device"]} for each in visit(1, now() - 60_000)]
            async with client.stream("GET", "/v1/offers", headers=asking | {"Accept": "text/event-stream"}) as stream:
                assert (await said(client, "/v1/pings", keys["device"], walk, **token))["accepted"] == len(walk)
                heard = [json.loads(line[6:]) for line in await lines_of(stream, 2)]
            assert [each["campaign"] for each in heard] == ["near", "stay"]
            assert (await client.get("/v1/offers", headers=asking)).json() == heard[::-1]
            coupon = next(each["coupon"]["code"] for each in heard if "coupon" in each)
            shown = {"coupon": coupon, "store": heard[0]["store"], "at": now()}
            for till, answer in (("one", "ACCEPTED"), ("one", "ACCEPTED"), ("two", "ALREADY_USED")):
                assert (await said(client, "/v1/redemptions", keys["till"], {"id": till, **shown}))["result"] == answer
            assert heard[0]["stop_url"].startswith(f"{address}/v1/stop?")
            assert (await client.post(heard[0]["stop_url"])).status_code == 200
            assert (await client.get("/v1/offers", headers=asking)).json() == []

    with up(tmp_path, "one") as process:
        asyncio.run(story(process))
        assert process.end(signal.SIGTERM) == 0
        assert "Traceback" not in process.err


async def lines_of(stream: httpx.Response, count: int) -> list[str]:
    """The first `count` lines of data."""
    found: list[str] = []
    async for line in stream.aiter_lines():
        found += [line] if line.startswith("data: ") else []
        if len(found) == count:
            break
    return found


def device_admitted(device: str) -> Callable[[Tables], Awaitable[bool]]:
    async def known(tables: Tables) -> bool:
        (found,) = await tables.presences.admit([f"{NAME}|{device}"])
        return found.granted

    return known


def test_the_keys_to_try_the_gateway_with_survive_a_restart(tmp_path: Path) -> None:
    async def shown(process: Chalandise) -> dict[str, str]:
        return (await doors(process, tmp_path))[1]

    found = []
    for name in ("one", "two"):
        with up(tmp_path, name) as process:
            found.append(asyncio.run(shown(process)))
            assert all(key in process.err for key in found[-1].values())
            assert process.end(signal.SIGINT) == 0
    assert found[0] == found[1]
    assert set(found[0]) == {"device", "till", "crm"}
