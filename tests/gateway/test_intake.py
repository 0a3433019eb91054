"""What is posted comes to stand on its topic as a worker takes it; what is no message is told by its place."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from offers.coupons import Coupon
from streams import topics
from streams.entries import ENTRIES
from streams.events import TYPES
from streams.gateway.examples import EXAMPLES
from streams.gateway.keys import Scope
from streams.gateway.kinds import KINDS, REDEMPTIONS
from streams.pipeline import CHECK_IN_DECODER, PING_DECODER
from streams.records import Record
from tests.gateway.doorway import AT, NAME, doorway, ping, run

LATER = AT + 60_000


def decoder_of(topic: str) -> Any:
    own = {topics.PINGS.name: PING_DECODER, topics.CHECKINS.name: CHECK_IN_DECODER}
    return own.get(topic) or ENTRIES[topic].decoder


@pytest.mark.parametrize("kind", [*KINDS, REDEMPTIONS], ids=lambda kind: kind.name)
@pytest.mark.parametrize("named", [{}, {"retailer": NAME, "type": None}])
def test_every_example_stands_on_its_topic_as_its_worker_takes_it(doorway_redis: str, kind: Any, named: Any) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone-1")
            shown = EXAMPLES["redemption"]["coupon"]
            coupon = Coupon("offer", "welcome", "anna", LATER * 2, "occasion", False)
            await at.doors.tables.coupons.put([(f"{NAME}|{shown}", coupon)])
            body = {**EXAMPLES[kind.name], **named} | ({"type": kind.name} if named else {})
            answer = await at.post(kind.path, body)
            assert answer.status_code == 200, answer.text
            (log,) = [log for log in at.broker.logs(kind.topic) if log.end]
            (written,) = log.read(0, 10)
            assert kind.topic == TYPES[kind.name].topic
            decoder, sent = decoder_of(kind.topic), {**EXAMPLES[kind.name], "retailer": NAME}
            message = decoder.decode(Record(*written[:3], LATER, *written[4:]), [NAME])
            assert message == decoder.read(orjson.dumps(sent), LATER)

    run(story())


def test_bad_items_are_told_by_place_and_reason_and_the_good_ones_are_kept(doorway_redis: str) -> None:
    bad: list[tuple[bytes, str]] = [
        (b'{"device":"phone","lat":91.123456,"lon":2.345678,"at":1}', "WRONG_TYPE"),
        (b'{"device":"phone","lat":NaN,"lon":2,"at":1}', "NOT_JSON"),
        (b'{"device":"phone","device":"phone","lat":1,"lon":2,"at":1}', "DUPLICATE_KEYS"),
        (b'{"retailer":"another-shop","device":"phone","lat":1,"lon":2,"at":1}', "UNKNOWN_RETAILER"),
        (b'{"type":"purchase","device":"phone","lat":1,"lon":2,"at":1}', "WRONG_TYPE"),
        (b'{"lat":1,"lon":2,"at":1}', "WRONG_TYPE"),
        (b'{"device":"\xff","lat":1,"lon":2,"at":1}', "NOT_UTF8"),
        (b"7", "WRONG_TYPE"),
        (b'{"device":"phone","lat":1,"lon":2,"at":-1}', "WRONG_TYPE"),
    ]

    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            sane = [each for each in bad if each[1] != "NOT_JSON"]
            good = orjson.dumps(ping())
            body = b" [" + b" , ".join([good, *(raw for raw, _ in sane), good]) + b"]\n"
            answer = await at.post("/v1/pings", body)
            told = answer.json()
            assert (answer.status_code, told["accepted"]) == (200, 2)
            assert [(each["index"], each["reason"]) for each in told["rejected"]] == [
                (place, reason) for place, (_, reason) in enumerate(sane, 1)
            ]
            assert "91.1" not in answer.text
            assert "2.34" not in answer.text
            assert len(at.records(topics.PINGS)) == 2
            assert ("accepted", "ping", 2) in at.counted.told
            assert ("rejected", "ping", "DUPLICATE_KEYS") in at.counted.told
            for raw, reason in bad:
                answer = await at.post("/v1/pings", raw)
                assert answer.status_code in (400, 422), answer.text
                assert [each["reason"] for each in answer.json()["rejected"]] == [reason]
            assert len(at.records(topics.PINGS)) == 2

    run(story())


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "EMPTY"),
        (b"{", 400, "NOT_JSON"),
        (b"[{}", 400, "NOT_JSON"),
        (b'[{"device":"phone"}] 3', 400, "NOT_JSON"),
        ('{"device":"phone"}'.encode("utf-16"), 400, "NOT_UTF8"),
        (b'{"device":"\xc3\x28"}', 400, "NOT_UTF8"),
        (b"[" * 100_000, 400, "TOO_DEEP"),
        (b"[" * 100_000 + b"]" * 100_000, 400, "TOO_DEEP"),
        (b'{"x":' * 50_000, 400, "TOO_DEEP"),
        (b'{"device":"\\ud800","lat":1,"lon":2,"at":1}', 400, "NOT_JSON"),
        (b"{}", 422, "WRONG_TYPE"),
        (b"null", 422, "WRONG_TYPE"),
        (b'[{"lat":1}, 3]', 422, "WRONG_TYPE"),
    ],
)
def test_what_has_no_usable_item_is_refused(doorway_redis: str, body: bytes, status: int, reason: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            answer = await at.post("/v1/pings", body)
            assert answer.status_code == status, answer.text
            assert {each["reason"] for each in answer.json()["rejected"]} == {reason}
            assert answer.json()["accepted"] == 0
            assert at.stored() == {}

    run(story())


def test_an_empty_array_is_nothing_to_do(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            answer = await at.post("/v1/pings", [])
            assert (answer.status_code, answer.json()["accepted"]) == (200, 0)

    run(story())


def test_pings_without_consent_are_dropped_and_counted_before_anything_is_stored(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            answer = await at.post("/v1/pings", [ping("stranger"), ping("stranger")])
            assert (answer.status_code, answer.json()) == (200, {"accepted": 0, "rejected": [], "without_consent": 2})
            assert at.stored() == {}
            assert ("without_consent", "ping", 2) in at.counted.told
            await at.admit("phone")
            answer = await at.post("/v1/pings", [ping("stranger"), ping("phone"), {"lat": 1}])
            assert (answer.status_code, answer.json()["accepted"], answer.json()["without_consent"]) == (200, 1, 1)
            assert [key for key, _ in at.records(topics.PINGS)] == [f"{NAME}|phone"]

    run(story())


def test_a_check_in_without_consent_has_no_position_and_one_of_nobody_is_dropped(doorway_redis: str) -> None:
    here = {"store": "haussmann", "lat": 48.8737, "lon": 2.3320, "accuracy": 5.0, "at": AT}

    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            body = [
                {**here, "device": "stranger"},
                {**here, "device": "stranger", "card": "C1"},
                {**here, "member": "anna"},
                {**here, "device": "phone"},
            ]
            answer = await at.post("/v1/checkins", body)
            assert answer.json() == {"accepted": 3, "rejected": [], "without_consent": 1}
            told = {
                message.get("card") or message.get("member") or "phone": message
                for _, message in at.records(topics.CHECKINS)
            }
            assert {name: "lat" in message for name, message in told.items()} == {
                "C1": False,
                "anna": False,
                "phone": True,
            }

    run(story())


def test_a_member_named_in_a_ping_is_believed_from_a_crm_key_alone(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            await at.post("/v1/pings", ping(member="anna"), at.headers(Scope.CRM))
            await at.post("/v1/pings", ping(member="anna"), at.headers(Scope.DEVICE, "phone"))
            assert [message.get("member") for _, message in at.records(topics.PINGS)] == ["anna", None]

    run(story())


def test_the_order_of_a_devices_pings_is_kept(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            await at.post("/v1/pings", [ping(at=AT + number) for number in range(500)])
            assert [message["at"] for _, message in at.records(topics.PINGS)] == [AT + each for each in range(500)]

    run(story())


def test_gzip_is_taken(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            packed = gzip.compress(orjson.dumps([ping()] * 900))
            answer = await at.post("/v1/pings", packed, at.headers() | {"Content-Encoding": "gzip"})
            assert answer.json()["accepted"] == 900

    run(story())


def test_a_member_patch_keeps_what_it_empties(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.post("/v1/members", {"member": "anna", "at": AT, "first_name": None, "points": 3})
            ((key, message),) = at.records(topics.MEMBER_CHANGES)
            assert (key, message["first_name"], "tier" in message) == (f"{NAME}|anna", None, False)

    run(story())
