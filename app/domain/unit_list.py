"""The unit list: rows of a spreadsheet in, the tree of units and everything worth saying about them out (spec 4)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum
from math import isfinite

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
    "findings.more_errors": Severity.ERROR,
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
    findings = [source.finding("sheet.ignored", value=name) for name in other_sheets]
    findings += [*headings.findings, *table.findings]
    for check in LINE_CHECKS:
        findings += check(table)
    tree = None if _has_error(findings) else _tree(table)
    if tree is not None:
        findings += [finding for check in TREE_CHECKS for finding in check(table, tree)]
    findings.sort(key=_place)
    return UnitList(tree, _capped(source, findings), sheet, _repaired(source, table))


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


def place_of(cell: str) -> tuple[int, int]:
    """Row and column of a cell's name, (0, 0) of the empty one."""
    letters = cell.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(cell[len(letters) :] or 0), column


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

    def finding(self, code: str, row: int = 0, column: int = 0, value: object = "", **values: object) -> Finding:
        cell = coordinate(row, column) if row else ""
        return Finding(code, SEVERITIES[code], self.sheet, cell, shown(value), values)


@dataclass(frozen=True, slots=True)
class _Headings:
    """`levels` are the columns of level 1, 2 and so on; `count` is the column of head counts."""

    levels: tuple[int, ...]
    count: int | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One filled row. `names` has one entry per level: empty for a blank cell, None for one that cannot be read."""

    row: int
    names: tuple[str | None, ...]
    n_people: int | None
    has_count: bool

    @property
    def n_filled(self) -> int:
        """How far the path goes: the last level with something in it."""
        return max((level for level, name in enumerate(self.names, start=1) if name != ""), default=0)

    @property
    def path(self) -> UnitPath | None:
        """The path, or None when a cell of it is blank or cannot be read."""
        names = tuple(name for name in self.names[: self.n_filled] if name)
        return names if names and len(names) == self.n_filled else None


@dataclass(frozen=True, slots=True)
class _Table:
    """All filled rows, and where each unit is first named. `values` are the cells that were read as something else."""

    source: _Source
    headings: _Headings
    lines: tuple[_Line, ...]
    values: Mapping[tuple[int, int], object]
    findings: tuple[Finding, ...]

    @property
    def paths(self) -> list[tuple[_Line, UnitPath]]:
        return [(line, path) for line in self.lines if (path := line.path)]

    def places(self) -> dict[UnitPath, tuple[int, int]]:
        """Row and column where each unit, also those in the middle of a path, is first named."""
        found: dict[UnitPath, tuple[int, int]] = {}
        for line, path in self.paths:
            for level, column in enumerate(self.headings.levels[: len(path)], start=1):
                found.setdefault(path[:level], (line.row, column))
        return found


# --- Headings ------------------------------------------------------------------------------------------------------

_HEADING = re.compile(r"(nivå|niva|nivaa|level)?(\d{1,3})?")
_LEVEL_WORD = LEVEL_HEADING.casefold()


def _read_headings(source: _Source) -> _Headings:
    """The columns of levels and head counts; without a level when the first row holds no headings."""
    if not _last_filled_row(source):
        return _Headings((), None, (source.finding("sheet.empty"),))
    texts = {column: _squeezed(value) for column, value in enumerate(source.grid[0], start=1)}
    levels = [column for column, text in texts.items() if text and _HEADING.fullmatch(text)]
    counts = [column for column, text in texts.items() if text == COUNT_HEADING.casefold()]
    if not levels:
        return _Headings((), None, (_forgotten(source),))
    findings = [
        *_unknown_headings(source, texts, {*levels, *counts}),
        *_unheaded_columns(source, texts),
        *_incomplete_headings(source, texts, levels),
        *_broken_sequence(source, texts, levels),
        *(source.finding("heading.second_count", 1, column, source.raw(1, column)) for column in counts[1:]),
        *(
            source.finding("levels.too_many", 1, column, source.raw(1, column), limit=source.limits.n_levels)
            for column in levels[source.limits.n_levels :][:1]
        ),
    ]
    return _Headings(tuple(levels), counts[0] if counts else None, tuple(findings))


def _squeezed(value: object) -> str:
    """A heading as it is compared: no case, no blanks."""
    text, _ = read_name(value)
    return unicodedata.normalize("NFKC", text or "").casefold().replace(" ", "")


def _forgotten(source: _Source) -> Finding:
    """No level in the first row: the headings are further down, or nowhere."""
    for row in range(2, min(len(source.grid), 20) + 1):
        for column, value in enumerate(source.grid[row - 1], start=1):
            if re.fullmatch(rf"{_LEVEL_WORD}\d*", _squeezed(value)):
                return source.finding("heading.not_first_row", row, column, value)
    return source.finding("heading.forgotten", 1, 1, source.raw(1, 1))


def _unknown_headings(source: _Source, texts: Mapping[int, str], known: Collection[int]) -> Iterator[Finding]:
    for column, text in texts.items():
        value = source.raw(1, column)
        _, code = read_name(value)
        if column not in known and (text or SEVERITIES.get(code) is Severity.ERROR):
            yield source.finding("heading.unknown", 1, column, value)


def _unheaded_columns(source: _Source, texts: Mapping[int, str]) -> Iterator[Finding]:
    """A column with content but no heading: left out silently it would be a unit that nobody can choose."""
    headed = {column for column in texts if read_name(source.raw(1, column))[0] != ""}
    found: set[int] = set()
    for row in source.grid[1:]:
        for column, value in enumerate(row, start=1):
            if column not in headed and column not in found and read_name(value)[0] != "":
                found.add(column)
                yield source.finding("heading.blank", 1, column, value)


def _incomplete_headings(source: _Source, texts: Mapping[int, str], levels: Sequence[int]) -> Iterator[Finding]:
    """A heading that lacks "Nivå" or its number, but can only mean one thing."""
    for number, column in enumerate(levels, start=1):
        if not re.fullmatch(rf"{_LEVEL_WORD}\d+", texts[column]):
            value = source.raw(1, column)
            yield source.finding("heading.incomplete", 1, column, value, read_as=f"{LEVEL_HEADING}{number}")


def _broken_sequence(source: _Source, texts: Mapping[int, str], levels: Sequence[int]) -> Iterator[Finding]:
    """The first heading whose number is not the next one; what follows it would only repeat the message."""
    for number, column in enumerate(levels, start=1):
        digits = texts[column].lstrip("abcdefghijklmnopqrstuvwxyzå")
        if digits and int(digits) != number:
            value = source.raw(1, column)
            yield source.finding("heading.sequence", 1, column, value, expected=f"{LEVEL_HEADING}{number}")
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
    lines: list[_Line] = []
    findings: list[Finding] = []
    values: dict[tuple[int, int], object] = {}
    n_rows = _last_filled_row(source) if headings.levels else 0
    for row in range(2, min(n_rows, source.limits.n_rows + 1) + 1):
        line = _read_line(source, headings, row, findings, values)
        if line.n_filled or line.has_count:
            lines.append(line)
    if headings.levels and not lines:
        findings.append(source.finding("rows.none"))
    if n_rows - 1 > source.limits.n_rows:
        findings.append(source.finding("rows.too_many", source.limits.n_rows + 2, 1, limit=source.limits.n_rows))
    return _Table(source, headings, tuple(lines), values, tuple(findings))


def _read_line(
    source: _Source, headings: _Headings, row: int, findings: list[Finding], values: dict[tuple[int, int], object]
) -> _Line:
    """Row number `row`; what there is to say goes to `findings`, what was read differently to `values`."""
    names: list[str | None] = []
    for column in headings.levels:
        value = source.raw(row, column)
        name, code = read_name(value)
        names.append(name)
        if code:
            findings.append(source.finding(code, row, column, value, read_as=shown(name)))
            values[row, column] = value if name is None else name or None
    n_people, has_count = None, False
    if headings.count is not None:
        value = source.raw(row, headings.count)
        n_people, code = _read_count(value)
        has_count = n_people is not None or bool(code)
        if code:
            findings.append(source.finding(code, row, headings.count, value, read_as=n_people, limit=MAX_PEOPLE))
            values[row, headings.count] = value if n_people is None else n_people
    return _Line(row, tuple(names), n_people, has_count)


def _repaired(source: _Source, table: _Table) -> tuple[tuple[object, ...], ...]:
    return tuple(
        tuple(table.values.get((row, column), value) for column, value in enumerate(cells, start=1))
        for row, cells in enumerate(source.grid, start=1)
    )


# --- Checks of rows: these run on every list -----------------------------------------------------------------------


def _blank_rows(table: _Table) -> Iterator[Finding]:
    """One finding for each stretch of blank rows between filled ones."""
    previous = 1
    for line in table.lines:
        n_blank = line.row - previous - 1
        if n_blank:
            yield table.source.finding("row.blank", previous + 1, 1, n=n_blank)
        previous = line.row


def _blanks_in_paths(table: _Table) -> Iterator[Finding]:
    for line in table.lines:
        filled = line.names[: line.n_filled]
        for level, name in enumerate(filled):
            if name == "":
                code = "cell.blank_in_path" if level else "cell.blank_first_level"
                right = next(other for other in filled[level:] if other != "")
                yield table.source.finding(code, line.row, table.headings.levels[level], beside=shown(right))


def _counts_without_unit(table: _Table) -> Iterator[Finding]:
    """A number beside blank cells is most often a sum, and a sum is nobody's head count."""
    column = table.headings.count
    for line in table.lines:
        if column is not None and not line.n_filled:
            yield table.source.finding("count.without_unit", line.row, column, table.source.raw(line.row, column))


