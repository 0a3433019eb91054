"""Opening hours as they are written: what is understood, what is not, and what it comes to at a store."""

from __future__ import annotations

from datetime import datetime

import pytest

from config.opening_hours import WrittenHours
from offers.opening_hours import closes_after
from tests.config.sound_retailer import altered, checked, findings
from tests.offers.samples import PARIS, at

HOURS = "Mo-Sa 10:00-20:30; Su 11:00-20:00; PH off"


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-20T10:00", True),
        ("2026-11-20T20:30", False),
        ("2026-11-22T10:30", False),
        ("2026-11-22T11:00", True),
        ("2026-12-25T12:00", False),
    ],
)
def test_the_hours_of_a_week_and_its_holidays(moment: str, open_: bool) -> None:
    assert WrittenHours(HOURS, "FR").is_open(datetime.fromisoformat(moment)) is open_


def test_a_country_without_known_holidays_has_none() -> None:
    assert WrittenHours(HOURS, "XX").is_open(datetime(2026, 12, 25, 12))


def test_the_closing_is_found_over_a_holiday() -> None:
    assert closes_after(WrittenHours(HOURS, "FR"), at("2026-12-24T21:00"), PARIS) == at("2026-12-26T20:30")
    assert closes_after(WrittenHours("24/7", None), at("2026-12-24T21:00"), PARIS) is None


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Mo-Fr 25:00-26:30", "`Mo-Fr 25:00-26:30` cannot be read as opening hours from its character 7 on"),
        ("lunch", "`lunch` cannot be read as opening hours from its character 1 on"),
        ("sunrise-sunset", "`sunrise-sunset` depends on the sun"),
    ],
)
def test_what_cannot_be_understood_is_told_at_its_place(written: str, told: str) -> None:
    (finding,) = findings(altered(("visit_after", f'hours: "{written}"\n    visit_after')))
    assert finding.startswith(f"shop.yaml:12:12: {told}; write ")


def test_the_hours_are_written_out_and_known_to_the_store() -> None:
    found = checked(altered(("visit_after", f'hours: "{HOURS}"\n    visit_after')))
    assert found.description is not None
    assert found.description.stores[0].hours == HOURS
