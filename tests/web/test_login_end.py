"""When a login ends is said in time, and it can be kept alive (WCAG 2.2.1): for employees, organisations and staff."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.fiction import CONTACT, STAFF
from tests.people import open_trial
from tests.web.client import Browser
from tests.web.conftest import HandClock
from tests.web.desk import furnish, log_in

PARTIAL = {"HX-Request-Type": "partial", "Accept-Language": "en"}


@pytest.fixture(params=["employee", "organisation", "staff"])
def page(request: pytest.FixtureRequest, web: Flask, browser: Browser) -> tuple[Browser, str]:
    """Somebody logged in, and a page of theirs."""
    if request.param == "employee":
        browser.begin()
        return browser, browser.address("page/1")
    with web.app_context():
        furnish(web)
    log_in(browser, request.param, CONTACT if request.param == "organisation" else STAFF)
    return browser, f"/{request.param}/"


def stay(browser: Browser, *, headers: dict[str, str] = PARTIAL) -> TestResponse:
    form = browser.page.select_one("#login-end form")
    assert form is not None
    return browser.client.post(str(form["action"]), data={"csrf_token": browser.token}, headers=headers)


def said(browser: Browser) -> str:
    sentence = browser.page.select_one("#login-until")
    assert sentence is not None
    found = re.search(r"\d\d:\d\d", sentence.get_text())
    assert found is not None
    return found.group()


def test_page_says_when_the_login_ends(page: tuple[Browser, str], clock: HandClock) -> None:
    browser, path = page
    browser.get(path)
    assert said(browser) == "10:30", "10:00 in Oslo, and 30 minutes"
    clock.pass_by(minutes=10)
    browser.get(path)
    assert said(browser) == "10:40"


def test_login_is_kept_alive_by_asking_and_only_by_that(page: tuple[Browser, str], clock: HandClock) -> None:
    browser, path = page
    browser.get(path)
    for _ in range(3):
        clock.pass_by(minutes=29)
        assert stay(browser).status_code == 204
    clock.pass_by(minutes=31)
    assert stay(browser).status_code == 401
    assert browser.client.get(path).status_code == 303


def test_no_login_is_kept_alive_beyond_two_hours_and_the_page_says_so(
    page: tuple[Browser, str], clock: HandClock
) -> None:
    browser, path = page
    for _ in range(4):
        clock.pass_by(minutes=28)
        browser.get(path)
    assert said(browser) == "12:00", "two hours after logging in at 10:00"
    box = browser.page.select_one("#login-end")
    assert box is not None
    assert int(str(box["data-left"])) == 8 * 60 < int(str(box["data-idle"]))
    clock.pass_by(minutes=7)
    assert stay(browser).status_code == 204
    clock.pass_by(minutes=2)
    assert stay(browser).status_code == 401


def test_without_a_script_asking_leads_to_a_page(page: tuple[Browser, str], clock: HandClock) -> None:
    browser, path = page
    browser.get(path)
    answer = stay(browser, headers={"Accept-Language": "en"})
    assert answer.status_code == 303
    assert browser.client.get(answer.headers["Location"]).status_code == 200
    clock.pass_by(minutes=31)
    assert "/login" in stay(browser, headers={}).headers["Location"]


def test_way_to_log_in_again_leads_back_to_the_page(page: tuple[Browser, str], clock: HandClock) -> None:
    browser, path = page
    browser.get(path)
    way = browser.page.select_one("#login-end [data-when=ended] a")
    assert way is not None
    browser.get(str(way["href"]))
    person = "0" if path.startswith("/s/") else str(STAFF if "staff" in path else CONTACT)
    browser.send(person=person)
    assert browser.path == path


@pytest.mark.parametrize("step", ["", "login", "preview", "preview/page/1"])
def test_who_is_not_logged_in_is_told_nothing_about_a_login(browser: Browser, step: str) -> None:
    browser.go(step)
    assert browser.page.select_one("#login-end, #login-until, script[src*=login]") is None


def test_asking_logs_nobody_in(web: Flask, browser: Browser) -> None:
    with web.app_context():
        other = Browser(browser.client, open_trial().survey.code)
    browser.go("login")
    assert browser.post("stay").headers["Location"] == browser.address("login")
    browser.begin()
    for address, status in ((other.address("stay"), 401), ("/s/nix/stay", 404), ("/organisation/stay", 400)):
        answer = browser.client.post(address, data={"csrf_token": browser.token}, headers=PARTIAL)
        assert answer.status_code == status
