"""A folder of retailers, as the container has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import load_or_refuse

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"


def test_a_folder_stands_for_the_yaml_files_in_it_and_not_for_those_below() -> None:
    retailers = sorted(each for each in EXAMPLES.glob("*.yaml") if ".scenarios" not in each.name)
    assert load_or_refuse([EXAMPLES]) == load_or_refuse(retailers)


def test_a_folder_without_yaml_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("retailer: none")
    with pytest.raises(FileNotFoundError, match="no YAML file") as refused:
        load_or_refuse([tmp_path])
    assert refused.value.filename == str(tmp_path)
