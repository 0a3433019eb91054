"""Whose a phone or a card is, and what its owner allows: the newest word holds, whoever says it, whenever it comes."""

from __future__ import annotations

from itertools import permutations
from typing import Any

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
    member,
    pings,
    preference,
    run,
)
from tests.pipeline.links import ADMITTED, MIA, NO, PHONE, Interrupted, entered, patch


async def consent_of(working: Working) -> Any:
    return (await working.tables.members.read("consent", MIA)).value


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
