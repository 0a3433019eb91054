"""A till is answered at once: the coupon is redeemed in the request, and its record follows before the answer."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response

from offers.coupons import TillAnswer
from streams.decoding import NotAMessage
from streams.gateway.access import Caller, allowing
from streams.gateway.gateway import Gateway, answering, gateway_of
from streams.gateway.items import outgoing, read_item
from streams.gateway.kinds import REDEMPTIONS
from streams.gateway.taken import Taken, json_response
from streams.messages import RedemptionAsked
from streams.tills import Told, answer_till
from streams.times import written


class Used(msgspec.Struct, frozen=True):
    """When and where a coupon was used."""

    at: str
    store: str


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a till is told about the redemption of that id.

    With ALREADY_USED `used`, with EXPIRED `expired_at`, with WRONG_STORE the `stores` where the coupon holds.
    """

    id: str
    result: TillAnswer
    used: Used | None = None
    expired_at: str | None = None
    stores: tuple[str, ...] = ()


def answer_to(asked: RedemptionAsked, told: Told) -> Answer:
    """What the till is told, with what it needs to explain that to the customer."""
    coupon, answer = told.coupon, Answer(asked.id, told.answer)
    if coupon is None:
        return answer
    if told.answer is TillAnswer.ALREADY_USED and coupon.redemption is not None:
        used = Used(written(coupon.redemption.at), coupon.redemption.store)
        return msgspec.structs.replace(answer, used=used)
    if told.answer is TillAnswer.EXPIRED:
        return msgspec.structs.replace(answer, expired_at=written(coupon.expires_at))
    return msgspec.structs.replace(answer, stores=coupon.stores) if told.answer is TillAnswer.WRONG_STORE else answer


TAKES_EFFECT = (TillAnswer.ACCEPTED, TillAnswer.TAKEN_BACK)
"""What stands on the topic; what was refused must not be tried again by a worker, once the coupon has come free."""

router = APIRouter()
_allow = allowing(*REDEMPTIONS.scopes)


@router.post(REDEMPTIONS.path, response_class=Response)
async def redeem(request: Request) -> Response:
    """Redeem a coupon, or take a redemption back. The same request again gets the same answer."""
    caller = await _allow(request)
    gateway = gateway_of(request)
    async with answering(request) as body:
        try:
            return await _redeem(body, caller, gateway)
        except NotAMessage as fault:
            taken = Taken()
            taken.reject(0, fault)
            gateway.doors.counts.rejected(REDEMPTIONS.name, fault.reason)
            return taken.response()


async def _redeem(body: bytes, caller: Caller, gateway: Gateway) -> Response:
    doors = gateway.doors
    item = read_item(0, body, REDEMPTIONS, caller, doors.clock())
    record, asked = outgoing(item, REDEMPTIONS), item.message
    if not isinstance(asked, RedemptionAsked):
        raise TypeError("a redemption is read as one")
    asker = (asked.retailer, asked.store if asked.store in doors.retailers[asked.retailer].rules.stores else "")
    gateway.guesses.refuse(asker)
    told = await answer_till(asked, doors.tables)
    if told.answer is TillAnswer.UNKNOWN:
        gateway.guesses.missed(asker)
    if told.answer in TAKES_EFFECT:
        # Without this acknowledgement the till hears 503 and asks again: the coupon knows its id, and answers the same.
        await gateway.tills.produce([record])
    doors.counts.redeemed(told.answer)
    return json_response(answer_to(asked, told))
