from __future__ import annotations

import time
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.reports.content import content_of
from app.reports.figures import Kind, printed_figures
from app.reports.model import Report
from app.reports.workbook import render_workbook
from tests.reports.factory import Survey, plain_survey
from tests.unit_lists.writers import by_libreoffice

NORTH, SOUTH = ("Divisjon for æøå", "Seksjon nord"), ("Divisjon for æøå", "Seksjon sør")
DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\x0bx")


@cache
def _survey() -> Survey:
    return plain_survey(n_invited=90)


@cache
def _dangerous() -> Survey:
    return Survey({(name,): 12 for name in DANGEROUS}, themes=["workload"], organisation="=cmd|' /C calc'!A0")


def _render(survey: Survey, language: str = "en") -> bytes:
    return render_workbook(survey.set, survey.reports[0], survey.reports, language)


@cache
def _book(language: str = "en") -> Any:
    return openpyxl.load_workbook(BytesIO(_render(_survey(), language)))


def _rows(sheet: Any) -> list[dict[str, Any]]:
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def _report(*path: str) -> Report:
    return Report(_survey().set, _survey().results(*path), _survey().reports[0])


def _as_page(value: object) -> str:
    return f"{round(value * 100)}%" if isinstance(value, int | float) else str(value)


@pytest.mark.parametrize("path", [(), NORTH, SOUTH])
def test_means_are_the_printed_means(path: tuple[str, ...]) -> None:
    figures = {
        figure.theme_id: figure.text for figure in printed_figures(_report(*path), "en") if figure.kind is Kind.MEAN
    }
    unit = content_of(_report(*path), "en")
    row = next(row for row in _rows(_book()["Means"]) if row["Unit"] == unit.unit)
    numbers = next(row for row in _rows(_book()["Answers behind means"]) if row["Unit"] == unit.unit)
    for theme in unit.themes:
        if theme.theme.scale.has_mean:
            assert f"{row[theme.name]:.1f}" == figures[theme.id]
            assert str(numbers[theme.name]) == theme.n_mean


def test_spread_is_the_printed_shares() -> None:
    rows = [row for sheet in ("How often", "Agreement", "Yes or no") for row in _rows(_book()[sheet])]
    content = content_of(_report(*NORTH), "en")
    for theme in content.themes:
        for item in theme.items:
            row = next(row for row in rows if row["Unit"] == NORTH[-1] and row["Statement or question"] == item.text)
            shares = [_as_page(row[category]) for category in theme.categories]
            assert shares == [share.text for share in item.shares]
            assert str(row["Answers"]) == theme.n_distribution


def test_prevalence_is_the_printed_one() -> None:
    rows = [(row["Theme"], row["Answer"], _as_page(row["Share"])) for row in _rows(_book()["Incidents"])]
    expected = [
        (theme.name, group.label, group.share.text)
        for theme in content_of(_report(), "en").themes
        for group in theme.prevalence
    ]
    assert rows == expected


def test_withheld_cells_say_why() -> None:
    row = next(row for row in _rows(_book()["How often"]) if row["Unit"] == SOUTH[-1])
    assert row["Statement or question"] == "How the answers spread is shown only from 10 answers."
    assert row["Answers"] is None
    small = Survey({("A",): 12, ("B",): 7}, themes=["bullying", "workload"])
    rows = _rows(openpyxl.load_workbook(BytesIO(_render(small)))["Incidents"])
    assert rows[0]["Answer"] == "Too few answers: this theme is so sensitive that it is shown only from 50 answers."


def test_sheet_about_the_workbook_says_of_every_theme_what_it_is_and_which_end_is_favourable() -> None:
    rows = [(row["Subject"], row["Text"]) for row in _rows(_book()["About"])]
    assert ("Risk factors", "Strains at work. Here a low mean is favourable.") in rows
    for chapter in content_of(_report(), "en").chapters:
        for theme in chapter.themes:
            assert (chapter.title, f"{theme.name}: {theme.about}") in rows


