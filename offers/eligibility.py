"""Whether a campaign may speak to a member now: one ordered table of checks, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from offers.campaigns import Campaign, OfferTemplate, Rules, Store
from offers.closing import closing_after
from offers.contact_policy import Span, announced_span, limit_span, rest_span
from offers.coupons import coupon_end
from offers.hearing import Hearing
from offers.members import Member, last_seen
from offers.money import Money
from offers.once import once
from offers.opening_hours import is_open
from offers.products import Product
from offers.purchase_rules import against
from offers.recommendation import NOTHING_SOLD, Recommender, first_of, recommend
from offers.sequences import missing_step
from offers.series import given, next_template
from offers.triggers import Trigger, When
from offers.withheld import ORDER, Withheld
from offers.wording import Mention, Unsayable, Worded, tone_of, word

DAY = 86_400_000


@dataclass(frozen=True)
class Candidate:
    """One campaign before one member, at a trigger at `at`."""

    campaign: Campaign
    member: Member
    at: int
    store: Store
    rules: Rules
    catalogue: Mapping[str, Product]
    trigger: Trigger | None = None
    recommender: Recommender = NOTHING_SOLD
    shared: Hearing | None = None
    """What it has in common with the other candidates of its occasion."""

    @once
    def hearing(self) -> Hearing:
        """The member at this moment."""
        return self.shared or Hearing(self.member, self.at, self.rules)

    @once
    def template(self) -> OfferTemplate:
        """What is offered: of a series its next step."""
        return next_template(self.campaign, self.member.visits)

    @once
    def product(self) -> Product | None:
        """What would be offered; None where the campaign names nothing, or nothing fits."""
        offer = self.template
        if offer.product is not None:
            return self.catalogue.get(offer.product)
        history = self.member.purchases
        if offer.recommend is not None:
            return recommend(offer.recommend, history, self.at, self.catalogue, self.recommender)
        if offer.category is not None:
            return first_of(offer.category, history, self.at, self.catalogue)
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

    @property
    def own_spans(self) -> Iterator[Span]:
        """What the campaign's own limits allow round `at`."""
        yield rest_span(self.campaign.id, self.at)
        limit = self.campaign.per_member
        if limit is not None:
            yield limit_span(self.campaign.id, limit.at_most, limit.window, self.at)

    @property
    def announced_spans(self) -> Iterator[Span]:
        """What was announced of the campaign."""
        for announcer, every in self.rules.announced.get(self.campaign.id, ()):
            yield announced_span(self.campaign.id, announcer, every, self.at)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a candidate is out, and in words what stood against it."""

    reason: Withheld
    detail: str


Check = Callable[[Candidate], str | None]
"""What stands against a candidate, in words; None where nothing does."""


def refusal(candidate: Candidate, reasons: Container[Withheld] = ORDER) -> Refusal | None:
    """The first check that fails, in the order of `Withheld`, of those for `reasons`; None where none does."""
    for reason, check in CHECKS:
        detail = check(candidate) if reason in reasons else None
        if detail is not None:
            return Refusal(reason, detail)
    return None


def _dates(candidate: Candidate) -> str | None:
    campaign = candidate.campaign
    if campaign.first_day is None and campaign.last_day is None:
        return None
    today = candidate.hearing.clock(candidate.store.zone).date()
    if campaign.first_day and today < campaign.first_day:
        return f"begins on {campaign.first_day}"
    if campaign.last_day and today > campaign.last_day:
        return f"ended on {campaign.last_day}"
    return None


def _dayparts(candidate: Candidate) -> str | None:
    dayparts = candidate.campaign.when.dayparts
    if not dayparts:
        return None
    moment = candidate.hearing.clock(candidate.store.zone)
    if any(daypart.covers(moment) for daypart in dayparts):
        return None
    return f"it is {moment:%a %H:%M} at the store"


def _closed(candidate: Candidate) -> str | None:
    store = candidate.store
    if store.hours is None or candidate.campaign.when.even_closed or is_open(store.hours, candidate.at, store.zone):
        return None
    return f"closed at {candidate.hearing.clock(store.zone):%a %H:%M}"


def _tier(candidate: Candidate) -> str | None:
    tiers, tier = candidate.campaign.who.tiers, candidate.member.profile.tier
    if tiers is None or tier in tiers:
        return None
    return f"tier is {tier or 'not known'}, asked for: {', '.join(sorted(tiers))}"


def _attributes(candidate: Candidate) -> str | None:
    known = candidate.member.profile.attributes
    found = (asked.against(known) for asked in candidate.campaign.who.attributes)
    return next((against for against in found if against is not None), None)


def _history(candidate: Candidate) -> str | None:
    return next(_against(candidate), None)


def _against(candidate: Candidate) -> Iterator[str]:
    who, visits = candidate.campaign.who, candidate.member.total_visits
    yield from against(who, candidate.member.purchases, candidate.at, candidate.store.zone)
    if who.least_visits is not None and visits < who.least_visits:
        yield f"came {visits} times, at least {who.least_visits} asked for"
    if who.most_visits is not None and visits > who.most_visits:
        yield f"came {visits} times, at most {who.most_visits} asked for"
    yield from _against_trigger(candidate, candidate.campaign.when)


def _against_trigger(candidate: Candidate, when: When) -> Iterator[str]:
    visits, series = candidate.member.visits, candidate.campaign.series
    if when.nth not in (None, candidate.member.total_visits):
        yield f"this is visit {candidate.member.total_visits}, not {when.nth}"
    if series and given(candidate.campaign, visits) >= len(series):
        yield f"all {len(series)} steps of the series were given"
    if when.before and candidate.trigger is not None:
        missing = missing_step(when, visits.trail, candidate.trigger)
        yield from () if missing is None else (missing,)
    if when.not_seen_for is not None:
        yield from _against_absence(candidate, when.not_seen_for)


def _against_absence(candidate: Candidate, asked: int) -> Iterator[str]:
    """Away exactly as long as asked is away; who never came is not away."""
    seen = last_seen(candidate.member, candidate.at)
    if seen is None:
        yield "was never seen before"
    elif candidate.at - seen < asked:
        yield f"was seen {(candidate.at - seen) // DAY} days ago, away for {asked // DAY} asked for"


def _newcomer(candidate: Candidate) -> str | None:
    ramp, campaign, member = candidate.rules.contact.newcomers, candidate.campaign, candidate.member
    if ramp is None or campaign.reward or not candidate.hearing.is_newcomer:
        return None
    if not campaign.for_newcomers:
        return f"came {member.total_visits} times, and until {ramp.first_visits} only campaigns for newcomers speak"
    return candidate.hearing.against(Withheld.NEWCOMER)


def _quiet_hours(candidate: Candidate) -> str | None:
    return candidate.hearing.quiet


def _cap(candidate: Candidate) -> str | None:
    if candidate.campaign.reward:
        return None
    return candidate.hearing.against(Withheld.CAP) or _refused(candidate, candidate.announced_spans)


def _spacing(candidate: Candidate) -> str | None:
    return None if candidate.campaign.reward else candidate.hearing.against(Withheld.SPACING)


def _per_member(candidate: Candidate) -> str | None:
    if candidate.campaign.id not in candidate.hearing.heard:
        return None
    return _refused(candidate, candidate.own_spans)


def _refused(candidate: Candidate, spans: Iterable[Span]) -> str | None:
    contacts = candidate.member.contacts
    return next((span.words for span in spans if not span.allows(contacts)), None)


def _product(candidate: Candidate) -> str | None:
    offer = candidate.template
    if not offer.names_a_product or candidate.product is not None:
        return None
    category = offer.recommend.category if offer.recommend is not None else offer.category
    return f"nothing of {offer.product or category or 'all products'} to offer"


def _text(candidate: Candidate) -> str | None:
    try:
        _ = candidate.worded
    except Unsayable as unsayable:
        return str(unsayable)
    return None


CHECKS: tuple[tuple[Withheld, Check], ...] = (
    (Withheld.NOT_IN_DATES, _dates),
    (Withheld.NOT_IN_DAYPART, _dayparts),
    (Withheld.STORE_CLOSED, _closed),
    (Withheld.TIER, _tier),
    (Withheld.ATTRIBUTES, _attributes),
    (Withheld.HISTORY, _history),
    (Withheld.NEWCOMER, _newcomer),
    (Withheld.QUIET_HOURS, _quiet_hours),
    (Withheld.CAP, _cap),
    (Withheld.SPACING, _spacing),
    (Withheld.PER_MEMBER, _per_member),
    (Withheld.NO_PRODUCT, _product),
    (Withheld.NO_TEXT, _text),
)
"""In the order of `Withheld`; the ranking, the holdout and the stock come after these, in `decisions`."""
