"""The list of organisations in the state collective-agreement area, from CSV or .xlsx (spec 3.2)."""

from __future__ import annotations

import csv
from pathlib import Path

from app.adapters.spreadsheets import read_workbook
from app.domain.errors import DomainError

_NUMBER_NAMES = ("organisasjonsnummer", "orgnr", "organisation number", "number", "nummer")
_NAME_NAMES = ("navn", "organisasjon", "virksomhet", "name", "organisation")


def read_organisations(file: Path) -> list[tuple[str, str]]:
    """Number and name per row, as they stand. Headings decide which column is which; blank rows are skipped.

    DomainError ``organisations.headings``, ``organisations.unreadable``, or that of a workbook which cannot be read.
    """
    heading, *rows = [row for row in _rows(file) if any(row)] or [()]
    number, name = _column(heading, _NUMBER_NAMES), _column(heading, _NAME_NAMES)
    width = max(number, name) + 1
    return [(row[number], row[name]) for row in (row + ("",) * (width - len(row)) for row in rows)]


def _rows(file: Path) -> list[tuple[str, ...]]:
    if file.suffix.lower() == ".xlsx":
        return [tuple(_text(cell) for cell in row) for row in read_workbook(file).rows]
    try:
        text = file.read_text(encoding="utf-8-sig")
        dialect = csv.Sniffer().sniff(text.split("\n", 1)[0], delimiters=";,\t")
        return [tuple(cell.strip() for cell in row) for row in csv.reader(text.splitlines(), dialect)]
    except (UnicodeDecodeError, csv.Error):
        raise DomainError("organisations.unreadable") from None


def _column(heading: tuple[str, ...], names: tuple[str, ...]) -> int:
    for place, text in enumerate(heading):
        if text.strip().casefold() in names:
            return place
    raise DomainError("organisations.headings", known=", ".join(names))


def _text(cell: object) -> str:
    """A number is often a number in Excel: 974760673.0."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()
