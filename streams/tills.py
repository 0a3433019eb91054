"""Redemptions: of any number of tills that show one coupon at once, one wins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from offers.coupons import Coupon, Redemption, TillAnswer, well_formed
from offers.limits import settled
from offers.members import Contact
from offers.money import Money
from streams.merging import follow, member_named
from streams.messages import RedemptionAsked
from streams.records import Outgoing
from streams.retailers import Retailers
from streams.tables.places import Given, Token
from streams.tables.tables import Tables
from streams.times import to_milliseconds


@dataclass(frozen=True, slots=True)
class Told:
    """What a till is told of a coupon; None where there is no such coupon."""

    answer: TillAnswer
    coupon: Coupon | None = None


async def enter_redemption(asked: RedemptionAsked, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """What the agent does with a redemption on its topic: the same that answers a till, and the member's history."""
    await note_redemption(asked, await answer_till(asked, tables), tables)
    return []


async def answer_till(asked: RedemptionAsked, tables: Tables) -> Told:
    """Redeem a coupon, or take a redemption back; the same request again gets the same answer.

    The place of a limited offer is kept at once, before another could get it, and each time: a till that hears nothing
    asks again, and so what a crash left out is made good. The member's history follows with `note_redemption`.
    """
    owner = f"{asked.retailer}|{asked.coupon}"
    if not well_formed(asked.coupon):
        return Told(TillAnswer.UNKNOWN)
    if asked.reverses is not None:
        answer, coupon = await tables.coupons.take_back(owner, asked.reverses)
    else:
        answer, coupon = await tables.coupons.redeem(owner, _redemption(asked))
    told = Told(answer, coupon)
    if coupon is not None and coupon.limited and _took_effect(told):
        await _write_what_holds(owner, coupon, partial(_keep_place, asked.retailer, tables=tables), tables)
    return told


async def note_redemption(asked: RedemptionAsked, told: Told, tables: Tables) -> None:
    """Write into the member's history when the coupon was used, or that it was taken back; it may come twice."""
    if told.coupon is not None and _took_effect(told):
        marking = partial(_mark_contact, asked.retailer, tables=tables)
        await _write_what_holds(f"{asked.retailer}|{asked.coupon}", told.coupon, marking, tables)


async def _write_what_holds(
    owner: str, coupon: Coupon, write: Callable[[Coupon], Awaitable[None]], tables: Tables
) -> None:
    """Write what follows from `coupon`; again, where another till changed it meanwhile: the last writes what holds."""
    while True:
        await write(coupon)
        stands = await tables.coupons.find(owner)
        if stands is None or stands.redemption == coupon.redemption:
            return
        coupon = stands


def _took_effect(told: Told) -> bool:
    return told.answer is TillAnswer.TAKEN_BACK or (told.coupon is not None and told.coupon.redemption is not None)


def _redemption(asked: RedemptionAsked) -> Redemption:
    taken_off = None if asked.amount is None else Money.parse(asked.amount)
    return Redemption(asked.id, asked.store, to_milliseconds(asked.at), taken_off)


async def _mark_contact(retailer: str, coupon: Coupon, tables: Tables) -> None:
    """The member's history says when the coupon was used; of an offer that is no longer kept it says nothing."""
    used_at = coupon.redemption.at if coupon.redemption is not None else 0

    def marked(contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
        return tuple(each._replace(redeemed=used_at) if each.id == coupon.offer else each for each in contacts)

    member = await member_named(retailer, coupon.member, tables)
    owner = f"{retailer}|{member}"
    if any(each.id == coupon.offer for each in (await tables.members.read("contacts", owner)).value):
        await tables.members.revise("contacts", owner, marked)
        await follow(retailer, member, tables)


async def _keep_place(retailer: str, coupon: Coupon, tables: Tables) -> None:
    """A used coupon's place never comes back; one taken back does when the coupon expires."""
    token = Token(coupon.offer, coupon.member, coupon.occasion, coupon.share)
    given = Given(
        f"{retailer}|{coupon.campaign}", token, coupon.expires_at, coupon.worth.cents if coupon.worth is not None else 0
    )
    if coupon.redemption is not None:
        await tables.places.use(given, settled(coupon.worth, coupon.redemption.taken_off))
    else:
        await tables.places.unuse(given)
