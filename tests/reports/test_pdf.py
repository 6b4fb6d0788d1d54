from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from io import BytesIO
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import page
import pikepdf
import pypdf
import pytest

from app.reports.content import Verdict, content_of, title_of
from app.reports.figures import Figure, Kind, printed_figures
from app.reports.heat_map import HeatMapBlock
from app.reports.model import Report
from app.reports.pdf import render_pdf, warm_up
from app.reports.texts import texts
from tests.reports.factory import CORE, FULL, LETTERS, Survey, plain_survey
from tests.reports.reading import Document, Node, Run, read

NORTH, SOUTH = ("Divisjon for æøå", "Seksjon nord"), ("Divisjon for æøå", "Seksjon sør")
LONG_NAME = ("Avdeling for svært lange navn, sammensetninger og gjentakelser " * 2)[:119].strip()
LONG_PATH = tuple(f"{level} {LONG_NAME}"[:120] for level in range(8))
ALMOST_ALL = (0, 0, 0, 1, 11)
SMALLEST = 5.9
"""Points: the signs in the heat map; all else is larger."""


@cache
def _surveys() -> dict[str, Survey]:
    normal = [name for name in FULL if name not in ("bullying", "sexual_attention", "unequal_treatment")]
    return {
        "plain": plain_survey(),
        "core": plain_survey(themes=CORE, n_invited=90),
        "rehearsal": plain_survey(is_rehearsal=True),
        "every add-on": Survey({("A",): 120, ("B",): 7}),
        "one theme": Survey({("A",): 12, ("B",): 7}, themes=["workload"]),
        "incidents only": Survey({("A",): 12, ("B",): 7}, themes=["bullying", "sexual_attention"]),
        "almost all alike": Survey({("A",): 12, ("B",): 60}, themes=normal, counts=dict.fromkeys(normal, ALMOST_ALL)),
        "long names": Survey(
            {LONG_PATH: 23, (*LONG_PATH[:7], "Andre"): 12}, organisation=f"Direktoratet for {LONG_NAME}{'x' * 60}"
        ),
        "some withheld": plain_survey(themes=CORE, withheld=["workload", "autonomy", "leaving"]),
        "all withheld": plain_survey(themes=CORE, withheld=CORE),
        "no units": Survey({(): 12}, themes=CORE),
        "odd letters": Survey({(f"{LETTERS} \N{GRINNING FACE}",): 12}, themes=["workload"], organisation=LETTERS),
    }


REPORTS = [
    ("plain", ()),
    ("plain", NORTH),
    ("plain", SOUTH),
    ("core", ()),
    ("core", NORTH),
    ("rehearsal", ()),
    ("rehearsal", SOUTH),
    ("every add-on", ()),
    ("every add-on", ("A",)),
    ("every add-on", ("B",)),
    ("one theme", ()),
    ("one theme", ("B",)),
    ("incidents only", ()),
    ("incidents only", ("A",)),
    ("almost all alike", ("A",)),
    ("long names", ()),
    ("long names", LONG_PATH),
    ("some withheld", ()),
    ("some withheld", NORTH),
    ("some withheld", SOUTH),
    ("all withheld", ()),
    ("all withheld", NORTH),
    ("no units", ()),
    ("odd letters", ()),
]
every_report = pytest.mark.parametrize(("survey", "path"), REPORTS)


def _report(survey: str, path: tuple[str, ...]) -> Report:
    return _surveys()[survey].report(*path)


@cache
def _pdf(survey: str, path: tuple[str, ...], language: str) -> bytes:
    return render_pdf(_report(survey, path), language)


@cache
def _document(survey: str, path: tuple[str, ...], language: str) -> Document:
    return read(_pdf(survey, path, language))


# ------------------------------------------------------------------------------------------------------------ figures


def _columns_and_rows(report: Report) -> tuple[Any, Any]:
    heat_map = content_of(report, "en").heat_map
    assert heat_map
    return heat_map.themes, heat_map.rows


def _figures_of_theme(nodes: list[Node], language: str) -> list[str]:
    """The figures among the elements of a theme: of means first, then of how the answers spread."""
    gettext = texts(language).gettext

    def number_in(message: str, text: str) -> str | None:
        before, after = gettext(message, number="\0").split("\0")
        return text[len(before) : len(text) - len(after)] if text.startswith(before) and text.endswith(after) else None

    found = []
    for node in (inner for outer in nodes for inner in outer.walk()):
        text = node.own_text.strip()
        if node.role == "TD":
            found.append(text)
        elif node.role in ("P", "TH") and text:
            difference = re.match(r"([+−]?\d[.,]\d): ", text)
            number = number_in("%(number)s answers, in per cent", text) or number_in("%(number)s answers", text)
            found += [difference[1]] if difference else [number] if number else []
    return found


