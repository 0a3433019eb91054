"""What a retailer describes: campaigns, and the rules of a retailer as the engine reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from offers.attributes import Asked
from offers.contact_policy import Announcement, ContactPolicy
from offers.limits import UNLIMITED, Limits
from offers.members import SAME_VISIT
from offers.money import Money
from offers.offer_rules import Offered
from offers.opening_hours import OpeningHours
from offers.products import Product
from offers.purchase_rules import PurchaseRules
from offers.recommendation import Recommendation
from offers.templates import is_plain
from offers.triggers import Key, Scannable, Trigger, When
from offers.visit_rules import Came, Usual
from offers.withheld import Withheld


@dataclass(frozen=True, slots=True)
class Who(PurchaseRules):
    """Whom a campaign is for; everything that is set must hold."""

    tiers: frozenset[str] | None = None
    least_visits: int | None = None
    most_visits: int | None = None
    attributes: tuple[Asked, ...] = ()
    came: tuple[Came, ...] = ()
    usual: tuple[Usual, ...] = ()
    offered: tuple[Offered, ...] = ()


@dataclass(frozen=True, slots=True)
class Discount:
    """Either a share in percent of the product's price, or a fixed amount."""

    percent: int | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """One language: how it reads for those addressed with `tu` and with `vous`; the same where nothing differs."""

    tu: str
    vous: str
    otherwise: Text | None = None
    """Where this names what is not known of a member."""

    @property
    def is_plain(self) -> bool:
        """Whether it can be said to everybody as it stands."""
        return is_plain(self.tu) and is_plain(self.vous)


@dataclass(frozen=True, slots=True)
class OfferTemplate:
    """What is offered; `texts` by language (`fr`, `en`), first the one that others fall back to."""

    texts: Mapping[str, Text]
    product: str | None = None
    category: str | None = None
    """The first product of this category that the member has not bought of late; `product` names one outright."""
    recommend: Recommendation | None = None
    scanned: bool = False
    """The product whose code was scanned just now."""
    service: str | None = None
    discount: Discount | None = None
    coupon_valid_for: int | None = None
    """Milliseconds; None: no coupon."""
    coupon_stores: tuple[str, ...] | None = None
    """Where the coupon holds; None: at the store that the offer speaks of; none at all: at all of them."""
    valid_for: int = 4 * 3_600_000
    """Milliseconds until an offer without a coupon expires."""
    link: str | None = None
    image: str | None = None
    stamp: int | None = None
    """Stamps for the member's card."""
    cost: Money | None = None
    """Of sending it: for the return, never for the customer."""

    @property
    def names_a_product(self) -> bool:
        """Whether it can only be made with a product."""
        named = self.product is not None or self.category is not None
        return named or self.scanned or self.recommend is not None


@dataclass(frozen=True, slots=True)
class PerMember:
    """At most `at_most` offers of the campaign to one member in any `window` milliseconds (None: ever)."""

    at_most: int
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign. Ranked by `priority`, higher first, then by `place`, its order in the file."""

    id: str
    place: int
    when: When
    offer: OfferTemplate
    who: Who = Who()
    limits: Limits = UNLIMITED
    """How many offers there are, and how much money."""
    per_member: PerMember | None = None
    priority: int = 0
    holdout_percent: int = 0
    first_day: date | None = None
    last_day: date | None = None
    series: tuple[OfferTemplate, ...] = ()
    """What is offered at one visit after the other; `offer` is then the first of it."""
    store: str | None = None
    """The store that the offer speaks of, where the trigger is at a place."""
    reward: bool = False
    """Earned: how often the member heard of us is nothing to it. Consent, quiet hours and its own limits are."""
    for_newcomers: bool = False
    announces: Announcement | None = None
    asks: frozenset[Withheld] = field(init=False, repr=False, compare=False)
    """What may stand against it at all, by itself: none of the other checks is looked at."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "asks", _asked_by(self))

    @property
    def templates(self) -> tuple[OfferTemplate, ...]:
        """All that it may offer."""
        return self.series or (self.offer,)


def _asked_by(campaign: Campaign) -> frozenset[Withheld]:
    who, when = campaign.who, campaign.when
    asked = {
        Withheld.NOT_IN_DATES: campaign.first_day or campaign.last_day,
        Withheld.NOT_IN_DAYPART: when.dayparts,
        Withheld.STORE_CLOSED: not when.even_closed,
        Withheld.TIER: who.tiers is not None,
        Withheld.ATTRIBUTES: who.attributes,
        Withheld.HISTORY: who != Who(tiers=who.tiers, attributes=who.attributes)
        or when.asks_for_a_past
        or campaign.series,
        Withheld.NEWCOMER: not campaign.reward,
        Withheld.QUIET_HOURS: True,
        Withheld.CAP: not campaign.reward,
        Withheld.SPACING: not campaign.reward,
        Withheld.PER_MEMBER: True,
        Withheld.NO_PRODUCT: any(each.names_a_product for each in campaign.templates),
        Withheld.NO_TEXT: not all(text.is_plain for each in campaign.templates for text in each.texts.values()),
    }
    return frozenset(reason for reason, is_asked in asked.items() if is_asked)


