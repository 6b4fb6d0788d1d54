from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import pytest
from bs4 import BeautifulSoup

from app.reports.content import content_of
from app.reports.figures import Kind, printed_figures
from app.reports.html import render_html
from app.reports.model import Report
from tests.reports.factory import LETTERS, Survey, plain_survey

NORTH, SOUTH = ("Divisjon for æøå", "Seksjon nord"), ("Divisjon for æøå", "Seksjon sør")
HOSTILE = "<script>alert(1)</script>"


@cache
def _surveys() -> dict[str, Survey]:
    return {
        "plain": plain_survey(n_invited=90),
        "hostile": Survey({(HOSTILE, LETTERS): 12}, themes=["workload"], organisation=HOSTILE, is_rehearsal=True),
        "incidents only": Survey({("A",): 12, ("B",): 7}, themes=["bullying", "sexual_attention"]),
    }


REPORTS = [
    ("plain", ()),
    ("plain", NORTH),
    ("plain", SOUTH),
    ("hostile", ()),
    ("hostile", (HOSTILE, LETTERS)),
    ("incidents only", ("A",)),
]
every_report = pytest.mark.parametrize(("survey", "path"), REPORTS)


def _report(survey: str, path: tuple[str, ...]) -> Report:
    return _surveys()[survey].report(*path)


@cache
def _page(survey: str, path: tuple[str, ...], language: str = "en") -> Any:
    return BeautifulSoup(render_html(_report(survey, path), language), "html.parser")


@every_report
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_figures_on_the_page_are_the_printed_figures(survey: str, path: tuple[str, ...], language: str) -> None:
    page, report = _page(survey, path, language), _report(survey, path)
    figures = printed_figures(report, language)
    for theme in content_of(report, language).themes:
        section = page.find(id=theme.id).find_parent("section")
        for kind in list(Kind)[3:]:
            expected = [figure.text for figure in figures if figure.theme_id == theme.id and figure.kind is kind]
            assert [found.get_text() for found in section.find_all(attrs={"data-kind": kind.value})] == expected


def test_front_says_how_many_answers_and_what_rate() -> None:
    values = [value.get_text() for value in _page("plain", ()).find_all("dd")]
    assert values == ["64 of 64", "71%", "2–20 March 2026"]
    assert [value.get_text() for value in _page("plain", NORTH).find_all("dd")][1] == "not known"


@every_report
def test_page_is_self_contained_and_has_no_script(survey: str, path: tuple[str, ...]) -> None:
    page = _page(survey, path)
    assert not page.find_all(["script", "link", "img", "iframe", "object", "form"])
    assert not page.find_all(style=True)
    assert not [name for element in page.find_all(True) for name in element.attrs if name.startswith("on")]
    assert "@import" not in page.style.string
    assert "url(" not in page.style.string.replace("url(#hatch)", "")
    links = [link["href"] for link in page.find_all("a")]
    targets = {element["id"] for element in page.find_all(id=True)}
    assert all(link[1:] in targets if link.startswith("#") else link.startswith("https://") for link in links)


@every_report
def test_page_is_built_for_assistive_technology(survey: str, path: tuple[str, ...]) -> None:
    page = _page(survey, path)
    assert page.html["lang"] == "en"
    assert page.title.string
    assert len(page.find_all("h1")) == len(page.find_all("main")) == 1
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    levels = [int(heading.name[1]) for heading in page.find_all(["h1", "h2", "h3", "h4"])]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(head.get("scope") for head in page.find_all("th"))
    assert all(svg.get("aria-hidden") == "true" for svg in page.find_all("svg"))
    assert all(area.get("aria-label") for area in page.find_all("textarea"))


def test_names_are_escaped() -> None:
    page = _page("hostile", (HOSTILE, LETTERS))
    assert page.h1.get_text() == LETTERS
    assert HOSTILE in page.header.get_text()


def test_rehearsal_is_said_first_and_marked_on_every_printed_page() -> None:
    page = _page("hostile", ())
    said = "This is a rehearsal on invented answers. The figures are not from a real survey."
    assert page.main.find("p").get_text() == said
    assert page.get_text().count("invented") == 1
    assert page.title.string.startswith("Rehearsal. ")
    assert page.find(class_="watermark")["aria-hidden"] == "true"
    assert ".watermark { position: fixed" in page.style.string  # a fixed element is on each page that is printed
    assert not _page("plain", ()).find(class_=["watermark", "rehearsal"])


def test_withheld_theme_says_why_and_shows_nothing() -> None:
    section = _page("plain", SOUTH).find(id="bullying").find_parent("section")
    assert "never for a unit" in section.get_text()
    assert not section.find_all(["table", "svg", "ul"])


def test_same_report_gives_the_same_bytes() -> None:
    assert render_html(_report("plain", NORTH), "nb") == render_html(_report("plain", NORTH), "nb")