def test_units_come_with_their_number_of_answers() -> None:
    rows = {row["Unit"]: row for row in _rows(_book()["Units"])}
    assert rows[_survey().set.organisation]["Response rate"] == 0.71
    assert rows["Seksjon nord"]["Answers included"] == 23
    assert rows["Seksjon nord"]["Response rate"] == "not known"


def test_names_never_become_formulas() -> None:
    book = openpyxl.load_workbook(BytesIO(_render(_dangerous())))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    names = {cell.value: cell.quotePrefix for cell in cells if cell.value in DANGEROUS}
    assert names == dict.fromkeys(DANGEROUS[:-1], True)
    assert {cell.data_type for cell in cells if isinstance(cell.value, str)} == {"s"}
    assert "x" in {cell.value for cell in cells}


def test_every_sheet_has_a_frozen_head_and_a_filter() -> None:
    for sheet in _book():
        assert sheet.freeze_panes in ("A2", "C2")
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.font.bold for cell in sheet[1])


def test_means_are_coloured_as_in_the_heat_map_and_no_colour_speaks_alone() -> None:
    sheet = _book()["Means"]
    cells = [cell for row in sheet.iter_rows(min_row=2, min_col=3) for cell in row if isinstance(cell.value, float)]
    assert {(cell.fill.fgColor.rgb[-6:], cell.number_format) for cell in cells} == {
        ("BFE3DD", '0.0" +"'),
        ("9C4A24", '0.0" −"'),
        ("000000", "0.0"),
    }


def test_workbook_holds_no_formula_link_or_macro() -> None:
    with zipfile.ZipFile(BytesIO(_render(_survey()))) as archive:
        assert not [name for name in archive.namelist() if "vba" in name.lower() or "externalLink" in name]
        assert not [name for name in archive.namelist() if b"<f>" in archive.read(name)]


def test_libreoffice_opens_it_and_finds_the_same_in_every_cell(tmp_path: Path) -> None:
    data = _render(_survey(), "nb")
    again = by_libreoffice({"book.xlsx": data}, tmp_path)["book.xlsx"]
    ours, theirs = (openpyxl.load_workbook(BytesIO(book)) for book in (data, again))
    assert theirs.sheetnames == ours.sheetnames
    for one, two in zip(ours, theirs, strict=True):
        assert list(two.iter_rows(values_only=True)) == list(one.iter_rows(values_only=True))
        assert two.auto_filter.ref == one.auto_filter.ref


def test_every_sheet_is_one_page_wide_on_paper_and_no_row_hides_text() -> None:
    for sheet in _book():
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        for row in sheet.iter_rows(min_row=2):
            width = {cell.column: sheet.column_dimensions[cell.column_letter].width for cell in row}
            needed = max(len(cell.value) / width[cell.column] for cell in row if isinstance(cell.value, str))
            assert needed <= 1.1 * (sheet.row_dimensions[row[0].row].height or 15) / 15


def test_same_figures_give_the_same_bytes_at_any_time() -> None:
    first = _render(_dangerous())
    time.sleep(1.1)
    assert _render(_dangerous()) == first


def test_rehearsal_is_said_first_and_marked_on_every_sheet_and_page() -> None:
    survey = plain_survey(is_rehearsal=True)
    for language, word in (("en", "Rehearsal"), ("nb", "Prøvekjøring")):
        book = openpyxl.load_workbook(BytesIO(_render(survey, language)))
        assert book.worksheets[0]["A2"].value == word
        assert all(sheet.title.startswith(f"{word} ") and sheet.oddHeader.center.text == word for sheet in book)
        assert book.properties.title.startswith(f"{word}. ")
    assert "invented" in openpyxl.load_workbook(BytesIO(_render(survey))).worksheets[0]["B2"].value
    assert not [sheet for sheet in _book() if "Rehearsal" in sheet.title or sheet.oddHeader.center.text]


def test_language_changes_words_and_no_number() -> None:
    def numbers(book: Any) -> list[Any]:
        return [v for s in book for row in s.iter_rows(values_only=True) for v in row if isinstance(v, int | float)]

    assert numbers(_book("nb")) == numbers(_book("en"))
