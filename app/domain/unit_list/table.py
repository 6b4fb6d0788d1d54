"""The rows below the headings as they are understood, with what each single cell gives reason to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from app.domain.unit_list.cells import read_count, read_name
from app.domain.unit_list.findings import Note, new_note
from app.domain.unit_list.headings import Headings
from app.domain.unit_list.source import Source, last_filled_row
from app.domain.units import UnitPath

Content = TypeVar("Content", str, int)
_NO_VALUES: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Line:
    """One filled row.

    `names` has one entry per level: empty for a blank cell, None for one that cannot be read. `n_filled` is the last
    level with something in it. `path` is None when a cell of it is blank or cannot be read.
    """

    row: int
    names: tuple[str | None, ...]
    n_filled: int
    path: UnitPath | None
    n_people: int | None
    has_count: bool


@dataclass(frozen=True, slots=True)
class Table:
    """All filled rows as they were understood.

    `rows` are all cells, `paths` the rows that have one, `places` the row and column where each unit is first named,
    also in the middle of a path.
    """

    source: Source
    headings: Headings
    rows: tuple[tuple[object, ...], ...]
    lines: tuple[Line, ...]
    notes: tuple[Note, ...]
    paths: tuple[tuple[Line, UnitPath], ...]
    places: Mapping[UnitPath, tuple[int, int]]


def read_table(source: Source, headings: Headings) -> Table:
    """The filled rows below the headings, with what each single cell gives reason to say."""
    rows = list(source.grid)
    notes: list[Note] = []
    n_rows = last_filled_row(source) if headings.levels else 0
    read = (_read_line(headings, row, rows, notes) for row in range(2, min(n_rows, source.limits.n_rows + 1) + 1))
    lines = tuple(line for line in read if line.n_filled or line.has_count)
    if headings.levels and not lines:
        notes.append(new_note("rows.none"))
    if n_rows - 1 > source.limits.n_rows:
        notes.append(new_note("rows.too_many", source.limits.n_rows + 2, 1, limit=source.limits.n_rows))
    paths = tuple((line, line.path) for line in lines if line.path)
    return Table(source, headings, tuple(rows), lines, tuple(notes), paths, _places(headings, paths))


def _read_line(headings: Headings, row: int, rows: list[tuple[object, ...]], notes: list[Note]) -> Line:
    """Row number `row`; what there is to say goes to `notes`, a cell that is read differently is replaced in `rows`."""
    names = tuple(_read_cell(read_name, row, column, rows, notes)[0] for column in headings.levels)
    n_filled = len(names)
    while n_filled and names[n_filled - 1] == "":
        n_filled -= 1
    path = tuple(filter(None, names[:n_filled]))
    n_people, has_count = None, False
    if headings.count is not None:
        n_people, code = _read_cell(read_count, row, headings.count, rows, notes)
        has_count = n_people is not None or bool(code)
    return Line(row, names, n_filled, path if path and len(path) == n_filled else None, n_people, has_count)


def _read_cell(
    read: Callable[[object], tuple[Content | None, str]],
    row: int,
    column: int,
    rows: list[tuple[object, ...]],
    notes: list[Note],
) -> tuple[Content | None, str]:
    """One cell as `read` understands it."""
    cells: tuple[object, ...] = rows[row - 1]
    value = cells[column - 1] if column <= len(cells) else None
    content, code = read(value)
    if code:
        notes.append(Note(row, column, code, value, _NO_VALUES))
        if content is not None:
            repaired: object = None if content == "" else content
            rows[row - 1] = (*cells[: column - 1], repaired, *cells[column:])
    return content, code


def _places(headings: Headings, paths: Iterable[tuple[Line, UnitPath]]) -> dict[UnitPath, tuple[int, int]]:
    found: dict[UnitPath, tuple[int, int]] = {}
    for line, path in paths:
        for level, column in enumerate(headings.levels[: len(path)], start=1):
            found.setdefault(path[:level], (line.row, column))
    return found
