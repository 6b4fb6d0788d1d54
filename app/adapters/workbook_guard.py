"""What an uploaded workbook must pass before openpyxl sees it (spec 4: hostile files, 5 s and 200 MB).

openpyxl builds objects of whatever a file holds, as often as the file says so. The guard streams through the parts
that make a list, counts what they hold, and hands on a workbook of those parts alone: no pictures, charts, links,
properties or programs reach the reader.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from posixpath import join, normpath
from typing import BinaryIO
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from openpyxl.utils import column_index_from_string, get_column_letter

from app.domain.errors import DomainError
from app.domain.unit_list import Limits

MAX_COLUMNS = 100
MAX_CELL = 32_767
"""Excel's own limit on the characters of a cell."""
MAX_TOKEN = 1_000_000
"""Bytes between two steps of the parser: a longer tag or comment is made to keep it busy."""
MAX_PARTS = 2_000
MAX_IN_ROW = 100_000
"""Elements and attributes of one row or string: openpyxl holds them all until it ends."""
MAX_IN_CELL = 3
MAX_TEXT = 255
MAX_ATTRIBUTE = 1_000
"""Characters outside of cells. Page headings, print areas and formats go through patterns that take ages over more."""
MAX: Mapping[str, int] = {
    "byte": 40_000_000,
    "character": 12_000_000,
    "row": 100_000,
    "cell": 200_000,
    "string": 200_000,
    "inside": 2_000_000,
    "other": 50_000,
    "outside": 300_000,
    "formula": 3_000_000,
}
"""Of the whole workbook.

"inside" are elements and attributes of rows and strings, "other" those that plain cells do not have, such as styles
and formatted text, "outside" the characters of what is in no cell. "formula" are the characters that openpyxl goes
through to work out formulas that share one text.
"""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORKBOOK, _ROW, _STRING, _FORMULA = (f"{_MAIN} {tag}" for tag in ("workbook", "row", "si", "f"))
_PLAIN = frozenset(f"{_MAIN} {tag}" for tag in ("row", "c", "v", "f", "is", "si", "t"))
_READ = re.compile(
    r"\[Content_Types\]\.xml|xl/workbook\d*\.xml|xl/_rels/workbook\d*\.xml\.rels|xl/styles\.xml"
    r"|xl/sharedStrings\.xml|xl/worksheets/[^/]+\.xml"
)
_STRINGS_PART = "xl/sharedStrings.xml"
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_LENGTHS = {"formatCode": MAX_TEXT, "sqref": MAX["outside"]}
_CHUNK = 1 << 16


def guarded(source: BinaryIO | Path, limits: Limits) -> BytesIO:
    """The parts of the workbook that make a list, each looked through; whatever else is raised, the file is damaged."""
    content = _bytes_of(source, limits.n_bytes)
    _refuse_other_types(content)
    clean, roots, counts = BytesIO(), set(), Counter[str]()
    with ZipFile(BytesIO(content)) as archive, ZipFile(clean, "w") as copy:
        _refuse_archive(archive.infolist())
        for part in archive.infolist():
            check = _PartCheck(part.filename, counts, limits.n_rows)
            roots.add(_copy_part(archive, part, copy, check))
    if _WORKBOOK not in roots:
        raise DomainError("file.wrong_type")
    return clean


def _bytes_of(source: BinaryIO | Path, limit: int) -> bytes:
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


def _refuse_archive(parts: list[ZipInfo]) -> None:
    """Refuse what the directory of the archive gives away."""
    names = {part.filename.lower() for part in parts}
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX["byte"]:
        raise DomainError("file.unpacks_too_large")
    if any(part.flag_bits & 1 for part in parts):
        raise DomainError("file.password")
    if len(names) < len(parts) or any(part.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for part in parts):
        raise DomainError("file.damaged")
    if any(name.endswith("vbaproject.bin") or "macrosheets/" in name for name in names):
        raise DomainError("file.macros")
    if "[content_types].xml" not in names:
        raise DomainError("file.wrong_type")


def _copy_part(archive: ZipFile, part: ZipInfo, copy: ZipFile, check: _PartCheck) -> str:
    """The name of the part's first element if it was copied; a part that is not is still unpacked to its end."""
    is_read = _READ.fullmatch(part.filename) is not None
    content = bytearray()
    before = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            check.add("byte", len(chunk))
            before = _refuse_doctype(before, chunk)
            if is_read:
                check.feed(chunk)
                content += chunk
    if is_read:
        check.feed(b"", is_last=True)
        copy.writestr(part.filename, bytes(content))
    return check.root


def _refuse_doctype(before: bytes, chunk: bytes) -> bytes:
    """Also in parts that nobody reads, and in two-byte encodings; gives the end, where the next chunk may go on."""
    text = before + chunk.replace(b"\0", b"")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise DomainError("file.doctype")
    return text[-16:]


