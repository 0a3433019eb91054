"""From files to retailers that can run, with all that is wrong with them."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.checking import Checked, check_file
from config.compiling import RetailerConfig, compile_retailer
from config.findings import ConfigError, Finding, Problem

SCENARIOS = ".scenarios"


@dataclass(frozen=True)
class Loaded:
    """What became of some files: the retailers without findings, and the findings of the others, by file and place."""

    retailers: tuple[RetailerConfig, ...]
    findings: tuple[Finding, ...]
    advice: tuple[Finding, ...] = ()
    """On what is sound, and may yet not be what was meant."""


def load(paths: Sequence[Path]) -> Loaded:
    """Read, check and compile one retailer a file. Raises OSError where a file cannot be read, and for nothing else."""
    checked = [check_file(path.read_bytes(), str(path), path.parent) for path in paths]
    findings = [finding for each in checked for finding in each.findings] + list(_same_retailer(checked))
    order = {str(path): place for place, path in enumerate(paths)}
    findings.sort(key=lambda finding: (order[finding.file], finding))
    faulty = {finding.file for finding in findings}
    sound = [each for each in checked if each.document.file not in faulty]
    advice = tuple(each for checked_file in sound for each in checked_file.advice)
    return Loaded(tuple(_compiled(each) for each in sound), tuple(findings), advice)


def load_or_refuse(paths: Sequence[Path]) -> tuple[RetailerConfig, ...]:
    """The retailers of `paths`, of which a folder stands for the YAML files in it, by name, but for scenarios.

    Raises ConfigError with all findings where there are any, OSError as `load` does, and where a folder holds no YAML.
    """
    loaded = load([file for path in paths for file in _files(path)])
    if loaded.findings:
        raise ConfigError(loaded.findings)
    return loaded.retailers


def is_scenarios(path: Path) -> bool:
    """Whether the file is by its name one of scenarios: `my-shop.scenarios.yaml`."""
    return path.stem.endswith(SCENARIOS)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    yaml = (*path.glob("*.yaml"), *path.glob("*.yml"))
    found = sorted(each for each in yaml if not is_scenarios(each))
    if not found:
        raise FileNotFoundError(errno.ENOENT, "there is no YAML file in this folder", str(path))
    return found


def _compiled(checked: Checked) -> RetailerConfig:
    if checked.description is None:
        raise ConfigError(checked.findings)
    return compile_retailer(checked.description, checked.shapes, checked.document.file)


def _same_retailer(checked: Sequence[Checked]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for each in checked:
        for path, name in each.document.scalars("retailer"):
            if not isinstance(name, str):
                continue
            if name in first:
                what = f"the retailer `{name}` is described in {first[name]} already"
                yield each.document.finding(Problem(path, what, "leave one of the files out"))
            first.setdefault(name, each.document.file)
