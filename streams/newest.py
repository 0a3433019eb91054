"""The newest word wins, field by field and purpose by purpose: in whatever order words come, the same comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from offers.members import Consent, Grant, Profile, Wish
from streams.messages import MemberChange
from streams.tables.members import Fields
from streams.times import to_milliseconds

TIMES = frozenset({"joined", "last_visit"})
"""Fields of a profile that are times."""

_PATCHED = tuple(Profile.__dataclass_fields__)
_DELETED = "deleted"


def merged(fields: Fields, change: MemberChange) -> Fields:
    """`fields` with what `change` says, where it is the newest word."""
    at = to_milliseconds(change.at)
    if at <= deleted_at(fields):
        return fields
    news = {name: _plain(name, getattr(change, name)) for name in _PATCHED if _says(change, name)}
    newest = {name: value for name, value in news.items() if at >= fields.said.get(name, at)}
    if not newest:
        return fields
    return Fields(replace(fields.profile, **newest), fields.said | dict.fromkeys(newest, at))


def deleted_at(fields: Fields) -> int:
    """When the member was deleted; what was said of them up to then is nothing. -1: never."""
    return fields.said.get(_DELETED, -1)


def deleted(fields: Fields, at: int) -> Fields:
    """What is left of `fields` when the member is deleted at `at`: that time, and what was said later."""
    if at <= deleted_at(fields):
        return fields
    later = {name: said for name, said in fields.said.items() if said > at}
    profile = Profile(**{name: getattr(fields.profile, name) for name in later})
    return Fields(profile, later | {_DELETED: at})


def is_gone(fields: Fields) -> bool:
    """Whether the member was deleted, and nothing said since."""
    return fields.said.keys() == {_DELETED}


def granted(consent: Consent, said: Mapping[str, Grant]) -> Consent:
    """`consent` with the grants of `said` that are the newest word on their purpose."""
    newest = {
        purpose: grant
        for purpose, grant in said.items()
        if purpose not in consent.grants or grant.at >= consent.grants[purpose].at
    }
    return replace(consent, grants={**consent.grants, **newest}) if newest else consent


def wished(consent: Consent, wish: Wish, at: int) -> Consent:
    """`consent` with the wish, where it is the newest."""
    return replace(consent, wish=wish, wish_at=at) if at >= consent.wish_at else consent


def joined(consent: Consent, other: Consent) -> Consent:
    """The newest words of both."""
    return wished(granted(consent, other.grants), other.wish, other.wish_at)


def since(consent: Consent, at: int) -> Consent:
    """What of `consent` was said after `at`."""
    grants = {purpose: grant for purpose, grant in consent.grants.items() if grant.at > at}
    return replace(consent, grants=grants) if consent.wish_at > at else Consent(grants)


def _says(change: MemberChange, name: str) -> bool:
    return getattr(change, name) is not msgspec.UNSET


def _plain(name: str, value: Any) -> Any:
    if name in TIMES and value is not None:
        return to_milliseconds(value)
    return tuple(dict.fromkeys(value)) if isinstance(value, list) else value
