"""Every route for every audience: who is not logged in to this survey sees nothing of anybody."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.people import Trial, open_trial
from tests.web.client import Browser

FOR_EVERYBODY = {
    "questionnaire.start",
    "login.log_in",
    "login.log_out",
    "questionnaire.withdraw",
    "login_end.stay_respondent",
}
"""Withdrawing leads to the consent while a survey is open, and to the login afterwards (test_closed.py).
Staying logged in is only sent, and only by who is logged in (test_login_end.py)."""
LOGGED_IN = {
    "questionnaire.go_on": "continue",
    "questionnaire.consent": "consent",
    "questionnaire.unit": "unit",
    "questionnaire.choose_unit": "unit",
    "questionnaire.page": "page/1",
    "questionnaire.save_page": "page/1",
    "questionnaire.review": "review",
    "questionnaire.submit": "review",
    "questionnaire.receipt": "receipt",
    "questionnaire.delete": "delete",
    "questionnaire.delete_response": "delete",
    "questionnaire.your_data": "your-data",
}


def test_table_knows_every_route_of_a_survey(web: Flask) -> None:
    routes = {rule.endpoint for rule in web.url_map.iter_rules() if rule.rule.startswith("/s/")}
    previews = {endpoint for endpoint in routes if endpoint.startswith("questionnaire.preview.")}
    assert routes == FOR_EVERYBODY | set(LOGGED_IN) | previews


@pytest.mark.parametrize("step", sorted(set(LOGGED_IN.values())))
def test_stranger_is_sent_to_the_login(browser: Browser, step: str) -> None:
    browser.go("login")
    assert browser.client.get(browser.address(step)).headers["Location"].startswith(browser.address("login"))
    posted = browser.post(step, workload_1="1", consent="yes", level_1="5")
    assert posted.status_code == 405 or posted.headers["Location"].startswith(browser.address("login"))


@pytest.mark.parametrize("step", sorted(set(LOGGED_IN.values())))
def test_login_to_one_survey_opens_no_other(web: Flask, trial: Trial, browser: Browser, step: str) -> None:
    with web.app_context():
        other = Browser(browser.client, open_trial().survey.code)
    browser.begin()
    token = browser.token
    answer = other.client.get(other.address(step))
    assert answer.headers["Location"].startswith(other.address("login"))
    posted = other.client.post(other.address(step), data={"csrf_token": token, "workload_1": "1"})
    assert posted.status_code == 405 or posted.headers["Location"].startswith(other.address("login"))


@pytest.mark.parametrize("step", ["", "login", "preview", "page/1", "review"])
def test_survey_that_does_not_exist_or_has_not_opened_is_the_same(browser: Browser, step: str) -> None:
    for code in ("nix", "A" * 12, "%00", browser.code.upper()):
        assert browser.client.get(f"/s/{code}/{step}".rstrip("/")).status_code == 404


def test_cookie_of_somebody_else_cannot_be_made_up(browser: Browser) -> None:
    browser.begin()
    cookie = browser.client.get_cookie("must", path="/s")
    assert cookie is not None
    forged = cookie.value[:-8] + "AAAAAAA="
    browser.client.set_cookie("must", forged, path="/s")
    browser.go("page/1")
    assert browser.heading == "Log in to try it out"


def test_nothing_of_a_person_is_in_a_page_or_address(browser: Browser) -> None:
    browser.begin()
    for step in ("", "consent", "unit", "page/1", "review", "delete", "your-data"):
        browser.go(step)
        assert "01814000008" not in browser.html
        assert "Fjellvik" not in browser.html
