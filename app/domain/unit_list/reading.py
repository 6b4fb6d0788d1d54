"""Rows of a spreadsheet in, the tree of units and everything worth saying about them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.errors import DomainError
from app.domain.unit_list.findings import Finding, Severity, in_order, is_error, new_note, worded
from app.domain.unit_list.headings import read_headings
from app.domain.unit_list.row_checks import ROW_CHECKS
from app.domain.unit_list.source import DEFAULT_LIMITS, Limits, Source
from app.domain.unit_list.table import Table, read_table
from app.domain.unit_list.tree_checks import TREE_CHECKS
from app.domain.units import UnitPath, UnitTree


@dataclass(frozen=True, slots=True)
class UnitList:
    """A list as it was read.

    `tree` is None when there are errors. `findings` are in reading order, those about the whole file first. `rows`
    are the cells as they were understood, each in its place; a cell with an error is there as it was.
    """

    tree: UnitTree | None
    findings: tuple[Finding, ...]
    sheet: str = ""
    rows: tuple[tuple[object, ...], ...] = ()

    @property
    def has_errors(self) -> bool:
        return self.tree is None


def read_unit_list(
    rows: Iterable[Sequence[object]],
    *,
    sheet: str,
    organisation: str = "",
    limits: Limits = DEFAULT_LIMITS,
    other_sheets: Sequence[str] = (),
) -> UnitList:
    """The tree of `rows`, the first of which holds the headings, with all findings at once.

    A cell is None, text, a number, a bool, a date or time, `Formula` or `CellError`. `other_sheets` are the names of
    sheets with content that were not read.
    """
    source = Source(sheet, tuple(tuple(row) for row in rows), organisation, limits)
    headings = read_headings(source)
    table = read_table(source, headings)
    notes = [new_note("sheet.ignored", value=name) for name in other_sheets]
    notes += [*headings.notes, *table.notes]
    for check in ROW_CHECKS:
        notes += check(table)
    tree = None if any(map(is_error, notes)) else _tree(table)
    if tree is not None:
        notes += [note for tree_check in TREE_CHECKS for note in tree_check(table, tree)]
    return UnitList(tree, tuple(worded(note, sheet, table.rows) for note in in_order(notes)), sheet, table.rows)


def refused(error: DomainError) -> UnitList:
    """What to say about a file that could not be opened at all: one finding, with the code and values of `error`."""
    return UnitList(None, (Finding(error.code, Severity.ERROR, "", "", "", error.values),))


def _tree(table: Table) -> UnitTree:
    """The tree; a single name in the whole list is the organisation itself, and gives one report."""
    rows: dict[UnitPath, int | None] = {}
    for line, path in table.paths:
        rows[path] = line.n_people if rows.get(path) is None else rows[path]
    if len(rows) == 1 and len(path := next(iter(rows))) == 1:
        return UnitTree.from_rows([((), rows[path])])
    return UnitTree.from_rows(rows.items())
