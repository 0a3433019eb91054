"""A corner shop and its customers: what the tests of scenarios start from."""

from __future__ import annotations

import asyncio
from pathlib import Path

from config.settings import Settings
from streams.scenarios.happened import Happened
from streams.scenarios.judging import judge
from streams.scenarios.playing import play
from streams.scenarios.running import prepare
from streams.scenarios.story import Story

CORNER = """\
config:
  retailer: corner
  timezone: Europe/Paris
  locale: fr-FR
  stores:
    - {id: paris, location: {lat: 48.8737, lon: 2.3320}, proximity: {radius: 150m}, inside: {radius: 50m}}
    - {id: london, timezone: Europe/London, location: {lat: 51.5151, lon: -0.1440}, proximity: {radius: 150m}}
  contact: {caps: [{at_most: 2, in_any: 4h}], quiet_hours: "21:00-09:00"}
  campaigns:
    - id: hello
      when: {enters: {ring: proximity}}
      who: {tier: [gold], not_bought: {product: tea, within: 60d}}
      offer: {product: tea, discount: 1 EUR, coupon: {valid_for: 2h}, text: {fr: "$first_name : $product", en: "Tea!"}}
      holdout: 99%
    - id: thanks
      when: {visit: any, stores: [paris]}
      offer: {text: {fr: Merci}}
  products:
    - {id: tea, name: un thé, category: drinks, price: 4 EUR}
members:
  - {id: ada, first_name: Ada, tier: gold, consent: offers}
  - {id: ben, first_name: Ben, tier: silver, consent: offers}
  - {id: shy, first_name: Shy, tier: gold}
"""

WALK = 'walk: {member: ada, from: "2026-11-20 12:00", path: [{lat: 48.8790, lon: 2.3320}, {store: paris, stay: 5min}]}'


def written(folder: Path, *documents: str, head: str = CORNER) -> Path:
    """A file of scenarios with the corner shop, and `documents` after it."""
    path = folder / "corner.scenarios.yaml"
    path.write_text("---\n".join((head, *(f"{each}\n" for each in documents))), "utf-8")
    return path


def findings(folder: Path, *documents: str) -> list[str]:
    """What is wrong with the documents: lines count from the first of them, columns as they stand."""
    before = CORNER.count("\n") + 1
    found = prepare([written(folder, *documents)]).findings
    return [f"{each.position.line - before}:{each.position.column}: {each.what}; {each.todo}" for each in found]


def story(folder: Path, text: str) -> Story:
    """The one scenario in `text`, named here."""
    prepared = prepare([written(folder, f"scenario: it\n{text}")])
    assert [str(each) for each in prepared.findings] == []
    (only,) = prepared.stories
    return only


def happened(folder: Path, text: str) -> Happened:
    """What comes of the scenario in `text`."""
    return asyncio.run(play(story(folder, text), Settings(broker="embedded://scenarios")))


def failures(folder: Path, text: str) -> list[str]:
    """What of the scenario in `text` is not as expected, without where it stands; what happened instead follows."""
    told = story(folder, text)
    came = asyncio.run(play(told, Settings(broker="embedded://scenarios")))
    return [" | ".join((each.what, *each.instead)) for each in judge(told, came)]
