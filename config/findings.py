"""What is wrong with a file, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

Path = tuple[str | int, ...]
"""The way to a value from the top of a document: `("stores", 0, "name")`."""


class Position(NamedTuple):
    """Where something stands in a file; both count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One mistake. Findings sort by file and position; as text they read `file:line:column: what; todo`."""

    file: str
    position: Position
    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.file}:{self.position.line}:{self.position.column}: {self.what}; {self.todo}"


class Problem(NamedTuple):
    """A mistake at a path of a document, before it is known where that stands; `at_key`: its key is what is wrong."""

    path: Path
    what: str
    todo: str
    at_key: bool = False


class ConfigError(Exception):
    """Files that cannot be used; its text is all findings, one a line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))
