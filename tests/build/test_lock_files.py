"""The lock files: every package pinned by hash, no host named, and nothing of pyproject.toml missing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNNING, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
BUILDING = ["setuptools"]


def logical_lines(name: str) -> list[str]:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def pinned(name: str) -> dict[str, str]:
    requirements = [Requirement(line.split("--hash")[0]) for line in logical_lines(name)]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements}


@pytest.mark.parametrize("name", [RUNNING, DEVELOPMENT])
def test_every_package_is_pinned_to_one_version_and_its_hashes(name: str) -> None:
    for line in logical_lines(name):
        assert re.match(r"[a-z0-9._-]+==[^ *]+ .*--hash=sha256:[0-9a-f]{64}", line), line
    assert len(pinned(name)) == len(logical_lines(name)), "a package stands there twice"


@pytest.mark.parametrize("name", [RUNNING, DEVELOPMENT])
def test_no_index_and_no_host_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--\w*index|--find-links|--trusted-host)\b", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (RUNNING, PROJECT["dependencies"] + BUILDING),
        (DEVELOPMENT, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_what_the_project_asks_for_is_locked_in_a_version_that_it_allows(name: str, wanted: list[str]) -> None:
    versions = pinned(name)
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), (
            f"make lock: {requirement}"
        )


def test_development_runs_on_the_versions_that_production_has() -> None:
    development = pinned(DEVELOPMENT)
    assert {name: development.get(name) for name in pinned(RUNNING)} == pinned(RUNNING)


def test_every_package_folder_is_installed() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {
        ".".join(module.parent.relative_to(ROOT).parts)
        for top in ("streams", "config", "offers", "geofences")
        for module in (ROOT / top).rglob("*.py")
    }
    assert folders == set(setuptools["packages"])


def test_every_file_beside_the_modules_is_package_data() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for top in ("streams", "config", "offers", "geofences"):
        files = (f for f in (ROOT / top).rglob("*") if f.is_file() and "__pycache__" not in f.parts)
        beside = {f for f in files if f.suffix != ".py"}
        named = {f for pattern in setuptools["package-data"].get(top, []) for f in (ROOT / top).glob(pattern)}
        assert beside <= named, f"add to package-data: {sorted(map(str, beside - named))}"
