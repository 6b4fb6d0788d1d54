"""The unit list: rows of a spreadsheet in, the tree of units and everything worth saying about them out (spec 4)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum
from math import isfinite
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from app.domain.errors import DomainError
from app.domain.units import CATCH_ALL, Unit, UnitPath, UnitTree

PHONE_LEVELS = 5
PHONE_CHARACTERS = 60
MAX_PEOPLE = 1_000_000
MAX_FINDINGS = 500
"""A page or a terminal with more findings than this helps nobody; the last finding then says how many are left out."""

COUNT_HEADING = "Antall"
LEVEL_HEADING = "Nivå"


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
"""Every finding there is about a list that could be opened. The sentences are in `app.adapters.finding_texts`."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that holds a formula. It is never run, and what it last showed is not used either."""

    text: str


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell that shows an error, such as ``#REF!``."""

    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a list. `cell` is such as ``B7``, or empty when it is about the file or the sheet."""

    code: str
    severity: Severity
    sheet: str
    cell: str
    value: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a unit list may be at most (spec 4); `n_rows` does not count the headings."""

    n_bytes: int = 5_000_000
    n_rows: int = 20_000
    n_levels: int = 8
    n_characters: int = 200


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
    limits: Limits = Limits(),
    other_sheets: Sequence[str] = (),
) -> UnitList:
    """The tree of `rows`, the first of which holds the headings, with all findings at once.

    A cell is None, text, a number, a bool, a date or time, `Formula` or `CellError`. `other_sheets` are the names of
    sheets with content that were not read.
    """
    source = _Source(sheet, tuple(tuple(row) for row in rows), organisation, limits)
    headings = _read_headings(source)
    table = _read_table(source, headings)
    notes = [_note("sheet.ignored", value=name) for name in other_sheets]
    notes += [*headings.notes, *table.notes]
    for check in LINE_CHECKS:
        notes += check(table)
    tree = None if any(map(_is_error, notes)) else _tree(table)
    if tree is not None:
        notes += [note for tree_check in TREE_CHECKS for note in tree_check(table, tree)]
    return UnitList(tree, tuple(_finding(table, note) for note in _in_order(notes)), sheet, table.rows)


def refused(error: DomainError) -> UnitList:
    """What to say about a file that could not be opened at all: one finding, with the code and values of `error`."""
    return UnitList(None, (Finding(error.code, Severity.ERROR, "", "", "", error.values),))