def _as_printed(figures: list[Figure]) -> list[str]:
    """In the order of the page, where the means stand before the number of answers; a PDF has one kind of space."""
    place = {Kind.MEAN: 0, Kind.REFERENCE: 1, Kind.N_MEAN: 2, Kind.DIFFERENCE: 3}
    return [
        figure.text.replace("\N{NO-BREAK SPACE}", " ")
        for figure in sorted(figures, key=lambda figure: place.get(figure.kind, 4))
    ]


@every_report
@pytest.mark.parametrize("language", ["nb", "en"])
def test_figures_read_back_from_the_page_are_the_printed_figures(
    survey: str, path: tuple[str, ...], language: str
) -> None:
    report = _report(survey, path)
    sections = _document(survey, path, language).sections()
    figures = printed_figures(report, language)
    for theme in content_of(report, language).themes:
        expected = [figure for figure in figures if figure.theme_id == theme.id]
        read_back = _figures_of_theme(sections[theme.name], language)
        assert Counter(read_back) == Counter(_as_printed(expected)), theme.id
        assert [text for text in read_back if "%" not in text] == [
            text for text in _as_printed(expected) if "%" not in text
        ]


def test_rows_of_a_spread_table_hold_the_shares_of_their_item_in_order() -> None:
    report = _report("plain", NORTH)
    content = content_of(report, "en")
    sections = _document("plain", NORTH, "en").sections()
    theme = next(theme for theme in content.themes if theme.id == "workload")
    table = [node for node in sections[theme.name] if node.role == "Table"][1]
    rows = [[cell.text for cell in row.kids if cell.role == "TD"] for row in table.kids[1:]]
    assert rows == [
        [share.text for share in shares] for item in theme.items for shares in (item.shares, item.reference)
    ]
    heads = [cell.text for cell in table.kids[0].kids][2:]
    assert heads == list(theme.categories)


@every_report
def test_overview_shows_the_same_figures_as_the_themes(survey: str, path: tuple[str, ...]) -> None:
    content = content_of(_report(survey, path), "en")
    rows = [
        [cell.text for cell in row.kids]
        for table in _document(survey, path, "en").root.all("Table")
        for row in table.kids
        if row.kids and row.kids[0].text in {theme.name for theme in content.themes}
    ]
    by_name = {row[0]: row[1:] for row in rows}
    for theme in content.themes:
        if theme.mean:
            figures = [theme.mean.text, theme.reference.text if theme.reference else None, theme.difference]
            assert by_name[theme.name][:3] == [text for text in figures if text]


def test_heat_map_shows_published_means_only() -> None:
    survey = _surveys()["plain"]
    content = content_of(survey.report(), "en")
    assert content.heat_map
    table = next(node for node in _document("plain", (), "en").root.all("Table") if len(node.kids[0].kids) > len(CORE))
    shown = {row.kids[0].text: [cell.text for cell in row.kids[1:]] for row in table.kids[1:]}
    verdicts = {row.name: row.verdicts for row in content.heat_map.rows}
    signs = {Verdict.FAVOURABLE: " +", Verdict.UNFAVOURABLE: " −"}
    for results in survey.reports[1:]:
        means = [results.result(theme.id) for theme in content.heat_map.themes]
        assert shown[results.unit.name] == [
            str(results.n_included),
            *(
                texts("en").mean(result.mean) + signs.get(verdict, "") if result and result.mean is not None else "–"
                for result, verdict in zip(means, verdicts[results.unit.name], strict=True)
            ),
        ]


def test_report_of_few_answers_has_means_and_no_shares() -> None:
    document = _document("plain", SOUTH, "en")
    assert document.root.all("Table")
    assert not [cell for cell in document.root.all("TD") if "%" in cell.text]


def test_withheld_theme_prints_why_and_no_figure() -> None:
    sections = _document("plain", SOUTH, "en").sections()
    for name in ("Bullying", "Unwanted sexual attention", "Unequal treatment"):
        assert not [node for node in sections[name] if node.role in ("Table", "L")]
    assert "never for a unit" in sections["Bullying"][-1].text
    assert "only from 10 answers" in sections["Unequal treatment"][-1].text


