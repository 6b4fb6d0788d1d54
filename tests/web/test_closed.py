"""After closing nobody starts; who has begun may finish in the grace; afterwards the page says what happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.extensions import session
from app.services.surveys import get_survey
from tests.people import Trial
from tests.web.client import Browser
from tests.web.conftest import HandClock
from tests.web.test_journey import answer

Devices = Callable[[], Browser]


@pytest.fixture
def close(web: Flask, trial: Trial, clock: HandClock) -> Callable[[], None]:
    """The contact person's button."""

    def close() -> None:
        with web.app_context():
            survey = get_survey(session(), trial.survey.id)
            survey.state, survey.closed_at = "closed", clock.now
            session().commit()

    return close


Close = Callable[[], None]


def test_nobody_starts_after_closing(close: Close, browser: Browser) -> None:
    close()
    browser.go()
    assert browser.status == 200
    assert browser.heading == "The survey has closed"
    assert "What happens next" in browser.text
    browser.go("login")
    assert browser.heading == "Log in to try it out"
    browser.send(person="0")
    assert browser.status == 410
    assert browser.heading == "The survey has closed"


def test_who_has_begun_finishes_in_the_grace(
    web: Flask, trial: Trial, close: Close, clock: HandClock, browser: Browser
) -> None:
    browser.begin()
    close()
    clock.pass_by(minutes=20)
    browser.send("#answers", button={"go": "next"}, workload_1="3")
    assert answer(web, trial, "workload_1") == 3
    browser.go()
    assert "You can finish until" in browser.text
    browser.go("review")
    browser.send()
    assert browser.heading == "Thank you, your answers are submitted"


def test_who_has_begun_may_log_in_again_in_the_grace(
    close: Close, clock: HandClock, browser: Browser, open_browser: Devices
) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="3")
    close()
    other = open_browser()
    other.log_in()
    assert other.heading.startswith("Page 2")


def test_too_late_is_refused_and_says_what_counts(
    web: Flask, trial: Trial, close: Close, clock: HandClock, browser: Browser
) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="3")
    page = browser.go("page/1")
    close()
    clock.pass_by(minutes=29)
    browser.go("page/1")
    clock.pass_by(minutes=2)
    browser.page = page
    browser.send("#answers", button={"go": "next"}, workload_1="5")
    assert browser.status == 410
    assert browser.heading == "The survey has closed"
    assert "Answers that were not submitted do not count" in browser.text
    assert answer(web, trial, "workload_1") == 3
    browser.page = page
    assert "Answers that were submitted count" in browser.autosave(1, workload_1="5")
    assert browser.status == 410


@pytest.mark.parametrize("step", ["continue", "consent", "unit", "page/1", "review", "delete", "your-data", "receipt"])
def test_every_page_is_closed_after_the_grace(trial: Trial, clock: HandClock, browser: Browser, step: str) -> None:
    browser.begin()
    clock.now = trial.opened.clock.grace_ends_at + timedelta(seconds=1)
    browser.go(step)
    assert browser.status == 410
    assert browser.heading == "The survey has closed"


def test_after_the_keys_are_destroyed_pages_still_answer(
    web: Flask, trial: Trial, clock: HandClock, browser: Browser
) -> None:
    browser.begin()
    with web.app_context():
        trial.survey = get_survey(session(), trial.survey.id)
        trial.now = clock.now
        trial.close()
    clock.pass_by(hours=2)
    for step in ("", "page/1", "review"):
        browser.go(step)
        assert browser.heading == "The survey has closed"
    browser.go("preview")
    assert browser.status == 200


def test_deleting_after_closing_is_refused(close: Close, clock: HandClock, browser: Browser) -> None:
    browser.begin()
    browser.go("delete")
    close()
    clock.pass_by(minutes=31)
    browser.send()
    assert browser.status == 410


def test_consent_can_be_taken_back_after_closing(
    web: Flask, trial: Trial, close: Close, clock: HandClock, browser: Browser
) -> None:
    browser.go("login")
    browser.send(person="0")
    browser.go("consent")
    browser.send(consent="yes")
    close()
    clock.now += timedelta(hours=1)
    with web.app_context():
        survey = get_survey(session(), trial.survey.id)
        Trial(survey, clock.now).sweep()
    browser.post("logout")
    browser.go()
    assert "Take back my consent" in browser.text
    browser.go("withdraw")
    browser.send(person="0")
    assert browser.heading == "Take back your consent to research"
    assert "You said yes to research" in browser.text
    assert "a copy" not in browser.text
    browser.send()
    assert "research does not get your answers" in browser.text
    assert "a copy" not in browser.text
    assert "There is no consent from you here" in browser.text


@pytest.mark.parametrize("language", ["en", "nb"])
def test_who_takes_back_after_the_export_learns_that_research_has_a_copy(
    web: Flask, trial: Trial, close: Close, clock: HandClock, browser: Browser, language: str
) -> None:
    browser.go("login")
    browser.send(person="0")
    browser.go("consent")
    browser.send(consent="yes")
    close()
    clock.now += timedelta(hours=1)
    with web.app_context():
        survey = get_survey(session(), trial.survey.id)
        Trial(survey, clock.now).sweep()
        get_survey(session(), trial.survey.id).exported_at = clock.now
        session().commit()
    browser.post("logout")
    browser.go("withdraw")
    browser.send(person="0")
    browser.go("withdraw", language=language)
    said, done, later, untrue = {
        "en": ("Research has already fetched", "Research already has a copy", "If you said yes", "does not get"),
        "nb": ("Forskningen har alt hentet", "Forskningen har alt en kopi", "Hvis du sa ja", "får ikke svarene"),
    }[language]
    assert said in browser.text
    assert "must@example.org" in browser.text
    assert untrue not in browser.text
    browser.send(language=language)
    assert done in browser.text
    assert "must@example.org" in browser.text
    assert untrue not in browser.text
    browser.go("withdraw", language=language)
    assert later in browser.text


def test_nothing_to_take_back_for_who_never_consented(
    web: Flask, trial: Trial, close: Close, clock: HandClock, browser: Browser
) -> None:
    close()
    clock.now += timedelta(hours=1)
    browser.go("withdraw")
    browser.send(person="1")
    assert "There is no consent from you here" in browser.text
    clock.now += timedelta(weeks=10)
    browser.go()
    assert "Take back my consent" not in browser.text


def test_after_the_deletion_nothing_is_announced_that_has_happened(
    close: Close, clock: HandClock, browser: Browser, trial: Trial
) -> None:
    close()
    clock.now = trial.opened.clock.deletes_at - timedelta(seconds=1)
    browser.go()
    assert "What happens next" in browser.text
    clock.pass_by(seconds=2)
    browser.go()
    assert "all answers and everything about who had answered were deleted" in browser.text
    assert "What happens next" not in browser.text


def test_contact_person_has_the_reports_once_they_are_published(
    web: Flask, trial: Trial, close: Close, browser: Browser
) -> None:
    close()
    with web.app_context():
        get_survey(session(), trial.survey.id).state = "reported"
        session().commit()
    browser.go()
    assert "The reports are ready" in browser.text
    assert "The reports are made, usually" not in browser.text


def test_link_that_was_copied_with_a_slash_behind_it_works(browser: Browser) -> None:
    browser.get(f"/s/{browser.code}/")
    assert browser.status == 200
    assert browser.heading == "What is it like to work here?"
