"""What there is to say about a unit list. The sentences are in `app.adapters.finding_texts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import NamedTuple

from app.domain.unit_list.cells import shown

MAX_FINDINGS = 500
"""A page or a terminal with more findings than this helps nobody; the last finding then says how many are left out."""


class Severity(Enum):
    """ERROR: the list cannot be used. WARNING: may be meant. REPAIRED: read as something else than what was written."""

    ERROR = "error"
    WARNING = "warning"
    REPAIRED = "repaired"


SEVERITIES: Mapping[str, Severity] = {
    "sheet.empty": Severity.ERROR,
    "sheet.ignored": Severity.WARNING,
    "rows.none": Severity.ERROR,
    "rows.too_many": Severity.ERROR,
    "row.blank": Severity.REPAIRED,
    "row.duplicate": Severity.WARNING,
    "row.duplicate_count": Severity.ERROR,
    "heading.forgotten": Severity.ERROR,
    "heading.not_first_row": Severity.ERROR,
    "heading.unknown": Severity.ERROR,
    "heading.blank": Severity.ERROR,
    "heading.sequence": Severity.ERROR,
    "heading.second_count": Severity.ERROR,
    "heading.incomplete": Severity.WARNING,
    "levels.too_many": Severity.ERROR,
    "levels.phone": Severity.WARNING,
    "cell.blank_first_level": Severity.ERROR,
    "cell.blank_in_path": Severity.ERROR,
    "cell.formula": Severity.ERROR,
    "cell.error": Severity.ERROR,
    "cell.date": Severity.ERROR,
    "cell.boolean": Severity.ERROR,
    "cell.unreadable": Severity.ERROR,
    "cell.number": Severity.WARNING,
    "cell.blanks": Severity.REPAIRED,
    "cell.invisible": Severity.REPAIRED,
    "name.too_long": Severity.ERROR,
    "name.phone": Severity.WARNING,
    "name.repeated": Severity.WARNING,
    "name.lookalike": Severity.WARNING,
    "count.invalid": Severity.ERROR,
    "count.without_unit": Severity.ERROR,
    "count.text": Severity.REPAIRED,
    "count.missing": Severity.WARNING,
    "top.repeats_organisation": Severity.WARNING,
    "unit.only_catch_all": Severity.WARNING,
    "unit.no_catch_all": Severity.WARNING,
    "findings.more": Severity.WARNING,
}
"""Every finding there is about a list that could be opened."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a list. `cell` is such as ``B7``, or empty when it is about the file or the sheet."""

    code: str
    severity: Severity
    sheet: str
    cell: str
    value: str
    values: Mapping[str, object]


class Note(NamedTuple):
    """A finding before it is worded: there may be one for every cell, so it is made of nothing that costs time."""

    row: int
    column: int
    code: str
    value: object
    values: Mapping[str, object]


def new_note(code: str, row: int = 0, column: int = 0, value: object = "", **values: object) -> Note:
    return Note(row, column, code, value, values)


def coordinate(row: int, column: int) -> str:
    """The name of a cell, both numbers starting at 1: (7, 2) is ``B7``."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


def is_error(note: Note) -> bool:
    return SEVERITIES[note.code] is Severity.ERROR


def in_order(notes: Sequence[Note]) -> list[Note]:
    """`notes` in reading order; of too many the errors are kept before the rest."""
    ordered = sorted(notes, key=itemgetter(0, 1))
    if len(ordered) <= MAX_FINDINGS:
        return ordered
    kept = sorted(ordered, key=is_error, reverse=True)[:MAX_FINDINGS]
    return [*sorted(kept, key=itemgetter(0, 1)), new_note("findings.more", n=len(notes) - MAX_FINDINGS)]


_READ_AS = frozenset({"cell.number", "cell.blanks", "cell.invisible", "count.text"})


def worded(note: Note, sheet: str, rows: Sequence[Sequence[object]]) -> Finding:
    """`note` with everything its sentence needs; `read_as` is a repaired cell as it was understood, in `rows`."""
    row, column, code, value, values = note
    if code in _READ_AS:
        values = {"read_as": rows[row - 1][column - 1] or ""}
    quotable = {name: shown(content) if isinstance(content, str) else content for name, content in values.items()}
    cell = coordinate(row, column) if row else ""
    return Finding(code, SEVERITIES[code], sheet, cell, shown(value), quotable)
