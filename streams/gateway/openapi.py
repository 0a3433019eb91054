"""The OpenAPI page: the messages as they are checked, every answer, and an example of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI

from streams.gateway.devices import Device, DeviceAsked
from streams.gateway.examples import EXAMPLES
from streams.gateway.kinds import KINDS, REDEMPTIONS, Kind
from streams.gateway.limits import Limits
from streams.gateway.redemptions import Answer
from streams.gateway.taken import Taken

Described = dict[str, Any]

ABOUT = """\
What phones, tills and shops say comes in here: one JSON object or an array of them. A 200 means that the broker has
acknowledged every item that is not in `rejected` (and that pings of devices without consent were dropped); what is in
`rejected` need not come again. After 408, 429 and 503 the same may come again: nothing counts twice.
"""

REFUSALS = {
    "400": "The body is not JSON, not UTF-8, nested too deeply, or not whole.",
    "401": "No key, or a wrong one; or no device token, or a wrong one.",
    "403": "Not with a key of this scope, or another device than that of the token.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large, as it was sent or unpacked.",
    "415": "A `Content-Encoding` other than gzip.",
    "422": "None of the items is a message, or there are too many of them.",
    "503": "Not now: too much at once, or Redis or the broker is away. Come again after `Retry-After` seconds.",
}
WITH_ITEMS = ("400", "403", "422")
RETRY_AFTER = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}


def describe(app: FastAPI, limits: Limits) -> None:
    """Let the OpenAPI page of `app` tell all of it, once it is asked for."""
    made = app.openapi

    def openapi() -> Described:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(made(), limits)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way


def _complete(schema: Described, limits: Limits) -> Described:
    types = [*(kind.decoder.message for kind in (*KINDS, REDEMPTIONS)), Taken, DeviceAsked, Device, Answer]
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    components = schema.setdefault("components", {})
    components["schemas"] = components.get("schemas", {}) | schemas
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for kind in KINDS:
        schema["paths"][kind.path] = {"post": _intake(kind, limits)}
    schema["paths"][REDEMPTIONS.path]["post"] |= _redemption()
    schema["paths"]["/v1/devices"]["post"] |= _device()
    return schema


def _intake(kind: Kind, limits: Limits) -> Described:
    item = _reference(kind.decoder.message.__name__)
    body = {"oneOf": [item, {"type": "array", "items": item, "maxItems": limits.items}]}
    example = EXAMPLES[kind.name]
    content = {"schema": body, "examples": {"one": {"value": example}, "several": {"value": [example]}}}
    return _operation(f"One {kind.name}, or several", kind, content, _reference("Taken"), "Taken.")


def _redemption() -> Described:
    content = {"schema": _reference("RedemptionAsked"), "example": EXAMPLES[REDEMPTIONS.name]}
    told = "What the till is told. The same request again gets the same answer."
    described = _operation("Redeem a coupon, or take that back", REDEMPTIONS, content, _reference("Answer"), told)
    refused = _answer("Too many codes that nobody knows. Come again after `Retry-After` seconds.", _DETAIL)
    described["responses"]["429"] = refused | {"headers": RETRY_AFTER}
    return described


def _device() -> Described:
    content = {"schema": _reference("DeviceAsked"), "example": {}}
    described = _operation("A device with its token", None, content, _reference("Device"), "The device is yours.")
    described["description"] = (
        "With a key of scope `device` a device that nobody has yet; a key of scope `crm` may name one."
    )
    described["requestBody"]["required"] = False
    described["parameters"] = []
    return described


def _operation(summary: str, kind: Kind | None, content: Described, answer: Described, told: str) -> Described:
    scopes = () if kind is None else kind.scopes
    return {
        "summary": summary,
        "operationId": summary.lower().replace(",", "").replace(" ", "_"),
        "description": f"Keys of scope {', '.join(scopes)}.",
        "security": [{"key": []}],
        "parameters": [DEVICE_TOKEN_PARAMETER] if "device" in scopes else [],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"200": _answer(told, answer)} | {code: _refusal(code, why) for code, why in REFUSALS.items()},
    }


DEVICE_TOKEN_PARAMETER = {
    "name": "X-Device-Token",
    "in": "header",
    "required": False,
    "description": "With a key of scope `device`: the token that `/v1/devices` gave.",
    "schema": {"type": "string"},
}
_DETAIL = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}


def _refusal(code: str, why: str) -> Described:
    schema = {"anyOf": [_reference("Taken"), _DETAIL]} if code in WITH_ITEMS else _DETAIL
    return _answer(why, schema) | ({"headers": RETRY_AFTER} if code == "503" else {})


def _answer(description: str, schema: Mapping[str, Any]) -> Described:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _reference(name: str) -> Described:
    return {"$ref": f"#/components/schemas/{name}"}
