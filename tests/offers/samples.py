"""A retailer, its campaigns and a member who may hear of them: the least that a test can change one thing of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from offers.campaigns import Campaign, OfferTemplate, Rules, Store, Text, Who
from offers.candidates import Candidate
from offers.contact_policy import ContactPolicy, milliseconds
from offers.eligibility import Refusal
from offers.history import NO_PURCHASES, History, Line, Purchase, with_purchase
from offers.members import Consent, Grant, Member, Profile
from offers.money import Money
from offers.occasions import Occasion
from offers.products import Product
from offers.purchase_rules import store_day
from offers.triggers import Trigger, TriggerKind, When
from offers.weighing import Circumstances

PARIS = ZoneInfo("Europe/Paris")
HOUR = 3_600_000
DAY = 24 * HOUR
SECRET = b"a secret of the tests"
PUBLIC_URL = "https://offers.example"

STORES = {
    "haussmann": Store("haussmann", "Haussmann", PARIS),
    "rivoli": Store("rivoli", "Rivoli", PARIS),
}
SERUM = Product("serum", "le sérum 30 ml", "skincare", Money(3_900, "EUR"), "adopté par toute l'équipe")
CREAM = Product("cream", "la crème de nuit", "skincare", Money(2_450, "EUR"))
CATALOGUE = {product.id: product for product in (SERUM, CREAM)}
HELLO = {"fr": Text("Passe à $store !", "Passez à $store !")}


def at(written: str, zone: ZoneInfo = PARIS, fold: int = 0) -> int:
    """Milliseconds UTC of a time on the clock of `zone`; `fold` 1 is the second of two equal times."""
    return milliseconds(datetime.fromisoformat(written).replace(tzinfo=zone, fold=fold))


NOON = at("2026-11-20T12:00")


def campaign(name: str = "welcome", place: int = 0, **changed: Any) -> Campaign:
    """A campaign that greets who enters `proximity` of Haussmann; `texts` and fields of `Campaign` change it."""
    when = changed.pop("when", When(TriggerKind.ENTER, frozenset({"haussmann"}), "proximity"))
    offer = changed.pop("offer", OfferTemplate(HELLO))
    return Campaign(name, place, when, offer, **changed)


def rules(*campaigns: Campaign, contact: ContactPolicy | None = None, **changed: Any) -> Rules:
    """The rules of a retailer with `campaigns`."""
    policy = ContactPolicy() if contact is None else contact
    made = Rules("galerie", PARIS, "fr-FR", STORES, campaigns, policy, CATALOGUE, "rules-1")
    return replace(made, **changed)


def consent(**changed: Any) -> Consent:
    """Consent to offers."""
    return Consent({"offers": Grant(True, 0)}, **changed)


def member(name: str = "anna", **changed: Any) -> Member:
    """A member who consents to offers, and of whom nothing else is known."""
    return Member(name, **({"consent": consent(), "profile": Profile()} | changed))


def purchases(*lines: Line, moment: int = NOON) -> History:
    """One purchase of these lines."""
    return with_purchase(NO_PURCHASES, Purchase("1", moment, store_day(moment, PARIS), lines))


def enter(ring: str = "proximity", store: str = "haussmann", moment: int = NOON) -> Trigger:
    """The trigger of an entered ring."""
    return Trigger(f"{store}-{ring}", TriggerKind.ENTER, moment, store, ring)


def occasion(*triggers: Trigger, who: str | None = "anna", name: str = "occasion-1") -> Occasion:
    """What happened to a member at the time of the first trigger."""
    moment = triggers[0].at if triggers else NOON
    return Occasion(name, "galerie", who, "phone", moment, triggers or (enter(),))


def circumstances(
    decided_by: Rules, now: int = NOON, refused: Mapping[str, Refusal] | None = None, **changed: Any
) -> Circumstances:
    """The circumstances of a decision taken at once."""
    made = Circumstances(decided_by, CATALOGUE, now, SECRET, PUBLIC_URL, refused or {})
    return replace(made, **changed)


def candidate(
    asked: Campaign,
    who: Member | None = None,
    moment: int = NOON,
    contact: ContactPolicy | None = None,
    store: Store = STORES["haussmann"],
    decided_by: Rules | None = None,
    **changed: Any,
) -> Candidate:
    """`asked` before a member who enters the proximity of a store; `changed` are other fields of `Circumstances`."""
    own = rules(asked, contact=contact, stores={**STORES, store.id: store})
    known = circumstances(decided_by or own, **changed)
    return Candidate(asked, store, enter(moment=moment), known.hearing(who or member(), moment))


def who(**changed: Any) -> Campaign:
    """A campaign for those of whom `changed` holds (the fields of `Who`)."""
    return campaign(who=Who(**changed))