@pytest.mark.parametrize("path", [(), NORTH, SOUTH])
def test_theme_without_a_mean_prints_too_few_answers_and_nothing_else(path: tuple[str, ...]) -> None:
    document = _document("some withheld", path, "en")
    sections = document.sections()
    for name in ("Workload and pace", "Autonomy", "Thoughts of leaving"):
        assert [node.role for node in sections[name]] == ["P", "P"]
        assert sections[name][-1].text == "Too few answers: this theme is shown only from 5 answers."
    rows = [row for row in document.root.all("TR") if row.kids[0].text == "Workload and pace"]
    assert [cell.text for cell in rows[0].kids] == ["Workload and pace", "Too few answers"]


def test_the_most_sensitive_themes_are_shown_for_the_organisation_as_prevalence() -> None:
    sections = _document("plain", (), "en").sections()
    table = next(node for node in sections["Bullying"] if node.role == "Table")
    report = _report("plain", ())
    groups = next(theme for theme in content_of(report, "en").themes if theme.id == "bullying").prevalence
    assert [(row.kids[0].text, row.kids[1].text) for row in table.kids[1:]] == [
        (group.label, group.share.text) for group in groups
    ]


def test_near_unanimity_is_printed_as_a_bound() -> None:
    document = _document("almost all alike", ("A",), "en")
    table = [node for node in document.sections()["Workload and pace"] if node.role == "Table"][1]
    own = [cell.text for cell in table.kids[1].kids if cell.role == "TD"]
    assert own == ["at most 10%"] * 4 + ["at least 90%"]


def _as_text(node: Node, depth: int = 0) -> list[str]:
    """The structure tree as lines: role and text, indented."""
    line = f"{'  ' * depth}{node.role} {node.own_text.strip()}".rstrip()
    return [line, *(line for kid in node.kids for line in _as_text(kid, depth + 1))]


def test_tag_tree_as_text_reads_like_the_page() -> None:
    document = _document("one theme", ("A",), "en")
    theme = content_of(_report("one theme", ("A",)), "en").themes[0]
    wordings = [f"TH {item.text}{' (turned round in the mean)' * item.is_reversed}" for item in theme.items]
    shown = [(item.shares, item.reference) for item in theme.items]
    rows = [row for head, (own, other) in zip(wordings, shown, strict=True) for row in ((head, own), ("", other))]
    expected = ["P How often employees have too much to do in too little time.", "Table", "  TR", "    TH This unit"]
    expected += ["    TD 3.1", "  TR", "    TH Whole organisation", "    TD 3.2", "P 12 answers"]
    expected += ["P −0.1: about the same", "Table", "  TR", "    TH 12 answers, in per cent", "    TH"]
    expected += [f"    TH {name}" for name in theme.categories]
    for head, shares in rows:
        heads = [head, "TH This unit"] if head else ["TH Whole organisation"]
        expected += ["  TR", *(f"    {text}" for text in (*heads, *(f"TD {share.text}" for share in shares)))]
    expected += ["H3 To talk about", "L"]
    expected += [line for question in theme.talk for line in ("  LI", f"    LBody {question}")]
    found = [line for node in document.sections()[theme.name] for line in _as_text(node)]
    assert found == expected


# ------------------------------------------------------------------------------------------------------------- layout


@every_report
@pytest.mark.parametrize("language", ["nb", "en"])
def test_no_text_leaves_the_page_or_lies_on_other_text(survey: str, path: tuple[str, ...], language: str) -> None:
    document = _document(survey, path, language)
    for number, sheet in enumerate(document.pdf.pages):
        width, height = float(sheet.MediaBox[2]), float(sheet.MediaBox[3])
        runs = [run for run in document.runs if run.page == number and run.is_upright and run.text.strip()]
        assert not [run for run in runs if not _is_inside(run, width, height)]
        assert not [run for run in runs if _size(run) < SMALLEST], "too small to read"
        assert not [(one.text, two.text) for one, two in combinations(runs, 2) if _do_overlap(one, two)]


def _is_inside(run: Run, width: float, height: float) -> bool:
    left, bottom, right, top = run.box
    return left >= 28 and bottom >= 20 and right <= width - 28 and top <= height - 28


def _size(run: Run) -> float:
    return (run.box[3] - run.box[1]) / 0.92


def _do_overlap(one: Run, two: Run) -> bool:
    across = min(one.box[2], two.box[2]) - max(one.box[0], two.box[0])
    along = min(one.box[3], two.box[3]) - max(one.box[1], two.box[1])
    return across > 0.5 and along > 0.5


