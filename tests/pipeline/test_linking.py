"""A phone that nobody had becomes a member's: its visits go over, and a card shown with it at a till links the two."""

from __future__ import annotations

import pytest

from streams import topics
from streams.tables.presences import NOT_ADMITTED, Admission
from streams.tables.tables import Tables
from tests.pipeline.boutique import (
    DAY,
    HAUSSMANN,
    HOUR,
    MINUTE,
    NAME,
    NOON,
    Collected,
    Message,
    Topics,
    Working,
    check_in,
    member,
    memory_tables,
    pings,
    preference,
    run,
)
from tests.pipeline.conftest import OpenTables
from tests.pipeline.links import ADMITTED, MIA, NO, PHONE, Interrupted, entered, patch

CONSENTED = preference(NOON - 2 * DAY, device="phone", consent=["offers"])
AT_THE_DOOR = {"lat": HAUSSMANN[1], "lon": HAUSSMANN[0], "store": "haussmann"}


async def visited(working: Working, broker: Topics, device: str, at: int) -> None:
    await working.work([broker.record(check_in(at, device=device, **AT_THE_DOOR))], at + MINUTE)


async def visits_of(working: Working, owner: str = MIA) -> int:
    return int((await working.tables.members.read("visits", owner)).value.count)


def test_visits_of_a_phone_without_a_member_are_its_members_once_it_is_linked(open_tables: OpenTables) -> None:
    async def story() -> None:
        link = member("mia", "phone", "watch", at=NOON + HOUR)
        async with open_tables() as tables:
            broker = Topics()
            working, collected = await entered([CONSENTED], tables)
            await visited(working, broker, "phone", NOON - DAY)
            await visited(working, broker, "phone", NOON)
            assert collected.reasons() == {"NO_MEMBER": 4}
            for _ in range(2):  # the second time nothing is left to be handed over
                await working.enter([Topics().record(link)])
                assert await visits_of(working) == 2
            await visited(working, broker, "watch", NOON + HOUR)  # the same visit, by the other phone in the bag
            assert await visits_of(working) == 2
            await visited(working, broker, "watch", NOON + 2 * DAY)
            assert await visits_of(working) == 3
            await working.enter([Topics().record(member("max", "phone", at=NOON + 3 * DAY))])
            assert await visits_of(working, f"{NAME}|max") == 0

    run(story())


def test_a_visit_counted_while_the_link_is_made_is_not_lost_and_not_counted_twice() -> None:
    async def story() -> None:
        keyspace = Interrupted(lambda: NOON)
        tables = Tables.over(keyspace)
        broker = Topics()
        working, _ = await entered([CONSENTED], tables)
        await visited(working, broker, "phone", NOON - DAY)
        keyspace.meanwhile = lambda: visited(Working(tables, Collected()), broker, "phone", NOON)
        await working.enter([Topics().record(member("mia", "phone", at=NOON + HOUR))])
        assert keyspace.meanwhile is None
        assert await visits_of(working) == 2

    run(story())


def test_visits_of_a_phone_go_to_nobody_who_does_not_consent() -> None:
    async def story() -> None:
        broker = Topics()
        working, _ = await entered([CONSENTED])
        await visited(working, broker, "phone", NOON)
        await working.enter([Topics().record(member("mia", "phone", at=NOON + HOUR, consent=NO))])
        assert await visits_of(working) == 0

    run(story())


def test_two_phones_in_one_bag_cause_one_offer_though_one_is_linked_on_the_way(open_tables: OpenTables) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            broker = Topics()
            working, collected = await entered([CONSENTED, member("mia", "watch", cards=["c"])], tables)
            both = [each for device in ("phone", "watch") for each in pings(device, HAUSSMANN, NOON, 2)]
            await working.work(broker.records(both))
            await working.work([broker.record(check_in(NOON + MINUTE, device="phone", card="c", **AT_THE_TILL))])
            both = [each for device in ("phone", "watch") for each in pings(device, HAUSSMANN, NOON + 2 * MINUTE, 6)]
            await working.work(broker.records(both))
            campaigns = [offer["campaign"] for offer in collected.offers()]
            assert len(campaigns) == len(set(campaigns)) > 0
            assert {offer["member"] for offer in collected.offers()} == {"mia"}
            assert await visits_of(working) == 1

    run(story())


AT_THE_TILL = {"store": "haussmann", "via": "till"}


