"""Redemptions: of any number of tills that show one coupon at once, one wins."""

from __future__ import annotations

from offers.coupons import Coupon, Redemption, TillAnswer, well_formed
from streams.messages import RedemptionAsked
from streams.records import Outgoing
from streams.retailers import Retailers
from streams.tables.coupons import Token
from streams.tables.tables import Tables
from streams.times import to_milliseconds


async def enter_redemption(asked: RedemptionAsked, tables: Tables, retailers: Retailers) -> list[Outgoing]:
    """What the agent does with a redemption on its topic: the same that answers a till."""
    await answer_till(asked, tables)
    return []


async def answer_till(asked: RedemptionAsked, tables: Tables) -> TillAnswer:
    """Redeem a coupon, or take a redemption back; the same request again gets the same answer."""
    owner = f"{asked.retailer}|{asked.coupon}"
    if not well_formed(asked.coupon):
        return TillAnswer.UNKNOWN
    if asked.reverses is not None:
        answer, coupon = await tables.coupons.take_back(owner, asked.reverses)
    else:
        redemption = Redemption(asked.id, asked.store, to_milliseconds(asked.at))
        answer, coupon = await tables.coupons.redeem(owner, redemption)
    if coupon is not None and coupon.limited:
        await _keep_place(asked.retailer, coupon, tables)
    return answer


async def _keep_place(retailer: str, coupon: Coupon, tables: Tables) -> None:
    """A used coupon's place never comes back; one taken back does when the coupon expires."""
    owner, token = f"{retailer}|{coupon.campaign}", Token(coupon.offer, coupon.member, coupon.occasion)
    if coupon.redemption is not None:
        await tables.places.use(owner, token)
    else:
        await tables.places.unuse(owner, token, coupon.expires_at)
