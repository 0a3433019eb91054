"""From files to scenarios that can be played, with all that is wrong with them and with what they are about."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from config.checking import Checked, check_document, check_file
from config.compiling import RetailerConfig, compile_retailer
from config.described import Described
from config.document import Document, read_documents
from config.explaining import explain
from config.findings import Finding, Position, Problem
from config.loading import SCENARIOS
from config.scenarios.language import Common, Scenario
from config.scenarios.references import reference_problems

_Model = TypeVar("_Model", bound=Described)

_OF_A_SCENARIO = frozenset(Scenario.model_fields) - frozenset(Common.model_fields)


@dataclass(frozen=True)
class Placed:
    """A scenario that can be played: what it says, where, and the retailer that it is about.

    Members that it has in common with others are in it. Paths into `document` begin at the scenario.
    """

    scenario: Scenario
    document: Document
    retailer: RetailerConfig
    folder: pathlib.Path

    @property
    def file(self) -> str:
        """The file in which it stands."""
        return self.document.file

    @property
    def position(self) -> Position:
        """Where its name stands."""
        return self.document.position(("scenario",))


@dataclass(frozen=True)
class LoadedScenarios:
    """What became of some files: the scenarios without findings, in order, and the findings of the others."""

    scenarios: tuple[Placed, ...]
    findings: tuple[Finding, ...]


def load_scenarios(paths: Sequence[pathlib.Path], config: pathlib.Path | None = None) -> LoadedScenarios:
    """Read and check scenarios; `config` is a retailer's YAML in place of those that they name.

    A folder stands for the files `*.scenarios.yaml` in it and below. Raises OSError where a file cannot be read.
    """
    files = list(dict.fromkeys(file for path in paths for file in scenario_files(path)))
    retailers = _Retailers(config)
    placed = [each for file in files for each in _File(file, retailers).scenarios()]
    order = {str(file): place for place, file in enumerate(files)}
    findings = sorted(set(retailers.findings), key=lambda found: (order.get(found.file, -1), found))
    return LoadedScenarios(tuple(placed), tuple(findings))


def scenario_files(path: pathlib.Path) -> list[pathlib.Path]:
    """The files that `path` stands for."""
    if not path.is_dir():
        return [path]
    found = sorted((*path.rglob(f"*{SCENARIOS}.yaml"), *path.rglob(f"*{SCENARIOS}.yml")))
    if not found:
        raise FileNotFoundError(2, f"there is no *{SCENARIOS}.yaml in this folder", str(path))
    return found


@dataclass
class _Retailers:
    """The retailers that scenarios are about, each file checked once; and all findings."""

    instead: pathlib.Path | None
    findings: list[Finding] = field(default_factory=list)
    _known: dict[pathlib.Path, RetailerConfig | None] = field(default_factory=dict)

    def named(self, path: pathlib.Path) -> RetailerConfig | None:
        """The retailer of a file; None where it has findings. Raises OSError."""
        if path not in self._known:
            self._known[path] = self.compiled(check_file(path.read_bytes(), str(path), path.parent))
        return self._known[path]

    def compiled(self, checked: Checked) -> RetailerConfig | None:
        """The retailer, where nothing is wrong with it."""
        self.findings += checked.findings
        if checked.description is None:
            return None
        return compile_retailer(checked.description, checked.shapes, checked.document.file)


class _File:
    """One file of scenarios."""

    def __init__(self, path: pathlib.Path, retailers: _Retailers) -> None:
        self._path = path
        self._retailers = retailers
        self._about: tuple[Document, Any] | None = None
        self._common = Common()

    def scenarios(self) -> Iterator[Placed]:
        """Its scenarios that can be played; findings go where the retailers are."""
        documents = read_documents(self._path.read_bytes(), str(self._path))
        for document in documents:
            self._retailers.findings += document.findings
            if isinstance(document.data, list):
                yield from self._several([document.part((place,)) for place in range(len(document.data))])
            elif isinstance(document.data, dict):
                yield from self._one_or_common(document)
            elif not document.findings and (document.data is not None or len(documents) == 1):
                self._find(document, Problem((), "there is no scenario here", "write one, as in `scenario: its name`"))

    def _several(self, documents: list[Document]) -> Iterator[Placed]:
        for document in documents:
            scenario = self._read(document, Scenario)
            if scenario is not None:
                yield from self._placed(scenario, document)

    def _one_or_common(self, document: Document) -> Iterator[Placed]:
        keys = document.data.keys()
        if "retailer" in keys and not keys & {"scenario", "scenarios"}:
            what, todo = "this describes a retailer", "write scenarios in a file of their own, with `config: this-file`"
            self._find(document, Problem(("retailer",), what, todo, at_key=True))
        elif keys & _OF_A_SCENARIO:
            yield from self._several([document])
        else:
            found = self._read(document, Common)
            common = found or _sound(Common, {name: document.data.get(name) for name in ("config", "members")})
            if common is not None:
                self._remember(common, document)
                yield from self._those_in(document)

    def _those_in(self, document: Document) -> Iterator[Placed]:
        """The scenarios of a list that are sound in themselves, however it is with the others."""
        listed = document.data.get("scenarios")
        for place, each in enumerate(listed if isinstance(listed, list) else ()):
            scenario = _sound(Scenario, each)
            if scenario is not None:
                yield from self._placed(scenario, document.part(("scenarios", place)))

    def _remember(self, common: Common, document: Document) -> None:
        members = _joined(self._common, common)
        self._common = Common.model_construct(members=members)
        if common.config is not None:
            self._about = document, common.config

    def _placed(self, scenario: Scenario, document: Document) -> Iterator[Placed]:
        retailer = self._retailer(scenario, document)
        if retailer is None:
            return
        whole = scenario.model_copy(update={"members": _joined(self._common, scenario)})
        recorded = recorded_members(scenario, self._path.parent)
        problems = list(reference_problems(whole, scenario, retailer, recorded))
        for problem in problems:
            self._find(document, problem)
        if not problems:
            yield Placed(whole, document, retailer, self._path.parent)

    def _retailer(self, scenario: Scenario, document: Document) -> RetailerConfig | None:
        if self._retailers.instead is not None:
            return self._retailers.named(self._retailers.instead)
        stands, config = (document, scenario.config) if scenario.config is not None else self._about or (document, None)
        if config is None:
            what = "which retailer this is about stands nowhere"
            self._find(document, Problem((), what, "add `config: my-shop.yaml`, or give --config FILE"))
        elif isinstance(config, dict):
            return self._retailers.compiled(check_document(stands.part(("config",)), self._path.parent))
        elif isinstance(config, str):
            return self._named(config, stands)
        else:
            what, todo = "this is no configuration", "write the name of a file, as in `config: my-shop.yaml`"
            self._find(stands, Problem(("config",), what, todo))
        return None

    def _named(self, config: str, stands: Document) -> RetailerConfig | None:
        try:
            return self._retailers.named(self._path.parent / config)
        except OSError as error:
            what = f"the file `{config}` cannot be read ({(error.strerror or 'no file').lower()})"
            self._find(stands, Problem(("config",), what, f"its name counts from the folder of {self._path.name}"))
            return None

    def _read(self, document: Document, model: type[_Model]) -> _Model | None:
        try:
            return model.model_validate(document.data)
        except ValidationError as error:
            for problem in explain(error, document, model):
                self._find(document, problem)
            return None

    def _find(self, document: Document, problem: Problem) -> None:
        self._retailers.findings.append(document.finding(problem))


def recorded_members(scenario: Scenario, folder: pathlib.Path) -> set[str]:
    """The members that its recordings tell of; what cannot be read is found where it is played."""
    names: set[str] = set()
    for step in scenario.happens:
        file = folder / step.recorded.file if step.recorded is not None else None
        for line in file.read_bytes().splitlines() if file is not None and file.is_file() else ():
            names.update(_member_named(line))
    return names


def _member_named(line: bytes) -> Iterator[str]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return
    if isinstance(told, dict) and told.get("type") == "member" and isinstance(told.get("member"), str):
        yield told["member"]


def _sound(model: type[_Model], data: Any) -> _Model | None:
    """`data` as a model; None where it is none, which is told elsewhere."""
    known = {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data
    try:
        return model.model_validate(known)
    except ValidationError:
        return None


def _joined(common: Common, own: Scenario | Common) -> tuple[Any, ...]:
    """The members of both; one's own stand in the place of those with the same id."""
    ids = {member.id for member in own.members}
    return (*(member for member in common.members if member.id not in ids), *own.members)
