"""The scenarios of the shipped examples, each a test of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.settings import Settings
from streams.scenarios.judging import judge
from streams.scenarios.playing import play
from streams.scenarios.running import prepare
from streams.scenarios.story import Story

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"
PREPARED = prepare([EXAMPLES])


def test_the_shipped_scenarios_have_no_mistakes() -> None:
    assert [str(each) for each in PREPARED.findings] == []


def test_the_sample_store_has_scenarios() -> None:
    assert {Path(story.placed.file).name for story in PREPARED.stories} >= {"galerie-lumiere.scenarios.yaml"}


@pytest.mark.parametrize("story", PREPARED.stories, ids=lambda story: story.placed.scenario.scenario)
def test_the_rules_do_what_is_expected_of_them(story: Story) -> None:
    happened = asyncio.run(play(story, Settings(broker="embedded://scenarios")))
    assert [str(each) for each in judge(story, happened)] == []
