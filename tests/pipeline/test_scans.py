"""Codes of products and shelves: what they start, in which store they were scanned, and what is not believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from streams import topics
from streams.batches import Processed
from streams.steps import Step
from tests.pipeline.boutique import (
    HAUSSMANN,
    HOUR,
    MINUTE,
    NAME,
    NOON,
    RIVOLI,
    Collected,
    Message,
    Topics,
    Working,
    check_in,
    member,
    memory_tables,
    pings,
    run,
)

SALT = "3600000000005"
MARKET, PARTNER = HAUSSMANN, RIVOLI
TEA, CUP, SOAP, SHELF = "3600000000001", "3600000000003", "3600000000004", "MARKET-TEA"


def scanned(*fixes: dict[str, Any], products: Sequence[Message] = (), **said: Any) -> tuple[Processed, Collected]:
    """What comes of a scan three minutes after noon, by a phone that sent `fixes` before."""

    async def story() -> tuple[Processed, Collected]:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected, file="shelves.yaml")
        await working.enter(broker.records([member("mia", "phone"), *products]))
        await working.work(broker.records(fixes))
        told = check_in(NOON + 3 * MINUTE, **({"device": "phone"} | said))
        return await working.work([broker.record(told)], NOON + 3 * MINUTE), collected

    found: tuple[Processed, Collected] = run(story())
    return found


@pytest.mark.parametrize(
    ("code", "campaign"), [(TEA, "with-the-tea"), (CUP, "this-cup"), (SOAP, "what-you-hold"), (SHELF, "with-the-tea")]
)
def test_a_scan_starts_the_best_campaign_for_what_it_is(code: str, campaign: str) -> None:
    _, collected = scanned(*pings("phone", MARKET, NOON, 12), code=code, via="barcode")
    (offer,) = collected.offers()
    assert (offer["campaign"], offer["store"], offer["trigger"]["kind"]) == (campaign, "market", "SCAN")


def test_all_campaigns_that_wait_for_it_are_ranked_together_and_it_is_a_check_in_too() -> None:
    _, collected = scanned(*pings("phone", MARKET, NOON, 12), code=CUP)
    told = [each for each in collected.read(topics.DECISIONS) if each["trigger"]["at"].endswith("11:03:00.000Z")]
    kinds = {each["trigger"]["kind"]: [one["campaign"] for one in each["candidates"]] for each in told}
    assert kinds == {"CHECK_IN": [], "VISIT": [], "SCAN": ["this-cup", "anything"]}
    (trigger,) = (each["trigger"] for each in told if each["trigger"]["kind"] == "SCAN")
    assert (trigger["product"], trigger["category"]) == ("cup", "china")


@pytest.mark.parametrize(
    "said",
    [
        {"store": "market"},
        {"lat": MARKET[1], "lon": MARKET[0], "accuracy": 12.0},
        {"store": "market", "member": "mia", "device": None},
    ],
)
def test_the_store_is_the_one_named_or_the_one_around_its_position(said: dict[str, Any]) -> None:
    _, collected = scanned(code=CUP, **said)
    assert [offer["store"] for offer in collected.offers()] == ["market"]


def test_a_product_scanned_nowhere_is_not_believed_and_a_shelf_far_away_neither() -> None:
    nowhere, collected = scanned(code=CUP)
    assert ([each.reason for each in nowhere.rejections], collected.offers()) == (["NOWHERE"], [])
    far, collected = scanned(*pings("phone", PARTNER, NOON + 150_000, 2), code=SHELF)
    assert ([each.reason for each in far.rejections], collected.offers()) == (["OUT_OF_REACH"], [])


def test_a_code_that_nobody_knows_is_no_store() -> None:
    processed, _ = scanned(code="4711")
    assert [letter.reason for letter in processed.dead_letters] == ["UNKNOWN_STORE"]


def test_the_code_of_a_store_is_a_check_in_and_no_scan() -> None:
    _, collected = scanned(code="market")
    assert {each["trigger"]["kind"] for each in collected.read(topics.DECISIONS)} == {"CHECK_IN", "VISIT"}


def product(named: str, at: int = 0, **said: Any) -> Message:
    return {"type": "product", "retailer": NAME, "id": named, "at": NOON - HOUR + at, **said}


def offered(code: str, *products: Message) -> list[tuple[str, str]]:
    """The campaign and the text of what is offered to who scans `code` in the market."""
    _, collected = scanned(*pings("phone", MARKET, NOON, 12), code=code, products=products)
    return [(offer["campaign"], offer["text"]) for offer in collected.offers()]


def test_the_offer_is_about_the_product_in_hand() -> None:
    _, collected = scanned(*pings("phone", MARKET, NOON, 12), code=SOAP)
    (offer,) = collected.offers()
    assert (offer["product"], offer["text"]) == ("soap", "le savon, à 4,50\xa0€")


@pytest.mark.parametrize(
    "told",
    [
        [product("salt", name="le sel", category="bath", price="6.00 EUR", codes=[SALT])],
        [product("salt", codes=[SALT]), product("salt", 1, name="le sel", category="bath", price="6.00 EUR")],
    ],
)
def test_a_product_that_came_by_message_is_found_by_its_code(told: list[Message]) -> None:
    assert offered(SALT, *told) == [("what-you-hold", "le sel, à 6,00\xa0€")]


def test_codes_said_later_replace_those_before_and_what_was_not_said_stays() -> None:
    changed = product("soap", codes=[SALT])
    assert offered(SALT, changed) == [("what-you-hold", "le savon, à 4,50\xa0€")]
    nobody, _ = scanned(*pings("phone", MARKET, NOON, 12), code=SOAP, products=[changed])
    assert [letter.reason for letter in nobody.dead_letters] == ["UNKNOWN_STORE"]


def test_a_code_said_of_two_products_is_that_of_which_it_was_said_last() -> None:
    soap, tea = product("soap", 1, codes=[SALT]), product("sencha", 2, codes=[SALT])
    assert [campaign for campaign, _ in offered(SALT, soap, tea)] == ["with-the-tea"]
    assert [campaign for campaign, _ in offered(SALT, tea, product("soap", 3, codes=[SALT]))] == ["what-you-hold"]


def test_a_shelf_and_a_store_keep_their_codes_whatever_a_product_is_said_to_have() -> None:
    claimed = product("soap", codes=[SHELF, "market"])
    assert [campaign for campaign, _ in offered(SHELF, claimed)] == ["with-the-tea"]
    _, collected = scanned(code="market", products=[claimed])
    assert {each["trigger"]["kind"] for each in collected.read(topics.DECISIONS)} == {"CHECK_IN", "VISIT"}


def test_what_was_taken_out_is_scanned_and_not_offered() -> None:
    _, collected = scanned(*pings("phone", MARKET, NOON, 12), code=SOAP, products=[product("soap", deleted=True)])
    (offer,) = collected.offers()
    assert offer["campaign"] == "anything"
    (decision,) = (each for each in collected.read(topics.DECISIONS) if each["trigger"]["kind"] == "SCAN")
    assert decision["candidates"][0] == {"campaign": "what-you-hold", "reason": "NO_PRODUCT"}


def test_what_a_code_stands_for_may_change_before_a_crash_is_made_good() -> None:
    """A scan that was decided is found again, though its code is another product's by now."""

    async def story() -> list[Message]:
        collected, broker = Collected(), Topics(1)

        def stop(step: Step) -> None:
            if step is Step.PRODUCE:
                raise Stopped

        tables = memory_tables()
        crashing = Working(tables, collected, stop, file="shelves.yaml")
        await crashing.enter(broker.records([member("mia", "phone")]))
        scan = broker.record(check_in(NOON, device="phone", store="market", code=SOAP))
        with pytest.raises(Stopped):
            await crashing.work([scan], NOON)
        working = Working(tables, collected, file="shelves.yaml")
        await working.enter(broker.records([product("cup", codes=[SOAP])]))
        await working.work([scan], NOON)
        return collected.offers()

    assert [offer["campaign"] for offer in run(story())] == ["what-you-hold"]


class Stopped(Exception):  # noqa: N818 - it stands for a crash, not for a fault
    """A crash."""
