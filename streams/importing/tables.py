"""Tables (CSV): the first line names the columns, each other row tells of one member; an empty cell says nothing."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from config.findings import Finding, Position
from config.names import did_you_mean
from config.quantities import quoted
from streams.importing.columns import KNOWN, Column, column_of
from streams.importing.lines import About, Lost, Told, lines_of, text_of, told
from streams.times import written

DELIMITERS = ",;\t"

MOST_LINES = 100
"""Lines of one row; a quote that is not closed by then never is."""


class Cell(NamedTuple):
    """What stands in a cell, and where."""

    text: str
    place: Position


class Row(NamedTuple):
    """The lines of one row as one text, and the number of the first."""

    text: str
    line: int

    def place(self, offset: int) -> Position:
        """Where the character at `offset` stands."""
        begins = self.text.rfind("\n", 0, offset) + 1
        return Position(self.line + self.text.count("\n", 0, offset), offset - begins + 1)


def members_of_table(file: Iterable[bytes], about: About) -> Iterator[Told]:
    """What becomes of each row after the first. Raises Lost where the first line does not name the columns."""
    return _Table(file, about).members()


class _Table:
    def __init__(self, file: Iterable[bytes], about: About) -> None:
        self._about = about
        self._lines = lines_of(file)
        self._again: deque[tuple[int, bytes]] = deque()
        """Lines that were taken for a part of the row before them, and are rows of their own."""
        head = self._next_text()
        if head is None:
            todo = "name the columns in the first line, as in member,tier"
            raise Lost(about.finding(Position(1, 1), "there is nothing in the file", todo))
        self._delimiter = max(DELIMITERS, key=head.text.count)
        self._cell = re.compile(rf'"((?:[^"]|"")*)"|([^{self._delimiter}"\n]*)')
        self._columns = _columns(self._cells(head), about)

    def members(self) -> Iterator[Told]:
        while True:
            try:
                first = self._next_text()
                if first is None:
                    return
                yield self._told(self._whole_row(first))
            except Lost as lost:
                yield Told(findings=lost.findings)

    def _next_text(self) -> Row | None:
        """The next line that is not empty."""
        while (line := self._next_line()) is not None:
            text = text_of(line[1], line[0], self._about)
            if text.strip():
                return Row(text, line[0])
        return None

    def _next_line(self) -> tuple[int, bytes] | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _whole_row(self, first: Row) -> list[Cell]:
        """The cells of the row that begins with `first`: as many lines as its quotes span."""
        row, more = first, list[tuple[int, bytes]]()
        while row.text.count('"') % 2 and len(more) < MOST_LINES:
            line = self._next_line()
            if line is None:
                break
            more.append(line)
            row = Row(f"{row.text}\n{line[1].decode(errors='replace').rstrip()}", row.line)
        if not more and not row.text.count('"') % 2:
            return self._cells(row)
        cells = self._cells_of_several(row)
        if cells is None:
            self._again.extendleft(reversed(more))
            place = first.place(first.text.rfind('"'))
            raise Lost(self._about.finding(place, "a quote that is not closed", "close it, or write it twice"))
        return cells

    def _cells_of_several(self, row: Row) -> list[Cell] | None:
        """The cells of lines that a quote holds together; None where they make no row."""
        try:
            cells = None if row.text.count('"') % 2 else self._cells(row)
        except Lost:
            return None
        return cells if cells is not None and len(cells) == len(self._columns) else None

    def _cells(self, row: Row) -> list[Cell]:
        cells, offset = list[Cell](), 0
        while (found := self._cell.match(row.text, offset)) is not None:
            text = found[2].strip() if found[1] is None else found[1].replace('""', '"')
            cells.append(Cell(text, row.place(offset)))
            if found.end() == len(row.text):
                return cells
            if row.text[found.end()] != self._delimiter:
                break
            offset = found.end() + 1
        todo = "put the whole cell in quotes, and write each one within it twice"
        raise Lost(self._about.finding(row.place(offset), "a quote within a cell", todo))

    def _told(self, cells: list[Cell]) -> Told:
        if len(cells) != len(self._columns):
            what = f"{len(cells)} cells, and the first line names {len(self._columns)} columns"
            few = len(cells) < len(self._columns)
            todo = "leave cells empty, not out" if few else f"put a cell that holds `{self._delimiter}` in quotes"
            raise Lost(self._about.finding(cells[0].place, what, todo))
        said, places, findings = dict[str, Any](), dict[str, Position](), list[Finding]()
        for column, cell in zip(self._columns, cells, strict=True):
            if cell.text:
                try:
                    _say(said, column, column.read(cell.text))
                except ValueError as refused:
                    findings.append(self._about.finding(cell.place, f"`{column.name}`: {refused}", column.todo))
                places[column.field] = cell.place
        if findings:
            raise Lost(*findings)
        _date_consent(said, self._about)
        return told(said, places, cells[0].place, self._about)


def _say(said: dict[str, Any], column: Column, value: Any) -> None:
    if column.part:
        said.setdefault(column.field, {})[column.part] = value
    else:
        said[column.field] = value


def _date_consent(said: dict[str, Any], about: About) -> None:
    """Each answer is of the time of its row, and of the version that the row names."""
    answers = said.pop("consent", {})
    version, at = answers.pop("version", ""), said.get("at", written(about.at))
    if answers:
        granted = {"at": at, "version": version}
        said["consent"] = {purpose: {"granted": answer, **granted} for purpose, answer in answers.items()}


def _columns(head: list[Cell], about: About) -> tuple[Column, ...]:
    """The columns that the first line names. Raises Lost, with all that is wrong with them.

    Where none of them is `member`, it may not be names that stand there: then nothing of it is shown.
    """
    names = [cell.text for cell in head]
    if "member" not in names:
        what, todo = "the first line names no column `member`", "name the columns there, as in member,tier"
        raise Lost(about.finding(head[0].place, what, todo))
    columns = [column_of(name) for name in names]
    findings = []
    for place, (cell, column) in enumerate(zip(head, columns, strict=True)):
        if column is None:
            todo = f"{did_you_mean(cell.text, KNOWN)} What is your own is called as in attributes.segment"
            findings.append(about.finding(cell.place, f"{quoted(cell.text)} is no column", todo))
        elif cell.text in names[:place]:
            findings.append(about.finding(cell.place, f"the column {quoted(cell.text)} stands twice", "leave one out"))
    if findings:
        raise Lost(*findings)
    return tuple(column for column in columns if column is not None)