@every_report
@pytest.mark.parametrize("language", ["nb", "en"])
def test_no_heading_stands_at_the_foot_of_a_page_without_its_text(
    survey: str, path: tuple[str, ...], language: str
) -> None:
    kids = _document(survey, path, language).root.kids
    for heading, following in pairwise(kids):
        if heading.role in ("H1", "H2"):
            inside = following.pages or next(node.pages for node in following.walk() if node.pages)
            assert heading.pages & inside, heading.text


@every_report
@pytest.mark.parametrize("language", ["nb", "en"])
def test_no_table_or_bar_is_cut_by_a_page_end(survey: str, path: tuple[str, ...], language: str) -> None:
    for nodes in _document(survey, path, language).sections().values():
        for table in (node for node in nodes if node.role == "Table"):
            assert len({page for node in table.walk() for page in node.pages}) <= 1


@every_report
def test_a_theme_stands_on_one_page_where_it_fits(survey: str, path: tuple[str, ...]) -> None:
    sections = _document(survey, path, "nb").sections()
    for theme in content_of(_report(survey, path), "nb").themes:
        pages = {page for outer in sections[theme.name] for node in outer.walk() for page in node.pages}
        assert len(pages) == 1, theme.id


def test_heat_map_shrinks_a_little_to_fit_and_leaves_no_row_alone() -> None:
    def rows_per_page(n_units: int) -> list[int]:
        sizes: dict[tuple[str, ...], int] = {(f"Enhet {n}",): 6 for n in range(n_units)}
        report = Survey(sizes, themes=["workload"]).report()
        blocks: list[Any] = [HeatMapBlock(content_of(report, "en"), *_columns_and_rows(report))]
        counts = []
        while blocks:
            block = blocks.pop(0)
            if block.wrap(700, 300)[1] > 300:
                block, *blocks = block.split(700, 300)
            counts.append(len(block.rows))
        return counts

    whole = max(n for n in range(10, 30) if len(rows_per_page(n)) == 1)
    assert rows_per_page(whole + 1)[-1] == HeatMapBlock.FEWEST
    assert sum(rows_per_page(whole + 1)) == whole + 2


def test_heat_map_of_a_thousand_units_goes_on_with_all_headings_on_each_page() -> None:
    sizes: dict[tuple[str, ...], int] = {(f"Divisjon {n // 100}", f"Enhet {n}"): 6 + n % 20 for n in range(1000)}
    survey = Survey(sizes, themes=["workload", "autonomy", "engagement"])
    document = read(render_pdf(survey.report(), "en"))
    tables = [table for table in document.root.all("Table") if len(table.kids[0].kids) == 5]
    maps = [table for table in tables if table.kids[0].kids[0].text == "Unit"]
    assert sum(len(table.kids) - 1 for table in maps) == 1 + 10 + 1000
    assert len(maps) > 20
    assert all([cell.text for cell in table.kids[0].kids][1:] == [
        "Answers", "Workload and pace", "Autonomy", "Work engagement"
    ] for table in maps)  # fmt: skip


# --------------------------------------------------------------------------------------------------------- the file


def _check(data: bytes, folder: Path, *profiles: str) -> None:
    file = folder / "report.pdf"
    file.write_bytes(data)
    for profile in profiles:
        result = str(page.validate_pdf(str(file), profile=profile))
        assert re.search(r"Rules: (\d+) passed, 0 failed, \1 total", result), result


@every_report
def test_passes_the_checks_of_pdf_ua_and_pdf_a(survey: str, path: tuple[str, ...], tmp_path: Path) -> None:
    _check(_pdf(survey, path, "nb"), tmp_path, "ua1", "2a")


@pytest.mark.parametrize(("survey", "path"), REPORTS[:3])
def test_passes_the_checks_of_pdf_ua_in_english(survey: str, path: tuple[str, ...], tmp_path: Path) -> None:
    _check(_pdf(survey, path, "en"), tmp_path, "ua1")


@pytest.mark.parametrize("language", ["nb", "en"])
def test_says_its_title_and_its_language(language: str) -> None:
    pdf = _document("plain", NORTH, language).pdf
    title = title_of(content_of(_report("plain", NORTH), language))
    assert "Seksjon nord" in title
    assert str(pdf.Root.Lang) == language
    assert str(pdf.docinfo.Title) == title
    assert title in pdf.Root.Metadata.read_bytes().decode()
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    assert bool(pdf.Root.MarkInfo.Marked)


