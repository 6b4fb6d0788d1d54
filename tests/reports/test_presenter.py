"""The guide for whoever presents a report: two pages, tagged, in every language, the same in all files."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import page
import pytest
from bs4 import BeautifulSoup

from app.domain.disclosure import Limits
from app.domain.texts import load_document
from app.reports.names import LONGEST
from app.reports.presenter import presenter_file, render_presenter_html, render_presenter_pdf
from tests.reports.factory import make_set
from tests.reports.reading import Document, read
from tests.reports.test_pdf import LONG_NAME

languages = pytest.mark.parametrize("language", ["nb", "nn", "en"])


def _document(language: str, organisation: str = "Direktoratet for eksempler") -> Document:
    return read(render_presenter_pdf(make_set(organisation), language))


@languages
def test_has_two_pages_also_with_a_long_name(language: str) -> None:
    for organisation in ("Etaten", LONG_NAME):
        document = _document(language, organisation)
        assert len(document.pdf.pages) == 2
        assert organisation in document.text


@languages
def test_pdf_and_page_say_the_whole_text(language: str) -> None:
    html = BeautifulSoup(render_presenter_html(make_set(), language), "html.parser")
    document = load_document("presenter", "2026-1")
    read_aloud = " ".join(_document(language).text.split())
    for text in document.texts:
        wording = text[language].format(k_means="5", k_distributions="10", k_prevalence="50")
        assert wording in read_aloud
        assert wording in html.get_text()
    assert [heading.get_text() for heading in html.find_all("h2")] == [
        section.heading[language] for section in document.sections
    ]


@languages
def test_passes_the_checks_of_pdf_ua_and_pdf_a(language: str, tmp_path: Path) -> None:
    file = tmp_path / "guide.pdf"
    file.write_bytes(render_presenter_pdf(make_set(), language))
    for profile in ("ua1", "2a"):
        result = str(page.validate_pdf(str(file), profile=profile))
        assert re.search(r"Rules: (\d+) passed, 0 failed, \1 total", result), result


@languages
def test_no_heading_stands_at_the_foot_of_a_page_without_its_text(language: str) -> None:
    for heading, following in pairwise(_document(language).root.kids):
        if heading.role in ("H1", "H2"):
            inside = following.pages or next(node.pages for node in following.walk() if node.pages)
            assert heading.pages & inside, heading.text


def test_names_the_limits_of_the_survey() -> None:
    html = render_presenter_html(make_set(limits=Limits(k_means=8, k_distributions=15)), "en").decode()
    assert "fewer than 15 have answered" in html


def test_is_named_so_that_it_lies_beside_the_reports() -> None:
    assert presenter_file("nb").startswith("nb/")
    assert len(presenter_file("nb").encode()) < LONGEST


def test_same_set_gives_the_same_bytes() -> None:
    assert render_presenter_pdf(make_set(), "nb") == render_presenter_pdf(make_set(), "nb")
