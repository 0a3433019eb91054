"""Who may come in: 401 or 403 without saying more, and nothing stored."""

from __future__ import annotations

from typing import Any

import pytest

from streams import topics
from streams.gateway.examples import EXAMPLES
from streams.gateway.keys import HELD, Scope
from streams.gateway.kinds import KINDS, REDEMPTIONS
from tests.gateway.doorway import AT, NAME, OTHER, Doorway, doorway, ping, run

ALL = (*KINDS, REDEMPTIONS)
NOT_THEIRS = {Scope.DEVICE: {"ping", "checkin", "preference"}, Scope.TILL: {"checkin", "purchase", "redemption"}}


def wrong_keys(at: Doorway) -> dict[str, str]:
    key = at.keys[Scope.CRM]
    id_, _, secret = key.partition(".")
    return {
        "no secret": f"Bearer {id_}.",
        "another secret": f"Bearer {id_}.{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}",
        "another id": f"Bearer {id_[:-2]}zz.{secret}",
        "of another key": f"Bearer {id_}.{at.keys[Scope.TILL].partition('.')[2]}",
        "no beginning": f"Bearer {key.removeprefix('chalandise_')}",
        "no scheme": key,
        "another scheme": f"Basic {key}",
        "nothing": "",
        "only a scheme": "Bearer",
        "no ASCII": "Bearer chalandise_é.ü".encode("latin-1").decode("latin-1"),
    }


def test_without_a_right_key_nobody_comes_in_and_nothing_is_stored(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            headers: list[dict[str, Any]] = [{}]
            headers += [{"Authorization": value.encode("latin-1")} for value in wrong_keys(at).values()]
            for kind in ALL:
                for each in headers:
                    answer = await at.post(kind.path, EXAMPLES[kind.name], each)
                    assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})
                    assert answer.headers["www-authenticate"] == "Bearer"
            for each in headers:
                assert (await at.post("/v1/devices", {}, each)).status_code == 401
            assert at.stored() == {}

    run(story())


@pytest.mark.parametrize("scope", list(NOT_THEIRS))
def test_a_key_of_another_scope_opens_nothing(doorway_redis: str, scope: Scope) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            device = "phone" if scope is Scope.DEVICE else None
            for kind in (each for each in ALL if each.name not in NOT_THEIRS[scope]):
                answer = await at.post(kind.path, EXAMPLES[kind.name], at.headers(scope, device))
                assert (answer.status_code, answer.json()) == (403, {"detail": "Forbidden"})
            if scope is Scope.TILL:
                assert (await at.post("/v1/devices", {}, at.headers(scope))).status_code == 403
            assert at.stored() == {}

    run(story())


