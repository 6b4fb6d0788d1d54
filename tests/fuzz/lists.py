"""Arbitrary unit lists, as cells and as workbooks: whatever they hold, they are read, told about, and written again."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from datetime import date, datetime, time
from functools import cache
from io import BytesIO
from random import Random
from time import process_time
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.finding_texts import describe, how_to_mend
from app.adapters.spreadsheets import check_unit_list, write_repaired_copy
from app.domain.unit_list import CellError, Finding, Formula, Severity, UnitList, read_unit_list
from app.domain.units import UnitTree
from tests.unit_lists.hostile import HOSTILE
from tests.unit_lists.odd import ODD
from tests.unit_lists.writers import by_openpyxl, by_xlsxwriter

ORGANISATION = "Prøvetilsynet"
CPU_SECONDS = 5
"""What a hostile file may take (spec 4)."""
LARGEST_SEED = 20_000
"""Bytes: bombs and the like are left to their own tests."""
Grid = list[list[object]]

_HEADINGS = ("Nivå1", "Nivå2", "nivå 3", "NIVA 4", "Antall", "antall", "Level 1", "2", "Nivå١", "Nivå²")
_NAMES = ("A", "B", "А", "a\u200b", "A1", " A", "", " ", "=1+1", "x" * 201, "ingen", "Ingen ", "Stab")
_names = st.one_of(st.sampled_from(_HEADINGS), st.sampled_from(_NAMES), st.text(max_size=8))
_cells = st.one_of(
    st.none(),
    _names,
    _names,
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(min_value=date(1900, 1, 1)),
    st.just(datetime(2026, 1, 1, 12)),  # noqa: DTZ001 - a cell has no zone
    st.just(time(12)),
    st.builds(Formula, st.text(max_size=5)),
    st.builds(CellError, st.just("#REF!")),
)
_rows = st.lists(st.lists(_names, min_size=1, max_size=4), max_size=8)
grids = st.one_of(
    st.lists(st.lists(_cells, max_size=6), max_size=8),
    _rows.map(lambda rows: [["Nivå1", "Nivå2", "Nivå3", "Antall"], *rows]),
)


@given(grids)
@settings(deadline=None, database=None, max_examples=100, derandomize=True, suppress_health_check=list(HealthCheck))
def check_grid(grid: Grid) -> None:
    """The reader of cells. Also what atheris drives, through ``hypothesis.fuzz_one_input``."""
    found = read_unit_list(grid, sheet="Ark1", organisation=ORGANISATION, other_sheets=("Ark2",))
    look_at(found)


def check_workbook(content: bytes) -> UnitList:
    """Guard and reader of files: a list or a refusal, never an exception, and in time."""
    start = process_time()
    found = check_unit_list(BytesIO(content), organisation=ORGANISATION)
    assert process_time() - start < CPU_SECONDS
    look_at(found)
    return found


def look_at(found: UnitList) -> None:
    """What holds of every list: it is right or says why not, everything can be told, and it can be written again."""
    errors = [finding for finding in found.findings if finding.severity is Severity.ERROR]
    assert (found.tree is None) == bool(errors)
    assert all(map(_told, found.findings))
    json.dumps([(each.code, each.sheet, each.cell, each.value, dict(each.values)) for each in found.findings])
    if not found.sheet:
        return
    again = check_unit_list(BytesIO(write_repaired_copy(found, _told)), organisation=ORGANISATION)
    if found.tree is not None:
        assert again.tree == found.tree
        assert UnitTree.from_rows(found.tree.to_rows()) == found.tree
        assert not [each for each in again.findings if each.severity is Severity.REPAIRED and each.code != "row.blank"]


def _told(finding: Finding) -> str:
    text = f"{describe(finding, str)}\n{how_to_mend(finding, str)}"
    assert "%(" not in text.replace(finding.value, "")
    return text


@cache
def seeds() -> tuple[bytes, ...]:
    """Good, odd and hostile workbooks, none of them large."""
    odd = [writer(each.rows) for each in ODD for writer in (by_xlsxwriter, by_openpyxl)]
    hostile = [
        make() for code, make in HOSTILE.values() if code not in ("file.unpacks_too_large", "file.cell_too_long")
    ]
    return tuple(content for content in (*odd, *hostile) if len(content) < LARGEST_SEED)


def mutate(content: bytes, random: Random, change: Callable[[bytes], bytes]) -> bytes:
    """One part of a workbook changed and packed again, so that the change gets past the checksums; else any bytes."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            parts = [(info.filename, archive.read(info)) for info in archive.infolist() if info.file_size < 100_000]
    except (BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, KeyError, EOFError, zlib.error):
        return change(content)
    if not parts or random.random() < 0.1:
        return change(content)
    place = random.randrange(len(parts))
    name, old = parts[place]
    parts[place] = (name, change(old))
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, part in dict(parts).items():
            archive.writestr(name, part)
    return packed.getvalue()


_TOKEN = re.compile(rb'[A-Za-z_:]+="[^"]*"|<[^>]*>|[0-9]+|[^<>]+')
_ODD_TOKENS = (
    *(b"", b"-1", b"0", b"99999999999", b"1E400", b"&#0;", b"\xff\xfe", b"<row>", b"</row>", b"<c/>"),
    *(b't="s"', b't="d"', b't="e"', b't="str"', b'r="A1"', b'r="XFD1"'),
)


def change_xml(content: bytes, random: Random) -> bytes:
    """A word, a number or a tag taken out, doubled, exchanged, or replaced."""
    tokens = list(_TOKEN.finditer(content))
    if not tokens:
        return random.choice(_ODD_TOKENS)
    one, other = random.choice(tokens), random.choice(tokens)
    new = random.choice((b"", one[0] * 2, other[0], random.choice(_ODD_TOKENS), one[0][: len(one[0]) // 2]))
    return content[: one.start()] + new + content[one.end() :]
