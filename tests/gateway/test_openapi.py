"""The OpenAPI page says what is there, and nothing that it allows, or does not, leads to a 5xx."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode

from streams.gateway.examples import EXAMPLES
from streams.gateway.keys import Scope
from streams.gateway.kinds import KINDS, REDEMPTIONS
from tests.gateway.doorway import Doorway, doorway, run

ALL = (*KINDS, REDEMPTIONS)


@pytest.fixture(scope="module")
def described(doorway_redis: str) -> Any:
    async def story() -> Any:
        async with doorway(doorway_redis) as at:
            return (await at.client.get("/openapi.json")).json()

    return run(story())


def test_the_page_and_what_it_shows_are_there_for_everybody(doorway_redis: str) -> None:
    async def story() -> None:
        async with doorway(doorway_redis) as at:
            assert (await at.client.get("/docs")).status_code == 200
            assert (await at.client.get("/openapi.json")).json()["openapi"].startswith("3.")

    run(story())


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_every_example_is_one_of_its_schema(described: Any, kind: Any) -> None:
    body = described["paths"][kind.path]["post"]["requestBody"]["content"]["application/json"]
    shown = [each["value"] for each in body.get("examples", {}).values()] or [body["example"]]
    validator = Draft202012Validator(described | body["schema"])
    assert EXAMPLES[kind.name] in shown
    for each in shown:
        validator.validate(each)
    assert not validator.is_valid({**EXAMPLES[kind.name], "at": True})


@pytest.mark.parametrize("path", [*(kind.path for kind in ALL), "/v1/devices"])
def test_every_answer_is_told(described: Any, path: str) -> None:
    answers = set(described["paths"][path]["post"]["responses"])
    assert answers >= {"200", "400", "401", "403", "408", "413", "415", "422", "503"}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_nothing_that_is_sent_leads_to_a_5xx(described: Any, doorway_redis: str, mode: GenerationMode) -> None:
    """Bodies and parameters that the page allows, then such as it does not allow; no answer that it does not tell."""
    schema = schemathesis.openapi.from_dict(described)
    with asyncio.Runner() as runner:
        opened = doorway(doorway_redis)
        at = runner.run(opened.__aenter__())
        for operation in [each.ok() for each in schema.get_all_operations()]:
            if operation.method == "post":
                send_cases(operation, mode, at, runner)
        accepted = {kind for said, kind, *count in at.counted.told if said == "accepted" and count[0]}
        assert len(accepted) >= (4 if mode is GenerationMode.POSITIVE else 0)
        runner.run(opened.__aexit__(None, None, None))


def send_cases(operation: Any, mode: GenerationMode, at: Doorway, runner: asyncio.Runner) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def send(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://gateway")
        sent["headers"] = {**sent["headers"], **at.headers(Scope.CRM)}
        sent["content"] = sent.pop("data", None)
        kept = {name: value for name, value in sent.items() if name in REQUEST and value is not None}
        answer = runner.run(at.client.request(**kept))
        assert answer.status_code < 500, answer.text
        assert str(answer.status_code) in (*case.operation.definition.raw["responses"], "405")

    send()


REQUEST = ("method", "url", "params", "headers", "json", "content")
