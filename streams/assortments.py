"""What each retailer can offer in a round of decisions, read only where a campaign asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from offers.campaigns import OfferTemplate, Rules
from offers.occasions import Occasion
from offers.products import Product
from offers.recommendation import NOTHING_SOLD, Recommender
from streams.retailers import Retailers
from streams.tables.tables import Tables


class Assortment(NamedTuple):
    """The products, and what is known of how they sell."""

    catalogue: Mapping[str, Product]
    recommender: Recommender = NOTHING_SOLD


async def assortments(occasions: Sequence[Occasion], tables: Tables, retailers: Retailers) -> dict[str, Assortment]:
    """By retailer, the configured products with what changed since, and the counts of sales."""
    found: dict[str, Assortment] = {}
    for name in sorted({occasion.retailer for occasion in occasions}):
        rules = retailers[name].rules
        own = (occasion for occasion in occasions if occasion.retailer == name)
        templates = [template for occasion in own for template in _templates(occasion, rules)]
        catalogue, recommender = rules.products, NOTHING_SOLD
        if any(template.names_a_product for template in templates):
            catalogue = await tables.products.catalogue(name, catalogue)
        if any(template.recommend is not None for template in templates):
            recommender = await tables.sales.counts(name)
        found[name] = Assortment(catalogue, recommender)
    return found


def _templates(occasion: Occasion, rules: Rules) -> Iterator[OfferTemplate]:
    """All that may be offered at an occasion."""
    for trigger in occasion.triggers:
        for campaign in rules.waiting(trigger):
            yield from campaign.templates
