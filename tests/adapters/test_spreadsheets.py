"""Workbooks of every origin in; unit lists, repaired copies and the template out (spec 4)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment

from app.adapters import finding_texts
from app.adapters.finding_texts import describe, how_to_mend
from app.adapters.spreadsheets import (
    GUIDANCE_SHEET,
    check_unit_list,
    read_workbook,
    write_repaired_copy,
    write_template,
    write_unit_list,
)
from app.adapters.workbook_guard import guarded
from app.domain.errors import DomainError
from app.domain.unit_list import CellError, Formula, Limits, Severity, UnitList, read_name
from app.domain.units import UnitTree
from tests.unit_lists import hostile
from tests.unit_lists.hostile import HOSTILE, changed, part, text_cell, with_rows
from tests.unit_lists.odd import ODD, Odd
from tests.unit_lists.writers import WRITERS, by_libreoffice, by_openpyxl, by_xlsxwriter, openpyxl_bytes

LIST = [["Nivå1", "Nivå2", "Antall"], ["Divisjon Ø", "Avdeling 1", 12], ["Divisjon Ø", "ingen", 3], ["Stab", None, 7]]
TREE = UnitTree.from_rows([(("Divisjon Ø", "Avdeling 1"), 12), (("Divisjon Ø", "ingen"), 3), (("Stab",), 7)])


@pytest.fixture(scope="session")
def resaved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Lists that LibreOffice has saved: a .csv, and the odd lists that XlsxWriter wrote."""
    sources = {f"odd{n}.xlsx": by_xlsxwriter(odd.rows) for n, odd in enumerate(ODD)}
    sources["list.csv"] = "".join(",".join(str(v or "") for v in row) + "\n" for row in LIST).encode()
    return by_libreoffice(sources, tmp_path_factory.mktemp("office"))


def check(content: bytes, organisation: str = "") -> UnitList:
    return check_unit_list(BytesIO(content), organisation=organisation)


def told(unit_list: UnitList) -> list[str]:
    return [f"{finding.code} {finding.cell}".strip() for finding in unit_list.findings]


def paths_of(unit_list: UnitList) -> list[str] | None:
    if unit_list.tree is None:
        return None
    return ["/".join(path) + ("" if n is None else f"={n}") for path, n in unit_list.tree.to_rows()]


def test_every_program_writes_the_same_tree(resaved: dict[str, bytes]) -> None:
    contents = [writer(LIST) for writer in WRITERS.values()] + [resaved["list.csv"], write_unit_list(TREE)]
    contents.append(by_xlsxwriter(LIST, constant_memory=True))
    for content in contents:
        unit_list = check(content)
        assert unit_list.tree == TREE
        assert unit_list.findings == ()


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
@pytest.mark.parametrize("writer", WRITERS)
def test_odd_workbook_says_all_there_is_to_say(writer: str, odd: Odd) -> None:
    _compare(check(WRITERS[writer](odd.rows), odd.organisation), odd)


@pytest.mark.parametrize("n", range(len(ODD)), ids=[odd.name for odd in ODD])
def test_odd_workbook_saved_again_says_the_same(n: int, resaved: dict[str, bytes]) -> None:
    _compare(check(resaved[f"odd{n}.xlsx"], ODD[n].organisation), ODD[n])


def _compare(unit_list: UnitList, odd: Odd) -> None:
    """Some programs write an error or a truth value as the formula that gives it."""
    found = told(unit_list)
    if any(finding.startswith(("cell.error", "cell.boolean")) for finding in odd.findings) and found != odd.findings:
        assert found == [finding.replace("error", "formula").replace("boolean", "formula") for finding in odd.findings]
    else:
        assert found == odd.findings
    assert paths_of(unit_list) == odd.paths
    assert all(finding.sheet == "Ark1" for finding in unit_list.findings)


names = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co"]), min_size=1, max_size=20).filter(
    lambda name: read_name(name) == (name, "")
)
rows = st.lists(
    st.tuples(st.lists(names, min_size=1, max_size=4).map(tuple), st.none() | st.integers(0, 1_000_000)),
    min_size=2,
    max_size=8,
    unique_by=lambda row: row[0],
)