@dataclass(frozen=True, slots=True)
class Store:
    """A store as offers know it: no coordinates. The dates of a campaign are by the clock of `zone`."""

    id: str
    name: str
    zone: ZoneInfo
    hours: OpeningHours | None = None
    """None: it is not known to be closed, ever."""


@dataclass(frozen=True)
class Rules:
    """All that decides for one retailer. `hash` names this configuration in every decision."""

    retailer: str
    zone: ZoneInfo
    locale: str
    stores: Mapping[str, Store]
    campaigns: tuple[Campaign, ...]
    contact: ContactPolicy
    products: Mapping[str, Product]
    hash: str
    max_trigger_age: int = 300_000
    places: frozenset[str] = frozenset()
    """Ids of the named places, none of which is a store's."""
    shelves: Mapping[str, Scannable] = field(default_factory=dict)
    """What can be scanned in one of the stores alone, by its code; the codes of products are theirs."""
    notices: tuple[Campaign, ...] = ()
    """What others hear of: as a campaign waits, for whom it is, and how it reads."""
    by_trigger: Mapping[Key, tuple[Campaign, ...]] = field(init=False)
    """Ranked campaigns by what triggers them, so that a decision looks at none that cannot be triggered."""
    by_notice: Mapping[Key, tuple[Campaign, ...]] = field(init=False)
    """Notices by what triggers them."""
    rewards: frozenset[str] = field(init=False)
    """Campaigns whose offers are earned."""
    announced: Mapping[str, tuple[tuple[str, int], ...]] = field(init=False)
    """By campaign: who announces it, and for how many milliseconds after."""

    steps: frozenset[Key] = field(init=False)
    """What sequences rest on: to be remembered, whether or not it starts anything by itself."""
    asks: frozenset[Withheld] = field(init=False)
    """What may stand against any campaign."""
    longest_sequence: int = field(init=False)
    """Milliseconds after which no sequence rests on it any more."""
    trail_kept: int = field(init=False)
    """Milliseconds for which a trail is kept: as long as a sequence or a notice rests on it."""

    def __post_init__(self) -> None:
        waiting = [campaign.when for campaign in (*self.campaigns, *self.notices)]
        object.__setattr__(self, "by_notice", _by_trigger(self.notices))
        object.__setattr__(self, "by_trigger", _by_trigger(self.campaigns))
        object.__setattr__(self, "rewards", frozenset(each.id for each in self.campaigns if each.reward))
        object.__setattr__(self, "announced", _announced(self.campaigns))
        object.__setattr__(self, "asks", frozenset(Withheld) - _never_asked(self))
        steps = frozenset(key for when in waiting for step in when.before for key in step.keys)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "longest_sequence", max((when.within for when in waiting), default=0))
        object.__setattr__(self, "trail_kept", max(self.longest_sequence, SAME_VISIT if self.notices else 0))

    def awaits(self, trigger: Trigger) -> bool:
        """Whether any campaign waits for `trigger`."""
        return any(key in self.by_trigger for key in trigger.keys)

    def zone_of(self, store: str) -> ZoneInfo:
        """The clock of a store; of one that is no more, the retailer's."""
        known = self.stores.get(store)
        return self.zone if known is None else known.zone

    def notifying(self, trigger: Trigger) -> tuple[Campaign, ...]:
        """The notices that wait for `trigger`."""
        return tuple(notice for key in trigger.keys for notice in self.by_notice.get(key, ()))

    def waiting(self, trigger: Trigger) -> tuple[Campaign, ...]:
        """The campaigns that wait for `trigger`, best first."""
        found = [self.by_trigger.get(key, ()) for key in trigger.keys]
        if len(found) == 1:
            return found[0]
        return tuple(sorted({each.id: each for ranked in found for each in ranked}.values(), key=ranking))


def ranking(campaign: Campaign) -> tuple[int, int]:
    """Lower is better: by priority, then by order in the file."""
    return -campaign.priority, campaign.place


def _never_asked(rules: Rules) -> frozenset[Withheld]:
    contact = rules.contact
    asked = {
        Withheld.STORE_CLOSED: any(store.hours is not None for store in rules.stores.values()),
        Withheld.NEWCOMER: contact.newcomers,
        Withheld.QUIET_HOURS: contact.quiet_hours,
        Withheld.CAP: contact.caps or rules.announced,
        Withheld.SPACING: contact.spacing or contact.cool_down is not None,
    }
    return frozenset(reason for reason, is_asked in asked.items() if not is_asked)


def _announced(campaigns: tuple[Campaign, ...]) -> dict[str, tuple[tuple[str, int], ...]]:
    announced: dict[str, tuple[tuple[str, int], ...]] = {}
    for campaign in campaigns:
        if campaign.announces is not None:
            known = announced.get(campaign.announces.next, ())
            announced[campaign.announces.next] = (*known, (campaign.id, campaign.announces.every))
    return announced


def _by_trigger(campaigns: tuple[Campaign, ...]) -> dict[Key, tuple[Campaign, ...]]:
    waiting: dict[Key, list[Campaign]] = {}
    for campaign in sorted(campaigns, key=ranking):
        for key in campaign.when.keys:
            waiting.setdefault(key, []).append(campaign)
    return {key: tuple(ranked) for key, ranked in waiting.items()}