def coordinate(row: int, column: int) -> str:
    """The name of a cell, both numbers starting at 1: (7, 2) is ``B7``."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


# --- The parts of a list -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """The cells as they came."""

    sheet: str
    grid: tuple[tuple[object, ...], ...]
    organisation: str
    limits: Limits

    def raw(self, row: int, column: int) -> object:
        cells = self.grid[row - 1]
        return cells[column - 1] if column <= len(cells) else None


Content = TypeVar("Content", str, int)
_NO_VALUES: Mapping[str, object] = MappingProxyType({})


class _Note(NamedTuple):
    """A finding before it is worded: there may be one for every cell, so it is made of nothing that costs time."""

    row: int
    column: int
    code: str
    value: object
    values: Mapping[str, object]


def _note(code: str, row: int = 0, column: int = 0, value: object = "", **values: object) -> _Note:
    return _Note(row, column, code, value, values)


@dataclass(frozen=True, slots=True)
class _Headings:
    """`levels` are the columns of level 1, 2 and so on; `count` is the column of head counts."""

    levels: tuple[int, ...]
    count: int | None
    notes: tuple[_Note, ...]


@dataclass(frozen=True, slots=True)
class _Line:
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
class _Table:
    """All filled rows as they were understood.

    `rows` are all cells, `paths` the rows that have one, `places` the row and column where each unit is first named,
    also in the middle of a path.
    """

    source: _Source
    headings: _Headings
    rows: tuple[tuple[object, ...], ...]
    lines: tuple[_Line, ...]
    notes: tuple[_Note, ...]
    paths: tuple[tuple[_Line, UnitPath], ...]
    places: Mapping[UnitPath, tuple[int, int]]


def _places(headings: _Headings, paths: Iterable[tuple[_Line, UnitPath]]) -> dict[UnitPath, tuple[int, int]]:
    found: dict[UnitPath, tuple[int, int]] = {}
    for line, path in paths:
        for level, column in enumerate(headings.levels[: len(path)], start=1):
            found.setdefault(path[:level], (line.row, column))
    return found


# --- Headings ------------------------------------------------------------------------------------------------------

_HEADING = re.compile(r"(nivå|niva|nivaa|level)?(\d{1,3})?")
_LEVEL_WORD = LEVEL_HEADING.casefold()


def _read_headings(source: _Source) -> _Headings:
    """The columns of levels and head counts; without a level when the first row holds no headings."""
    if not _last_filled_row(source):
        return _Headings((), None, (_note("sheet.empty"),))
    texts = {column: _squeezed(value) for column, value in enumerate(source.grid[0], start=1)}
    levels = [column for column, text in texts.items() if text and _HEADING.fullmatch(text)]
    counts = [column for column, text in texts.items() if text == COUNT_HEADING.casefold()]
    if not levels:
        return _Headings((), None, (_forgotten(source),))
    notes = [
        *_unknown_headings(source, texts, {*levels, *counts}),
        *_unheaded_columns(source, texts),
        *_incomplete_headings(source, texts, levels),
        *_broken_sequence(source, texts, levels),
        *(_note("heading.second_count", 1, column, source.raw(1, column)) for column in counts[1:]),
        *(
            _note("levels.too_many", 1, column, source.raw(1, column), limit=source.limits.n_levels)
            for column in levels[source.limits.n_levels :][:1]
        ),
    ]
    return _Headings(tuple(levels), counts[0] if counts else None, tuple(notes))


def _squeezed(value: object) -> str:
    """A heading as it is compared: no case, no blanks."""
    text, _ = read_name(value)
    return unicodedata.normalize("NFKC", text or "").casefold().replace(" ", "")


def _forgotten(source: _Source) -> _Note:
    """No level in the first row: the headings are further down, or nowhere."""
    for row in range(2, min(len(source.grid), 20) + 1):
        for column, value in enumerate(source.grid[row - 1], start=1):
            if re.fullmatch(rf"{_LEVEL_WORD}\d*", _squeezed(value)):
                return _note("heading.not_first_row", row, column, value)
    return _note("heading.forgotten", 1, 1, source.raw(1, 1))


def _unknown_headings(source: _Source, texts: Mapping[int, str], known: Collection[int]) -> Iterator[_Note]:
    for column, text in texts.items():
        value = source.raw(1, column)
        _, code = read_name(value)
        if column not in known and (text or SEVERITIES.get(code) is Severity.ERROR):
            yield _note("heading.unknown", 1, column, value)


def _unheaded_columns(source: _Source, texts: Mapping[int, str]) -> Iterator[_Note]:
    """A column with content but no heading: left out silently it would be a unit that nobody can choose."""
    headed = {column for column in texts if read_name(source.raw(1, column))[0] != ""}
    found: set[int] = set()
    for row in source.grid[1:]:
        for column, value in enumerate(row, start=1):
            if column not in headed and column not in found and read_name(value)[0] != "":
                found.add(column)
                yield _note("heading.blank", 1, column, value)


def _incomplete_headings(source: _Source, texts: Mapping[int, str], levels: Sequence[int]) -> Iterator[_Note]:
    """A heading that lacks "Nivå" or its number, but can only mean one thing."""
    for number, column in enumerate(levels, start=1):
        if not re.fullmatch(rf"{_LEVEL_WORD}\d+", texts[column]):
            value = source.raw(1, column)
            yield _note("heading.incomplete", 1, column, value, read_as=f"{LEVEL_HEADING}{number}")


def _broken_sequence(source: _Source, texts: Mapping[int, str], levels: Sequence[int]) -> Iterator[_Note]:
    """The first heading whose number is not the next one; what follows it would only repeat the message."""
    for number, column in enumerate(levels, start=1):
        digits = texts[column].lstrip("abcdefghijklmnopqrstuvwxyzå")
        if digits and int(digits) != number:
            value = source.raw(1, column)
            yield _note("heading.sequence", 1, column, value, expected=f"{LEVEL_HEADING}{number}")
            return


# --- Cells ---------------------------------------------------------------------------------------------------------


_NOT_A_NAME: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "cell.boolean"),
    ((date, time, timedelta), "cell.date"),
    (Formula, "cell.formula"),
    (CellError, "cell.error"),
)


def read_name(value: object) -> tuple[str | None, str]:
    """A cell as the name of a unit, and the code of what there is to say about it, often none.

    The text is empty for a blank cell and None when the cell cannot be a name.
    """
    if value is None:
        return "", ""
    if isinstance(value, str):
        return _tidied(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return _number_text(value), "cell.number"
    return None, next((code for kinds, code in _NOT_A_NAME if isinstance(value, kinds)), "cell.unreadable")


def _number_text(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _tidied(text: str) -> tuple[str, str]:
    """`text` without surplus blanks and invisible characters, composed (NFC)."""
    if text.isprintable() and text == " ".join(text.split()) and unicodedata.is_normalized("NFC", text):
        return text, ""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(c for c in composed if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    tidy = " ".join(visible.split())
    if tidy == text:
        return text, ""
    return tidy, "cell.blanks" if visible == text else "cell.invisible"


def _read_count(value: object) -> tuple[int | None, str]:
    """A cell as a head count, and the code of what there is to say about it."""
    match value:
        case None:
            return None, ""
        case str():
            return _count_text(_tidied(value)[0])
        case bool() | date() | time() | timedelta() | Formula() | CellError():
            return None, read_name(value)[1]
        case int() | float() if 0 <= value <= MAX_PEOPLE and value == int(value):
            return int(value), ""
        case _:
            return None, "count.invalid"


def _count_text(text: str) -> tuple[int | None, str]:
    """A number typed as text; blanks alone are a blank cell."""
    if not text:
        return None, ""
    if re.fullmatch(r"[0-9]{1,7}", text) and int(text) <= MAX_PEOPLE:
        return int(text), "count.text"
    return None, "count.invalid"


def shown(value: object) -> str:
    """A cell's content as a message can quote it: one line, not long, nothing invisible."""
    match value:
        case Formula(text) | CellError(text):
            pass
        case bool():
            text = str(value).upper()
        case int() | float():
            text = _number_text(value) if isfinite(value) else str(value)
        case None:
            text = ""
        case _:
            text = str(value)
    short = text if len(text) <= 80 else text[:79] + "…"
    return "".join(c if c.isprintable() else "␣" if c.isspace() else "�" for c in short)


