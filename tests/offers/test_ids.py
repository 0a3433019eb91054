"""Ids, codes and addresses: final before anything is stored, and the same whenever they are made."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit

from offers.campaigns import OfferTemplate
from offers.decisions import decide, decision_id
from offers.occasions import occasion_id, visit_trigger
from tests.offers.samples import (
    HELLO,
    HOUR,
    NOON,
    PUBLIC_URL,
    SECRET,
    campaign,
    circumstances,
    enter,
    member,
    occasion,
    rules,
)


def crockford(number: int, characters: int) -> str:
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(digits[number >> 5 * place & 31] for place in reversed(range(characters)))


def id_by_hand(moment: int, *parts: str) -> str:
    """48 bits of time and 80 of BLAKE2b over the parts, each after its length, in Crockford's base 32."""
    named = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    digest = int.from_bytes(hashlib.blake2b(named, digest_size=10).digest(), "big")
    return crockford(moment, 10) + crockford(digest, 16)


def test_ids_come_from_what_they_name_and_begin_with_its_time() -> None:
    offer, trigger = decide(occasion(), member(), circumstances(rules(campaign()))).offer, enter()
    assert offer is not None
    assert offer.id == id_by_hand(NOON, "offer", "galerie", "anna", "welcome", "occasion-1")
    assert decision_id(trigger) == id_by_hand(NOON, "decision", trigger.id)
    assert visit_trigger("galerie", "phone", "rivoli", NOON).id == id_by_hand(
        NOON, "visit", "galerie", "phone", "rivoli"
    )
    assert occasion_id("galerie", "phone", NOON, (trigger,)) == id_by_hand(
        NOON, "occasion", "galerie", "phone", trigger.id
    )


def test_the_id_and_the_code_of_a_known_offer_never_change() -> None:
    asked = campaign(offer=OfferTemplate(HELLO, coupon_valid_for=HOUR))
    offer = decide(occasion(), member(), circumstances(rules(asked))).offer
    assert offer is not None
    assert offer.coupon is not None
    assert (offer.id, offer.coupon.code) == ("01M7W9SYW0C6JQYJS3ZY6QRGW5", "JKMWTJGQNMWQGPKDA")


def test_the_address_to_stop_it_all_is_signed_for_this_member_of_this_retailer() -> None:
    offer = decide(occasion(), member(), circumstances(rules(campaign()))).offer
    assert offer is not None
    signed = hmac.new(SECRET, b"stop|galerie|anna", hashlib.sha256).digest()[:16]
    token = base64.urlsafe_b64encode(signed).decode().rstrip("=")
    assert offer.stop_url.startswith(f"{PUBLIC_URL}/v1/stop?")
    assert parse_qs(urlsplit(offer.stop_url).query) == {"retailer": ["galerie"], "member": ["anna"], "token": [token]}
