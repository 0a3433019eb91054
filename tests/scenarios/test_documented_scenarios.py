"""What README.md and docs/scenarios.md show is what `chalandise test` does, and every key is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from config.scenarios.language import Common, Scenario
from tests.commands.commands import chalandise

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
FILE = "corner-shop.scenarios.yaml"


def blocks(text: str, beginning: str) -> str:
    """The first block of YAML that begins like this."""
    return next(each for each in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if each.startswith(beginning))


def shown(text: str) -> str:
    """What a page says that `chalandise test` prints, but for how long it took."""
    found = re.search(rf"^    \$ chalandise test {re.escape(FILE)}\n((?:    .*\n)+)", text, re.MULTILINE)
    assert found is not None
    return without_time(re.sub(r"^ {4}", "", found[1], flags=re.MULTILINE))


def without_time(text: str) -> str:
    return re.sub(r", \d+\.\d s$", "", text, flags=re.MULTILINE)


def printed(folder: Path) -> str:
    ran = chalandise("test", FILE, cwd=folder)
    assert (ran.returncode, ran.stderr) == (1, "")
    return without_time(ran.stdout)


def test_the_example_of_the_page_gives_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(blocks(PAGE, "config:"), "utf-8")
    assert printed(tmp_path) == shown(PAGE)


def test_the_example_of_the_readme_gives_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "corner-shop.yaml").write_text(blocks(README, "retailer:"), "utf-8")
    (tmp_path / FILE).write_text(blocks(README, "config:"), "utf-8")
    assert printed(tmp_path) == shown(README)


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for argument in get_args(annotation):
        yield from models(argument)


KEYS = {
    field.alias or name for model in {*models(Scenario), *models(Common)} for name, field in model.model_fields.items()
}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_is_explained(key: str) -> None:
    assert {"take_back", "because", "ago", "pace", "from"} <= KEYS
    assert re.search(rf"`(\{{)?{key}\b|[{{ ]{key}: ", PAGE)
