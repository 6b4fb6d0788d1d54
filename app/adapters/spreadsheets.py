"""Excel workbooks in and out: the unit list, its repaired copy and its template (spec 4)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from app.adapters.finding_texts import N_
from app.adapters.workbook_guard import MAX_COLUMNS, guarded
from app.domain.errors import DomainError
from app.domain.unit_list import (
    COUNT_HEADING,
    DEFAULT_LIMITS,
    LEVEL_HEADING,
    CellError,
    Finding,
    Formula,
    Limits,
    Severity,
    UnitList,
    read_unit_list,
    refused,
)
from app.domain.units import CATCH_ALL, UnitTree

CALCULATED = ("=", "+", "-", "@", "\t", "\r")
"""How text may begin that a program could calculate once somebody has clicked into the cell."""

GUIDANCE_SHEET = "Veiledning"
"""The template's second sheet, in every language: it is never mistaken for a second list."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first visible sheet with content; `other_sheets` have content too, visible or not, and were not read.

    Rows are as long as their last filled cell. A cell is None, str, int, float, bool, datetime, time, timedelta,
    `Formula` or `CellError`.
    """

    name: str
    rows: tuple[tuple[object, ...], ...]
    other_sheets: tuple[str, ...]


def check_unit_list(source: BinaryIO | Path, *, organisation: str = "", limits: Limits = DEFAULT_LIMITS) -> UnitList:
    """The unit list in a workbook; one that is refused gives a list whose only finding says why."""
    try:
        sheet = read_workbook(source, limits)
    except DomainError as error:
        return refused(error)
    return read_unit_list(
        sheet.rows, sheet=sheet.name, organisation=organisation, limits=limits, other_sheets=sheet.other_sheets
    )


def read_workbook(source: BinaryIO | Path, limits: Limits = DEFAULT_LIMITS) -> Sheet:
    """The cells of a workbook, at most one filled row more than `limits` allow.

    Raises DomainError: ``file.too_large``, ``file.empty``, ``file.wrong_type``, ``file.old_excel``, ``file.password``,
    ``file.macros``, ``file.damaged``, ``file.unpacks_too_large``, ``file.doctype``, ``file.cell_too_long``,
    ``file.too_wide``, and ``rows.too_many`` when there are so many that they are not even read.
    """
    with _as_damaged():
        workbook = load_workbook(guarded(source, limits), read_only=True, data_only=False, keep_links=False)
        return _read_sheet(workbook, limits)


@contextmanager
def _as_damaged() -> Iterator[None]:
    """One refusal for whatever a broken file makes the libraries raise; what openpyxl warns of is in no unit list."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DomainError:
        raise
    except Exception as error:
        raise DomainError("file.damaged") from error


def _read_sheet(workbook: Workbook, limits: Limits) -> Sheet:
    sheets = workbook.worksheets
    chosen = sheets[0]
    rows: tuple[tuple[object, ...], ...] = ()
    for sheet in sheets:
        if sheet.sheet_state == "visible" and (rows := _rows(sheet, limits)):
            chosen = sheet
            break
    others = [sheet for sheet in sheets if sheet is not chosen and sheet.title != GUIDANCE_SHEET]
    return Sheet(chosen.title, rows, tuple(sheet.title for sheet in others if any(_values(sheet))))


def _rows(sheet: Worksheet, limits: Limits) -> tuple[tuple[object, ...], ...]:
    """Rows from the first to the last with content; the first filled row beyond the limit is the last that is read."""
    rows: list[tuple[object, ...]] = []
    last = limits.n_rows + 2
    for values in _values(sheet):
        if values or len(rows) < last - 1:
            rows.append(values)
        if len(rows) == last:
            break
    while rows and not rows[-1]:
        rows.pop()
    return tuple(rows)


def _values(sheet: Worksheet) -> Iterator[tuple[object, ...]]:
    """The contents of each row up to its last filled cell, whatever size the sheet claims to have."""
    sheet.reset_dimensions()  # type: ignore[attr-defined]
    previous: object = None
    values: tuple[object, ...] = ()
    for cells in sheet.iter_rows(max_col=MAX_COLUMNS):
        if cells is not previous:  # openpyxl gives one and the same for all rows that are missing, up to a million
            values = _filled(cells)
        previous = cells
        yield values


def _filled(cells: Sequence[Any]) -> tuple[object, ...]:
    values = [None if cell is EMPTY_CELL else _content(cell.data_type, cell.value) for cell in cells]
    while values and values[-1] is None:
        values.pop()
    return tuple(values)


def _content(kind: str, value: Any) -> object:
    """What a cell holds, None for nothing; a formula is neither run nor is its last result believed."""
    match kind:
        case _ if value is None or value == "":
            return None
        case "s" | "inlineStr":
            return _unescaped(value)
        case "n" | "b" if isfinite(value):
            return value
        case "d":
            return _day_or_moment(value)
        case "f":
            return Formula(value if isinstance(value, str) else getattr(value, "text", "="))
        case "e":
            return CellError(value)
    raise ValueError(value)


def _day_or_moment(moment: object) -> object:
    """Midnight is how a workbook writes a day."""
    return moment.date() if isinstance(moment, datetime) and moment.time() == time() else moment


_ESCAPE = re.compile(r"_x(00[01][0-9A-Fa-f]|005F)_")