@given(rows)
@settings(deadline=None, max_examples=60)
def test_tree_reads_back_as_it_was_written(rows: list[tuple[tuple[str, ...], int | None]]) -> None:
    tree = UnitTree.from_rows(rows)
    unit_list = check(write_unit_list(tree))
    assert unit_list.tree == tree
    assert {finding.severity for finding in unit_list.findings} <= {Severity.WARNING}


@pytest.mark.parametrize("n_people", [None, 40])
def test_tree_without_units_is_written_as_one_name(n_people: int | None) -> None:
    tree = UnitTree.from_rows([((), n_people)])
    content = write_unit_list(tree, "Etaten")
    assert check(content).tree == tree
    assert read_workbook(BytesIO(content)).rows[1][0] == "Etaten"


# --- what is read ---------------------------------------------------------------------------------------------------


def test_first_visible_sheet_with_content_is_read_and_the_others_are_named() -> None:
    workbook = openpyxl.Workbook()
    hidden = workbook.worksheets[0]
    hidden.title, hidden.sheet_state = "Skjult", "hidden"
    hidden.append(["Nivå1"])
    workbook.create_sheet("Tomt")
    for title in ("Liste", "Gammel liste", GUIDANCE_SHEET):
        workbook.create_sheet(title).append(["Nivå1"])
    workbook["Liste"].append(["Etaten"])
    workbook.create_chartsheet("Diagram")
    sheet = read_workbook(BytesIO(openpyxl_bytes(workbook)))
    assert (sheet.name, sheet.rows, sheet.other_sheets) == (
        "Liste",
        (("Nivå1",), ("Etaten",)),
        ("Skjult", "Gammel liste"),
    )
    findings = check(openpyxl_bytes(workbook)).findings
    assert [(finding.code, finding.value) for finding in findings] == [
        ("sheet.ignored", "Skjult"),
        ("sheet.ignored", "Gammel liste"),
    ]


def test_workbook_with_nothing_visible_is_an_empty_list() -> None:
    workbook = openpyxl.Workbook()
    workbook.create_sheet("Skjult").append(["Nivå1"])
    workbook["Skjult"].sheet_state = "veryHidden"
    assert told(check(openpyxl_bytes(workbook))) == ["sheet.ignored", "sheet.empty"]


def test_file_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "liste.xlsx"
    path.write_bytes(by_openpyxl(LIST))
    assert check_unit_list(path).tree == TREE


def test_last_result_of_a_formula_is_never_taken_for_a_name() -> None:
    content = by_xlsxwriter([["Nivå1"], [Formula("=B1")], ["Divisjon A"]])
    assert b"Divisjon Z" in ZipFile(BytesIO(content)).read(hostile.SHEET)
    assert read_workbook(BytesIO(content)).rows[1] == (Formula("=B1"),)


def test_sheet_is_read_to_its_end_whatever_size_it_claims() -> None:
    rows = "".join(f'<row r="{n}">{text_cell(f"A{n}", f"Nivå{n}")}</row>' for n in (1, 2, 3))
    for claim in ("A1", "A1:XFD1048576", "B7:A1"):
        sheet = read_workbook(BytesIO(with_rows(rows, before=f'<dimension ref="{claim}"/>')))
        assert sheet.rows == (("Nivå1",), ("Nivå2",), ("Nivå3",))


def test_reading_stops_one_filled_row_beyond_the_limit() -> None:
    content = by_openpyxl([["Nivå1"], *([n] for n in range(50))])
    assert len(read_workbook(BytesIO(content), Limits(n_rows=10)).rows) == 12
    assert "rows.too_many A12" in told(check_unit_list(BytesIO(content), limits=Limits(n_rows=10)))


def test_far_row_is_beyond_the_limit_and_costs_nothing() -> None:
    sheet = read_workbook(BytesIO(with_rows(f'{hostile.HEADING_ROW}<row r="1048576"><c><v>1</v></c></row>')))
    assert len(sheet.rows) == 20_002