def _missing_counts(table: _Table) -> Iterator[Finding]:
    column = table.headings.count
    missing = [line.row for line in table.lines if not line.has_count]
    if column is not None and missing and len(missing) < len(table.lines):
        yield table.source.finding("count.missing", missing[0], column, n=len(missing))


def _long_names(table: _Table) -> Iterator[Finding]:
    """Each name once, where it first stands in its unit."""
    limit = table.source.limits.n_characters
    for path, (row, column) in table.places().items():
        n_characters = len(path[-1])
        if n_characters > limit:
            yield table.source.finding("name.too_long", row, column, path[-1], n=n_characters, limit=limit)
        elif n_characters > PHONE_CHARACTERS:
            yield table.source.finding("name.phone", row, column, path[-1], n=n_characters, limit=PHONE_CHARACTERS)


def _deep_paths(table: _Table) -> Iterator[Finding]:
    columns = table.headings.levels
    deepest = max((line.n_filled for line in table.lines), default=0)
    if PHONE_LEVELS < deepest <= table.source.limits.n_levels:
        yield table.source.finding(
            "levels.phone", 1, columns[PHONE_LEVELS], table.source.raw(1, columns[PHONE_LEVELS]), limit=PHONE_LEVELS
        )


def _duplicate_rows(table: _Table) -> Iterator[Finding]:
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
        yield table.source.finding(code, line.row, column, path[-1], other_row=before.row)
        first[path] = before if before.has_count else line


