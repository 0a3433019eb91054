"""The newest word wins, field by field and purpose by purpose: in whatever order words come, the same comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from offers.attributes import MOST_ATTRIBUTES
from offers.members import Consent, Grant, Profile, Wish
from streams.messages import MemberChange
from streams.tables.members import Fields
from streams.times import to_milliseconds

TIMES = frozenset({"joined", "last_visit"})
"""Fields of a profile that are times."""

_LINKED = ("linked_devices", "linked_cards")
_PATCHED = tuple(name for name in Profile.__dataclass_fields__ if name not in ("attributes", *_LINKED))
_LISTS = ("devices", "cards", "emails_hashed", "phones_hashed")
_ATTRIBUTE = "attributes."
"""Before the name of an attribute: when it was said last stands among the fields."""
_DELETED, _MERGED = "deleted", "merged"
_NOBODY = Fields()


def merged(fields: Fields, change: MemberChange) -> Fields:
    """`fields` with what `change` says, where it is the newest word."""
    at = to_milliseconds(change.at)
    if at <= deleted_at(fields):
        return fields
    if at <= merged_at(fields):
        return joined_fields(fields, merged(_NOBODY, change))
    news = {name: _plain(name, getattr(change, name)) for name in _PATCHED if _says(change, name)}
    if change.attributes is not msgspec.UNSET:
        news |= {_ATTRIBUTE + name: value for name, value in change.attributes.items()}
    newest = {name: value for name, value in news.items() if at >= fields.said.get(name, at)}
    return _with(fields, newest, at) if newest else fields


def _with(fields: Fields, newest: Mapping[str, Any], at: int) -> Fields:
    said = fields.said | dict.fromkeys(newest, at)
    of_profile = {name: value for name, value in newest.items() if not name.startswith(_ATTRIBUTE)}
    told = [name for name in said if name.startswith(_ATTRIBUTE)]
    kept = sorted(told, key=lambda name: (-said[name], name))[:MOST_ATTRIBUTES]
    known: dict[str, Any] = {_ATTRIBUTE + name: value for name, value in fields.profile.attributes.items()}
    known.update(newest)
    attributes = {name.removeprefix(_ATTRIBUTE): known[name] for name in sorted(kept) if known.get(name) is not None}
    left = {name: moment for name, moment in said.items() if name not in told or name in kept}
    return Fields(replace(fields.profile, **of_profile, attributes=attributes), left)


def merged_at(fields: Fields) -> int:
    """When another member was last merged into this one; a word from before speaks of one of them alone. -1: never."""
    return fields.said.get(_MERGED, -1)


def merging(fields: Fields, at: int) -> Fields:
    """`fields` of one into whom another was merged at `at`."""
    return Fields(fields.profile, fields.said | {_MERGED: max(at, merged_at(fields))})


def joined_fields(fields: Fields, other: Fields) -> Fields:
    """The newest words of both; what is listed by either is listed by both."""
    if merged_at(other) > 0:
        fields = merging(fields, merged_at(other))
    for name, at in sorted(other.said.items()):
        if name in _LISTS:
            names = (*getattr(fields.profile, name), *getattr(other.profile, name))
            fields = _with(fields, {name: tuple(dict.fromkeys(names))}, max(at, fields.said.get(name, at)))
        elif name not in (_DELETED, _MERGED) and at > fields.said.get(name, -1):
            own = name.removeprefix(_ATTRIBUTE)
            value = getattr(other.profile, name) if name in _PATCHED else other.profile.attributes.get(own)
            fields = _with(fields, {name: value}, at)
    profile = fields.profile
    devices = dict.fromkeys((*profile.linked_devices, *other.profile.linked_devices))
    cards = dict.fromkeys((*profile.linked_cards, *other.profile.linked_cards))
    return Fields(replace(profile, linked_devices=tuple(devices), linked_cards=tuple(cards)), fields.said)


def deleted_at(fields: Fields) -> int:
    """When the member was deleted; what was said of them up to then is nothing. -1: never."""
    return fields.said.get(_DELETED, -1)


def deleted(fields: Fields, at: int) -> Fields:
    """What is left of `fields` when the member is deleted at `at`: that time, and what was said later."""
    if at < deleted_at(fields):
        return fields
    later = {name: said for name, said in fields.said.items() if said > at}
    profile = Profile(
        **{name: getattr(fields.profile, name) for name in later if name in _PATCHED},
        attributes={name: value for name, value in fields.profile.attributes.items() if _ATTRIBUTE + name in later},
    )
    return Fields(profile, later | {_DELETED: at})


def without_words(fields: Fields) -> Fields:
    """What is left under a name when all that was said moves to another one: when they were deleted, if ever."""
    return Fields(said={_DELETED: deleted_at(fields)}) if _DELETED in fields.said else Fields()


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
