"""Attributes from elsewhere: patched one by one, the newest word on each wins, bounded, and asked for by campaigns."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import orjson
import pytest

from offers.attributes import MOST_ATTRIBUTES
from streams import topics
from tests.pipeline.boutique import (
    HAUSSMANN,
    NAME,
    NOON,
    Collected,
    Message,
    Topics,
    Working,
    member,
    memory_tables,
    pings,
    run,
)


def told(at: int, **attributes: Any) -> Message:
    return {"type": "member", "retailer": NAME, "member": "mia", "at": NOON - 100 + at, "attributes": attributes}


def known(*messages: Message) -> dict[str, Any]:
    """What is known after `messages`, as the topic `members` tells it."""

    async def story() -> Collected:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected)
        await working.enter([broker.record(each) for each in messages])
        return collected

    value = run(story()).sent[-1].value
    found: dict[str, Any] = orjson.loads(value)["attributes"] if value and b"attributes" in value else {}
    return found


SAID = (told(1, age=19, segment="student"), told(2, age=20, garden=True), told(3, garden=None, points=1.5))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_each_attribute_has_its_newest_word_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    assert known(*(SAID[place] for place in order)) == {"age": 20, "points": 1.5, "segment": "student"}


def test_of_too_many_those_said_last_are_kept() -> None:
    first = told(1, **{f"old-{number}": number for number in range(MOST_ATTRIBUTES)})
    found = known(first, told(2, new=1, newer=2))
    assert len(found) == MOST_ATTRIBUTES
    assert {"new", "newer", "old-0"} <= found.keys()


def test_a_member_who_is_deleted_leaves_no_attribute() -> None:
    gone = {"type": "member", "retailer": NAME, "member": "mia", "at": NOON - 98, "deleted": True}
    assert known(told(1, age=19), gone, told(3, garden=True)) == {"garden": True}


@pytest.mark.parametrize(("segment", "reason"), [("student", "offered"), ("senior", "ATTRIBUTES")])
def test_a_campaign_speaks_to_those_whose_attributes_it_asks_for(segment: str, reason: str) -> None:
    async def story() -> Collected:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected, file="students.yaml")
        await working.enter(broker.records([member("mia", "phone", attributes={"segment": segment, "age": 20})]))
        await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 1)))
        return collected

    collected = run(story())
    assert dict(collected.reasons()) == {reason: 1}
    assert len(collected.read(topics.OFFERS)) == (reason == "offered")
