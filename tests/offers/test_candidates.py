"""What a campaign would offer: the product in hand, if the shop has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from offers.campaigns import OfferTemplate
from offers.products import Product
from offers.triggers import Scannable
from tests.offers.samples import HELLO, SERUM, campaign, candidate

IN_HAND = campaign(offer=OfferTemplate(HELLO, scanned=True))


@pytest.mark.parametrize(
    ("scanned", "product"),
    [
        (Scannable(product="serum"), SERUM),
        (Scannable(product="sold no more"), None),
        (Scannable(category="skincare"), None),
        (None, None),
    ],
)
def test_what_was_scanned_is_what_is_offered(scanned: Scannable | None, product: Product | None) -> None:
    asked = candidate(IN_HAND)
    assert replace(asked, trigger=replace(asked.trigger, scanned=scanned)).product == product