@pytest.mark.parametrize(
    ("cell", "content"),
    [
        ('<c t="str"><v>A_x000D_</v></c>', "A\r"),
        ('<c t="str"><v></v></c>', None),
        ('<c t="inlineStr"><is><r><t>A</t></r><r><t>B</t></r></is></c>', "AB"),
        ('<c t="inlineStr"><is><t>分</t><rPh sb="0" eb="1"><t>ぶん</t></rPh></is></c>', "分"),
        ('<c t="inlineStr"><is><t></t></is></c>', None),
        ('<c t="inlineStr"><is><t>_x005F_x000D_ _xD83D_ _xFFFF_</t></is></c>', "_x000D_ _xD83D_ _xFFFF_"),
        ('<c t="b"><v>1</v></c>', True),
        ('<c t="e"><v>#REF!</v></c>', CellError("#REF!")),
        ('<c t="d"><v>2026-04-03T00:00:00</v></c>', date(2026, 4, 3)),
        ("<c><v>1.5</v></c>", 1.5),
        ("<c><v>-7</v></c>", -7),
        ('<c><f t="shared" si="0"/><v>1</v></c>', Formula("=")),
        ("<c/>", None),
    ],
)
def test_every_kind_of_cell_is_read_as_what_it_is(cell: str, content: object) -> None:
    sheet = read_workbook(BytesIO(with_rows(f"<row>{cell}<c><v>0</v></c></row>")))
    assert sheet.rows == ((content, 0),)


def test_readings_and_runs_of_shared_strings() -> None:
    strings = '<si><t>分</t><rPh sb="0" eb="1"><t>ぶん</t></rPh></si><si><r><t>A</t></r><r><t> B</t></r></si><si/>'
    sheet = '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c><v>1</v></c></row>'
    content = changed(
        {
            hostile.STRINGS: f'<sst xmlns="{hostile.MAIN}">{strings}</sst>',
            hostile.SHEET: f'<worksheet xmlns="{hostile.MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
        }
    )
    assert read_workbook(BytesIO(content)).rows == (("分", "A B", None, 1),)


STYLES = (
    f'<styleSheet xmlns="{hostile.MAIN}"><fonts><font/></fonts><fills><fill><patternFill/></fill></fills>'
    "<borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>"
    '<cellXfs><xf/><xf numFmtId="14"/></cellXfs></styleSheet>'
)


@pytest.mark.parametrize(("epoch", "day"), [("", date(2026, 4, 3)), ('<workbookPr date1904="1"/>', date(2030, 4, 4))])
def test_dates_are_shown_as_excel_shows_them(epoch: str, day: date) -> None:
    workbook = re.sub("<workbookPr.*?/>", "", part("xl/workbook.xml")).replace("<bookViews>", f"{epoch}<bookViews>")
    row = '<row><c s="1"><v>46115</v></c><c s="1"><v>-99999999</v></c><c s="0"><v>1</v></c></row>'
    sheet = f'<worksheet xmlns="{hostile.MAIN}"><sheetData>{row}</sheetData></worksheet>'
    content = changed({"xl/workbook.xml": workbook, "xl/styles.xml": STYLES, hostile.SHEET: sheet})
    assert read_workbook(BytesIO(content)).rows == ((day, CellError("#VALUE!"), 1),)


def test_what_openpyxl_does_not_know_is_nobodys_concern() -> None:
    extension = '<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst>'
    sheet = f'<worksheet xmlns="{hostile.MAIN}"><sheetData>{hostile.HEADING_ROW}</sheetData>{extension}</worksheet>'
    assert read_workbook(BytesIO(changed({hostile.SHEET: sheet}))).rows == (("Nivå1",),)


def test_pictures_programs_properties_and_links_do_not_reach_the_reader() -> None:
    extra = ("xl/media/a.png", "docProps/custom.xml", "xl/chartsheets/sheet1.xml", "xl/externalLinks/externalLink1.xml")
    content = changed(dict.fromkeys(extra, b"not even XML"))
    assert check(content).tree == check(hostile.GOOD).tree
    with ZipFile(guarded(BytesIO(content), Limits())) as clean:
        assert not {*extra, "docProps/core.xml", "xl/theme/theme1.xml"} & set(clean.namelist())


# --- what is refused ------------------------------------------------------------------------------------------------