class _PartCheck:
    """Looks through one part as it is unpacked.

    openpyxl forgets a row at its end, and a shared string too; everything else it keeps. `depth` counts the elements
    that are open from the row or string inwards, 0 outside.
    """

    def __init__(self, name: str, counts: Counter[str], n_rows: int) -> None:
        self.unit = _ROW if name.startswith("xl/worksheets/") else _STRING if name == _STRINGS_PART else ""
        self.counts, self.n_rows = counts, n_rows
        self.root = ""
        self.depth = self.n_fed = self.n_in_unit = self.n_in_cell = self.n_characters = 0
        self.row = self.column = 0
        self.is_index = self.is_shared_formula = False
        self.longest_formula = 0
        self.seen: set[str] = set()
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def add(self, kind: str, n: int = 1) -> None:
        """Count `n` more; too much in a sheet with too many rows is best explained by them."""
        self.counts[kind] += n
        if self.counts[kind] > MAX[kind]:
            if self.row > self.n_rows + 1:
                raise DomainError("rows.too_many", limit=self.n_rows)
            raise DomainError("file.unpacks_too_large")

    def feed(self, chunk: bytes, *, is_last: bool = False) -> None:
        self.parser.Parse(chunk, is_last)
        self.n_fed += len(chunk)
        if self.n_fed - self.parser.CurrentByteIndex > MAX_TOKEN and not is_last:
            raise DomainError("file.cell_too_long", limit=MAX_CELL)

    def _doctype(self, *_: object) -> None:
        raise DomainError("file.doctype")

    def _text(self, characters: str) -> None:
        self.n_characters += len(characters)
        self.add("character" if self.depth else "outside", len(characters))
        if self.n_characters > MAX_CELL and self.depth:
            raise DomainError("file.cell_too_long", limit=MAX_CELL)
        if self.n_characters > MAX_TEXT and not self.depth:
            raise DomainError("file.unpacks_too_large")
        if self.is_index and "-" in characters:
            raise ValueError(characters)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name
        self.n_characters = 0
        if name == self.unit:
            self._start_unit(attributes)
        elif self.depth:
            self._start_inside(name, attributes)
        else:
            self._start_outside(name.rpartition(" ")[2], attributes)
        if not self.depth or name not in _PLAIN or self.n_in_cell > MAX_IN_CELL:
            self.add("other", 1 + len(attributes))

    def _end(self, name: str) -> None:
        if self.depth:
            self.depth -= 1
            if not self.depth:
                self.add("inside", self.n_in_unit)
        if self.is_shared_formula and name == _FORMULA:
            self.longest_formula = max(self.longest_formula, self.n_characters)
            self.add("formula", self.longest_formula)

    def _start_unit(self, attributes: Mapping[str, str]) -> None:
        """A row or a shared string; one inside another is nothing that any program writes."""
        if self.depth:
            raise ValueError(self.unit)
        self.depth, self.n_in_unit, self.n_in_cell = 1, len(attributes), 0
        if self.unit == _STRING:
            self.add("string")
            return
        self.add("row")
        self._go_to(int(attributes.get("r", self.row + 1)), 0)

    def _start_inside(self, name: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        self.n_in_unit += 1 + len(attributes)
        self.n_in_cell += 1
        if self.n_in_unit > MAX_IN_ROW:
            raise DomainError("file.unpacks_too_large")
        if self.unit == _ROW and self.depth == 2:
            self._start_cell(attributes)
        elif self.unit == _ROW and self.column > MAX_COLUMNS:
            raise DomainError("file.too_wide", column=get_column_letter(self.column), row=self.row)
        self.is_shared_formula = name == _FORMULA and attributes.get("t") == "shared"

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        """A cell, which for openpyxl is whatever stands in a row."""
        self.add("cell")
        self.n_in_cell = 0
        self.is_index = attributes.get("t") == "s"
        if (reference := attributes.get("r")) is None:
            self._go_to(self.row, self.column + 1)
        elif match := _REFERENCE.fullmatch(reference):
            self._go_to(int(match[2]), column_index_from_string(match[1]))
        else:
            raise ValueError(reference)

    def _go_to(self, row: int, column: int) -> None:
        is_next = row == self.row and column > self.column if column else row > self.row
        if not is_next or row > 1_048_576 or column > 16_384:
            raise ValueError(row, column)
        self.row, self.column = row, column

    def _start_outside(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Refuse what is too long, parts in a role that is not theirs, and sheets that are there twice."""
        self.add("outside", sum(map(len, attributes.values())))
        if any(len(value) > _LENGTHS.get(key, MAX_ATTRIBUTE) for key, value in attributes.items()):
            raise DomainError("file.unpacks_too_large")
        if tag in ("Default", "Override"):
            _refuse_type(attributes.get("ContentType", "").lower(), attributes.get("PartName", ""))
        elif tag == "Relationship":
            folder = "/" if attributes.get("TargetMode") == "External" else "/xl"
            path = normpath(join(folder, attributes["Target"]))
            _refuse_false_role(attributes["Type"].lower(), path)
            self._once(path)
        elif tag == "sheet":
            self._once(next(value for key, value in attributes.items() if key.endswith(" id")))

    def _once(self, key: str) -> None:
        if key in self.seen:
            raise ValueError(key)
        self.seen.add(key)


def _refuse_type(kind: str, path: str) -> None:
    if "macroenabled" in kind or "vbaproject" in kind:
        raise DomainError("file.macros")
    if path and kind.endswith("main+xml") and not re.fullmatch(r"/xl/workbook\d*\.xml", path):
        raise DomainError("file.wrong_type")
    if path:
        _refuse_false_role(kind, path)


def _refuse_false_role(kind: str, path: str) -> None:
    """A sheet that is read as strings, or strings as a sheet, would be kept as a whole."""
    if ("sharedstrings" in kind) != (path == f"/{_STRINGS_PART}"):
        raise ValueError(path)
