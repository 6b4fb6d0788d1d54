"""A service that keeps consents may stand where our own page does: asked at each login, and never needed."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from app.domain.fiction import PEOPLE
from app.extensions import key_ring, session
from app.services import answering
from app.services.register import Consent
from app.web import access
from tests.people import NO, YES, Trial
from tests.web.client import Browser
from tests.web.conftest import HandClock

NUMBER = PEOPLE[0][1]


class Elsewhere:
    """Knows what some people decided."""

    def __init__(self) -> None:
        self.decided: dict[str, Consent] = {}

    def decision_of(self, identity_number: str, survey_id: str, now: datetime) -> Consent | None:
        return self.decided.get(identity_number)

    def address_for(self, survey_id: str, language: str) -> str | None:
        return f"https://consent.example.org/{language}"


@pytest.fixture
def elsewhere(web: Flask) -> Elsewhere:
    web.extensions["consents"] = found = Elsewhere()
    return found


def kept(web: Flask, trial: Trial) -> Consent | None:
    with web.app_context():
        name, number = PEOPLE[0]
        public_key = web.config["SETTINGS"].research_public_key
        setup = trial.opened.setup
        who = answering.recognise(session(), key_ring(), public_key, setup, number=number, name=name)
        found = answering.get_consent(session(), key_ring(), setup, who)
        session().rollback()
        return found


@pytest.mark.parametrize("decision", [YES, NO])
def test_decision_made_elsewhere_is_kept_here_and_follows_at_the_next_login(
    web: Flask, trial: Trial, browser: Browser, elsewhere: Elsewhere, decision: Consent
) -> None:
    elsewhere.decided[NUMBER] = decision
    browser.log_in()
    assert browser.path == browser.address("unit")
    assert kept(web, trial) == decision
    elsewhere.decided[NUMBER] = other = NO if decision is YES else YES
    assert kept(web, trial) == decision
    browser.log_in()
    assert kept(web, trial) == other


def test_who_has_not_decided_is_shown_the_way_and_may_answer_without(
    web: Flask, trial: Trial, browser: Browser, elsewhere: Elsewhere
) -> None:
    browser.log_in()
    assert browser.path == browser.address("consent")
    out, on = browser.page.select(".two-ways a")
    assert out["href"] == "https://consent.example.org/en"
    assert out["class"] == on["class"]
    browser.get(str(on["href"]))
    browser.send("#unit", button={"go": "next"}, level_1="5")
    assert browser.path == browser.address("page/1")
    assert kept(web, trial) is None


def test_nothing_is_decided_here_then(web: Flask, trial: Trial, browser: Browser, elsewhere: Elsewhere) -> None:
    browser.log_in()
    assert browser.page.select("main form button[name=consent]") == []
    browser.go("review")
    assert browser.post("consent", consent="yes").status_code == 422
    assert kept(web, trial) is None


def test_after_closing_a_yes_is_too_late_and_a_no_still_counts(
    web: Flask, trial: Trial, clock: HandClock, browser: Browser, elsewhere: Elsewhere
) -> None:
    elsewhere.decided[NUMBER] = YES
    browser.log_in()
    with web.app_context():
        here = Trial(session().merge(trial.survey), access.now())
        here.close()
        session().close()
    clock.pass_by(hours=2)
    elsewhere.decided[NUMBER] = NO
    browser.log_in()
    assert kept(web, trial) is None
    elsewhere.decided[NUMBER] = YES
    browser.log_in()
    assert kept(web, trial) is None