LIMITED = """
import json, os, resource, sys
from pathlib import Path
from app.adapters.spreadsheets import check_unit_list

def measure(path):
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_DATA, (200_000_000, 200_000_000))
    unit_list = check_unit_list(path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
    codes = [finding.code for finding in unit_list.findings]
    print(json.dumps([unit_list.tree is None, codes[:1], used.ru_utime + used.ru_stime, peak / 1024]), flush=True)

for path in map(Path, sys.argv[1:]):
    if os.fork():
        assert os.wait()[1] == 0, path
    else:
        measure(path)
        os._exit(0)
"""
"""Each file in a process of its own, which has the libraries loaded already."""

Verdict = tuple[bool, list[str], float, float]


def verdicts(contents: Iterable[bytes], folder: Path) -> list[Verdict]:
    """For each file whether it was refused, the first code, and the seconds and megabytes that it took."""
    paths = []
    for n, content in enumerate(contents):
        paths.append(folder / f"{n}.xlsx")
        paths[-1].write_bytes(content)
    run = subprocess.run([sys.executable, "-c", LIMITED, *map(str, paths)], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module")
def of_hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    found = verdicts((make() for _, make in HOSTILE.values()), tmp_path_factory.mktemp("hostile"))
    return dict(zip(HOSTILE, found, strict=True))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_told_about_within_5_seconds_and_200_mb(name: str, of_hostile: dict[str, Verdict]) -> None:
    code, _ = HOSTILE[name]
    is_refused, found, seconds, megabytes = of_hostile[name]
    assert (is_refused or code == "cell.number", found) == (True, [code])
    assert seconds < 5
    assert megabytes < 200


def test_list_at_every_limit_is_read_within_200_mb(tmp_path: Path) -> None:
    names = [
        [f"{level}, enhet {n // step}" for level, step in enumerate((5_000, 2_000, 500, 100, 20, 10, 5, 1), start=1)]
        for n in range(20_000)
    ]
    content = by_xlsxwriter([[*(f"Nivå{level}" for level in range(1, 9)), "Antall"], *([*row, 3] for row in names)])
    ((is_refused, _, seconds, megabytes),) = verdicts([content], tmp_path)
    assert not is_refused
    assert seconds < 20
    assert megabytes < 200


def test_row_beyond_the_limit_is_told_in_its_place_or_by_the_guard() -> None:
    with_content = by_openpyxl([["Nivå1"], *([f"x{n}"] for n in range(20_001))])
    assert "rows.too_many A20002" in told(check(with_content))
    blank = with_rows(hostile.HEADING_ROW + "<row/>" * 100_000)
    assert told(check(blank)) == ["rows.too_many"]


def test_every_refusal_has_its_text() -> None:
    codes = {code for code, _ in HOSTILE.values() if code.startswith("file.")}
    assert codes == {code for code in finding_texts.TEXTS if code.startswith("file.")}
    for code, make in HOSTILE.values():
        if code in codes:
            (finding,) = check(make()).findings
            assert describe(finding, str).endswith(".")
            assert how_to_mend(finding, str).endswith(".")


def test_refusal_comes_with_what_its_sentence_needs() -> None:
    with pytest.raises(DomainError, match=r"file\.too_wide \(column=XFD, row=1\)"):
        read_workbook(BytesIO(HOSTILE["something in the last column"][1]()))


# --- what is written ------------------------------------------------------------------------------------------------


def reopened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(content))


@pytest.mark.parametrize("odd", [odd for odd in ODD if odd.paths is not None], ids=lambda odd: odd.name)
def test_repaired_copy_reads_as_the_same_tree(odd: Odd) -> None:
    unit_list = check(by_openpyxl(odd.rows), odd.organisation)
    copy = write_repaired_copy(unit_list, lambda finding: describe(finding, str))
    assert check(copy, odd.organisation).tree == unit_list.tree


