"""The preview shows everything, says so on every page, and saves nothing."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db.answers import ResponseRow
from app.extensions import session
from tests.people import Trial
from tests.web.client import Browser

STEPS = ("", "/consent", "/unit", *(f"/page/{number}" for number in range(1, 7)), "/review")


@pytest.mark.parametrize("language", ["en", "nb"])
@pytest.mark.parametrize("step", STEPS)
def test_every_page_is_marked_and_sends_nothing(browser: Browser, step: str, language: str) -> None:
    browser.go(f"preview{step}", language=language)
    assert browser.status == 200
    ribbon = browser.page.select_one(".ribbon")
    assert ribbon is not None
    assert ("nothing is saved" if language == "en" else "ingenting blir lagret") in ribbon.get_text()
    if step == "/unit":  # what is chosen there is sent, so that it stands in no address
        assert {form["action"] for form in browser.page.select("form")} == {browser.address("preview/unit")}
        return
    assert not browser.page.select("form[method=post]")
    assert not browser.page.select("[hx-post]")
    assert browser.client.get_cookie("must", path="/s") is None, "somebody who looks needs no session"


def test_preview_leads_through_all_pages(browser: Browser) -> None:
    browser.go("preview")
    seen = []
    for _ in range(20):
        seen.append(browser.path.removeprefix(browser.address("preview")))
        onward = browser.page.select(".steps a.button:not(.button-quiet), main > p a.button-large, .two-ways a")
        if not onward:
            break
        browser.get(str(onward[0]["href"]))
    assert seen == list(STEPS)


def test_preview_unit_shows_levels_and_saves_nothing(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.go("preview/unit")
    browser.send("#unit", button={"go": "next"}, level_1="1")
    browser.send("#unit", button={"language": "nb"})
    assert browser.heading == "Enheten din"
    assert [option.get_text(strip=True) for option in browser.page.select("#level_2 option")][1:3] == ["A1", "A2"]
    for step in STEPS:
        assert browser.client.post(browser.address(f"preview{step}"), data={"workload_1": "1"}).status_code in (
            400,
            405,
        )
    with web.app_context():
        assert session().scalar(select(func.count()).select_from(ResponseRow)) == 0


def test_page_beyond_the_last_is_not_there(browser: Browser) -> None:
    for step in ("preview/page/7", "preview/page/0", "preview/page/99"):
        browser.go(step)
        assert browser.status == 404
