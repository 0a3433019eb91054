"""The QR code of a coupon: to those alone who may see the offer."""

from __future__ import annotations

import asyncio

import segno

from streams.gateway.qr import svg
from tests.gateway.site import HOUR, open_site

CODE = "23456789ABCDEFGHJ"


def test_a_code_is_small_enough_for_a_scratched_screen() -> None:
    assert segno.make_qr(CODE, error="m").designator == "1-M"
    assert svg(CODE).startswith(b"<?xml")
    assert svg(CODE) == svg(CODE)


def test_a_phone_gets_the_picture_of_its_members_coupon_and_of_no_other(redis_url: str) -> None:
    async def story() -> None:
        async with open_site(redis_url) as site:
            await site.member("anna", "phone")
            await site.member("ben", "other")
            offer = site.offer("anna", lasting=HOUR)
            plain = site.offer("anna", lasting=2 * HOUR)._replace(coupon=None)
            await site.keep(offer, plain)
            assert offer.coupon is not None
            path = "/v1/offers/{}/coupon.svg"
            answer = await site.client.get(path.format(offer.id), headers=site.as_device("phone"))
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
            assert answer.content == svg(offer.coupon.code)
            for named, device, status in ((offer.id, "other", 404), (plain.id, "phone", 404), ("x", "phone", 404)):
                refused = await site.client.get(path.format(named), headers=site.as_device(device))
                assert refused.status_code == status
            assert (await site.client.get(path.format(offer.id))).status_code == 401
            site.ahead = HOUR
            assert (await site.client.get(path.format(offer.id), headers=site.as_device("phone"))).status_code == 404

    asyncio.run(story())
