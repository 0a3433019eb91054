"""A series: a campaign that says one thing after the other, one step a visit, none skipped, none twice."""

from __future__ import annotations

from dataclasses import replace

from offers.campaigns import Campaign, OfferTemplate
from offers.members import Progress, Visits

_NOTHING = Progress(0, "")


def given(campaign: Campaign, visits: Visits) -> int:
    """How many steps of the series the member has been given."""
    return visits.series.get(campaign.id, _NOTHING).given


def next_template(campaign: Campaign, visits: Visits) -> OfferTemplate:
    """What the campaign offers next; of a series that is over, its last step."""
    if not campaign.series:
        return campaign.offer
    return campaign.series[min(given(campaign, visits), len(campaign.series) - 1)]


def with_step(visits: Visits, campaign: Campaign, occasion: str) -> Visits:
    """`visits` once the next step was given at `occasion`; unchanged for a campaign that is no series."""
    if not campaign.series:
        return visits
    return replace(visits, series={**visits.series, campaign.id: Progress(given(campaign, visits) + 1, occasion)})


def without_step(visits: Visits, campaign: str, occasion: str) -> Visits:
    """`visits` where the step given at `occasion` never reached the member; the same if it is taken back twice."""
    progress = visits.series.get(campaign)
    if progress is None or progress.occasion != occasion:
        return visits
    return replace(visits, series={**visits.series, campaign: Progress(progress.given - 1, "")})
