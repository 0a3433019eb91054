"""The last offers to a member and what came of them, as a campaign may ask."""

from __future__ import annotations

import pytest

from offers.campaigns import Who
from offers.contact_policy import MOST_CONTACTS, NEWEST, kept_contacts
from offers.eligibility import refusal
from offers.members import Contact
from offers.offer_rules import CameOf, Offered, came_of
from offers.withheld import Withheld
from tests.offers.samples import DAY, HOUR, NOON, campaign, candidate, member


def offer(ago: int, redeemed: int = 0, name: str = "tea", valid_for: int = HOUR) -> Contact:
    """An offer made so many milliseconds before noon, with a coupon for an hour."""
    made = NOON - ago
    return Contact(made, name, f"{name}-{ago}", redeemed=redeemed, expires_at=made + valid_for if valid_for else 0)


USED = offer(5 * DAY, NOON - 5 * DAY + 1)
UNUSED = [offer(day * DAY) for day in (2, 3, 4)]
OPEN = offer(HOUR - 1)
WITHOUT = offer(DAY, valid_for=0)
LETTER = Contact(NOON - HOUR, "tea", "letter-1", channel="post")
ALL = sorted([USED, *UNUSED, OPEN, WITHOUT, LETTER])


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (USED, CameOf.REDEEMED),
        (offer(HOUR), CameOf.IGNORED),
        (OPEN, None),
        (WITHOUT, None),
        (offer(HOUR + 9, redeemed=NOON), CameOf.REDEEMED),
        (offer(2 * HOUR, redeemed=NOON + 1), CameOf.IGNORED),
        (offer(HOUR - 1, redeemed=NOON + 1), None),
    ],
)
def test_what_came_of_an_offer_is_known_from_the_millisecond_in_which_it_is_over(
    contact: Contact, expected: CameOf | None
) -> None:
    assert came_of(contact, NOON) is expected


def against(asked: Offered, contacts: list[Contact] | None = None) -> str | None:
    known = tuple(sorted(ALL if contacts is None else contacts))
    refused = refusal(candidate(campaign(who=Who(offered=(asked,))), member(contacts=known)))
    assert refused is None or refused.reason is Withheld.HISTORY
    return refused and refused.detail


IGNORED, REDEEMED = CameOf.IGNORED, CameOf.REDEEMED


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Offered(most=2, came_of=IGNORED, last=3), "3 of 3 offers were ignored of the last 3, at most 2 asked for"),
        (Offered(most=3, came_of=IGNORED, last=4), None),
        (Offered(least=1, came_of=REDEEMED, last=4), None),
        (Offered(least=1, came_of=REDEEMED, last=3), "0 of 3 offers were redeemed of the last 3, at least 1 asked for"),
        (Offered(least=1, came_of=REDEEMED, within=5 * DAY), None),
        (Offered(least=1, came_of=REDEEMED, within=5 * DAY - 1), "0 of 3 offers were redeemed in 5 days"),
        (Offered(most=6, within=5 * DAY), None),
        (Offered(most=5, within=5 * DAY), "6 of 6 offers were made in 5 days, at most 5 asked for"),
        (Offered(least=1, last=2, campaigns=frozenset({"coffee"})), "0 of 0 offers were made of the last 2"),
        (Offered(least=2, most=2, last=2, campaigns=frozenset({"tea"})), None),
    ],
)
def test_offers_are_counted_by_what_came_of_them(asked: Offered, expected: str | None) -> None:
    said = against(asked)
    assert said == expected if expected is None else said is not None and said.startswith(expected)


def test_an_offer_made_after_the_trigger_does_not_count_yet() -> None:
    assert against(Offered(most=0, within=DAY), [offer(-1)]) is None
    assert against(Offered(most=0, within=DAY), [offer(0)]) is not None


MANY = kept_contacts(offer(hours * HOUR, name=f"c{hours % 5}") for hours in range(MOST_CONTACTS + 9))


def test_of_contacts_that_are_not_kept_nobody_says_that_they_were_few() -> None:
    known = (NEWEST - 1) * HOUR
    for within, whole in ((known - 1, True), (known, False)):
        said = against(Offered(most=MOST_CONTACTS, within=within), list(MANY))
        assert (said is None) is whole
        assert whole or (said is not None and "as far as is known" in said)
        assert against(Offered(least=100, within=within), list(MANY)) is None
    assert against(Offered(most=3, last=3), list(MANY)) is None
    assert against(Offered(most=3, last=3, campaigns=frozenset({"never"})), list(MANY)) is not None


@pytest.mark.parametrize(("last", "whole"), [(NEWEST - 1, True), (NEWEST, False)])
def test_as_many_of_the_last_are_known_as_came_after_the_oldest_that_is_kept_whatever_it_is(
    last: int, whole: bool
) -> None:
    assert (against(Offered(most=NEWEST, last=last), list(MANY)) is None) is whole
