"""Whose a phone or a card is, and what its owner allows: the newest word holds, whoever says it, whenever it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import permutations
from typing import Any

import pytest

from streams import topics
from streams.tables.keyspace import Change
from streams.tables.memory import MemoryKeyspace
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

MIA, PHONE = f"{NAME}|mia", f"{NAME}|phone"
NO = {"offers": {"granted": False, "at": NOON}}
ADMITTED = Admission(True, False, "mia")


def patch(name: str, at: int, **more: Any) -> Message:
    return {"type": "member", "retailer": NAME, "member": name, "at": at, **more}


async def entered(messages: Sequence[Message], tables: Tables | None = None) -> tuple[Working, Collected]:
    """A worker that has entered these, one after the other."""
    collected, broker = Collected(), Topics()
    working = Working(tables or memory_tables(), collected)
    for message in messages:
        await working.enter([broker.record(message)])
    return working, collected


async def consent_of(working: Working) -> Any:
    return (await working.tables.members.read("consent", MIA)).value


class Interrupted(MemoryKeyspace):
    """Before an admission is written, another worker does something, once."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def replace(self, groups: Sequence[Sequence[Change]]) -> list[bool]:
        meanwhile, admits = self.meanwhile, groups[0][0].key.startswith("admission")
        if meanwhile is not None and admits:
            self.meanwhile = None
            await meanwhile()
        return await super().replace(groups)


@pytest.mark.parametrize("where", [{"device": "phone"}, {"member": "mia"}])
def test_a_withdrawal_at_another_worker_is_stronger_than_an_admission_that_is_being_written(where: Message) -> None:
    async def story() -> None:
        keyspace = Interrupted(lambda: NOON)
        tables = Tables.over(keyspace)
        working, collected = await entered([member("mia", "phone")], tables)
        broker = Topics()
        withdrawal = broker.record(preference(NOON, consent=NO, **where))
        keyspace.meanwhile = lambda: Working(tables, Collected()).enter([withdrawal])
        await working.enter([broker.record(patch("mia", NOON - 1, points=3))])
        assert keyspace.meanwhile is None
        assert await tables.links.admission(PHONE) == Admission(False, False, "mia")
        assert collected.read(topics.MEMBERS)[-1]["consent"]["offers"]["granted"] is False
        processed = await working.work(broker.records(pings("phone", HAUSSMANN, NOON + MINUTE, 1)))
        assert processed.without_consent == 1

    run(story())


def test_a_phone_given_on_at_another_worker_stays_with_whom_it_was_given_to() -> None:
    async def story() -> None:
        keyspace = Interrupted(lambda: NOON)
        tables = Tables.over(keyspace)
        working, _ = await entered([member("mia", "phone")], tables)
        broker = Topics()
        sold = broker.record(member("max", "phone", at=NOON))
        keyspace.meanwhile = lambda: Working(tables, Collected()).enter([sold])
        await working.enter([broker.record(patch("mia", NOON - 1, points=3))])
        assert (await tables.links.admission(PHONE)).member == "max"

    run(story())


SOLD = [member("mia", "phone", at=NOON - DAY, cards=["c"]), member("max", "phone", at=NOON - HOUR, cards=["c"])]


@pytest.mark.parametrize(
    "later",
    [SOLD[0], patch("mia", NOON, points=3), patch("mia", NOON, devices=[], cards=[])],
    ids=["redelivered", "points", "taken from its first owner"],
)
def test_what_was_given_on_stays_given_on(later: Message) -> None:
    async def story() -> None:
        for order in permutations(SOLD):
            working, _ = await entered([*order, later])
            assert (await working.tables.links.admission(PHONE)).member == "max"
            assert await working.tables.links.members_of([f"{NAME}|c"]) == {f"{NAME}|c": "max"}

    run(story())


def test_what_its_second_owner_loses_does_not_go_back_to_the_first() -> None:
    async def story() -> None:
        gone = [patch("max", NOON, deleted=True), patch("max", NOON, devices=[], cards=[])]
        for end in gone:
            working, _ = await entered([*SOLD, end, patch("mia", NOON + 1, points=3), SOLD[0]])
            assert await working.tables.links.admission(PHONE) == NOT_ADMITTED
            assert await working.tables.links.members_of([f"{NAME}|c"]) == {f"{NAME}|c": None}

    run(story())


def test_an_older_word_does_not_give_back_a_card_or_phone_that_was_taken_away() -> None:
    async def story() -> None:
        words = [member("mia", "phone", cards=["c"]), patch("mia", NOON, devices=[], cards=[])]
        for order in ([*words], [*words, words[0]], words[::-1]):
            working, _ = await entered(order)
            assert await working.tables.links.admission(PHONE) == NOT_ADMITTED
            assert await working.tables.links.members_of([f"{NAME}|c"]) == {f"{NAME}|c": None}

    run(story())


