"""What a retailer knows from elsewhere, and asks for: values, ranges, and what is not known."""

from __future__ import annotations

import pytest

from offers.attributes import Asked, Value
from offers.eligibility import refusal
from offers.members import Profile
from offers.withheld import Withheld
from tests.offers.samples import candidate, member, who

STUDENT = Asked("segment", any_of=("student", "family"))
GROWN = Asked("age", at_least=18, at_most=25)


@pytest.mark.parametrize(
    ("asked", "value", "fits"),
    [
        (STUDENT, "family", True),
        (STUDENT, "senior", False),
        (STUDENT, None, False),
        (GROWN, 18, True),
        (GROWN, 25.0, True),
        (GROWN, 17.9, False),
        (GROWN, 26, False),
        (GROWN, "20", False),
        (GROWN, True, False),
        (Asked("children", any_of=(1,)), True, False),
        (Asked("children", any_of=(1,)), 1.0, True),
        (Asked("garden", any_of=(False,)), False, True),
    ],
)
def test_one_attribute_fits_or_not(asked: Asked, value: Value | None, fits: bool) -> None:
    known = {} if value is None else {asked.name: value}
    assert (asked.against(known) is None) is fits


def test_all_that_is_asked_must_fit_and_the_first_that_does_not_is_told() -> None:
    asked = who(attributes=(STUDENT, GROWN), least_visits=3)
    found = refusal(candidate(asked, member(profile=Profile(attributes={"segment": "student", "age": 40}))))
    assert found is not None
    assert (found.reason, found.detail) == (Withheld.ATTRIBUTES, "age is 40")
    fitting = refusal(candidate(asked, member(profile=Profile(attributes={"segment": "student", "age": 20}))))
    assert fitting is not None
    assert fitting.reason is Withheld.HISTORY
