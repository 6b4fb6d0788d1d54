"""Excel workbooks in and out: the unit list, its repaired copy and its template (spec 4).

Reading is done on the parts of the workbook themselves, in one pass that counts what it unpacks. openpyxl takes 5.6 s
for a list of 20,000 rows and 8 levels, leaves out rows that come in the wrong order and believes the sheet's own word
on how large it is; a list that anybody may upload needs all three otherwise.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cache
from io import BytesIO
from math import isfinite
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from typing import BinaryIO, Generic, TypeVar
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel, from_ISO8601
from openpyxl.worksheet.worksheet import Worksheet

from app.adapters.finding_texts import N_
from app.domain.errors import DomainError
from app.domain.unit_list import (
    COUNT_HEADING,
    LEVEL_HEADING,
    CellError,
    Finding,
    Formula,
    Limits,
    Severity,
    UnitList,
    place_of,
    read_unit_list,
    refused,
)
from app.domain.units import CATCH_ALL, UnitTree

DEFAULT_LIMITS = Limits()

GUIDANCE_SHEET = "Veiledning"
"""The template's second sheet, in every language: it is never mistaken for a second list."""

MAX_UNPACKED = 40_000_000
MAX_PARTS = 2_000
MAX_ELEMENTS = 1_500_000
MAX_CELL = 32_767
"""Excel's own limit on the characters of a cell."""
MAX_TOKEN = 1_000_000
"""Bytes between two steps of the parser: a longer tag or comment is made to keep it busy."""
MAX_COLUMNS = 100
_CHUNK = 1 << 16


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
    ``file.too_wide``.
    """
    content = _read_bytes(source, limits.n_bytes)
    _refuse_other_types(content)
    with _as_damaged(), ZipFile(BytesIO(content)) as archive:
        package = _Package(archive)
        _inspect(package)
        return _read_sheet(package, limits)


def _read_bytes(source: BinaryIO | Path, limit: int) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            content = stream.read(limit + 1)
    else:
        content = source.read(limit + 1)
    if len(content) > limit:
        raise DomainError("file.too_large", limit_mb=limit / 1_000_000)
    if not content:
        raise DomainError("file.empty")
    return content


def _refuse_other_types(content: bytes) -> None:
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        protected = "EncryptedPackage".encode("utf-16-le") in content
        raise DomainError("file.password" if protected else "file.old_excel")
    if not content.startswith(b"PK"):
        raise DomainError("file.wrong_type")


@contextmanager
def _as_damaged() -> Iterator[None]:
    """What a broken archive or part may raise, as one refusal."""
    try:
        yield
    except (BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError, OSError) as error:
        raise DomainError("file.damaged") from error
    except (LookupError, ValueError, OverflowError) as error:
        raise DomainError("file.damaged") from error


# --- The package ---------------------------------------------------------------------------------------------------

Found = TypeVar("Found")


class _Collector(Generic[Found]):
    """What is found in a part while it is parsed. Document types are refused, and with them every entity.

    Subclasses say in `start` and `end` what they are looking for. `text` is what stands directly in an element.
    """

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.n_elements = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._texts: list[str] = []
        self._n_characters = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        raise NotImplementedError

    def end(self, tag: str, text: str) -> None:
        """The end of an element; most parts have all that matters in attributes."""

    def feed(self, content: bytes, *, is_last: bool = False) -> list[Found]:
        """What is found in the next piece of the part."""
        self.found, self.n_elements = [], 0
        self.parser.Parse(content, is_last)
        return self.found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.n_elements += 1
        self._texts, self._n_characters = [], 0
        self.start(name.rpartition(" ")[2], attributes)

    def _end(self, name: str) -> None:
        self.end(name.rpartition(" ")[2], "".join(self._texts))
        self._texts, self._n_characters = [], 0

    def _text(self, characters: str) -> None:
        self._texts.append(characters)
        self._n_characters += len(characters)
        if self._n_characters > MAX_CELL:
            raise DomainError("file.cell_too_long", limit=MAX_CELL)

    def _doctype(self, *_: object) -> None:
        raise DomainError("file.doctype")


class _Elements(_Collector[tuple[str, Mapping[str, str]]]):
    """Every element of a part with its attributes."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.found.append((tag, attributes))


@dataclass(slots=True)
class _Package:
    """The archive, and how many elements may still be read from it. Names of parts have no case."""

    archive: ZipFile
    n_left: int = MAX_ELEMENTS
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = {name.lower(): name for name in self.archive.namelist()}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.names

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a part; `zipfile` unpacks no more than the archive declares, and checks the sum of it."""
        with self.archive.open(self.names[name.lower()]) as part:
            while chunk := part.read(_CHUNK):
                yield chunk

    def search(self, name: str, collector: _Collector[Found]) -> Iterator[Found]:
        """What `collector` finds in a part, read as it is asked for."""
        n_fed = 0
        for chunk in self.chunks(name):
            found = collector.feed(chunk)
            n_fed += len(chunk)
            self.n_left -= collector.n_elements
            if self.n_left < 0:
                raise DomainError("file.unpacks_too_large")
            if n_fed - collector.parser.CurrentByteIndex > MAX_TOKEN:
                raise DomainError("file.cell_too_long", limit=MAX_CELL)
            yield from found
        yield from collector.feed(b"", is_last=True)

    def elements(self, name: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        return self.search(name, _Elements())

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Per id the type and the path of what `part` points to; of the package itself when `part` is empty."""
        rels = join(dirname(part), "_rels", f"{basename(part)}.rels")
        return {
            attributes["Id"]: (attributes["Type"], normpath(join("/", dirname(part), attributes["Target"])).lstrip("/"))
            for tag, attributes in self.elements(rels)
            if tag == "Relationship"
        }