def test_repaired_copy_marks_each_cell_with_what_is_said_about_it() -> None:
    unit_list = check(by_openpyxl([["Nivå1", "Nivå2"], ["A ", "x"], [None, Formula("=1+1")], [5, "y"]]))
    sheet = reopened(write_repaired_copy(unit_list, lambda finding: describe(finding, str))).worksheets[0]
    marked = {cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment}
    assert set(marked) == {"A2", "A3", "B3", "A4"}
    assert marked["A3"] == "The cell under Nivå1 is blank, but the same row holds “=1+1”."
    colours = {sheet[cell].fill.start_color.rgb for cell in marked}
    assert len(colours) == 3
    assert [cell.value for cell in sheet[2]] == ["A", "x"]
    assert sheet["A4"].value == "5"


def test_gravest_finding_gives_a_cell_its_colour_and_all_are_in_its_comment() -> None:
    unit_list = check(by_openpyxl([["Nivå1"], ["x" * 201 + " "], ["B"]]))
    sheet = reopened(write_repaired_copy(unit_list, lambda finding: finding.code)).worksheets[0]
    assert isinstance(sheet["A2"].comment, Comment)
    assert sheet["A2"].comment.text == "cell.blanks\n\nname.too_long"
    assert sheet["A2"].fill.start_color.rgb == "00F8C9C4"


DANGEROUS = ("=1+1", "+47", "-x", "@SUM(A1)", "\t=1+1", "\r=1+1", "#N/A", "=cmd|' /C calc'!A0", "'=1", "Stab")
EXTERNAL = '=HYPERLINK("http://example.invalid")'


def test_nothing_that_is_written_is_ever_a_formula() -> None:
    tree = UnitTree.from_rows([((name,), None) for name in DANGEROUS])
    broken = check(by_openpyxl([["Nivå1", "=1"], [Formula(EXTERNAL)], [CellError("#N/A")]]))
    as_it_was = UnitList(None, (), "=1+1", (("Nivå1", *DANGEROUS), (Formula(EXTERNAL), CellError("#REF!"), 7)))
    for content in (
        write_unit_list(tree),
        write_unit_list(UnitTree.from_rows([((), 7)]), EXTERNAL),
        write_repaired_copy(broken, lambda finding: finding.code),
        write_repaired_copy(as_it_was, lambda finding: finding.code),
        write_template(lambda text: f"={text}"),
    ):
        for sheet in reopened(content).worksheets:
            for cell in (cell for row in sheet.iter_rows() for cell in row if cell.value is not None):
                assert cell.data_type == ("n" if isinstance(cell.value, int) else "s")
                assert cell.quotePrefix == str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r"))
        with ZipFile(BytesIO(content)) as archive:
            assert not [name for name in archive.namelist() if b"<f>" in archive.read(name) or "externalLink" in name]


def test_name_that_looks_like_a_formula_is_kept_as_it_is() -> None:
    names = ("=1+1", "+47", "-x", "@SUM(A1)", "#N/A", "Stab")
    assert paths_of(check(write_unit_list(UnitTree.from_rows([((name,), None) for name in names])))) == list(names)


@pytest.mark.parametrize("title", ["Ark/1*[x]", "Et navn på et ark som er lengre enn Excel tar imot", ""])
def test_repaired_copy_has_a_title_that_excel_takes(title: str) -> None:
    copy = write_repaired_copy(UnitList(None, (), title, (("Nivå1",),)), str)
    assert len(reopened(copy).worksheets[0].title) <= 31


def test_control_characters_in_a_heading_do_not_stop_the_repaired_copy() -> None:
    unit_list = check(by_openpyxl([["Nivå1", "No\x07te"], ["A", "x"]]))
    assert reopened(write_repaired_copy(unit_list, lambda finding: finding.code)).worksheets[0]["B1"].value == "Note"


def test_template_is_a_list_without_findings_and_says_how() -> None:
    unit_list = check(write_template())
    assert unit_list.findings == ()
    assert unit_list.tree is not None
    guidance = reopened(write_template(str.upper))[GUIDANCE_SHEET]
    assert guidance["A1"].value == "HOW TO WRITE THE UNIT LIST"


def test_template_in_any_language_keeps_the_words_that_are_rules() -> None:
    sheet = reopened(write_template(str.upper)).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Nivå1", "Nivå2", "Nivå3"]
    assert "ingen" in [cell.value for cell in sheet["C"]]
