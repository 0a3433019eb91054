"""What came of an occasion, and what is to be written and sent for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from offers.coupons import Coupon
from offers.decisions import Decision, Verdict
from offers.notices import Notice
from offers.occasions import Occasion
from streams.outputs import decision_record, notice_record
from streams.records import Outgoing
from streams.tables.keyspace import Note
from streams.tables.members import Outcome
from streams.tables.places import Given, Token
from streams.tables.tables import Tables
from streams.topics import OFFERS


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one occasion, to be produced; `verdict` is None where it was found, decided before."""

    occasion: Occasion
    outcome: Outcome
    verdict: Verdict | None

    @property
    def records(self) -> list[Outgoing]:
        """What is to be sent, byte for byte as the first time."""
        return [Outgoing(topic, key, value) for topic, key, value in self.outcome.records]

    @property
    def owner(self) -> str:
        """Whose it is."""
        return f"{self.occasion.retailer}|{self.occasion.subject}"

    @property
    def offer_bytes(self) -> bytes:
        """The offer as it is sent; empty where none came of it."""
        return next((value for topic, _, value in self.outcome.records if topic == OFFERS.name), b"")

    @property
    def place_held(self) -> Given:
        """Of an offer of a limited campaign: the place that it holds."""
        return place_of(self.occasion.retailer, self.occasion.subject, self.occasion.id, self.outcome)


def place_of(retailer: str, member: str, occasion: str, outcome: Outcome) -> Given:
    """The place that the offer of a stored outcome holds."""
    token = Token(outcome.offer or "", member, occasion, outcome.share)
    cents = outcome.worth.cents if outcome.worth is not None else 0
    return Given(f"{retailer}|{outcome.campaign}", token, outcome.expires_at, cents)


def notes(settled: Iterable[Settled], tables: Tables, now: int) -> list[Note]:
    """What is to be written before the offers are sent: coupons, places for good, and the lists of their members.

    Written again for outcomes that are found.
    """
    offered = [each for each in settled if each.outcome.offer is not None]
    coupons = [_coupon(each) for each in offered if each.outcome.coupon is not None]
    places = [each.place_held for each in offered if each.outcome.limited]
    lists = [(each.owner, each.offer_bytes, each.outcome.expires_at) for each in offered]
    return tables.coupons.notes(coupons) + tables.places.notes(places) + tables.offers.notes(lists, now)


def _coupon(settled: Settled) -> tuple[str, Coupon]:
    outcome, occasion = settled.outcome, settled.occasion
    coupon = Coupon(
        outcome.offer or "",
        outcome.campaign or "",
        occasion.subject,
        outcome.expires_at,
        occasion.id,
        outcome.limited,
        stores=outcome.stores,
        share=outcome.share,
        worth=outcome.worth,
    )
    return f"{occasion.retailer}|{outcome.coupon}", coupon


def notices_told(notices: Iterable[Notice], key: str) -> list[tuple[str, bytes, bytes]]:
    """Notices as an outcome keeps them, for the member or device `key`."""
    sent = (notice_record(notice, key) for notice in notices)
    return [(each.topic, each.key, each.value or b"") for each in sent]


def decisions_told(decisions: Iterable[Decision], key: str) -> list[tuple[str, bytes, bytes]]:
    """Decisions as they are kept in an outcome, to be sent."""
    sent = (decision_record(decision, key) for decision in decisions)
    return [(each.topic, each.key, each.value or b"") for each in sent]
