"""Words on consent hold before they are answered, and a worker that comes later comes to the same."""

from __future__ import annotations

from typing import Any

import pytest

from streams import topics
from streams.batches import Batch
from streams.entries import Entries
from streams.gateway.keys import Scope
from streams.records import Record
from tests.gateway.doorway import AT, NAME, Doorway, doorway, ping, run


async def enter(at: Doorway, *said: topics.Topic) -> None:
    """What workers do with the records of these topics."""
    entries = Entries(at.doors.retailers, at.doors.producer)
    for topic in said:
        found = [Record(*each) for log in at.broker.logs(topic.name) for each in log.read(log.start, 100)]
        assert not (await entries.process(Batch(found, {}), at.doors.tables, AT)).dead_letters


async def consent_of(at: Doorway, owner: str) -> Any:
    return (await at.doors.tables.members.read("consent", f"{NAME}|{owner}")).value


async def is_admitted(at: Doorway, device: str = "phone") -> bool:
    return (await at.doors.tables.links.admission(f"{NAME}|{device}")).granted


async def known_anna(at: Doorway) -> None:
    anna = {"member": "anna", "devices": ["phone"], "cards": ["C1"], "consent": ["offers"], "at": AT}
    await at.post("/v1/members", anna)
    await enter(at, topics.MEMBER_CHANGES)
    assert await is_admitted(at)


@pytest.mark.parametrize("who", [{"member": "anna"}, {"card": "C1"}, {"device": "phone"}], ids=str)
def test_a_stop_holds_when_it_is_answered_whoever_says_it(doorway_redis: str, who: dict[str, str]) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await known_anna(at)
            key = at.headers(Scope.DEVICE, "phone") if "device" in who else at.headers()
            answer = await at.post("/v1/preferences", {**who, "contact": "stop", "at": AT + 1}, key)
            assert answer.json()["accepted"] == 1
            assert (await consent_of(at, "anna")).wish == "stop"

    run(story())


WITHDRAWN = {"consent": {"offers": {"granted": False, "at": AT + 1}}, "at": AT + 1}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/preferences", {"device": "phone", **WITHDRAWN}),
        ("/v1/members", {"member": "anna", **WITHDRAWN}),
        ("/v1/members", {"member": "anna", "deleted": True, "at": AT + 1}),
    ],
)
def test_a_withdrawn_consent_takes_its_device_out_when_it_is_answered(doorway_redis: str, path: str, body: Any) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await known_anna(at)
            assert (await at.post(path, body)).json()["accepted"] == 1
            assert not await is_admitted(at)
            assert (await at.post("/v1/pings", ping())).json()["without_consent"] == 1
            before = at.in_redis()
            await enter(at, topics.MEMBER_CHANGES, topics.PREFERENCES)
            assert at.in_redis() == before

    run(story())


def test_a_granted_consent_holds_for_the_ping_that_comes_next(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            phone = at.headers(Scope.DEVICE, "phone")
            await at.post("/v1/preferences", {"consent": ["location_history"], "at": AT}, phone)
            assert (await at.post("/v1/pings", ping(), phone)).json()["accepted"] == 1

    run(story())


def test_a_preference_of_an_unknown_card_is_told_as_such(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            answer = await at.post("/v1/preferences", [{"card": "C9", "contact": "stop", "at": AT}])
            assert (answer.status_code, answer.json()["rejected"][0]["reason"]) == (422, "UNKNOWN_MEMBER")
            assert at.stored() == {}

    run(story())