def test_a_deleted_member_does_not_come_back_by_an_older_word_and_does_by_a_later_one() -> None:
    async def story() -> None:
        line = {"category": "beauty", "amount": "5.00 EUR"}
        told = {"retailer": NAME, "member": "mia", "at": NOON - DAY}
        older = [
            member("mia", "phone", cards=["c"], at=NOON - DAY),
            preference(NOON, member="mia", consent=["offers"], contact="less"),
            {"type": "purchase", "id": "p", "lines": [line], **told},
            {"type": "contact", "id": "m", "channel": "mail", **told},
        ]
        end = patch("mia", NOON, deleted=True)
        for order in ([*older, end], [end, *older], [*older, end, *older, end]):
            working, collected = await entered(order)
            assert await working.tables.links.admission(PHONE) == NOT_ADMITTED
            (nobody,) = await working.tables.members.load([(MIA, "")])
            assert nobody.member == type(nobody.member)("mia")
            assert collected.distinct()[topics.MEMBERS.name][-1] == (MIA.encode(), None)
            again = member("mia", "phone", at=NOON + 1)
            await working.enter([Topics().record(each) for each in (again, end)])
            assert await working.tables.links.admission(PHONE) == ADMITTED

    run(story())


def test_what_a_phone_says_holds_for_its_member_whether_the_link_comes_before_or_after() -> None:
    async def story() -> None:
        words = [member("mia", "phone", at=NOON - HOUR), preference(NOON, device="phone", contact="stop", consent=NO)]
        for order in permutations(words):
            working, collected = await entered(order)
            consent = await consent_of(working)
            assert (consent.wish, consent.grants["offers"].granted) == ("stop", False)
            assert await working.tables.links.admission(PHONE) == Admission(False, False, "mia")
            assert collected.read(topics.MEMBERS)[-1]["contact"] == "stop"

    run(story())


def test_what_a_phone_said_before_it_was_linked_does_not_go_on_to_a_second_owner() -> None:
    async def story() -> None:
        words = [
            preference(NOON - DAY, device="phone", consent=["offers"]),
            patch("mia", NOON - HOUR, devices=["phone"]),
        ]
        working, _ = await entered([*words, patch("max", NOON, devices=["phone"])])
        assert (await consent_of(working)).grants["offers"].granted is True
        assert await working.tables.links.admission(PHONE) == Admission(False, False, "max")

    run(story())


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


def test_a_preference_may_name_a_card() -> None:
    async def story() -> None:
        stop = preference(NOON, card="c", contact="stop")
        working, collected = await entered([stop, member("mia", cards=["c"]), stop])
        assert [each["reason"] for each in collected.read(topics.DEAD_LETTERS)] == ["UNKNOWN_MEMBER"]
        assert (await consent_of(working)).wish == "stop"

    run(story())


@pytest.mark.parametrize("kind", ["cards", "emails_hashed", "phones_hashed"])
def test_cards_and_hashed_addresses_name_one_member_and_none_is_lost_by_another(kind: str) -> None:
    async def story() -> None:
        names = {"cards": ["c"], "emails_hashed": ["e1", "e2"], "phones_hashed": ["p"]}
        working, collected = await entered([member("mia", **names), member("mia", **names)])
        for number, name in enumerate(names[kind]):
            mail = {"type": "contact", "retailer": NAME, "at": NOON, "id": f"mail-{number}", "channel": "mail"}
            await working.enter([Topics().record(mail | {"card": name})])
        contacts = (await working.tables.members.read("contacts", MIA)).value
        assert len(contacts) == len(names[kind])
        await working.enter([Topics().record(patch("mia", NOON, **{kind: []}))])
        left = await working.tables.links.members_of([f"{NAME}|{name}" for each in names.values() for name in each])
        assert {name.partition("|")[2] for name, owner in left.items() if owner is None} == set(names[kind])
        assert collected.read(topics.DEAD_LETTERS) == []

    run(story())


def test_no_member_is_named_like_the_words_of_a_phone() -> None:
    async def story() -> None:
        working, collected = await entered([member("device|phone"), preference(NOON, device="phone", contact="less")])
        assert [each["reason"] for each in collected.read(topics.DEAD_LETTERS)] == ["WRONG_TYPE"]
        assert await working.tables.links.admission(PHONE) == NOT_ADMITTED

    run(story())