def _repeated_names(table: _Table) -> Iterator[Finding]:
    """One name under several parents: one finding, at the second place."""
    places = table.places()
    by_name: dict[str, list[UnitPath]] = {}
    for path in places:
        if not is_own_staff_name(path[-1]):
            by_name.setdefault(path[-1], []).append(path)
    for name, paths in by_name.items():
        if len(paths) > 1:
            row, column = places[paths[1]]
            other = coordinate(*places[paths[0]])
            yield table.source.finding("name.repeated", row, column, name, n=len(paths), other=other)


def _lookalike_names(table: _Table) -> Iterator[Finding]:
    """Names that differ, but look the same to a reader in a hurry; `ingen` in any case is one and the same name."""
    places = table.places()
    variants: dict[str, dict[str, UnitPath]] = {}
    for path in places:
        name = CATCH_ALL if _is_catch_all(path) else path[-1]
        variants.setdefault(skeleton(name), {}).setdefault(name, path)
    for first, *others in (list(names.values()) for names in variants.values()):
        for path in others:
            yield _alike(table, places, path, first)


def _catch_alls_side_by_side(table: _Table) -> Iterator[Finding]:
    """ "Ingen" and "ingen" below one parent are two choices that mean the same."""
    places = table.places()
    first: dict[UnitPath, UnitPath] = {}
    for path in filter(_is_catch_all, places):
        if first.setdefault(path[:-1], path) != path:
            yield _alike(table, places, path, first[path[:-1]])


