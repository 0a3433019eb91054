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
from streams.tills import answer_till


class Answer(msgspec.Struct, frozen=True):
    """What a till is told about the redemption of that id."""

    id: str
    result: TillAnswer


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
    answer = await answer_till(asked, doors.tables)
    if answer in TAKES_EFFECT:
        # Without this acknowledgement the till hears 503 and asks again: the coupon knows its id, and answers the same.
        await gateway.tills.produce([record])
    doors.counts.redeemed(answer)
    return json_response(Answer(asked.id, answer))