# --- Rows ----------------------------------------------------------------------------------------------------------


def _last_filled_row(source: _Source) -> int:
    filled = (number for number in range(len(source.grid), 0, -1) if not _is_blank(source.grid[number - 1]))
    return next(filled, 0)


def _is_blank(row: Sequence[object]) -> bool:
    return all(read_name(value)[0] == "" for value in row)


def _read_table(source: _Source, headings: _Headings) -> _Table:
    """The filled rows below the headings, with what each single cell gives reason to say."""
    rows = list(source.grid)
    notes: list[_Note] = []
    n_rows = _last_filled_row(source) if headings.levels else 0
    read = (_read_line(headings, row, rows, notes) for row in range(2, min(n_rows, source.limits.n_rows + 1) + 1))
    lines = tuple(line for line in read if line.n_filled or line.has_count)
    if headings.levels and not lines:
        notes.append(_note("rows.none"))
    if n_rows - 1 > source.limits.n_rows:
        notes.append(_note("rows.too_many", source.limits.n_rows + 2, 1, limit=source.limits.n_rows))
    paths = tuple((line, line.path) for line in lines if line.path)
    return _Table(source, headings, tuple(rows), lines, tuple(notes), paths, _places(headings, paths))


def _read_line(headings: _Headings, row: int, rows: list[tuple[object, ...]], notes: list[_Note]) -> _Line:
    """Row number `row`; what there is to say goes to `notes`, a cell that is read differently is replaced in `rows`."""
    names = tuple(_read_cell(read_name, row, column, rows, notes)[0] for column in headings.levels)
    n_filled = len(names)
    while n_filled and names[n_filled - 1] == "":
        n_filled -= 1
    path = tuple(filter(None, names[:n_filled]))
    n_people, has_count = None, False
    if headings.count is not None:
        n_people, code = _read_cell(_read_count, row, headings.count, rows, notes)
        has_count = n_people is not None or bool(code)
    return _Line(row, names, n_filled, path if path and len(path) == n_filled else None, n_people, has_count)


