"""The verdict on an occasion: who wins, who is told why not, and that all of it is the same whenever it is asked."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.campaigns import Campaign, Discount, OfferTemplate, Rules, Who
from offers.coupons import coupon_code
from offers.decisions import Decision, Verdict, decide
from offers.eligibility import Refusal
from offers.members import Consent, Grant, Member, Profile, Visits, Wish
from offers.money import Money
from offers.occasions import Occasion, shadowed, visit_trigger
from offers.triggers import Trigger, TriggerKind, When
from offers.weighing import held_out
from offers.withheld import Withheld
from streams.outputs import decision_record, offer_record
from tests.offers.samples import (
    HELLO,
    HOUR,
    NOON,
    SECRET,
    campaign,
    circumstances,
    consent,
    enter,
    member,
    occasion,
    rules,
)

SOLD_OUT = Refusal(Withheld.OUT_OF_STOCK, "all offers of this campaign are given")


def entering(ring: str, store: str = "haussmann") -> When:
    return When(TriggerKind.ENTER, frozenset({store}), ring)


def verdict(
    *campaigns: Campaign, happened: Occasion | None = None, who: Member | None = None, **changed: Any
) -> Verdict:
    """The verdict where these campaigns wait; `changed` are the arguments of `circumstances`."""
    return decide(happened or occasion(), who or member(), circumstances(rules(*campaigns), **changed))  # type: ignore[arg-type]  # any field


def reasons(given: Verdict) -> list[Withheld | None]:
    return [decision.reason for decision in given.decisions]


def considered(decision: Decision) -> dict[str, Withheld | None]:
    return {each.campaign: each.refusal and each.refusal.reason for each in decision.considered}


def test_the_campaign_that_waits_makes_the_offer() -> None:
    given = verdict(campaign())
    assert given.offer is not None
    assert (given.offer.campaign, given.offer.store, given.offer.ring) == ("welcome", "haussmann", "proximity")
    (decision,) = given.decisions
    assert (decision.campaign, decision.offer, decision.reason) == ("welcome", given.offer.id, None)


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [((0, 0), (0, 1), "first"), ((0, 1), (0, 0), "second"), ((0, 0), (5, 1), "second"), ((-1, 0), (0, 1), "second")],
)
def test_the_higher_priority_wins_then_the_earlier_in_the_file(
    first: tuple[int, int], second: tuple[int, int], winner: str
) -> None:
    named = {"first": first, "second": second}
    given = verdict(*(campaign(name, place, priority=priority) for name, (priority, place) in named.items()))
    assert given.offer is not None
    assert given.offer.campaign == winner
    loser = "second" if winner == "first" else "first"
    assert considered(given.decisions[0]) == {winner: None, loser: Withheld.OUTRANKED}


def test_one_that_may_not_speak_leaves_the_word_to_the_next() -> None:
    given = verdict(campaign("first", 0, who=Who(tiers=frozenset({"gold"}))), campaign("second", 1))
    assert given.offer is not None
    assert considered(given.decisions[0]) == {"first": Withheld.TIER, "second": None}


def test_the_reason_is_that_of_the_best_ranked_candidate() -> None:
    gold, seldom = Who(tiers=frozenset({"gold"})), Who(least_visits=3)
    given = verdict(campaign("first", 0, who=seldom), campaign("second", 1, who=gold))
    assert reasons(given) == [Withheld.HISTORY]
    assert considered(given.decisions[0]) == {"first": Withheld.HISTORY, "second": Withheld.TIER}


def test_nobody_known_comes_before_everything() -> None:
    stranger = occasion(who=None)
    given = decide(stranger, None, circumstances(rules(campaign()), now=NOON + HOUR))
    assert reasons(given) == [Withheld.NO_MEMBER]
    assert given.decisions[0].member is None


@pytest.mark.parametrize(
    ("held", "now", "reason"),
    [
        (Consent(wish=Wish.STOP), NOON + HOUR, Withheld.NO_CONSENT),
        (Consent({"offers": Grant(False, 0)}), NOON, Withheld.NO_CONSENT),
        (Consent({"location_history": Grant(True, 0)}), NOON, Withheld.NO_CONSENT),
        (consent(wish=Wish.STOP), NOON + HOUR, Withheld.STOPPED),
        (consent(wish=Wish.LESS), NOON, None),
        (consent(), NOON + HOUR, Withheld.STALE_TRIGGER),
        (consent(), NOON + 300_000, None),
        (consent(), NOON + 300_001, Withheld.STALE_TRIGGER),
        (consent(), NOON - HOUR, None),
    ],
)
def test_consent_then_stop_then_age(held: Consent, now: int, reason: Withheld | None) -> None:
    assert reasons(verdict(campaign(), who=member(consent=held), now=now)) == [reason]


def test_what_speaks_against_all_is_said_at_each_trigger() -> None:
    both = occasion(enter("catchment"), enter("proximity"))
    assert reasons(verdict(campaign(), happened=both, who=member(consent=Consent()))) == [Withheld.NO_CONSENT] * 2


RINGS = ("catchment", "proximity", "inside")
JUMP = occasion(*(enter(ring) for ring in RINGS))


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        (RINGS, [Withheld.SHADOWED, Withheld.SHADOWED, None]),
        (RINGS[:2], [Withheld.SHADOWED, None, Withheld.SHADOWED]),
        (RINGS[:1], [None, Withheld.SHADOWED, Withheld.SHADOWED]),
        ((), [Withheld.NO_CAMPAIGN] * 3),
    ],
)
def test_the_innermost_ring_for_which_a_campaign_waits_speaks(
    waiting: tuple[str, ...], expected: list[Withheld | None]
) -> None:
    campaigns = [campaign(ring, place, when=entering(ring)) for place, ring in enumerate(waiting)]
    assert reasons(verdict(*campaigns, happened=JUMP)) == expected


def test_the_innermost_ring_speaks_even_where_its_campaign_may_not() -> None:
    outer = campaign("outer", 0, when=entering("catchment"), priority=9)
    inner = campaign("inner", 1, when=entering("inside"), who=Who(tiers=frozenset({"gold"})))
    assert reasons(verdict(outer, inner, happened=JUMP)) == [Withheld.SHADOWED, Withheld.SHADOWED, Withheld.TIER]


def test_a_ring_shadows_those_of_its_own_store_only() -> None:
    both = occasion(enter("catchment"), enter("inside"), enter("catchment", "rivoli"))
    campaigns = [campaign("in", 0, when=entering("inside")), campaign("far", 1, when=entering("catchment", "rivoli"))]
    assert reasons(verdict(*campaigns, happened=both)) == [Withheld.SHADOWED, None, Withheld.OUTRANKED]


def test_a_visit_is_not_shadowed_and_its_campaigns_are_ranked_with_those_of_the_ring() -> None:
    visit = visit_trigger("galerie", "anna", "haussmann", NOON)
    happened = occasion(enter("inside"), visit)
    ring = campaign("ring", 1, when=entering("inside"))
    visiting = campaign("visit", 0, when=When(TriggerKind.VISIT, frozenset({"haussmann"})))
    given = verdict(ring, visiting, happened=happened)
    assert shadowed(happened.triggers, rules(ring, visiting)) == frozenset()
    assert reasons(given) == [Withheld.OUTRANKED, None]


def test_a_campaign_that_waits_for_two_triggers_of_an_occasion_stands_once_at_the_first() -> None:
    both = campaign(when=When(TriggerKind.ENTER, frozenset({"haussmann", "rivoli"}), "proximity"))
    given = verdict(both, happened=occasion(enter(), enter(store="rivoli")))
    assert reasons(given) == [None, Withheld.OUTRANKED]
    assert [considered(decision) for decision in given.decisions] == [{"welcome": None}, {}]


@pytest.mark.parametrize(("earlier", "count", "reason"), [(0, 3, None), (2, 1, None), (0, 2, Withheld.HISTORY)])
def test_the_nth_visit_counts_those_from_before(earlier: int, count: int, reason: Withheld | None) -> None:
    third = campaign(when=When(TriggerKind.VISIT, frozenset({"haussmann"}), nth=3))
    happened = occasion(visit_trigger("galerie", "anna", "haussmann", NOON))
    visitor = member(visits=Visits(count), profile=Profile(visits=earlier))
    assert reasons(verdict(third, happened=happened, who=visitor)) == [reason]
    assert reasons(verdict(third, happened=happened.without_visits(), who=visitor)) == []


def held(percent: int = 100, name: str = "first") -> Campaign:
    return campaign(name, 0, holdout_percent=percent)


def test_one_held_out_of_the_winner_gets_no_second_best() -> None:
    given = verdict(held(), campaign("second", 1))
    assert given.offer is None
    assert reasons(given) == [Withheld.HOLDOUT]
    assert considered(given.decisions[0]) == {"first": Withheld.HOLDOUT, "second": Withheld.OUTRANKED}


def test_the_holdout_of_a_campaign_that_does_not_win_holds_nobody() -> None:
    given = verdict(campaign("winner", 0, priority=1), replace(held(), place=1))
    assert reasons(given) == [None]


def test_one_who_may_not_be_spoken_to_is_not_held_out() -> None:
    given = verdict(replace(held(), who=Who(tiers=frozenset({"gold"}))), campaign("second", 1))
    assert given.offer is not None
    assert given.offer.campaign == "second"


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 100])
def test_a_control_group_is_as_large_as_asked_for(percent: int) -> None:
    share = sum(held_out("galerie", f"member-{each}", held(percent)) for each in range(10_000)) / 100
    assert abs(share - percent) < 1.5
    assert percent not in (0, 100) or share == percent


def test_a_control_group_never_changes_and_only_grows_with_its_percent() -> None:
    """Golden: SHA-256 over retailer, campaign and member with a zero byte between, 64 bits of it modulo 100."""
    digest = hashlib.sha256(b"galerie\x00first\x00anna").digest()
    place = int.from_bytes(digest[:8], "big") % 100
    assert place == 40
    assert not held_out("galerie", "anna", held(place))
    assert all(held_out("galerie", "anna", held(percent)) for percent in range(place + 1, 101))


def test_control_groups_of_two_campaigns_are_independent() -> None:
    names = [f"member-{each}" for each in range(10_000)]
    both = sum(held_out("galerie", name, held(30, "a")) and held_out("galerie", name, held(30, "b")) for name in names)
    assert 700 < both < 1_100


def test_one_refused_by_the_claim_leaves_the_occasion_to_the_next() -> None:
    given = verdict(campaign("first", 0), campaign("second", 1), refused={"first": SOLD_OUT})
    assert given.offer is not None
    assert given.offer.campaign == "second"
    assert considered(given.decisions[0]) == {"first": Withheld.OUT_OF_STOCK, "second": None}


def test_all_refused_by_the_claim_is_out_of_stock() -> None:
    assert reasons(verdict(campaign(), refused={"welcome": SOLD_OUT})) == [Withheld.OUT_OF_STOCK]


def test_the_control_group_of_a_campaign_that_is_sold_out_is_the_control_group_still() -> None:
    assert reasons(verdict(held(), campaign("second", 1), refused={"first": SOLD_OUT})) == [Withheld.HOLDOUT]


def test_campaigns_that_wait_elsewhere_are_not_looked_at() -> None:
    elsewhere = campaign("elsewhere", 0, when=entering("proximity", "rivoli"))
    assert considered(verdict(elsewhere).decisions[0]) == {}
    assert reasons(verdict(elsewhere)) == [Withheld.NO_CAMPAIGN]


def test_an_offer_with_a_coupon_ends_with_it_and_one_without_after_its_time() -> None:
    with_coupon = verdict(campaign(offer=OfferTemplate(HELLO, coupon_valid_for=HOUR))).offer
    without = verdict(campaign(offer=OfferTemplate(HELLO, valid_for=2 * HOUR))).offer
    assert with_coupon is not None
    assert with_coupon.coupon is not None
    assert without is not None
    assert with_coupon.created_at == NOON
    assert with_coupon.expires_at == with_coupon.coupon.expires_at == NOON + HOUR
    assert with_coupon.coupon.code == coupon_code(SECRET, with_coupon.id)
    assert (without.coupon, without.expires_at) == (None, NOON + 2 * HOUR)


@pytest.mark.parametrize(
    ("value", "product", "expected"),
    [
        (Discount(percent=15), "serum", "5.85 EUR"),
        (Discount(percent=15), None, "15%"),
        (Discount(amount=Money(500, "EUR")), "serum", "5.00 EUR"),
        (None, "serum", None),
    ],
)
def test_the_discount_is_what_the_till_takes_off(
    value: Discount | None, product: str | None, expected: str | None
) -> None:
    offer = verdict(campaign(offer=OfferTemplate(HELLO, product=product, discount=value))).offer
    assert offer is not None
    assert offer.discount == expected


def test_stamps_go_to_the_phone_and_what_it_costs_stays_in_the_decision() -> None:
    offered = OfferTemplate(HELLO, service="cloakroom", link="https://a.example", image="https://b.example", stamp=2)
    found = verdict(campaign(offer=replace(offered, cost=Money(2, "EUR"))))
    assert found.offer is not None
    told = orjson.loads(offer_record(found.offer, "").value or b"")
    fields = ("service", "link", "image", "stamp", "cost")
    assert [told.get(name) for name in fields] == ["cloakroom", "https://a.example", "https://b.example", 2, None]
    decided = orjson.loads(decision_record(found.decisions[0], "").value or b"")
    assert (decided["cost"], decided["offer"]) == ("0.02 EUR", found.offer.id)


def names(triggers: tuple[Trigger, ...]) -> list[str]:
    return [trigger.id for trigger in triggers]


CAMPAIGNS = st.lists(
    st.tuples(
        st.sampled_from(RINGS),
        st.integers(-1, 1),
        st.sampled_from([0, 50, 100]),
        st.sampled_from([Who(), Who(tiers=frozenset({"gold"}))]),
        st.booleans(),
    ),
    max_size=6,
)


@given(described=CAMPAIGNS, shuffled=st.randoms(use_true_random=False))
def test_at_most_one_offer_one_decision_a_trigger_and_the_order_of_campaigns_given_is_nothing(
    described: list[tuple[str, int, int, Who, bool]], shuffled: Random
) -> None:
    campaigns = [
        campaign(str(place), place, when=entering(ring), priority=priority, holdout_percent=percent, who=who)
        for place, (ring, priority, percent, who, _) in enumerate(described)
    ]
    refused = {str(place): SOLD_OUT for place, (*_, out) in enumerate(described) if out}
    given = verdict(*campaigns, happened=JUMP, refused=refused)
    assert [decision.trigger.id for decision in given.decisions] == names(JUMP.triggers)
    offered = [decision for decision in given.decisions if decision.reason is None]
    assert len(offered) == (given.offer is not None)
    assert all(decision.offer == (given.offer and given.offer.id) for decision in offered)
    shuffled.shuffle(campaigns)
    again = verdict(*campaigns, happened=JUMP, refused=refused)
    assert (again.decisions, again.offer) == (given.decisions, given.offer)


def test_rules_hold_the_campaigns_of_a_trigger_best_first() -> None:
    made: Rules = rules(campaign("a", 0), campaign("b", 1, priority=1), campaign("c", 2))
    assert [each.id for each in made.by_trigger[TriggerKind.ENTER, "haussmann", "proximity"]] == ["b", "a", "c"]
