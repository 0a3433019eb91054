"""An occasion that was decided before: its outcome is sent again, unless its offer no longer holds."""

from __future__ import annotations

from dataclasses import replace

import orjson
from msgspec import structs

from offers.decisions import decision_id, withhold
from offers.eligibility import Refusal
from offers.members import Contact, Member, Purpose, Visits, Wish
from offers.notices import lets_notices_out
from offers.occasions import Occasion
from offers.series import without_step
from offers.withheld import Withheld
from streams.retailers import Retailer
from streams.settled import Settled, decisions_told
from streams.tables.members import Loaded, Outcome
from streams.tables.tables import Tables
from streams.topics import DECISIONS, NOTICES


async def found(
    occasion: Occasion, loaded: Loaded, outcome: Outcome, tables: Tables, retailer: Retailer, now: int
) -> Settled:
    """What was decided stays decided; a stop, a withdrawn consent or an expiry since then voids offer and notice."""
    if not lets_notices_out(loaded.member.consent):
        outcome = structs.replace(outcome, records=[each for each in outcome.records if each[0] != NOTICES.name])
    ended = _ended(loaded.member, outcome, now) if outcome.offer is not None else None
    before = Settled(occasion, outcome, None)
    if ended is None:
        return before
    verdict = withhold(_as_decided(occasion, outcome), ended, retailer.circumstances({}, now, {}))
    voided = Outcome(decisions_told(verdict.decisions, loaded.owner))
    unused = outcome.coupon is None or await tables.coupons.void(f"{occasion.retailer}|{outcome.coupon}")
    await _leave_unanswered(before, tables)
    await tables.members.void(loaded, occasion.id, voided)
    await _take_step_back(before, tables)
    await tables.offers.remove(before.owner, before.offer_bytes)
    if outcome.limited and unused:
        await tables.places.void(*before.place_held[:2])
    return Settled(occasion, voided, verdict)


def _as_decided(occasion: Occasion, outcome: Outcome) -> Occasion:
    """`occasion` with the triggers that were decided: not with a visit that turned out to have begun before."""
    ids = {orjson.loads(value)["id"] for topic, _, value in outcome.records if topic == DECISIONS.name}
    return replace(occasion, triggers=tuple(each for each in occasion.triggers if decision_id(each) in ids))


async def _take_step_back(before: Settled, tables: Tables) -> None:
    """A step of a series that was never sent is given at the next visit."""
    campaign, occasion = before.outcome.campaign or "", before.occasion.id
    visits: Visits = (await tables.members.read("visits", before.owner)).value
    if without_step(visits, campaign, occasion) != visits:
        await tables.members.revise("visits", before.owner, lambda now: without_step(now, campaign, occasion))


async def _leave_unanswered(before: Settled, tables: Tables) -> None:
    """An offer that was never sent was not ignored, either."""
    offer = before.outcome.offer

    def marked(contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
        return tuple(each._replace(expires_at=0) if each.id == offer else each for each in contacts)

    contacts: tuple[Contact, ...] = (await tables.members.read("contacts", before.owner)).value
    if marked(contacts) != contacts:
        await tables.members.revise("contacts", before.owner, marked)


def _ended(member: Member, outcome: Outcome, now: int) -> Refusal | None:
    if not member.consent.allows(Purpose.OFFERS):
        return Refusal(Withheld.NO_CONSENT, "consent was taken back before the offer was sent")
    if member.consent.wish is Wish.STOP:
        return Refusal(Withheld.STOPPED, "the member said stop before the offer was sent")
    if outcome.expires_at <= now:
        return Refusal(Withheld.STALE_TRIGGER, "the offer had expired before it was sent")
    return None