def _inspect(package: _Package) -> None:
    """Refuse what no part needs to be understood for."""
    parts = package.archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise DomainError("file.unpacks_too_large")
    if any(part.flag_bits & 1 for part in parts):
        raise DomainError("file.password")
    if len(package.names) < len(parts) or any(part.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for part in parts):
        raise DomainError("file.damaged")
    if any(name.endswith("vbaproject.bin") or "macrosheets/" in name for name in package.names):
        raise DomainError("file.macros")
    for name in package.names:
        _refuse_doctype(package, name)


def _refuse_doctype(package: _Package, name: str) -> None:
    """Also in parts that are not read, and in two-byte encodings; reading to the end checks the part's sum as well."""
    is_xml = name.endswith((".xml", ".rels", ".vml"))
    before = b""
    for chunk in package.chunks(name):
        text = before + chunk.replace(b"\0", b"")
        if is_xml and (b"<!DOCTYPE" in text or b"<!ENTITY" in text):
            raise DomainError("file.doctype")
        before = text[-16:]


# --- The workbook --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tab:
    """One sheet of a workbook."""

    name: str
    is_visible: bool
    part: str


@dataclass(frozen=True, slots=True)
class _Book:
    """What the cells of every sheet refer to. `dates` are the numbers of the styles that show a number as a date."""

    tabs: tuple[_Tab, ...]
    strings: Sequence[str]
    dates: frozenset[str]
    epoch: datetime


def _read_sheet(package: _Package, limits: Limits) -> Sheet:
    book = _read_book(package)
    chosen = book.tabs[0]
    rows: tuple[tuple[object, ...], ...] = ()
    for tab in filter(lambda tab: tab.is_visible, book.tabs):
        chosen, rows = tab, _dense(package.search(tab.part, _Cells(book)), limits)
        if rows:
            break
    others = (tab for tab in book.tabs if tab is not chosen and tab.name != GUIDANCE_SHEET)
    with_content = (tab.name for tab in others if any(True for _ in package.search(tab.part, _Cells(book))))
    return Sheet(chosen.name, rows, tuple(with_content))


def _read_book(package: _Package) -> _Book:
    part = _workbook_part(package)
    relations = package.relations(part)
    tabs, epoch = [], CALENDAR_WINDOWS_1900
    for tag, attributes in package.elements(part):
        if tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            epoch = CALENDAR_MAC_1904
        elif tag == "sheet":
            kind, target = relations[next(value for key, value in attributes.items() if key.endswith(" id"))]
            if kind.endswith("/worksheet"):
                tabs.append(_Tab(attributes["name"], attributes.get("state", "visible") == "visible", target))
    targets = {kind.rpartition("/")[2]: target for kind, target in relations.values()}
    strings = _found_in(package, targets.get("sharedStrings"), _Strings())
    styles = _found_in(package, targets.get("styles"), _Styles())
    dates = frozenset(str(index) for index, shows_date in enumerate(styles) if shows_date)
    return _Book(tuple(tabs), strings, dates, epoch)


def _found_in(package: _Package, part: str | None, collector: _Collector[Found]) -> list[Found]:
    """Everything found in a part that a workbook need not have."""
    return list(package.search(part, collector)) if part else []


def _workbook_part(package: _Package) -> str:
    """The part the package calls its document; a document of another kind is refused."""
    if "[Content_Types].xml" not in package:
        raise DomainError("file.wrong_type")
    types = {attributes.get("ContentType", "").lower() for _, attributes in package.elements("[Content_Types].xml")}
    if any("macroenabled" in kind or "vbaproject" in kind for kind in types):
        raise DomainError("file.macros")
    documents = [target for kind, target in package.relations("").values() if kind.endswith("/officeDocument")]
    if not documents or documents[0].endswith(".bin") or next(package.elements(documents[0]))[0] != "workbook":
        raise DomainError("file.wrong_type")
    return documents[0]


