"""Codes of products and shelves: what they start, in which store they were scanned, and what is not believed."""

from __future__ import annotations

from typing import Any

import pytest

from streams import topics
from streams.batches import Processed
from tests.pipeline.boutique import (
    HAUSSMANN,
    MINUTE,
    NOON,
    RIVOLI,
    Collected,
    Topics,
    Working,
    check_in,
    member,
    memory_tables,
    pings,
    run,
)

MARKET, PARTNER = HAUSSMANN, RIVOLI
TEA, CUP, SOAP, SHELF = "3600000000001", "3600000000003", "3600000000004", "MARKET-TEA"


def scanned(*fixes: dict[str, Any], **said: Any) -> tuple[Processed, Collected]:
    """What comes of a scan three minutes after noon, by a phone that sent `fixes` before."""

    async def story() -> tuple[Processed, Collected]:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected, file="shelves.yaml")
        await working.enter(broker.records([member("mia", "phone")]))
        await working.work(broker.records(fixes))
        told = check_in(NOON + 3 * MINUTE, **({"device": "phone"} | said))
        return await working.work([broker.record(told)], NOON + 3 * MINUTE), collected

    found: tuple[Processed, Collected] = run(story())
    return found


@pytest.mark.parametrize(
    ("code", "campaign"), [(TEA, "with-the-tea"), (CUP, "this-cup"), (SOAP, "anything"), (SHELF, "with-the-tea")]
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