def test_a_revoked_key_is_refused_once_it_is_no_longer_held(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            now = 0.0
            at.app.state.gateway.keyring.clock = lambda: now
            await at.admit("phone")
            assert (await at.post("/v1/pings", ping())).status_code == 200
            id_ = at.keys[Scope.CRM].partition("_")[2].partition(".")[0]
            assert await at.doors.tables.api_keys.revoke(id_)
            assert not await at.doors.tables.api_keys.revoke(id_)
            now = HELD - 0.001
            assert (await at.post("/v1/pings", ping())).status_code == 200
            now = HELD
            assert (await at.post("/v1/pings", ping())).status_code == 401
            assert len(at.records(topics.PINGS)) == 2

    run(story())


def test_a_key_of_another_retailer_reaches_nothing_of_this_one(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            before = at.stored()
            theirs = {"Authorization": f"Bearer {at.other_keys[Scope.CRM]}"}
            answer = await at.post("/v1/pings", ping(retailer=NAME), theirs)
            assert (answer.status_code, answer.json()["rejected"][0]["reason"]) == (422, "UNKNOWN_RETAILER")
            answer = await at.post("/v1/pings", ping(), theirs)
            assert answer.json()["without_consent"] == 1
            assert at.stored() == before
            device = {"Authorization": f"Bearer {at.other_keys[Scope.DEVICE]}"}
            ours = device | {"X-Device-Token": at.token("phone", NAME)}
            assert (await at.post("/v1/pings", ping(), ours)).status_code == 401
            await at.admit("phone", retailer=OTHER)
            assert (
                await at.post("/v1/pings", ping(), device | {"X-Device-Token": at.token("phone", OTHER)})
            ).is_success
            assert [key for key, _ in at.records(topics.PINGS)] == [f"{OTHER}|phone"]

    run(story())


def test_a_device_key_needs_the_token_of_a_device(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            before, right = at.stored(), at.token("phone")
            name, _, signature = right.partition(".")
            other, _, _ = at.token("tablet").partition(".")
            wrong = ["", right[:-3], f"{other}.{signature}", f"{name}.", f".{signature}", "é.ü", "=.=", f"{right}.x"]
            for token in wrong:
                headers = at.headers(Scope.DEVICE) | {"X-Device-Token": token.encode("latin-1")}
                answer = await at.post("/v1/pings", ping(), headers)  # type: ignore[arg-type]  # also wrong ones
                assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"}), token
            assert (await at.post("/v1/pings", ping(), at.headers(Scope.DEVICE))).status_code == 401
            assert at.stored() == before

    run(story())


def test_a_device_key_says_nothing_of_another_device_or_of_a_member(doorway_redis: str) -> None:
    bad = [
        ("/v1/pings", ping("tablet")),
        ("/v1/checkins", {"device": "tablet", "store": "haussmann", "at": AT}),
        ("/v1/checkins", {"store": "haussmann", "via": "till", "at": AT}),
        ("/v1/preferences", {"device": "tablet", "contact": "stop", "at": AT}),
        ("/v1/preferences", {"member": "anna", "contact": "stop", "at": AT}),
        ("/v1/preferences", {"card": "C1", "contact": "stop", "at": AT}),
    ]

    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone", "tablet")
            before = at.stored()
            for path, body in bad:
                answer = await at.post(path, body, at.headers(Scope.DEVICE, "phone"))
                assert (answer.status_code, answer.json()["rejected"][0]["reason"]) == (403, "NOT_ALLOWED"), body
            assert at.stored() == before
            answer = await at.post("/v1/pings", [ping("tablet"), ping("phone")], at.headers(Scope.DEVICE, "phone"))
            assert (answer.status_code, answer.json()["accepted"]) == (200, 1)

    run(story())


def test_what_a_device_leaves_out_is_filled_in_and_who_is_behind_it_is_not_believed(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            await at.admit("phone")
            device = at.headers(Scope.DEVICE, "phone")
            here = {"store": "haussmann", "member": "anna", "card": "C1", "at": AT}
            assert (await at.post("/v1/checkins", here, device)).json()["accepted"] == 1
            ((key, message),) = at.records(topics.CHECKINS)
            assert (key, message["device"]) == (f"{NAME}|phone", "phone")
            assert {"member", "card"} & set(message) == set()
            assert (await at.post("/v1/preferences", {"contact": "stop", "at": AT}, device)).json()["accepted"] == 1
            assert [key for key, _ in at.records(topics.PREFERENCES)] == [f"{NAME}|phone"]

    run(story())


def test_a_phone_gets_a_device_that_nobody_has_and_its_token_works(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            made = [(await at.post("/v1/devices", b"", at.headers(Scope.DEVICE))).json() for _ in range(2)]
            assert made[0]["device"] != made[1]["device"]
            headers = at.headers(Scope.DEVICE) | {"X-Device-Token": made[0]["token"]}
            agreed = {"consent": ["location_history"], "at": AT}
            assert (await at.post("/v1/preferences", agreed, headers)).json()["accepted"] == 1
            mine = {name: value for name, value in ping().items() if name != "device"}
            assert (await at.post("/v1/pings", mine, headers)).json()["accepted"] == 1
            assert [key for key, _ in at.records(topics.PINGS)] == [f"{NAME}|{made[0]['device']}"]

    run(story())


def test_only_a_crm_key_names_a_device(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            named = await at.post("/v1/devices", {"device": "phone é 📱"})
            assert named.json() == {"device": "phone é 📱", "token": at.token("phone é 📱")}
            headers = at.headers(Scope.DEVICE) | {"X-Device-Token": named.json()["token"]}
            assert (await at.post("/v1/pings", ping("phone é 📱"), headers)).json()["without_consent"] == 1
            refused = await at.post("/v1/devices", {"device": "phone"}, at.headers(Scope.DEVICE))
            assert refused.status_code == 403
            assert "token" not in refused.json()
            for bad in (b"{", b'{"device":""}', b'{"device":3}', b"[]"):
                assert (await at.post("/v1/devices", bad)).status_code in (400, 422)

    run(story())


def test_what_a_key_hashes_to_is_all_that_redis_has(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            (name,) = at.redis.scan_iter("api_keys:*")
            kept = at.redis.get(name)
            for shown in at.keys.values():
                id_, _, secret = shown.partition(".")
                assert id_.partition("_")[2].encode() in kept
                assert secret.encode() not in kept

    run(story())
