"""The scenarios of the shipped examples, each a test of its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest

from config import load
from config.loading import is_scenarios
from config.settings import Settings
from streams.scenarios.judging import judge
from streams.scenarios.playing import play
from streams.scenarios.running import prepare
from streams.scenarios.story import Story

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"
PREPARED = prepare([EXAMPLES])


def test_the_shipped_scenarios_have_no_mistakes() -> None:
    assert [str(each) for each in PREPARED.findings] == []


def test_every_shipped_retailer_has_scenarios_and_needs_no_advice() -> None:
    shipped = [*EXAMPLES.glob("*.yaml"), *(EXAMPLES / "rules").glob("*.yaml")]
    retailers = [file for file in shipped if not is_scenarios(file)]
    told = {Path(story.placed.file) for story in PREPARED.stories}
    assert {file.with_suffix(".scenarios.yaml") for file in retailers} <= told
    assert {file.with_suffix(".day.scenarios.yaml") for file in retailers if file.parent == EXAMPLES} <= told
    loaded = load(retailers)
    assert [str(each) for each in loaded.findings] == []
    assert [str(each) for each in loaded.advice if Path(each.file).parent == EXAMPLES] == []


def test_every_campaign_of_a_shipped_retailer_is_offered_in_one_of_its_scenarios() -> None:
    """What a rule does is seen, not only what it keeps from happening."""
    offered: defaultdict[Path, set[str]] = defaultdict(set)
    for story in PREPARED.stories:
        campaigns = {each.expected.offer for each in story.sought if each.expected.times != 0}
        offered[Path(story.placed.retailer.file)] |= {each for each in campaigns if each is not None}
    unseen = {
        file.name: [campaign.id for campaign in story.placed.retailer.rules.campaigns if campaign.id not in seen]
        for story in PREPARED.stories
        for file, seen in offered.items()
        if str(file) == story.placed.retailer.file
    }
    assert {file: campaigns for file, campaigns in unseen.items() if campaigns} == {}


@pytest.mark.parametrize("story", PREPARED.stories, ids=lambda story: story.placed.scenario.scenario)
def test_the_rules_do_what_is_expected_of_them(story: Story) -> None:
    happened = asyncio.run(play(story, Settings(broker="embedded://scenarios")))
    assert [str(each) for each in judge(story, happened)] == []