def _alike(table: _Table, places: Mapping[UnitPath, tuple[int, int]], path: UnitPath, first: UnitPath) -> Finding:
    row, column = places[path]
    other = coordinate(*places[first])
    return table.source.finding("name.lookalike", row, column, path[-1], lookalike=shown(first[-1]), other=other)


def _is_catch_all(path: UnitPath) -> bool:
    return path[-1].casefold() == CATCH_ALL


LineCheck = Callable[[_Table], Iterable[Finding]]
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


def _repeated_organisation(table: _Table, tree: UnitTree) -> Iterator[Finding]:
    """The organisation's own report is made anyway; a level for it costs every employee a choice."""
    top = [unit for unit in tree.children(tree.root) if not unit.is_catch_all]
    if len(top) == 1 and skeleton(top[0].name) == skeleton(table.source.organisation):
        yield _about(table, "top.repeats_organisation", top[0])


def _only_catch_all(table: _Table, tree: UnitTree) -> Iterator[Finding]:
    for unit in tree.units[1:]:
        children = tree.children(unit)
        if children and all(child.is_catch_all for child in children):
            yield _about(table, "unit.only_catch_all", children[0], parent=shown(unit.name))


def _no_place_for_own_staff(table: _Table, tree: UnitTree) -> Iterator[Finding]:
    """A unit with units below it, and nothing for its leader and those who belong to none of them to choose."""
    for unit in tree.units[1:]:
        children = tree.children(unit)
        may_stay = unit.may_stop or unit.is_catch_all
        if children and not may_stay and not any(is_own_staff_name(child.name) for child in children):
            yield _about(table, "unit.no_catch_all", unit)


def _about(table: _Table, code: str, unit: Unit, **values: object) -> Finding:
    row, column = table.places()[unit.path]
    return table.source.finding(code, row, column, unit.name, **values)


TreeCheck = Callable[[_Table, UnitTree], Iterable[Finding]]
TREE_CHECKS: tuple[TreeCheck, ...] = (_repeated_organisation, _only_catch_all, _no_place_for_own_staff)


# --- Names ---------------------------------------------------------------------------------------------------------

_OWN_STAFF_WORDS = frozenset(
    {"ingen", "andre", "andra", "annet", "anna", "øvrig", "øvrige", "resten", "leder", "leiar", "stab", "staben"}
    | {"none", "other", "others", "rest", "leader", "leaders", "leadership", "management", "staff"}
)
_OWN_STAFF_ENDINGS = ("ledelse", "ledelsen", "ledere", "lederne", "leiing", "leiinga", "leiarar")


def is_own_staff_name(name: str) -> bool:
    """Whether `name` is made for a unit's own leaders and employees: "ingen", "avdelingsledelse", "andre ansatte".

    Such names may well be repeated under every parent.
    """
    words = re.findall(r"\w+", name.casefold())
    return any(word in _OWN_STAFF_WORDS or word.endswith(_OWN_STAFF_ENDINGS) for word in words)


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


def _has_error(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _tree(table: _Table) -> UnitTree:
    """The tree; a single name in the whole list is the organisation itself, and gives one report."""
    rows: dict[UnitPath, int | None] = {}
    for line, path in table.paths:
        rows[path] = line.n_people if rows.get(path) is None else rows[path]
    if len(rows) == 1 and len(path := next(iter(rows))) == 1:
        return UnitTree.from_rows([((), rows[path])])
    return UnitTree.from_rows(rows.items())


def _place(finding: Finding) -> tuple[int, int]:
    return place_of(finding.cell)


def _capped(source: _Source, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    kept, left_out = findings[:MAX_FINDINGS], findings[MAX_FINDINGS:]
    if not left_out:
        return tuple(kept)
    code = "findings.more_errors" if _has_error(left_out) else "findings.more"
    n_left_out = Counter(finding.severity for finding in left_out)
    more = source.finding(code, n=len(left_out), n_errors=n_left_out[Severity.ERROR])
    return (*kept, more)