def _read_cell(
    read: Callable[[object], tuple[Content | None, str]],
    row: int,
    column: int,
    rows: list[tuple[object, ...]],
    notes: list[_Note],
) -> tuple[Content | None, str]:
    """One cell as `read` understands it."""
    cells: tuple[object, ...] = rows[row - 1]
    value = cells[column - 1] if column <= len(cells) else None
    content, code = read(value)
    if code:
        notes.append(_Note(row, column, code, value, _NO_VALUES))
        if content is not None:
            repaired: object = None if content == "" else content
            rows[row - 1] = (*cells[: column - 1], repaired, *cells[column:])
    return content, code


# --- Checks of rows: these run on every list -----------------------------------------------------------------------


def _blank_rows(table: _Table) -> Iterator[_Note]:
    """One finding for each stretch of blank rows between filled ones."""
    previous = 1
    for line in table.lines:
        n_blank = line.row - previous - 1
        if n_blank:
            yield _note("row.blank", previous + 1, 1, n=n_blank)
        previous = line.row


def _blanks_in_paths(table: _Table) -> Iterator[_Note]:
    for line in table.lines:
        filled = line.names[: line.n_filled]
        for level, name in enumerate(filled):
            if name == "":
                code = "cell.blank_in_path" if level else "cell.blank_first_level"
                right = next(n for n in range(level, len(filled)) if filled[n] != "")
                beside = shown(table.source.raw(line.row, table.headings.levels[right]))
                yield _note(code, line.row, table.headings.levels[level], beside=beside)


def _counts_without_unit(table: _Table) -> Iterator[_Note]:
    """A number beside blank cells is most often a sum, and a sum is nobody's head count."""
    column = table.headings.count
    for line in table.lines:
        if column is not None and not line.n_filled:
            yield _note("count.without_unit", line.row, column, table.source.raw(line.row, column))


def _missing_counts(table: _Table) -> Iterator[_Note]:
    column = table.headings.count
    missing = [line.row for line in table.lines if not line.has_count]
    if column is not None and missing and len(missing) < len(table.lines):
        yield _note("count.missing", missing[0], column, n=len(missing))


def _long_names(table: _Table) -> Iterator[_Note]:
    """Each name once, where it first stands in its unit."""
    limit = table.source.limits.n_characters
    for path, (row, column) in table.places.items():
        n_characters = len(path[-1])
        if n_characters > limit:
            yield _note("name.too_long", row, column, path[-1], n=n_characters, limit=limit)
        elif n_characters > PHONE_CHARACTERS:
            yield _note("name.phone", row, column, path[-1], n=n_characters, limit=PHONE_CHARACTERS)


def _deep_paths(table: _Table) -> Iterator[_Note]:
    columns = table.headings.levels
    deepest = max((line.n_filled for line in table.lines), default=0)
    if PHONE_LEVELS < deepest <= table.source.limits.n_levels:
        yield _note(
            "levels.phone", 1, columns[PHONE_LEVELS], table.source.raw(1, columns[PHONE_LEVELS]), limit=PHONE_LEVELS
        )


