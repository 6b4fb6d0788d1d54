"""The pages that belong to no survey."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.web.client import check_page


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("path", ["/", "/privacy", "/protection", "/accessibility"])
def test_page_is_whole_in_both_languages(app: Flask, path: str, language: str) -> None:
    answer = app.test_client().get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    page = check_page(answer.text)
    assert page.html is not None
    assert page.html["lang"] == language
    assert "{" not in page.get_text()


def test_picture_of_the_top_leader_says_what_it_shows(app: Flask) -> None:
    page = check_page(app.test_client().get("/protection", headers={"Accept-Language": "en"}).text)
    picture = page.select_one("svg[role=img]")
    assert picture is not None
    assert "47 of 48" in picture.get_text()
    assert len(picture.select(".diagram-person")) == 12 + 15 + 20


def test_privacy_page_names_the_limits_of_the_code(app: Flask) -> None:
    text = app.test_client().get("/privacy", headers={"Accept-Language": "en"}).text
    for fact in ("fewer than 5 answers", "fewer than 10", "from 50 answers", "10 weeks after opening", "6 weeks"):
        assert fact in text


def test_accessibility_statement_is_one_click_away_and_has_what_the_law_asks_for(app: Flask) -> None:
    start = check_page(app.test_client().get("/", headers={"Accept-Language": "nb"}).text)
    link = start.select_one("footer a[href='/accessibility']")
    assert link is not None
    page = check_page(app.test_client().get(str(link["href"]), headers={"Accept-Language": "nb"}).text)
    headings = [heading.get_text() for heading in page.select("main h2")]
    assert len(headings) == 6
    text = page.get_text()
    for fact in (
        "STAMI er ansvarlig",
        "delvis i samsvar",
        "must@example.org",
        "Diskrimineringsnemnda",
        "uutilsynet.no",
    ):
        assert fact in text
    assert "i 30 minutter uten aktivitet" in text
