"""How what is written in a scenario becomes a message: the fields are the same, but for times and short forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from config.scenarios.language import Ping, ProductChange, Purchase, Timed
from config.scenarios.members import Consent, KnownMember, Member, Past, Receipt
from config.scenarios.moments import Moment
from config.scenarios.references import phone_of
from offers.campaigns import Rules
from streams.phones import event
from streams.times import written

DAY = timedelta(days=1) // timedelta(milliseconds=1)

TYPES = {"check_in": "checkin"}
"""Where a step is not called as its message is."""

_IDENTIFIED = frozenset({"purchase", "contact", "check_in"})
"""Messages that need an id of their own."""

_NOT_SAID = {"at", "on", "ago", "id", "consent", "joined", "last_visit", "purchases", "contacts", "wish"}


def line_of(rules: Rules, kind: str, said: Timed, at: int, name: str) -> bytes:
    """The event that a step says at `at` (ms UTC); `name` is its id, where it needs one."""
    fields = _fields(said, rules, at)
    if kind in _IDENTIFIED:
        fields["id"] = name
    if isinstance(said, Purchase):
        fields = _receipt(fields, said)
    if isinstance(said, ProductChange):
        fields["id"] = said.id
    if isinstance(said, Ping):
        fields["device"] = said.device or phone_of(said.member or "")
        fields.pop("member", None)
    return event(TYPES.get(kind, kind), rules.retailer, at, **fields)


def of_member(
    rules: Rules, member: KnownMember, devices: list[str], begins: int, name: str
) -> Iterator[tuple[int, bytes]]:
    """What was said of a member before a scenario begins: times in ms UTC, and events."""
    told = begins - DAY
    fields = _fields(member, rules, told) | {"devices": devices}
    yield told, event("member", rules.retailer, told, **fields)
    if member.wish is not None:
        yield told, event("preference", rules.retailer, told, member=member.id, contact=member.wish)
    for place, purchase in enumerate(member.purchases):
        at = _when(purchase, rules, begins)
        bought = _receipt(_fields(purchase, rules, at), purchase)
        yield at, event("purchase", rules.retailer, at, **bought, member=member.id, id=f"{name}-purchase-{place}")
    for place, contact in enumerate(member.contacts):
        at = _when(contact, rules, begins)
        made = _fields(contact, rules, at)
        yield at, event("contact", rules.retailer, at, **made, member=member.id, id=f"{name}-contact-{place}")


def _fields(said: Any, rules: Rules, at: int) -> dict[str, Any]:
    """The fields that are written, as messages have them; `at` is when consent is given."""
    fields: dict[str, Any] = said.model_dump(mode="json", exclude_none=True, exclude=_NOT_SAID)
    if "accuracy" in fields:
        fields["accuracy"] = said.accuracy  # metres, as a number
    if isinstance(said, Member):
        fields["member"] = said.id
        for name in ("joined", "last_visit"):
            moment: Moment | None = getattr(said, name)
            fields[name] = moment and moment.at(rules.zone, None)
    if getattr(said, "consent", None) is not None:
        fields["consent"] = _consent(said.consent, at)
    return fields


def _consent(consent: Consent, at: int) -> dict[str, Mapping[str, Any]]:
    return {
        purpose: {"granted": grant.granted, "at": written(at), "version": grant.version or ""}
        for purpose, grant in consent.items()
    }


def _receipt(fields: dict[str, Any], receipt: Receipt) -> dict[str, Any]:
    """With its lines; one alone may be written without them."""
    if receipt.lines:
        return fields
    line = {name: fields.pop(name) for name in ("product", "category", "amount", "quantity") if name in fields}
    return fields | {"lines": [line]}


def _when(past: Past, rules: Rules, begins: int) -> int:
    if past.ago is not None:
        return begins - past.ago
    at = past.on.at(rules.zone, None) if past.on is not None else None
    return begins if at is None else at