def test_outline_leads_to_every_chapter_and_theme() -> None:
    document = _document("plain", NORTH, "en")
    with document.pdf.open_outline() as outline:
        found = {entry.title: [child.title for child in entry.children] for entry in outline.root}
    chapters = content_of(_report("plain", NORTH), "en").chapters
    for chapter in chapters:
        assert found[chapter.title] == [theme.name for theme in chapter.themes]
    assert {"How to read this report", "Overview", "How to follow up", "Where to get help"} <= set(found)


def test_contents_name_the_page_of_every_heading() -> None:
    document = _document("plain", NORTH, "en")
    headings = {node.text: min(node.pages) + 1 for node in document.root.kids if node.role in ("H1", "H2")}
    entries = [entry.text.rsplit(" ", 1) for entry in document.root.all("TOCI")]
    assert len(entries) == len(FULL) + 4 + 6
    assert all(headings[title] == int(number) for title, number in entries)


def test_every_page_says_which_of_how_many_it_is() -> None:
    document = _document("plain", NORTH, "en")
    n_pages = len(document.pdf.pages)
    feet = [run.text for run in document.runs if run.text.startswith("Page ")]
    assert feet == [f"Page {number} of {n_pages}" for number in range(2, n_pages + 1)]


def test_only_embedded_fonts_are_drawn_with_and_they_hold_every_letter() -> None:
    document = _document("odd letters", (), "nb")
    assert {run.font.partition("+")[2] for run in document.runs} == {"SourceSans3-Regular", "SourceSans3-Bold"}
    drawn = {letter for run in document.runs for letter in run.text}
    assert set(LETTERS) <= drawn
    assert "\N{REPLACEMENT CHARACTER}" not in drawn


def test_response_rate_unknown_is_a_field_with_a_name() -> None:
    field = _document("plain", NORTH, "en").pdf.Root.AcroForm.Fields[0]
    assert str(field.TU) == "Response rate in per cent, to be filled in"
    assert "/AcroForm" not in _document("core", (), "en").pdf.Root
    assert "71%" in _document("core", (), "en").text


def test_response_rate_that_was_written_is_printed_and_saved() -> None:
    writer = pypdf.PdfWriter(clone_from=BytesIO(_pdf("plain", NORTH, "en")))
    writer.update_page_form_field_values(writer.pages[0], {"response_rate": "83 %"})
    saved = BytesIO()
    writer.write(saved)
    read_again = pypdf.PdfReader(saved)
    assert read_again.get_form_text_fields() == {"response_rate": "83 %"}
    field = read_again.pages[0]["/Annots"][0].get_object()  # type: ignore[index]
    assert field["/F"] & 4, "printed"
    assert b"83 %" in field["/AP"]["/N"].get_data()


def test_front_page_says_how_many_answers_are_included() -> None:
    assert "23 of 23 answers are included" in _document("plain", NORTH, "en").text
    assert _document("plain", NORTH, "en").root.all("H1")[0].text == "Seksjon nord"


def test_rehearsal_is_said_on_the_front_page_and_marked_on_every_page() -> None:
    document = _document("rehearsal", (), "en")
    first = " ".join(run.text for run in document.runs if run.page == 0)
    assert "This is a rehearsal on invented answers. The figures are not from a real survey." in first
    assert str(document.pdf.docinfo.Title).startswith("Rehearsal. ")
    assert {run.page for run in document.runs if run.text == "Rehearsal"} == set(range(len(document.pdf.pages)))
    assert "Rehearsal" not in {run.text for run in _document("plain", (), "en").runs}


def test_same_report_gives_the_same_bytes() -> None:
    assert render_pdf(_report("plain", NORTH), "nb") == _pdf("plain", NORTH, "nb")


def test_fresh_process_gives_the_same_bytes() -> None:
    code = (
        "import hashlib, sys; from tests.reports.factory import plain_survey;"
        "from app.reports.pdf import render_pdf, warm_up; warm_up();"
        f"print(hashlib.sha256(render_pdf(plain_survey().report(*{NORTH!r}), 'nb')).hexdigest());"
        "assert not {'flask', 'sqlalchemy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(_pdf("plain", NORTH, "nb")).hexdigest()


def test_warm_up_may_be_called_again() -> None:
    warm_up()
    warm_up()


def test_file_is_packed() -> None:
    data = _pdf("plain", NORTH, "nb")
    assert len(data) < 200_000
    with pikepdf.open(BytesIO(data)) as pdf:
        assert (
            any(item.get("/Type") == "/ObjStm" for item in pdf.objects if isinstance(item, pikepdf.Stream))
            or b"/ObjStm" in data
        )
