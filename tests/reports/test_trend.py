"""The earlier survey in PDF, page and workbook: the same printed figures in each, and no more than was printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from app.domain.trend import with_trends
from app.reports.content import content_of, earlier_label, trend_notes
from app.reports.html import render_html
from app.reports.model import Report
from app.reports.pdf import render_pdf
from app.reports.read_back import (
    Shown,
    expected_figures,
    expected_in_workbook,
    figures_in_html,
    figures_in_pdf,
    figures_in_workbook,
)
from app.reports.workbook import render_workbook
from tests.reports.factory import Survey, plain_survey

NORTH, SOUTH = ("Divisjon for æøå", "Seksjon nord"), ("Divisjon for æøå", "Seksjon sør")
THEMES = ("workload", "role_clarity", "bullying")
NEW = ("Stab", "Økonomi og virksomhetsstyring")


@cache
def reports() -> dict[tuple[str, ...], Report]:
    """This survey beside one of two years before, in which one unit did not exist yet."""
    now = plain_survey(themes=THEMES)
    then = Survey({NORTH: 12, SOUTH: 9, ("Divisjon for æøå",): 20}, themes=THEMES, seed=7)
    compared = with_trends(now.reports, then.reports)
    report_set = replace(now.set, earlier_period=(date(2024, 3, 4), date(2024, 3, 22)))
    return {own.unit.path: Report(report_set, own, compared[0], () if own.unit.path else compared) for own in compared}


def trend_in(shown: Shown) -> dict[str, tuple[str, ...]]:
    return {kind: texts for (theme, kind), texts in shown.items() if theme == "workload" and kind in KINDS}


KINDS = ("earlier", "n_earlier", "change")
READERS: dict[str, Callable[[Report, str], Shown]] = {
    "pdf": lambda report, language: figures_in_pdf(render_pdf(report, language), content_of(report, language)),
    "html": lambda report, language: figures_in_html(render_html(report, language), content_of(report, language)),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize(("path", "language"), [((), "nb"), (NORTH, "en"), (SOUTH, "nn"), (NEW, "en")])
def test_pdf_and_page_show_the_earlier_figures_and_nothing_else(
    path: tuple[str, ...], language: str, reader: Callable[[Report, str], Shown]
) -> None:
    report = reports()[path]
    shown = reader(report, language)
    assert shown == expected_figures(content_of(report, language))
    assert len(trend_in(shown)) == (0 if path == NEW else 3)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_workbook_shows_the_earlier_figures_of_every_unit(language: str) -> None:
    whole = list(reports().values())
    results = [report.results for report in whole]
    contents = [content_of(report, language) for report in whole]
    book = render_workbook(whole[0].set, results[0], results, language)
    assert figures_in_workbook(book, contents) == [expected_in_workbook(content) for content in contents]
    assert sum(len(trend_in(expected_in_workbook(content))) for content in contents) == 3 * 4


def test_change_is_that_of_the_printed_figures() -> None:
    theme = next(theme for theme in content_of(reports()[NORTH], "en").themes if theme.id == "workload")
    assert theme.mean is not None
    assert theme.earlier is not None
    assert theme.n_earlier == "12"
    change = theme.mean.value - theme.earlier.value
    assert theme.change == f"{change:+}".replace("-", "\N{MINUS SIGN}")


def test_report_says_when_the_earlier_survey_was_and_when_nothing_can_be_compared() -> None:
    notes = trend_notes(content_of(reports()[NORTH], "en"))
    assert "4–22 March 2024" in notes[0]
    assert len(notes) == 2
    assert (
        trend_notes(content_of(reports()[NEW], "en"))[2] == "Nothing in this report can be compared with that survey."
    )
    assert b"Compared with an earlier survey" in render_html(reports()[NEW], "en")


def test_set_that_is_compared_with_nothing_says_nothing_of_an_earlier_survey() -> None:
    report = plain_survey(themes=THEMES).report(*NORTH)
    for language in ("nb", "nn", "en"):
        content = content_of(report, language)
        assert trend_notes(content) == ()
        assert earlier_label(content.texts).encode() not in render_html(report, language)
