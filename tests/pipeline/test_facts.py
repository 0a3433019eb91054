"""Everything that is no ping: twice is once, and the newest word wins, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from offers.coupons import coupon_code
from offers.products import Rating
from streams import topics
from streams.tables.members import KINDS, Fields
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
    memory_tables,
    pings,
    preference,
    run,
)
from tests.pipeline.conftest import OpenTables

MIA = f"{NAME}|mia"


def said(kind: str, at: int, **more: Any) -> Message:
    return {"type": kind, "retailer": NAME, "at": at, **more}


def purchase(number: int, at: int, **more: Any) -> Message:
    line = {"product": "serum", "amount": "39.00 EUR"}
    return said("purchase", at, id=f"purchase-{number}", lines=[line], **{"member": "mia", **more})


async def entered(messages: list[Message]) -> tuple[Working, Collected]:
    collected, broker = Collected(), Topics()
    working = Working(memory_tables(), collected)
    for message in messages:
        await working.enter([broker.record(message)])
    return working, collected


async def known(working: Working) -> list[Any]:
    """All that is kept of the member, and of what is for sale."""
    kinds = ("profile", "consent", "visits", "purchases", "contacts")
    kept = [(await working.tables.members.read(kind, MIA)).value for kind in kinds]
    admitted = [device.admission for device in await working.tables.presences.admit([f"{NAME}|a", f"{NAME}|b"])]
    rules = working.pipeline.retailers[NAME].rules
    return [*kept, *admitted, dict(await working.tables.products.catalogue(NAME, rules.products))]


GRANT, WITHDRAWAL = ({"offers": {"granted": granted, "at": NOON - 4 * HOUR + granted}} for granted in (True, False))
HISTORY = [
    member("mia", "a", at=NOON - 9 * HOUR, first_name="Mia", tier="silver"),
    said("member", NOON - 8 * HOUR, member="mia", tier="gold", points=7),
    said("member", NOON - 7 * HOUR, member="mia", devices=["a", "b"], first_name=None),
    said("member", NOON - 6 * HOUR, member="mia", consent=WITHDRAWAL, locale="fr-FR"),
    preference(NOON - 5 * HOUR, member="mia", consent=GRANT, contact="stop"),
    preference(NOON - 3 * HOUR, member="mia", contact="less"),
    purchase(1, NOON - 2 * DAY),
    purchase(2, NOON - DAY),
    said("contact", NOON - 2 * HOUR, id="mail-1", member="mia", channel="mail"),
    said("contact", NOON - 1 * HOUR, id="mail-2", member="mia", channel="mail", campaign="few"),
    said("product", NOON - 9 * HOUR, id="serum", name="le sérum 50 ml", price="49.00 EUR"),
    said("product", NOON - 8 * HOUR, id="serum", price=None, staff_pick="le préféré", rating={"stars": 4.5}),
    said("product", NOON - 7 * HOUR, id="soap", name="le savon", category="beauty"),
    said("product", NOON - 6 * HOUR, id="soap", deleted=True),
]


@settings(max_examples=60)
@given(st.permutations(HISTORY), st.lists(st.sampled_from(HISTORY), max_size=6))
def test_facts_come_to_the_same_in_any_order_and_however_often(order: list[Message], again: list[Message]) -> None:
    async def story() -> None:
        in_order, _ = await entered(HISTORY)
        mixed, collected = await entered([*order, *again])
        found, expected = await known(mixed), await known(in_order)
        for facts in (found, expected):
            facts[3] = replace(facts[3], counted=b"")  # in the order in which they came
        assert found == expected
        assert collected.read(topics.DEAD_LETTERS) == []

    run(story())


def test_the_facts_are_what_the_newest_words_say() -> None:
    async def story() -> None:
        working, _ = await entered(HISTORY)
        profile, consent, _, purchases, contacts, a, b, catalogue = await known(working)
        assert (profile.profile.first_name, profile.profile.tier, profile.profile.points) == (None, "gold", 7)
        assert profile.profile.devices == ("a", "b")
        assert (consent.wish, consent.grants["offers"].granted) == ("less", True)
        assert (purchases.count, purchases.cents, purchases.last) == (2, 7800, NOON - DAY)
        assert purchases.bought(NOON - DAY, NOON, category="beauty")
        assert purchases.bought(NOON - DAY, NOON, product="serum")
        assert [contact.id for contact in contacts] == ["mail-1", "mail-2"]
        assert (a.offers, a.member, b.offers, b.member) == (True, "mia", True, "mia")
        assert (catalogue["serum"].name, catalogue["serum"].price) == ("le sérum 50 ml", None)
        assert catalogue["serum"].rating == Rating(4.5)
        assert "soap" not in catalogue

    run(story())


def test_the_merged_wholes_are_told_on_their_topics(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter([broker.record(message) for message in HISTORY])
        whole = collected.read(topics.MEMBERS)[-1]
        assert (whole["member"], whole["tier"], whole["contact"]) == ("mia", "gold", "less")
        assert whole["consent"]["offers"]["granted"] is True
        soap = [value for key, value in collected.distinct()[topics.CATALOGUE.name] if key == b"boutique|soap"]
        assert [value and orjson.loads(value)["name"] for value in soap] == ["le savon", None]

    run(story())


def test_contacts_of_other_channels_count_for_the_caps(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            mails = [
                said("contact", NOON - each * MINUTE, id=f"mail-{each}", member="mia", channel="mail")
                for each in (1, 2, 3)
            ]
            await working.enter(broker.records([member("mia", "phone"), *mails]))
            await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 2)))
        assert collected.offers() == []
        assert collected.reasons() == {"SHADOWED": 2, "CAP": 1}

    run(story())


def test_a_deleted_member_is_forgotten_with_devices_and_cards(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone", cards=["c1"]), purchase(1, NOON - HOUR)]))
            await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 3)))
            await working.enter([broker.record(said("member", NOON + MINUTE, member="mia", deleted=True))])
            for kind in ("profile", "consent", "visits", "purchases", "contacts"):
                found = (await tables.members.read(kind, MIA)).value
                assert found == (Fields(said={"deleted": NOON + MINUTE}) if kind == "profile" else KINDS[kind].absent)
            (device,) = await tables.presences.admit([f"{NAME}|phone"])
            assert (device.body, device.admission.granted, device.admission.member) == (b"", False, None)
            assert await tables.links.members_of([f"{NAME}|c1"]) == {f"{NAME}|c1": None}
            later = await working.work(broker.records(pings("phone", HAUSSMANN, NOON + HOUR, 2)))
        assert later.without_consent == 2
        assert collected.distinct()[topics.MEMBERS.name][-1] == (MIA.encode(), None)

    run(story())


def test_redemptions_win_once_and_keep_or_free_the_place(open_tables: OpenTables) -> None:
    async def story() -> None:
        collected, broker = Collected(), Topics()
        async with open_tables() as tables:
            working = Working(tables, collected)
            await working.enter(broker.records([member("mia", "phone")]))
            await working.work(broker.records(pings("phone", HAUSSMANN, NOON, 2)))
            (offer,) = collected.offers()
            code = offer["coupon"]["code"]
            asked = said("redemption", NOON + HOUR, coupon=code, store="haussmann")
            first, second = (broker.record(asked | {"id": name}) for name in ("till-1", "till-2"))
            await working.enter([first, first, second])
            coupon = await tables.coupons._read(f"{NAME}|{code}")
            assert coupon[1] is not None
            assert coupon[1].redemption is not None
            assert coupon[1].redemption.id == "till-1"
            back = broker.record(asked | {"id": "till-3", "reverses": "till-1"})
            await working.enter([back, back, first, second])
            coupon = await tables.coupons._read(f"{NAME}|{code}")
            assert coupon[1] is not None
            assert coupon[1].redemption is not None
            assert coupon[1].redemption.id == "till-2"  # till-1 was taken back for good
        assert offer["coupon"]["code"] == coupon_code(working.pipeline.retailers[NAME].secret, offer["id"])
        assert collected.read(topics.DEAD_LETTERS) == []

    run(story())


def test_a_product_that_was_taken_out_comes_back_only_by_a_word_on_that() -> None:
    async def story() -> None:
        words = [said("product", NOON, id="serum", deleted=True), said("product", NOON + 1, id="serum", price=None)]
        back = said("product", NOON + 2, id="serum", deleted=False)
        for order in (words, words[::-1], [*words, back]):
            working, collected = await entered(order)
            catalogue = (await known(working))[-1]
            assert ("serum" in catalogue) is (back in order)
            told = collected.sent[-1].value
            assert (told is not None) is (back in order)

    run(story())


def test_a_purchase_has_the_category_that_patches_gave_its_product() -> None:
    async def story() -> None:
        patches = [
            said("product", NOON - 2, id="mask", name="le masque", category="beauty"),
            said("product", NOON - 1, id="mask", deleted=True),
        ]
        bought = purchase(1, NOON) | {"lines": [{"product": "mask", "amount": "5.00 EUR"}]}
        working, _ = await entered([*patches, bought])
        purchases = (await working.tables.members.read("purchases", MIA)).value
        assert purchases.bought(NOON, NOON, category="beauty")
        assert purchases.bought(NOON, NOON, product="mask")

    run(story())


def test_a_campaign_that_another_channel_made_up_is_a_contact_from_outside() -> None:
    async def story() -> None:
        told = {"member": "mia", "channel": "mail"}
        mails = [
            said("contact", NOON, id="1", campaign="few", **told),
            said("contact", NOON + 1, id="2", campaign="who knows", **told),
        ]
        working, _ = await entered(mails)
        contacts = (await working.tables.members.read("contacts", MIA)).value
        assert [contact.campaign for contact in contacts] == ["few", ""]

    run(story())
