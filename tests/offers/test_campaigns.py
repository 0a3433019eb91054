"""What a campaign asks for is known once it is read: no check is made that could find nothing."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from offers.attributes import Asked
from offers.campaigns import OfferTemplate, Text, Who
from offers.dayparts import EVERY_DAY, Daypart
from offers.offer_rules import Offered
from offers.templates import LONGEST
from offers.triggers import TriggerKind, When
from offers.visit_rules import Coming, Usual
from offers.withheld import Withheld
from tests.offers.samples import DAY, campaign

MORNING = Daypart(EVERY_DAY, time(8), time(12))
PLAIN = OfferTemplate({"fr": Text("Passe !", "Passez !")})
ALWAYS = {Withheld.STORE_CLOSED, Withheld.QUIET_HOURS, Withheld.PER_MEMBER}
OF_POLICY = {Withheld.NEWCOMER, Withheld.CAP, Withheld.SPACING}


def door(**changed: Any) -> When:
    return When(TriggerKind.ENTER, frozenset({"haussmann"}), "proximity", **changed)


def saying(text: str) -> OfferTemplate:
    return OfferTemplate({"fr": Text("Passe !", "Passez !"), "en": Text("Hello!", text)})


def test_a_campaign_that_asks_for_nothing_depends_on_the_hour_its_rest_and_the_contact_policy() -> None:
    assert campaign(offer=PLAIN).asks == ALWAYS | OF_POLICY


def test_a_reward_depends_on_no_contact_policy() -> None:
    assert campaign(offer=PLAIN, reward=True).asks == ALWAYS


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"first_day": date(2026, 1, 1)}, Withheld.NOT_IN_DATES),
        ({"last_day": date(2026, 1, 1)}, Withheld.NOT_IN_DATES),
        ({"when": door(dayparts=(MORNING,))}, Withheld.NOT_IN_DAYPART),
        ({"who": Who(tiers=frozenset())}, Withheld.TIER),
        ({"who": Who(attributes=(Asked("age"),))}, Withheld.ATTRIBUTES),
        ({"who": Who(most_visits=0)}, Withheld.HISTORY),
        ({"who": Who(usual=(Usual(Coming(DAY)),))}, Withheld.HISTORY),
        ({"who": Who(offered=(Offered(most=1, last=1),))}, Withheld.HISTORY),
        ({"when": door(nth=1)}, Withheld.HISTORY),
        ({"when": door(not_seen_for=DAY)}, Withheld.HISTORY),
        ({"when": door(before=(door(),))}, Withheld.HISTORY),
        ({"series": (PLAIN,)}, Withheld.HISTORY),
        ({"offer": OfferTemplate(PLAIN.texts, category="skincare")}, Withheld.NO_PRODUCT),
        ({"offer": saying("Hello $first_name!")}, Withheld.NO_TEXT),
        ({"offer": saying("x" * (LONGEST + 1))}, Withheld.NO_TEXT),
    ],
)
def test_what_it_asks_for_is_looked_at(changed: dict[str, Any], expected: Withheld) -> None:
    assert campaign(**({"offer": PLAIN} | changed)).asks == ALWAYS | OF_POLICY | {expected}


def test_a_series_asks_for_what_any_of_its_steps_does() -> None:
    steps = (PLAIN, OfferTemplate(PLAIN.texts, product="gone"), saying("$points"))
    asked = campaign(offer=PLAIN, series=steps).asks
    assert asked == ALWAYS | OF_POLICY | {Withheld.HISTORY, Withheld.NO_PRODUCT, Withheld.NO_TEXT}


def test_a_store_that_never_closes_asks_for_no_hour() -> None:
    assert Withheld.STORE_CLOSED not in campaign(offer=PLAIN, when=door(even_closed=True)).asks