class _Strings(_Collector[str]):
    """The texts that cells refer to by number, without the readings that stand above East Asian ones."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []
        self.is_reading = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "si":
            self.runs = []
        elif tag == "rPh":
            self.is_reading = True

    def end(self, tag: str, text: str) -> None:
        if tag == "t" and not self.is_reading:
            self.runs.append(text)
        elif tag == "si":
            self.found.append(_unescaped("".join(self.runs)))
        elif tag == "rPh":
            self.is_reading = False


class _Styles(_Collector[bool]):
    """Whether each style of a cell, in order, shows a number as a date or a time."""

    def __init__(self) -> None:
        super().__init__()
        self.formats = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        self.known: dict[str, bool] = {}
        self.is_inside = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "numFmt":
            self.formats[attributes["numFmtId"]] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self.is_inside = True
        elif tag == "xf" and self.is_inside:
            self.found.append(self._shows_date(attributes.get("numFmtId", "0")))

    def end(self, tag: str, text: str) -> None:
        if tag == "cellXfs":
            self.is_inside = False

    def _shows_date(self, number: str) -> bool:
        if number not in self.known:
            self.known[number] = is_date_format(self.formats.get(number, ""))
        return self.known[number]


_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _unescaped(text: str) -> str:
    """Excel writes what XML cannot hold as ``_x000D_``, and a text that looks like that with ``_x005F_`` before it."""
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code < 0xE000 or code >= 0xFFFE else chr(code)


# --- The cells -----------------------------------------------------------------------------------------------------

Placed = tuple[int, int, object]
"""Row, column and content of a cell that has content."""


@cache
def _column(letters: str) -> int:
    return place_of(f"{letters}1")[1]


_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class _Cells(_Collector[Placed]):
    """The cells with content in reading order; a sheet with its rows or cells in another order is refused."""

    def __init__(self, book: _Book) -> None:
        super().__init__()
        self.book = book
        self.row = self.column = 0
        self.kind = self.style = self.value = ""
        self.formula: str | None = None
        self.runs: list[str] = []
        self.is_reading = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "row":
            self._go_to(int(attributes.get("r", self.row + 1)), 0)
        elif tag == "rPh":
            self.is_reading = True

    def end(self, tag: str, text: str) -> None:
        if tag == "v":
            self.value = text
        elif tag == "c":
            if (content := self.content()) is not None:
                self.found.append((self.row, self.column, content))
        elif tag == "t" and not self.is_reading:
            self.runs.append(text)
        elif tag == "f":
            self.formula = text
        elif tag == "rPh":
            self.is_reading = False

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        if (reference := attributes.get("r")) is None:
            self._go_to(self.row, self.column + 1)
        elif match := _REFERENCE.fullmatch(reference):
            self._go_to(int(match[2]), _column(match[1]))
        else:
            raise ValueError(reference)
        self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "0")
        self.formula, self.value, self.runs = None, "", []

    def _go_to(self, row: int, column: int) -> None:
        is_next = row == self.row and column > self.column if column else row > self.row
        if not is_next or row > 1_048_576 or column > 16_384:
            raise ValueError(row, column)
        self.row, self.column = row, column

    def content(self) -> object:
        """What the cell holds, None for nothing; a formula is neither run nor is its last result believed."""
        if self.formula is not None:
            return Formula(f"={self.formula}")
        if self.kind == "inlineStr":
            return _unescaped("".join(self.runs)) or None
        return self._converted() if self.value else None

    def _converted(self) -> object:
        match self.kind:
            case "s":
                return self.book.strings[_index(self.value)] or None
            case "str":
                return _unescaped(self.value)
            case "n":
                return self._number()
            case "b":
                return self.value in ("1", "true")
            case "e":
                return CellError(self.value)
            case "d":
                return _day_or_moment(from_ISO8601(self.value))  # type: ignore[no-untyped-call]
            case _:
                raise ValueError(self.kind)

    def _number(self) -> object:
        number = int(self.value) if self.value.isdecimal() else float(self.value)
        if not isfinite(number):
            raise ValueError(self.value)
        return _as_date(number, self.book.epoch) if self.style in self.book.dates else number


def _index(text: str) -> int:
    index = int(text)
    if index < 0:
        raise ValueError(text)
    return index


def _as_date(number: float, epoch: datetime) -> object:
    """A date as Excel shows it; one that Excel cannot show fills the cell with hashes there."""
    try:
        return _day_or_moment(from_excel(number, epoch))
    except (OverflowError, ValueError):
        return CellError("########")


def _day_or_moment(moment: object) -> object:
    """Midnight is how a workbook writes a day."""
    return moment.date() if isinstance(moment, datetime) and moment.time() == time() else moment


def _dense(cells: Iterable[Placed], limits: Limits) -> tuple[tuple[object, ...], ...]:
    """Rows from the first to the last with content; the first row beyond the limit is the last that is read."""
    rows: list[list[object]] = []
    last = limits.n_rows + 2
    for row, column, content in cells:
        if column > MAX_COLUMNS:
            raise DomainError("file.too_wide", column=get_column_letter(column), row=row)
        while len(rows) < min(row, last):
            rows.append([])
        rows[-1].extend([None] * (column - 1 - len(rows[-1])))
        rows[-1].append(content)
        if row >= last:
            break
    return tuple(tuple(row) for row in rows)


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
        cell.quotePrefix = value.startswith(("=", "+", "-", "@"))


def _escaped(text: str) -> str:
    return re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", ILLEGAL_CHARACTERS_RE.sub("", text))


def _bytes(workbook: Workbook) -> bytes:
    workbook.properties.creator = "MUST"
    stream = BytesIO()
    workbook.save(stream)
    return stream.getvalue()
