"""What stands on the topics that are written: transitions, decisions, offers, dead letters, as bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from geofences.presence import Transition, transition_id
from offers.decisions import Considered, Decision, Offer
from offers.notices import Notice
from offers.triggers import Trigger
from streams import topics
from streams.decoding import DeadLetter
from streams.records import Outgoing
from streams.times import written


def transition_record(
    retailer: str, device: str, member: str | None, transition: Transition, of_place: bool = False
) -> Outgoing:
    """A transition for the topic of that name; one of a named place names no store, so that nobody counts it as one."""
    fix = transition.fix
    told: dict[str, Any] = {
        "id": transition_id(retailer, device, transition),
        "retailer": retailer,
        "device": device,
        "member": member,
        "store": None if of_place else transition.store,
        "place": transition.store if of_place else None,
        "geofence": transition.store if of_place else transition.geofence,
        "kind": transition.kind.value,
        "at": written(transition.at),
        "confirmed_at": written(transition.confirmed_at),
        "reason": transition.reason,
        "fix": {"lat": fix.lat, "lon": fix.lon, "accuracy": fix.accuracy},
    }
    return Outgoing(topics.TRANSITIONS.name, f"{retailer}|{device}".encode(), _dump(told))


def decision_record(decision: Decision, key: str) -> Outgoing:
    """A decision for the topic of that name."""
    told: dict[str, Any] = {
        "id": decision.id,
        "rules": decision.rules,
        "trigger": _trigger(decision.trigger),
        "retailer": decision.retailer,
        "member": decision.member,
        "at": written(decision.at),
        "outcome": "withheld" if decision.offer is None else "offered",
        "campaign": decision.campaign,
        "offer": decision.offer,
        "cost": decision.cost and str(decision.cost),
        "reason": decision.reason,
        "detail": decision.detail,
        "candidates": [_candidate(each) for each in decision.considered],
        "steps": [_step(each) for each in decision.considered],
    }
    return Outgoing(topics.DECISIONS.name, key.encode(), _dump(told, keep=("candidates", "steps")))


def offer_record(offer: Offer, key: str) -> Outgoing:
    """An offer for the topic of that name."""
    coupon = offer.coupon
    told: dict[str, Any] = {
        "id": offer.id,
        "retailer": offer.retailer,
        "member": offer.member,
        "campaign": offer.campaign,
        "store": offer.store,
        "ring": offer.ring,
        "text": offer.text,
        "locale": offer.locale,
        "product": offer.product,
        "service": offer.service,
        "link": offer.link,
        "image": offer.image,
        "stamp": offer.stamp,
        "discount": offer.discount,
        "coupon": coupon and {"code": coupon.code, "expires_at": written(coupon.expires_at)},
        "created_at": written(offer.created_at),
        "expires_at": written(offer.expires_at),
        "stop_url": offer.stop_url,
        "rules": offer.rules,
        "trigger": _trigger(offer.trigger),
    }
    return Outgoing(topics.OFFERS.name, key.encode(), _dump(told))


def notice_record(notice: Notice, key: str) -> Outgoing:
    """A notice for the topic of that name."""
    told: dict[str, Any] = {
        "id": notice.id,
        "notice": notice.notice,
        "retailer": notice.retailer,
        "store": notice.store,
        "member": notice.member,
        "tier": notice.tier,
        "kind": notice.kind,
        "at": written(notice.at),
        "text": notice.text,
    }
    return Outgoing(topics.NOTICES.name, key.encode(), _dump(told))


def dead_letter_record(letter: DeadLetter) -> Outgoing:
    """A dead letter for the topic of that name; its key says where the record stands."""
    key = f"{letter.topic}|{letter.partition}|{letter.offset}".encode()
    told = {
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "raw": letter.raw,
    }
    return Outgoing(topics.DEAD_LETTERS.name, key, _dump(told))


def _trigger(trigger: Trigger) -> dict[str, Any]:
    told = {
        "kind": trigger.kind.value,
        "id": trigger.id,
        "at": written(trigger.at),
        "geofence": trigger.geofence,
        "store": trigger.store,
        "place": trigger.place,
        "product": trigger.scanned and trigger.scanned.product,
        "category": trigger.scanned and trigger.scanned.category,
    }
    return _told(told)


def _candidate(considered: Considered) -> dict[str, Any]:
    reason = considered.refusal and considered.refusal.reason
    return _told({"campaign": considered.campaign, "reason": reason})


def _step(considered: Considered) -> str:
    if considered.refusal is None:
        return f"{considered.campaign}: nothing speaks against it"
    return f"{considered.campaign}: {considered.refusal.reason}, {considered.refusal.detail}"


def _told(fields: dict[str, Any], keep: Iterable[str] = ()) -> dict[str, Any]:
    """`fields` without those that are not known."""
    return {name: value for name, value in fields.items() if value is not None or name in keep}


def _dump(fields: dict[str, Any], keep: Iterable[str] = ()) -> bytes:
    return orjson.dumps(_told(fields, keep))
