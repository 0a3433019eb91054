"""What a scenario names must exist: members, phones, stores, campaigns, products, geofences."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from config.compiling import RetailerConfig
from config.described import Described
from config.findings import Path, Problem
from config.names import did_you_mean
from config.quantities import quoted
from config.scenarios.expecting import ANY, Expected
from config.scenarios.language import CheckIn, Ping, Redeem, Scenario, Spot, Step, Walk
from config.scenarios.members import Bought, Member

_MEMBER_KEYS, _STORE_KEYS, _CAMPAIGN_KEYS = ("member", "to"), ("store",), ("campaign", "offer", "no_offer")


def reference_problems(
    whole: Scenario, own: Scenario, retailer: RetailerConfig, recorded: Collection[str]
) -> Iterator[Problem]:
    """What `own` names and nobody knows; `whole` is the same scenario with the members in common.

    `recorded` are the members of its recordings.
    """
    known = _Known(whole, retailer, recorded)
    yield from _twice(own)
    for path, part in _parts(own, ()):
        yield from known.problems(part, path)
    if not (whole.walk or any(step.expect is None for step in whole.happens)):
        yield Problem(("scenario",), "nothing happens in this scenario", "add a `walk`, or `happens` with its steps")


def phone_of(member: str) -> str:
    """The phone of a member where a scenario names none."""
    return f"phone-of-{member}"


def devices_of(scenario: Scenario) -> dict[str, str]:
    """Whose each phone is, from the beginning on: as members say, else as walks, pings, and check-ins say."""
    owners = {device: member.id for member in scenario.members for device in member.devices or ()}
    for each in (*scenario.walk, *(step.walk or step.ping for step in scenario.happens)):
        if each is not None and each.member is not None:
            owners.setdefault(each.device or phone_of(each.member), each.member)
    for check_in in (step.check_in for step in scenario.happens):
        if check_in is not None and check_in.member is not None and check_in.device is not None:
            owners.setdefault(check_in.device, check_in.member)
    return owners


def _parts(part: Described, path: Path) -> Iterator[tuple[Path, Described]]:
    """All mappings within `part`, and where they stand."""
    yield path, part
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        step = field.alias or name
        if isinstance(value, Described):
            yield from _parts(value, (*path, step))
        elif isinstance(value, tuple):
            for place, each in enumerate(value):
                if isinstance(each, Described):
                    yield from _parts(each, (*path, step, place))


def _twice(own: Scenario) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, member in enumerate(own.members):
        if member.id in seen:
            yield Problem(("members", place, "id"), f"the member {quoted(member.id)} stands here twice", "keep one")
        seen.add(member.id)


class _Known:
    """All that a scenario may name."""

    def __init__(self, scenario: Scenario, retailer: RetailerConfig, recorded: Collection[str]) -> None:
        steps = scenario.happens
        changed = {step.member.id for step in steps if step.member is not None}
        self._owners = devices_of(scenario)
        self._members = {member.id for member in scenario.members}.union(changed, recorded)
        self._anonymous = {
            each.device
            for each in (*scenario.walk, *(_of_a_phone(step) for step in steps))
            if each is not None and each.device is not None
        }
        self._devices = self._owners.keys() | self._anonymous
        rules = retailer.rules
        self._sites = {zone.store for zone in (*retailer.zones, *retailer.places)}
        self._stores = set(rules.stores)
        self._notices = {ANY, *(notice.id for notice in rules.notices)}
        self._campaigns = {campaign.id for campaign in rules.campaigns}
        self._products = set(rules.products) | {step.product.id for step in steps if step.product is not None}
        rings = {f"{zone.store}/{ring.label}" for zone in retailer.zones for ring in zone.rings}
        self._geofences = rings | self._sites

    def problems(self, part: Described, path: Path) -> Iterator[Problem]:
        """Names in this one mapping that nobody knows."""
        if isinstance(part, Member):
            for place, other in enumerate(part.merges or ()):
                if other not in self._members:
                    what = f"there is no member {quoted(other)}"
                    yield Problem((*path, "merges", place), what, did_you_mean(other, self._members))
            return
        if isinstance(part, Spot):
            yield from self._unknown(part, path, ("store", "place"), "store or place", self._sites)
            return
        yield from self._unknown(part, path, _MEMBER_KEYS, "member", self._members)
        yield from self._unknown(part, path, _STORE_KEYS, "store", self._stores)
        if isinstance(part, Redeem):
            yield from self._unknown(part, path, ("offer",), "campaign", self._campaigns)
        if isinstance(part, Expected):
            yield from self._unknown(part, path, _CAMPAIGN_KEYS, "campaign", self._campaigns | {ANY})
            yield from self._unknown(part, path, ("notice",), "notice", self._notices)
            yield from self._unknown(part, path, ("geofence",), "geofence", self._geofences)
            yield from self._unknown(part, path, ("device",), "phone", self._devices)
            yield from self._unknown(part, path, ("product",), "product", self._products)
        if isinstance(part, Bought) and part.category is None:
            yield from self._unknown(part, path, ("product",), "product", self._products)
        if isinstance(part, Walk | Ping | CheckIn):
            yield from self._somebody_elses(part, path)

    def _unknown(
        self, part: Described, path: Path, keys: tuple[str, ...], what: str, known: Collection[str]
    ) -> Iterator[Problem]:
        for key in keys:
            named: Any = getattr(part, key, None)
            if isinstance(named, str) and named not in known:
                yield Problem((*path, key), f"there is no {what} {quoted(named)}", did_you_mean(named, known))

    def _somebody_elses(self, part: Described, path: Path) -> Iterator[Problem]:
        member, device = getattr(part, "member", None), getattr(part, "device", None)
        owner = self._owners.get(device or "")
        if member is not None and owner not in (None, member):
            what = f"the phone {quoted(device)} is that of {quoted(owner)}"
            yield Problem((*path, "device"), what, "give each member a phone of their own")


def _of_a_phone(step: Step) -> Any:
    return step.walk or step.ping or step.check_in or step.preference or step.recorded
