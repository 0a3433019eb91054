"""One YAML 1.2 document with the position of every key and value; what YAML allows but a retailer cannot mean is found.

Built on ruamel.yaml's events rather than on its constructors: duplicate keys, aliases and bombs are seen before
anything is built of them, and several mistakes of one file are found at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError

from config.findings import Finding, Path, Position, Problem

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes."""
DEEPEST = 32
"""Levels of lists and mappings; the language needs 8."""
MOST_VALUES = 1_000_000

START = Position(1, 1)

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What an escape such as `\\e` or `\\ud800` can bring into a quoted text: it would break terminals, JSON and topics."""


@dataclass(frozen=True)
class Document:
    """What a file says: its plain data (dicts, lists, text, numbers), where each thing stands, and its own mistakes."""

    file: str
    data: Any = None
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    texts: dict[Path, Any] = field(default_factory=dict)
    """Every scalar by its path."""
    written: dict[Path, str] = field(default_factory=dict)
    """Scalars that are no text, as they stand in the file: `3.20`."""
    broken: set[Path] = field(default_factory=set)
    """Values that could not be read at all: nothing more is to be said about them."""
    findings: list[Finding] = field(default_factory=list)
    began: Position = START

    def finding(self, problem: Problem) -> Finding:
        """`problem` with its position."""
        return Finding(self.file, self.position(problem.path, problem.at_key), problem.what, problem.todo)

    def position(self, path: Path, at_key: bool = False) -> Position:
        """Where the value at `path` stands, or its key."""
        found = self.nearest(path)
        place = self.keys.get(found) if at_key else None
        return place or self.values.get(found, START)

    def nearest(self, path: Path) -> Path:
        """`path` without the steps that are not in the file: what a default added, the list round a single one."""
        found: Path = ()
        for step in path:
            if (*found, step) in self.values:
                found = (*found, step)
        return found

    def part(self, path: Path) -> Document:
        """What stands at `path`, as a document of its own, with its positions in this file; without its mistakes."""
        data = self.data
        for step in path:
            data = data[step]
        depth = len(path)

        def below(found: dict[Path, Any]) -> dict[Path, Any]:
            return {each[depth:]: value for each, value in found.items() if each[:depth] == path}

        broken = {each[depth:] for each in self.broken if each[:depth] == path}
        values, keys, texts = below(self.values), below(self.keys), below(self.texts)
        return Document(self.file, data, values, keys, texts, below(self.written), broken)

    def scalars(self, *pattern: str | type) -> Iterator[tuple[Path, Any]]:
        """The scalars whose path fits `pattern`; `int` fits any place of a list, `str` any key."""
        for path, value in self.texts.items():
            if len(path) == len(pattern) and all(map(_fits, path, pattern)):
                yield path, value


def read_document(raw: bytes, file: str) -> Document:
    """Read one document. Never raises for whatever `raw` holds: the mistakes are in its `findings`."""
    first, *others = read_documents(raw, file)
    if not (first.values or first.findings):
        _say(first, first.began, "the file is empty", "describe a retailer, as in `retailer: my-shop`")
    if not others:
        return first
    second = Finding(file, others[0].began, "a second document in one file", "write one file for each retailer")
    return Document(file, findings=[*first.findings, second])


def read_documents(raw: bytes, file: str) -> list[Document]:
    """Read the documents of a file, `---` between them; at least one. Never raises, as `read_document`.

    Where one cannot be read, those after it are not there.
    """
    documents = [Document(file)]
    text = _text(raw, documents[0])
    if text is None:
        return documents
    try:
        _Builder(documents).build(text)
    except _Stop:
        _spoil(documents)
    except MarkedYAMLError as error:
        _say(documents[-1], _mark(error.problem_mark or error.context_mark), *_explained(error))
        _spoil(documents)
    except ReaderError as error:
        _say(documents[-1], _place(text, error.position), "a character that no text holds", "take it out")
        _spoil(documents)
    except (YAMLError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError, AssertionError) as error:
        # On garbage ruamel.yaml lets plain Python errors through too.
        what = f"this cannot be read as YAML ({type(error).__name__})"
        _say(documents[-1], documents[-1].began, what, "write it as plain YAML 1.2")
        _spoil(documents)
    return documents


def _spoil(documents: list[Document]) -> None:
    """The last one could not be read to its end: it says nothing."""
    documents[-1] = replace(documents[-1], data=None)


class _Stop(Exception):  # noqa: N818 - the finding is already written
    """Nothing further in this file can be read."""


def _text(raw: bytes, document: Document) -> str | None:
    if len(raw) > LARGEST_FILE:
        _say(document, START, f"the file has {len(raw)} bytes, more than {LARGEST_FILE}", "split it by retailer")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        byte = f"0x{raw[error.start]:02X}"
        _say(document, _place(before, len(before)), f"byte {byte} is not UTF-8", "save the file as UTF-8")
        return None


class _Builder:
    """Builds the data of documents out of their events, and writes down where each thing stands."""

    def __init__(self, documents: list[Document]) -> None:
        self._documents = documents
        self._document = documents[0]
        self._yaml = YAML(typ="safe", pure=True)
        self._left = MOST_VALUES
        self._events: Iterator[Event] = iter(())

    def build(self, text: str) -> None:
        """Fill the first document, and add one for each that follows."""
        self._events = self._yaml.parse(text)
        started = False
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                self._start(event, started)
                started = True
                data = self._node(next(self._events), ())
                self._documents[-1] = replace(self._document, data=data)
            elif isinstance(event, StreamEndEvent) and not started:
                self._documents[0] = replace(self._document, began=_mark(event.start_mark))

    def _start(self, event: DocumentStartEvent, started: bool) -> None:
        if started:
            self._document = Document(self._document.file, began=_mark(event.start_mark))
            self._documents.append(self._document)
        if event.version not in (None, (1, 2)):
            self._say(event, "another version of YAML than 1.2", "leave out the %YAML line")
            raise _Stop

    def _node(self, event: Event, path: Path) -> Any:
        self._document.values[path] = _mark(event.start_mark)
        self._bound(event, path)
        if isinstance(event, AliasEvent):
            self._document.broken.add(path)
            self._say(event, f"the alias *{event.anchor}", "write the value out here")
            return None
        if not isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
            raise TypeError(f"a node cannot begin with {event}")
        if event.anchor is not None:
            self._say(event, f"the anchor &{event.anchor}", "leave it out: aliases are not understood here")
        if event.tag is not None:
            self._say(event, f"the tag {event.tag}", "leave it out: quotes make text of anything")
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        return self._scalar(event, path)

    def _sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event)
            if key in items:
                first = self._document.keys[(*path, key)].line
                self._say(event, f"the key `{key}` stands here twice, first in line {first}", "keep one of them")
                self._skip()
            else:
                self._document.keys[(*path, key)] = _mark(event.start_mark)
                items[key] = self._node(next(self._events), (*path, key))
        return items

    def _key(self, event: Event) -> str:
        if isinstance(event, ScalarEvent) and not _UNPRINTABLE.search(event.value):
            return str(event.value)
        self._say(event, "a key must be a plain word", "quote it where it begins with a sign such as [ { * or &")
        raise _Stop

    def _skip(self) -> None:
        """Pass over the value that comes next, whatever its shape."""
        open_ = 0
        for event in self._events:
            open_ += isinstance(event, SequenceStartEvent | MappingStartEvent)
            open_ -= isinstance(event, SequenceEndEvent | MappingEndEvent)
            if open_ == 0:
                return

    def _scalar(self, event: ScalarEvent, path: Path) -> Any:
        if (found := _UNPRINTABLE.search(event.value)) is not None:
            self._document.broken.add(path)
            self._say(event, f"a character that no text holds, U+{ord(found[0]):04X}", "take it out")
            return None
        tag = self._yaml.resolver.resolve(ScalarNode, event.value, event.implicit)
        try:
            value = _typed(str(tag), event.value)
        except ValueError:
            self._document.broken.add(path)
            self._say(event, "a number that cannot be read", "write it in plain digits, or in quotes if it is text")
            return None
        self._document.texts[path] = value
        if not isinstance(value, str):
            self._document.written[path] = event.value
        return value

    def _bound(self, event: Event, path: Path) -> None:
        self._left -= 1
        if len(path) > DEEPEST:
            self._say(event, f"more than {DEEPEST} levels inside each other", "take the nesting apart")
            raise _Stop
        if self._left < 0:
            self._say(event, f"more than {MOST_VALUES} values in one file", "split it by retailer")
            raise _Stop

    def _say(self, event: Event, what: str, todo: str) -> None:
        _say(self._document, _mark(event.start_mark), what, todo)


def _typed(tag: str, value: str) -> Any:
    """The value behind a plain scalar by YAML 1.2's core schema; dates stay text."""
    match tag.rsplit(":", 1)[-1]:
        case "null":
            return None
        case "bool":
            return value.lower() == "true"
        case "int":
            return int(value, 0) if value.lstrip("+-").lower().startswith(("0x", "0o")) else int(value)
        case "float":
            return float(value.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return value


def _explained(error: MarkedYAMLError) -> tuple[str, str]:
    problem = str(error.problem or error.context or "a syntax error").replace("\n", " ")
    if "'\\t'" in problem:
        return "a tab where spaces are meant", "indent with spaces"
    if "mapping values are not allowed" in problem:
        return (
            "a `: ` where no key can stand",
            "quote a text with `: ` in it, or indent it like its neighbours",
        )
    if "cannot start any token" in problem:
        return problem, "put quotes round the text"
    if "end of stream" in problem:
        return "the file ends inside a quoted text", "close its quotes"
    return problem, f"the YAML is broken here ({error.context})" if error.context else "the YAML is broken here"


def _fits(step: str | int, wanted: str | type) -> bool:
    return isinstance(step, wanted) if isinstance(wanted, type) else step == wanted


def _say(document: Document, position: Position, what: str, todo: str) -> None:
    document.findings.append(Finding(document.file, position, what, todo))


def _mark(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else START


def _place(text: str, index: int) -> Position:
    before = text[:index]
    return Position(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)