def test_a_card_shown_at_a_till_with_a_phone_that_nobody_has_links_the_two(open_tables: OpenTables) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            broker = Topics()
            working, collected = await entered([member("mia", cards=["c"])], tables)
            shown = broker.record(check_in(NOON, device="phone", card="c", **AT_THE_TILL))
            for _ in range(2):
                await working.work([shown], NOON + MINUTE)
                assert await tables.links.admission(PHONE) == ADMITTED
            assert await visits_of(working) == 1
            assert [offer["member"] for offer in collected.offers()] == ["mia"]
            assert collected.read(topics.MEMBERS)[-1]["linked_devices"] == ["phone"]
            await working.enter([broker.record(patch("mia", NOON + HOUR, devices=["watch"]))])
            assert await tables.links.admission(PHONE) == ADMITTED
            await working.enter([broker.record(preference(NOON + 2 * HOUR, member="mia", consent=LATER_NO))])
            assert await tables.links.admission(PHONE) == Admission(False, False, "mia")
            await working.enter([broker.record(patch("mia", NOON - 1, deleted=True))])
            assert await tables.links.admission(PHONE) == NOT_ADMITTED

    run(story())


LATER_NO = {"offers": {"granted": False, "at": NOON + HOUR}}


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        ([member("max", "phone")], {}),
        ([], {"via": "qr", "lat": HAUSSMANN[1], "lon": HAUSSMANN[0]}),
        ([], {"via": None, "lat": HAUSSMANN[1], "lon": HAUSSMANN[0]}),
        ([], {"card": "unknown"}),
        ([patch("mia", NOON + 1, deleted=True)], {}),
    ],
    ids=["the phone of somebody else", "no till saw it", "said by the phone alone", "nobody's card", "deleted since"],
)
def test_a_card_does_not_take_a_phone(before: list[Message], shown: Message) -> None:
    async def story() -> None:
        working, _ = await entered([member("mia", cards=["c"]), *before])
        owner = await working.tables.links.admission(PHONE)
        said = {"device": "phone", "card": "c", **AT_THE_TILL, **shown}
        await working.work([Topics().record(check_in(NOON, **said))], NOON + MINUTE)
        assert await working.tables.links.admission(PHONE) == owner

    run(story())


async def offered_coupon(tables: Tables) -> tuple[Working, Collected, Message]:
    """A worker, and an offer to Mia with its coupon."""
    broker = Topics()
    working, collected = await entered([member("mia", "phone"), member("max", "other", cards=["of-max"])], tables)
    await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 8)))
    return working, collected, next(offer for offer in collected.offers() if "coupon" in offer)


def bought(offer: Message | None, card: str, at: int = NOON + HOUR, name: str = "receipt") -> Message:
    """A purchase with a card, on the coupon of an offer."""
    line = {"category": "beauty", "amount": "5.00 EUR"}
    told = {"type": "purchase", "retailer": NAME, "at": at, "id": name, "card": card, "lines": [line]}
    return told if offer is None else told | {"coupon": offer["coupon"]["code"]}


async def purchases_of(working: Working, owner: str = MIA) -> int:
    return int((await working.tables.members.read("purchases", owner)).value.count)


def test_a_card_that_nobody_has_is_the_members_on_whose_coupon_something_was_bought_with_it(
    open_tables: OpenTables,
) -> None:
    async def story() -> None:
        async with open_tables() as tables:
            working, collected, offer = await offered_coupon(tables)
            code, till = offer["coupon"]["code"], Topics()
            used = {"type": "redemption", "retailer": NAME, "at": NOON + HOUR, "id": "t", "store": "haussmann"}
            await working.enter([till.record(used | {"coupon": code})])
            for _ in range(2):
                await working.enter([till.record(bought(offer, "new"))])
                assert await purchases_of(working) == 1
            await working.enter([till.record(bought(None, "new", NOON + DAY, "later"))])
            assert await purchases_of(working) == 2
            assert collected.read(topics.DEAD_LETTERS) == []
            assert collected.read(topics.MEMBERS)[-1]["linked_cards"] == ["new"]
            shown = {"device": "stranger", "card": "new", **AT_THE_TILL}
            await working.work([Topics().record(check_in(NOON + DAY, **shown))], NOON + DAY + MINUTE)
            assert await tables.links.admission(f"{NAME}|stranger") == NOT_ADMITTED
            await working.enter([till.record(patch("mia", NOON + 2 * DAY, deleted=True))])
            assert await tables.links.members_of([f"{NAME}|new"]) == {f"{NAME}|new": None}

    run(story())


@pytest.mark.parametrize("late", [False, True], ids=["a card of somebody else", "a coupon that had run out"])
def test_a_coupon_takes_no_card_from_anybody_and_none_when_it_has_run_out(late: bool) -> None:
    async def story() -> None:
        working, _, offer = await offered_coupon(memory_tables())
        await working.enter([Topics().record(bought(offer, "new", NOON + DAY) if late else bought(offer, "of-max"))])
        assert await purchases_of(working) == 0
        assert await purchases_of(working, f"{NAME}|max") == (0 if late else 1)
        links = await working.tables.links.members_of([f"{NAME}|new", f"{NAME}|of-max"])
        assert list(links.values()) == [None, "max"]

    run(story())