def _duplicate_rows(table: _Table) -> Iterator[_Note]:
    """The same path twice.

    With two head counts it is an error: the row may have been pasted twice or the numbers may belong together, and
    either guess would make the forecast wrong for somebody.
    """
    first: dict[UnitPath, _Line] = {}
    for line, path in table.paths:
        before = first.setdefault(path, line)
        if before is line:
            continue
        code = "row.duplicate_count" if before.has_count and line.has_count else "row.duplicate"
        column = table.headings.levels[len(path) - 1]
        yield _note(code, line.row, column, path[-1], other_row=before.row)
        first[path] = before if before.has_count else line


def _repeated_names(table: _Table) -> Iterator[_Note]:
    """One name under several parents: one finding, at the second place."""
    first: dict[str, UnitPath] = {}
    again: dict[str, list[UnitPath]] = {}
    for path in table.places:
        if first.setdefault(path[-1], path) is not path:
            again.setdefault(path[-1], []).append(path)
    for name, paths in again.items():
        if not is_own_staff_name(name):
            row, column = table.places[paths[0]]
            other = coordinate(*table.places[first[name]])
            yield _note("name.repeated", row, column, name, n=len(paths) + 1, other=other)


def _lookalike_names(table: _Table) -> Iterator[_Note]:
    """Names that differ, but look the same to a reader in a hurry; `ingen` in any case is one and the same name."""
    first: dict[str, UnitPath] = {}
    told: set[str] = set()
    for path in table.places:
        name = _plain_name(path)
        original = first.setdefault(skeleton(name), path)
        if _plain_name(original) != name and name not in told:
            told.add(name)
            yield _alike(table, path, original)


def _plain_name(path: UnitPath) -> str:
    return CATCH_ALL if _is_catch_all(path) else path[-1]


def _catch_alls_side_by_side(table: _Table) -> Iterator[_Note]:
    """ "Ingen" and "ingen" below one parent are two choices that mean the same."""
    first: dict[UnitPath, UnitPath] = {}
    for path in filter(_is_catch_all, table.places):
        if first.setdefault(path[:-1], path) != path:
            yield _alike(table, path, first[path[:-1]])


def _alike(table: _Table, path: UnitPath, first: UnitPath) -> _Note:
    row, column = table.places[path]
    other = coordinate(*table.places[first])
    return _note("name.lookalike", row, column, path[-1], lookalike=first[-1], other=other)


def _is_catch_all(path: UnitPath) -> bool:
    return path[-1].casefold() == CATCH_ALL


LineCheck = Callable[[_Table], Iterable[_Note]]
LINE_CHECKS: tuple[LineCheck, ...] = (
    _blank_rows,
    _blanks_in_paths,
    _counts_without_unit,
    _missing_counts,
    _long_names,
    _deep_paths,
    _duplicate_rows,
    _repeated_names,
    _lookalike_names,
    _catch_alls_side_by_side,
)


# --- Checks of the tree: these run when there are no errors --------------------------------------------------------


def _repeated_organisation(table: _Table, tree: UnitTree) -> Iterator[_Note]:
    """The organisation's own report is made anyway; a level for it costs every employee a choice."""
    top = [unit for unit in tree.children(tree.root) if not unit.is_catch_all]
    if len(top) == 1 and skeleton(top[0].name) == skeleton(table.source.organisation):
        yield _about(table, "top.repeats_organisation", top[0])


def _only_catch_all(table: _Table, tree: UnitTree) -> Iterator[_Note]:
    for unit in tree.units[1:]:
        children = tree.children(unit)
        if children and all(child.is_catch_all for child in children):
            yield _about(table, "unit.only_catch_all", children[0], parent=unit.name)


def _no_place_for_own_staff(table: _Table, tree: UnitTree) -> Iterator[_Note]:
    """A unit with units below it, and nothing for its leader and those who belong to none of them to choose."""
    for unit in tree.units[1:]:
        children = tree.children(unit)
        may_stay = unit.may_stop or unit.is_catch_all
        if children and not may_stay and not any(is_own_staff_name(child.name) for child in children):
            yield _about(table, "unit.no_catch_all", unit)


