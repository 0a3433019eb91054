"""What a campaign would offer a member at a trigger: which product, how long, worth how much, and in what words."""

from __future__ import annotations

from dataclasses import dataclass

from offers.campaigns import Campaign, OfferTemplate, Rules, Store
from offers.closing import closing_after
from offers.coupons import coupon_end
from offers.hearing import Hearing
from offers.members import Member
from offers.money import Money
from offers.once import once
from offers.products import Product
from offers.recommendation import first_of
from offers.series import next_template
from offers.triggers import Trigger
from offers.wording import Mention, Worded, tone_of, word


@dataclass(eq=False)  # not frozen: it keeps what it worked out, and there are many
class Candidate:
    """One campaign before one member, heard at `store`, at a trigger."""

    campaign: Campaign
    store: Store
    trigger: Trigger
    hearing: Hearing

    @property
    def member(self) -> Member:
        """Before whom it stands."""
        return self.hearing.member

    @property
    def at(self) -> int:
        """When, in milliseconds UTC."""
        return self.hearing.at

    @property
    def rules(self) -> Rules:
        """By which rules."""
        return self.hearing.rules

    @property
    def template(self) -> OfferTemplate:
        """What is offered: of a series its next step."""
        campaign = self.campaign
        return next_template(campaign, self.member.visits) if campaign.series else campaign.offer

    @property
    def product(self) -> Product | None:
        """What would be offered; None where the campaign names nothing, or nothing fits."""
        offer = self.template
        if offer.product is not None:
            return self.hearing.catalogue.get(offer.product)
        if offer.scanned:
            scanned = self.trigger.scanned
            return self.hearing.catalogue.get(scanned.product or "") if scanned is not None else None
        if offer.recommend is not None:
            return self.hearing.recommended(offer.recommend)
        if offer.category is not None:
            return first_of(offer.category, self.member.purchases, self.at, self.hearing.catalogue)
        return None

    @once
    def coupon_until(self) -> int | None:
        """When the coupon would expire, milliseconds; None without one."""
        valid_for = self.template.coupon_valid_for
        return None if valid_for is None else coupon_end(self.at, valid_for, closing_after(self.store, self.at))

    @once
    def coupon_stores(self) -> tuple[str, ...]:
        """Where the coupon would hold; empty: everywhere."""
        stores = self.template.coupon_stores
        return (self.store.id,) if stores is None else stores

    @property
    def share(self) -> str:
        """Of which share of the campaign's limits its place would be."""
        return self.campaign.limits.share(self.store.id, self.store.zone, self.at)

    @once
    def worth(self) -> Money | None:
        """What the till would take off; None where there is nothing, or where no price is known."""
        discount, product = self.template.discount, self.product
        if discount is None:
            return None
        if discount.percent is None:
            return discount.amount
        return product.price.percent(discount.percent) if product and product.price else None

    @once
    def worded(self) -> Worded:
        """The text; raises Unsayable."""
        announces = self.campaign.announces
        mention = Mention(
            self.store.name,
            self.member.profile,
            self.at,
            self.store.zone,
            self.product,
            self.template.discount,
            self.coupon_until,
            None if announces is None else self.at + announces.every,
            self.hearing.tone,
            self.member.total_visits,
        )
        return word(self.template.texts, mention, self.rules)

    @once
    def tone(self) -> str:
        """How the member is addressed."""
        return tone_of(self.member.profile, self.hearing.tone, self.rules)
