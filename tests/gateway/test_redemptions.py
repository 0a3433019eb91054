"""A till hears at once; what it hears stands on the topic before, and is the same when it asks again."""

from __future__ import annotations

from typing import Any

import pytest

from offers.coupons import Coupon, check_character
from streams import topics
from streams.errors import InfrastructureError
from streams.gateway.keys import Scope
from streams.records import Record
from streams.tills import enter_redemption
from streams.times import written
from tests.gateway.doorway import AT, NAME, Doorway, Hindered, doorway, run
from tests.gateway.test_intake import decoder_of

CODE = "23456789ABCDEFGH" + check_character("23456789ABCDEFGH")
REDEEM: dict[str, Any] = {"id": "till-1", "coupon": CODE, "store": "haussmann", "at": AT}


async def give_coupon(at: Doorway) -> None:
    coupon = Coupon("offer", "welcome", "anna", AT + 1_000, "occasion", False)
    await at.doors.tables.coupons.put([(f"{NAME}|{CODE}", coupon)])


async def told(here: Doorway, **more: Any) -> Any:
    answer = await here.post("/v1/redemptions", REDEEM | more, here.headers(Scope.TILL))
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_one_till_wins_and_hears_the_same_again(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await give_coupon(at)
            assert await told(at, coupon="nothing") == "UNKNOWN"
            assert await told(at) == "ACCEPTED"
            assert await told(at) == "ACCEPTED"
            assert await told(at, id="till-2") == "ALREADY_USED"
            assert await told(at, id="till-3", reverses="till-1") == "TAKEN_BACK"
            assert await told(at, id="till-4", at=AT + 1_000) == "EXPIRED"
            assert len(at.records(topics.REDEMPTIONS)) == 3  # what was refused is not tried again by a worker
            assert at.counted.told.count(("redeemed", "ACCEPTED")) == 2

    run(story())


async def whole(here: Doorway, **more: Any) -> Any:
    answer = await here.post("/v1/redemptions", REDEEM | more, here.headers(Scope.TILL))
    return answer.status_code, answer.json(), answer.headers.get("retry-after")


def test_a_till_hears_what_it_needs_to_explain_a_refusal(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            coupon = Coupon("offer", "welcome", "anna", AT + 1_000, "occasion", False, stores=("haussmann",))
            await at.doors.tables.coupons.put([(f"{NAME}|{CODE}", coupon)])
            elsewhere = {"id": "till-1", "result": "WRONG_STORE", "stores": ["haussmann"]}
            assert await whole(at, store="rivoli") == (200, elsewhere, None)
            expired = {"id": "till-1", "result": "EXPIRED", "expired_at": written(AT + 1_000)}
            assert await whole(at, at=AT + 1_000) == (200, expired, None)
            assert await told(at) == "ACCEPTED"
            used = {"id": "till-2", "result": "ALREADY_USED", "used": {"at": written(AT), "store": "haussmann"}}
            assert await whole(at, id="till-2", store="rivoli") == (200, used, None)

    run(story())


def test_codes_that_nobody_knows_cannot_be_tried_without_end(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await give_coupon(at)
            for _ in range(30):
                assert await told(at, coupon="nothing") == "UNKNOWN"
            status, _, wait = await whole(at)
            assert (status, wait) == (429, "2")
            assert await told(at, store="rivoli") == "ACCEPTED"  # another store's tills are answered

    run(story())


def test_a_worker_comes_to_the_same_from_the_records(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await give_coupon(at)
            await told(at)
            before = at.stored()
            (log,) = [log for log in at.broker.logs(topics.REDEMPTIONS.name) if log.end]
            (written,) = log.read(0, 1)
            asked = decoder_of(topics.REDEMPTIONS.name).decode(Record(*written), [NAME])
            await enter_redemption(asked, at.doors.tables, at.doors.retailers)
            assert at.stored() == before

    run(story())


def test_what_a_till_was_refused_is_not_tried_again_by_a_worker(doorway_redis: str) -> None:
    """Redeemed, refused to another, taken back, all before a worker comes to any of it: the coupon stays free."""

    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await give_coupon(at)
            assert await told(at) == "ACCEPTED"
            assert await told(at, id="till-2") == "ALREADY_USED"
            assert await told(at, id="till-3", reverses="till-1") == "TAKEN_BACK"
            for log in at.broker.logs(topics.REDEMPTIONS.name):
                for written in log.read(0, 100):
                    asked = decoder_of(topics.REDEMPTIONS.name).decode(Record(*written), [NAME])
                    await enter_redemption(asked, at.doors.tables, at.doors.retailers)
            assert await told(at, id="till-4") == "ACCEPTED"

    run(story())


def test_without_an_acknowledgement_the_till_asks_again_and_gets_the_same_answer(doorway_redis: str) -> None:
    async def story() -> None:
        away = True

        async def hinder(_: object) -> None:
            if away:
                raise InfrastructureError("the broker is away")

        async with doorway(doorway_redis, around=lambda inner: Hindered(inner, hinder)) as at:
            await give_coupon(at)
            answer = await at.post("/v1/redemptions", REDEEM, at.headers(Scope.TILL))
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert at.records(topics.REDEMPTIONS) == []
            assert not [each for each in at.counted.told if each[0] == "redeemed"]
            away = False
            assert await told(at, id="till-2") == "ALREADY_USED"
            assert await told(at) == "ACCEPTED"

    run(story())


@pytest.mark.parametrize(
    ("body", "status"), [([REDEEM], 422), (b"", 400), ({**REDEEM, "id": ""}, 422), ({**REDEEM, "retailer": "x"}, 422)]
)
def test_what_is_no_redemption_is_refused(doorway_redis: str, body: Any, status: int) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            answer = await at.post("/v1/redemptions", body, at.headers(Scope.TILL))
            assert (answer.status_code, len(answer.json()["rejected"])) == (status, 1)
            assert at.stored() == {}

    run(story())
