"""Every error is a page in the visitor's language with a way on, and holds nothing about anybody."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.web.client import Browser

LANGUAGES = {"en": "We cannot find the page", "nb": "Vi finner ikke siden"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "path", ["/nix", "/s/nix", "/s/nix/page/1", "/s/nix/login", "/s/nix/preview", "/static/nix.css"]
)
def test_what_is_not_there_is_told(browser: Browser, path: str, language: str) -> None:
    browser.get(path, language=language)
    assert browser.status == 404
    assert browser.heading == LANGUAGES[language]


def test_survey_that_has_not_opened_is_not_there(browser: Browser) -> None:
    browser.go("page/99")
    assert browser.path == browser.address("login")
    browser.begin()
    browser.go("page/99")
    assert browser.status == 404


def test_wrong_method_is_told(browser: Browser) -> None:
    browser.go("logout")
    assert browser.status == 405


def test_missing_token_is_told_with_a_way_back(browser: Browser) -> None:
    browser.begin()
    answer = browser.client.post(browser.address("page/1"), data={"workload_1": "1"}, headers={"Accept-Language": "nb"})
    assert answer.status_code == 400
    assert "Siden var blitt for gammel" in answer.text
    assert f'href="{browser.address("page/1")}"' in answer.text
    assert "cookie" not in answer.text.lower()


def test_too_much_is_refused(browser: Browser) -> None:
    browser.begin()
    answer = browser.post("page/1", workload_1="1", nix="x" * 100_000)
    assert answer.status_code == 413
    assert "too much at once" in answer.text


def test_fault_of_ours_is_told_without_details(web: Flask, browser: Browser) -> None:
    def fails() -> str:
        raise RuntimeError("secret of somebody")

    web.add_url_rule("/fails", view_func=fails)
    browser.get("/fails")
    assert browser.status == 500
    assert browser.heading == "Something went wrong"
    assert "secret" not in browser.html


def test_language_can_be_switched_on_an_error(browser: Browser) -> None:
    browser.get("/nix?language=nb")
    assert browser.status == 404
    assert browser.heading == LANGUAGES["nb"]


@pytest.mark.parametrize("path", ["//example.org", "/\\example.org", "//example.org/%2e%2e", "/s//example.org"])
def test_switching_language_leads_nowhere_else(browser: Browser, path: str) -> None:
    answer = browser.client.get("/", query_string={"language": "en"}, environ_overrides={"PATH_INFO": path})
    target = answer.headers.get("Location", "/")
    assert target.removeprefix("http://localhost").startswith("/")
    assert not target.startswith(("//", "/\\"))


def test_static_files_are_kept_for_a_year_when_named_by_content(browser: Browser) -> None:
    browser.go()
    for link in browser.page.select("link[href]"):
        answer = browser.client.get(str(link["href"]))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        answer.close()
    answer = browser.client.get("/static/nix.css?v=1")
    assert answer.headers["Cache-Control"] == "no-store"
