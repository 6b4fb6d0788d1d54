"""The same rows as a workbook, written by different programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import date, time
from io import BytesIO
from pathlib import Path

import openpyxl
import xlsxwriter

from app.domain.unit_list import CellError, Formula

Rows = Sequence[Sequence[object]]
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def by_openpyxl(rows: Rows) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "Ark1"
    for row, values in enumerate(rows, start=1):
        for column, value in enumerate(values, start=1):
            _put(sheet.cell(row, column), value)
    return openpyxl_bytes(workbook)


def _put(cell: openpyxl.cell.Cell, value: object) -> None:
    if isinstance(value, str):
        escaped = re.sub(r"_(?=x[0-9A-F]{4}_)", "_x005F_", value)
        cell.value = CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", escaped)
        cell.data_type = "s"
    elif isinstance(value, CellError):
        cell.value, cell.data_type = value.text, "e"
    else:
        cell.value = value.text if isinstance(value, Formula) else value


def openpyxl_bytes(workbook: openpyxl.Workbook) -> bytes:
    stream = BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def by_xlsxwriter(rows: Rows, **options: object) -> bytes:
    """An error value is written as the formula that gives it: XlsxWriter knows no other way."""
    stream = BytesIO()
    workbook = xlsxwriter.Workbook(stream, {"in_memory": True, **options})
    sheet = workbook.add_worksheet("Ark1")
    as_date = workbook.add_format({"num_format": "d.m.yyyy hh:mm"})
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if isinstance(value, str):
                sheet.write_string(row, column, value)
            elif isinstance(value, Formula):
                sheet.write_formula(row, column, value.text, None, "Divisjon Z")
            elif isinstance(value, CellError):
                sheet.write_formula(row, column, f"={value.text}", None, value.text)
            elif isinstance(value, date | time):
                sheet.write_datetime(row, column, value, as_date)
            else:
                sheet.write(row, column, value)
    workbook.close()
    return stream.getvalue()


def by_libreoffice(sources: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """Every source, named with its kind such as ``a.csv``, opened and saved again as .xlsx; one start for all."""
    office = shutil.which("soffice")
    assert office, "soffice is missing: LibreOffice Calc is needed for these tests"
    incoming, outgoing = folder / "in", folder / "out"
    incoming.mkdir()
    for name, content in sources.items():
        (incoming / name).write_bytes(content)
    command = [office, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx"]
    command += ["--infilter=CSV:44,34,76,1", "--outdir", str(outgoing), *(str(incoming / name) for name in sources)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return {name: (outgoing / name).with_suffix(".xlsx").read_bytes() for name in sources}


WRITERS: dict[str, Callable[[Rows], bytes]] = {"openpyxl": by_openpyxl, "XlsxWriter": by_xlsxwriter}
