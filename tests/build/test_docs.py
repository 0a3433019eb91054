"""The documents say what is there: every name that the code knows, no link and no command that leads nowhere."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
import pytest
from typer.main import get_command

from config.checking import check_file
from config.settings import PREFIX, Settings
from geofences.check_ins import CheckInDoubt
from geofences.fixes import FixRejection
from offers.withheld import Withheld
from streams.app import retailers_of
from streams.commands import app
from streams.decoding import Fault
from streams.events import TYPES
from streams.replay import Files, Replay
from streams.tables.keys import KEPT
from streams.topics import TOPICS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text()
DAY = 86_400_000


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def missing(names: Iterable[str], text: str) -> list[str]:
    """Those of `names` that `text` does not name as code."""
    return [name for name in names if f"`{name}`" not in text]


def test_every_setting_is_in_operations() -> None:
    assert missing((PREFIX + name.upper() for name in Settings.model_fields), page("operations.md")) == []


def test_every_environment_variable_that_a_page_names_is_a_setting() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    named = {found for each in PAGES for found in re.findall(rf"\b{PREFIX}[A-Z_]+", each.read_text())}
    assert named <= known


def test_every_topic_is_in_the_architecture_with_its_key() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| ([\w\\|]+) \|", page("architecture.md"), re.MULTILINE))
    keyed = {topic.name: topic.keyed_by.replace("|", r"\|") for topic in TOPICS if topic.keyed}
    assert {name: rows.get(name) for name in keyed} == keyed


@pytest.mark.parametrize("name", ["architecture.md", "privacy.md"])
def test_every_topic_is_named(name: str) -> None:
    assert missing((topic.name for topic in TOPICS), page(name)) == []


@pytest.mark.parametrize("reasons", [Withheld, Fault, FixRejection])
def test_every_reason_is_explained_in_messages(reasons: Iterable[str]) -> None:
    rows = re.findall(r"^\| `([A-Z_0-9]+)` \| \S", page("messages.md"), re.MULTILINE)
    assert [reason for reason in reasons if reason not in rows] == []


def test_withheld_stands_in_its_order() -> None:
    section = page("messages.md").partition("## Withheld")[2].partition("## Rejections")[0]
    assert re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE) == list(Withheld)


def test_what_the_page_on_presence_shows_is_what_comes() -> None:
    shown = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", page("geofences-presence.md"), re.DOTALL)
    assert shown is not None
    done = subprocess.run([sys.executable, "-c", shown[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == shown[2]


def test_every_doubt_about_a_check_in_is_explained() -> None:
    assert missing(CheckInDoubt, page("messages.md")) == []


def test_every_message_is_in_messages_with_its_required_fields() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `([\w-]+)` \|", page("messages.md"), re.MULTILINE))
    assert rows == {name: kind.topic for name, kind in TYPES.items()}


@pytest.mark.parametrize("name", ["architecture.md", "privacy.md"])
def test_every_class_of_key_is_told_with_the_time_it_is_kept(name: str) -> None:
    section = page(name).partition("In Redis" if name == "privacy.md" else "What is in Redis")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\d,]+) d \|$", section, re.MULTILINE))
    assert {kind: int(rows.get(kind, "0").replace(",", "")) * DAY for kind in KEPT} == KEPT


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as they are made where Markdown is shown."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def links() -> Iterator[tuple[Path, str]]:
    for each in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", each.read_text()):
            if not re.match(r"[a-z]+:", target):
                yield each, target


@pytest.mark.parametrize(("where", "target"), list(links()), ids=lambda value: str(getattr(value, "name", value)))
def test_every_link_leads_somewhere(where: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    there = where.parent / path if path else where
    assert there.exists()
    assert not anchor or anchor in anchors(there.read_text())


def commands(named: str = "", command: object = None) -> Iterator[str]:
    """All commands of the command line: `check`, `topics create`."""
    for name, each in getattr(command or get_command(app), "commands", {}).items():
        yield f"{named} {name}".strip()
        yield from commands(f"{named} {name}", each)


def test_every_command_that_a_page_shows_is_there() -> None:
    written = re.compile(r"(?:^(?: {4}(?:\$ )?)?|`)chalandise ([a-z]+(?: (?:create|list)\b)?)", re.MULTILINE)
    shown = {found for each in PAGES for found in written.findall(each.read_text())}
    assert "check" in shown
    assert shown <= set(commands())


def test_every_make_target_that_the_readme_shows_is_there() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bmake (demo|test|help|setup|bench|[a-z]+)\b(?=`|$)", README, re.MULTILINE)) <= set(targets)


def example(language: str) -> str:
    """The first block of code of the README in that language."""
    return README.partition(f"```{language}\n")[2].partition("```")[0]


def test_check_finds_what_the_readme_says_it_finds() -> None:
    faulty = example("yaml").replace("radius: 150m", "radius: 150").replace("product: coffee", "product: cofee")
    findings = check_file(faulty.encode(), "corner-shop.yaml", ROOT).findings
    assert [str(each) for each in findings] == re.findall(r"^ {4}(corner-shop\.yaml:.*)$", README, re.MULTILINE)


def test_the_example_of_the_readme_gives_what_the_readme_shows(tmp_path: Path) -> None:
    file = tmp_path / "corner-shop.yaml"
    file.write_text(example("yaml"))
    retailers = retailers_of(Settings(config=(file,), broker="embedded://readme"))
    with Files(tmp_path / "saturday") as files:
        replay = Replay(retailers, files, lambda *_: None)
        summary = asyncio.run(replay.run(example("json").encode().splitlines()))
    (offer,) = (tmp_path / "saturday" / "offers.jsonl").read_bytes().splitlines()
    assert f"“{orjson.loads(offer)['text']}”".replace("\N{NO-BREAK SPACE}", " ") in README.replace("\n", " ")
    counts = {"events": summary.events, "dropped for want of consent": summary.without_consent}
    counts |= {**summary.transitions, **summary.decisions}
    shown = dict(re.findall(r"^ {4,6}(\S.*\S) {2,}(\d+)$", README, re.MULTILINE))
    assert {name: int(shown[name]) for name in counts} == counts
    decided = (tmp_path / "saturday" / "decisions.jsonl").read_text()
    asked = re.findall(r"chalandise why ([0-9A-Z]{26})", README)
    assert asked
    assert all(f'"id":"{each}"' in decided for each in asked)
