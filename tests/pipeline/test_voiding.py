"""An offer that was claimed, and not sent before a stop, a withdrawal or its expiry, is voided."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest

from streams import topics
from streams.records import Outgoing
from streams.steps import Step
from tests.pipeline.boutique import (
    HAUSSMANN,
    MINUTE,
    NAME,
    NOON,
    Collected,
    Message,
    Topics,
    Working,
    check_in,
    member,
    pings,
    preference,
    run,
)
from tests.pipeline.conftest import OpenTables


def standing(device: str = "phone") -> list[Message]:
    return pings(device, HAUSSMANN, NOON, 6)


class Gone(Exception):  # noqa: N818 - stands for a worker that dies
    """The worker died."""


def die_before_produce(step: Step) -> None:
    if step is Step.PRODUCE:
        raise Gone


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ({"contact": "stop"}, "STOPPED"),
        (
            {"consent": {"offers": {"granted": False, "at": NOON + 1}, "location_history": {"granted": True, "at": 1}}},
            "NO_CONSENT",
        ),
    ],
)
def test_an_offer_that_was_claimed_but_not_sent_is_voided_and_gives_its_place_back(
    word: Message, reason: str, open_tables: OpenTables
) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            dying = Working(tables, collected, die_before_produce)
            await dying.enter(broker.records([member("mia", "phone"), *(member(f"m{n}", f"p{n}") for n in range(4))]))
            batch = broker.records(standing())
            with pytest.raises(Gone):
                await dying.work(batch)
            working = Working(tables, collected)
            await working.enter(broker.records([preference(NOON + 1, member="mia", **word)]))
            await working.work(batch)
            assert set(collected.reasons()) == {reason}
            for number in range(4):
                await working.work(broker.records(standing(f"p{number}")))
        campaigns = [offer["campaign"] for offer in collected.offers()]
        assert campaigns == ["few", "few", "few", "plenty"]  # all three places, though one was claimed before

    run(story())


class NeverSent(Collected):
    """A producer whose worker dies before anything of pings is sent."""

    async def produce(self, records: Sequence[Outgoing]) -> None:
        if any(record.topic == topics.OFFERS.name for record in records):
            raise Gone
        await super().produce(records)


@pytest.mark.parametrize(("wish", "kept"), [("stop", 0), ("normal", 1)])
def test_an_offer_stands_in_its_members_list_until_it_is_voided(wish: str, kept: int, open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = NeverSent(), Topics()
        async with open_tables() as tables:
            dying = Working(tables, collected)
            await dying.enter(broker.records([member("mia", "phone")]))
            batch = broker.records(standing())
            with pytest.raises(Gone):
                await dying.work(batch)
            listed = await tables.offers.unexpired(f"{NAME}|mia", dying.now)
            assert len(listed) == 1
            await Working(tables, Collected()).enter(broker.records([preference(NOON + 1, member="mia", contact=wish)]))
            await tables.offers.put([(f"{NAME}|mia", listed[0], dying.now + MINUTE)], dying.now)  # just as they say it
            sent = Collected()
            await Working(tables, sent).work(batch)
            assert await tables.offers.unexpired(f"{NAME}|mia", dying.now) == listed[:kept]
            assert [orjson.dumps(offer) for offer in sent.offers()] == listed[:kept]

    run(story())


def test_an_offer_that_was_claimed_but_not_sent_is_voided_once_it_has_expired(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            dying = Working(tables, collected, die_before_produce)
            await dying.enter(broker.records([member("mia", "phone")]))
            batch = broker.records(standing())
            with pytest.raises(Gone):
                await dying.work(batch)
            await Working(tables, collected).work(batch, NOON + 5 * 60 * MINUTE)
        assert collected.offers() == []
        assert set(collected.reasons()) == {"STALE_TRIGGER"}

    run(story())


@pytest.mark.parametrize(("mails", "reason"), [(1, "offered"), (2, "CAP")])
def test_an_offer_that_was_voided_counts_for_the_caps_all_the_same(
    mails: int, reason: str, open_tables: OpenTables
) -> None:
    """Nobody knows whether it was sent before its worker died: of three a day it is one."""

    async def story() -> None:
        broker, said = Topics(), {"type": "contact", "retailer": NAME, "member": "mia", "channel": "mail"}
        async with open_tables() as tables:
            dying = Working(tables, Collected(), die_before_produce)
            told = [said | {"id": str(number), "at": NOON - MINUTE} for number in range(mails)]
            await dying.enter(broker.records([member("mia", "phone"), *told]))
            batch = broker.records(standing())
            with pytest.raises(Gone):
                await dying.work(batch)
            collected = Collected()
            working = Working(tables, collected)
            await working.enter(broker.records([preference(NOON + 1, member="mia", contact="stop")]))
            await working.work(batch)
            assert set(collected.reasons()) == {"STOPPED"}
            await working.enter(broker.records([preference(NOON + MINUTE, member="mia", contact="normal")]))
            later = Collected()
            again = check_in(NOON + 2 * MINUTE, member="mia", store="rivoli", via="till")
            await Working(tables, later).work([broker.record(again)], NOON + 2 * MINUTE)
            assert later.reasons()[reason] == 1

    run(story())