def _about(table: _Table, code: str, unit: Unit, **values: object) -> _Note:
    row, column = table.places[unit.path]
    return _note(code, row, column, unit.name, **values)


TreeCheck = Callable[[_Table, UnitTree], Iterable[_Note]]
TREE_CHECKS: tuple[TreeCheck, ...] = (_repeated_organisation, _only_catch_all, _no_place_for_own_staff)


# --- Names ---------------------------------------------------------------------------------------------------------

_OWN_STAFF = re.compile(
    r"\b(ingen|andre|andra|annet|anna|øvrige?|resten|leder|leiar|stab|staben"
    r"|none|others?|rest|leaders?|leadership|management|staff)\b"
    r"|(ledelsen?|ledere|lederne|leiinga?|leiarar)\b"
)


def is_own_staff_name(name: str) -> bool:
    """Whether `name` is made for a unit's own leaders and employees: "ingen", "avdelingsledelse", "andre ansatte".

    Such names may well be repeated under every parent.
    """
    return _OWN_STAFF.search(name.casefold()) is not None


class _LookAlikes(dict[int, str]):
    """What each character looks like, for `str.translate`; after Unicode TR39, for the letters that occur here."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        match unicodedata.category(character):
            case "Zs" | "Cf" | "Cc" | "Mn":
                look = ""
            case "Pd":
                look = "-"
            case "Pi" | "Pf":
                look = "'"
            case _:
                look = character
        self[code] = look
        return look


_LOOKS = _LookAlikes()
_LOOKS.update(
    (ord(character), look)
    for character, look in zip(
        'АВЕКМНОРСТУХІЈЅԚԜӨӔавекмнорстухіјѕһԁԛԝөӕΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεικνορτυχ−"`´″∅',
        "ABEKMHOPCTYXIJSQWØÆabekmhopctyxijshdqwøæABEZHIKMNOPTYXabeikvoptux-''''ø",
        strict=True,
    )
)
_ALIKE_IN_ANY_CASE = str.maketrans("1|iı0", "llllo")


def skeleton(name: str) -> str:
    """What `name` looks like to a reader in a hurry: no case, no blanks, one form of look-alike characters."""
    return unicodedata.normalize("NFKC", name).translate(_LOOKS).casefold().translate(_ALIKE_IN_ANY_CASE)


# --- The end of it -------------------------------------------------------------------------------------------------


def _is_error(note: _Note) -> bool:
    return SEVERITIES[note.code] is Severity.ERROR


def _tree(table: _Table) -> UnitTree:
    """The tree; a single name in the whole list is the organisation itself, and gives one report."""
    rows: dict[UnitPath, int | None] = {}
    for line, path in table.paths:
        rows[path] = line.n_people if rows.get(path) is None else rows[path]
    if len(rows) == 1 and len(path := next(iter(rows))) == 1:
        return UnitTree.from_rows([((), rows[path])])
    return UnitTree.from_rows(rows.items())


def _in_order(notes: Sequence[_Note]) -> list[_Note]:
    """`notes` in reading order; of too many the errors are kept before the rest."""
    ordered = sorted(notes, key=itemgetter(0, 1))
    if len(ordered) <= MAX_FINDINGS:
        return ordered
    kept = sorted(ordered, key=_is_error, reverse=True)[:MAX_FINDINGS]
    return [*sorted(kept, key=itemgetter(0, 1)), _note("findings.more", n=len(notes) - MAX_FINDINGS)]


def _finding(table: _Table, note: _Note) -> Finding:
    """`note` with everything its sentence needs; `read_as` is a repaired cell as it was understood."""
    row, column, code, value, values = note
    if code in _READ_AS:
        values = {"read_as": table.rows[row - 1][column - 1] or ""}
    quotable = {name: shown(content) if isinstance(content, str) else content for name, content in values.items()}
    cell = coordinate(row, column) if row else ""
    return Finding(code, SEVERITIES[code], table.source.sheet, cell, shown(value), quotable)


_READ_AS = frozenset({"cell.number", "cell.blanks", "cell.invisible", "count.text"})
