"""A store that is closed makes no offer, nor a coupon that outlasts its closing: through both changes of the clock."""

from __future__ import annotations

import pytest

from tests.offers.samples import at
from tests.pipeline.boutique import Collected, Topics, Working, check_in, member, memory_tables, run


def offered(moment: int) -> tuple[str, str | None]:
    """The campaign that speaks to who checks in at `moment`, and when its coupon expires."""

    async def story() -> Collected:
        collected, broker = Collected(), Topics(1)
        working = Working(memory_tables(), collected, file="nights.yaml")
        await working.enter(broker.records([member("mia", at=1)]))
        told = check_in(moment, member="mia", store="bar", via="till")
        await working.work([broker.record(told)], moment)
        return collected

    (offer,) = run(story()).offers()
    return offer["campaign"], offer.get("coupon", {}).get("expires_at")


@pytest.mark.parametrize(
    ("clock", "fold", "campaign", "until"),
    [
        ("2026-11-20T17:59:59.999", 0, "closed", None),
        ("2026-11-20T18:00", 0, "drink", "2026-11-21T01:00:00.000Z"),
        ("2026-11-20T23:00", 0, "drink", "2026-11-21T01:30:00.000Z"),
        ("2026-11-21T02:30", 0, "closed", None),
        ("2026-12-25T20:00", 0, "closed", None),
        ("2026-03-28T22:00", 0, "drink", "2026-03-29T01:00:00.000Z"),
        ("2026-03-29T03:00", 0, "closed", None),
        ("2026-10-25T02:15", 0, "drink", "2026-10-25T00:30:00.000Z"),
        ("2026-10-25T02:15", 1, "drink", "2026-10-25T01:30:00.000Z"),
        ("2026-10-25T02:30", 1, "closed", None),
    ],
)
def test_a_bar_past_midnight(clock: str, fold: int, campaign: str, until: str | None) -> None:
    assert offered(at(clock, fold=fold)) == (campaign, until)