def _unescaped(text: str) -> str:
    """Excel writes what XML cannot hold as ``_x000D_``.

    openpyxl takes out of shared strings what tells such a character from a name that looks like it; no unit has one.
    """
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


# --- Writing -------------------------------------------------------------------------------------------------------

_FILLS = {
    Severity.ERROR: PatternFill("solid", start_color="F8C9C4"),
    Severity.WARNING: PatternFill("solid", start_color="FCE8A6"),
    Severity.REPAIRED: PatternFill("solid", start_color="CFE3F7"),
}
_GRAVITY = (Severity.ERROR, Severity.WARNING, Severity.REPAIRED)


def write_unit_list(tree: UnitTree, organisation: str = "Organisation") -> bytes:
    """The workbook that reads back as `tree`; `organisation` is the one name in it when the tree has no units.

    A head count of the organisation itself has no row beside units, and is left out.
    """
    paths = [(path, n) for path, n in tree.to_rows() if path] or [((organisation,), tree.root.n_people)]
    n_levels = max(tree.n_levels, 1)
    has_counts = any(n is not None for _, n in paths)
    headings = [f"{LEVEL_HEADING}{level}" for level in range(1, n_levels + 1)] + [COUNT_HEADING] * has_counts
    workbook = Workbook()
    _fill(_first_sheet(workbook), [headings, *([*path, *[None] * (n_levels - len(path)), n] for path, n in paths)])
    return _bytes(workbook)


def write_repaired_copy(unit_list: UnitList, describe: Callable[[Finding], str]) -> bytes:
    """The list as it was understood; cells with findings are coloured and carry what `describe` says as a comment."""
    workbook = Workbook()
    sheet = _first_sheet(workbook)
    sheet.title = re.sub(r"[\\*?:/\[\]]", " ", unit_list.sheet)[:31] or sheet.title
    _fill(sheet, unit_list.rows)
    by_cell: dict[str, list[Finding]] = {}
    for finding in unit_list.findings:
        by_cell.setdefault(finding.cell, []).append(finding)
    by_cell.pop("", None)
    for cell, findings in by_cell.items():
        sheet[cell].fill = _FILLS[min((finding.severity for finding in findings), key=_GRAVITY.index)]
        sheet[cell].comment = Comment("\n\n".join(map(describe, findings)), "MUST", height=160, width=320)
    return _bytes(workbook)


def write_template(gettext: Callable[[str], str] = str) -> bytes:
    """An example to write over, and a second sheet that says how."""
    workbook = Workbook()
    headings = [f"{LEVEL_HEADING}{level}" for level in (1, 2, 3)]
    example = [[name if name in ("", CATCH_ALL) else gettext(name) for name in row] for row in _EXAMPLE]
    _fill(_first_sheet(workbook), [headings, *example])
    guidance = workbook.create_sheet(GUIDANCE_SHEET)
    _fill(guidance, [[gettext(text)] for text in _GUIDANCE])
    guidance.column_dimensions["A"].width = 110
    return _bytes(workbook)


_EXAMPLE = (
    (N_("Division A"), N_("Department 1"), N_("Section 1")),
    (N_("Division A"), N_("Department 1"), N_("Section 2")),
    (N_("Division A"), N_("Department 1"), CATCH_ALL),
    (N_("Division A"), N_("Management, division A"), ""),
    (N_("Division B"), "", ""),
    (N_("Staff of the director"), "", ""),
)

_GUIDANCE = (
    N_("How to write the unit list"),
    N_("Write over the example in the first sheet. Each row is one choice, from the highest level to the lowest."),
    N_("The first row must keep the headings Nivå1, Nivå2 and so on. Use as many levels as you need, up to 8."),
    N_("Write the names of all levels in every row. A blank cell does not mean “same as above”."),
    N_("A row may stop early: leave the cells to the right blank when a unit has no lower level."),
    N_("Use “ingen” for employees who belong to none of the units on a level. It never gets a report of its own."),
    N_("Give leaders a row of their own if their answers should not count in the unit that they lead."),
    N_("Do not add a level for the whole organisation: that report is made anyway."),
    N_("No units at all? Keep only Nivå1, with the name of the organisation in cell A2."),
    N_("You may add a column with the heading Antall and the number of employees, to see a forecast of reports."),
)


def _first_sheet(workbook: Workbook) -> Worksheet:
    sheet = workbook.worksheets[0]
    sheet.title = "Enhetsliste"
    return sheet


def _fill(sheet: Worksheet, rows: Iterable[Sequence[object]]) -> None:
    """Write `rows` with the first as headings."""
    for row, values in enumerate(rows, start=1):
        for column, value in enumerate(values, start=1):
            _put(sheet, row, column, value)
    for column in range(1, sheet.max_column + 1):
        sheet.cell(1, column).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = 30
    sheet.freeze_panes = "A2"


def _put(sheet: Worksheet, row: int, column: int, value: object) -> None:
    """One cell. Text stays text: whatever it begins with, no program that opens the file runs it."""
    if isinstance(value, Formula | CellError):
        value = value.text
    cell = sheet.cell(row, column)
    cell.value = _escaped(value) if isinstance(value, str) else value  # type: ignore[assignment]
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(CALCULATED)


def _escaped(text: str) -> str:
    return re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", ILLEGAL_CHARACTERS_RE.sub("", text))


def _bytes(workbook: Workbook) -> bytes:
    workbook.properties.creator = "MUST"
    stream = BytesIO()
    workbook.save(stream)
    return stream.getvalue()
