"""From the letter to the receipt without JavaScript, and everything that may come between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from app.domain.responses import UNANSWERED, Response
from app.extensions import key_ring, session
from app.services import answering
from app.services.register import Consent
from app.services.survey_keys import KeyRing
from tests.people import TREE, Trial
from tests.web.client import Browser
from tests.web.conftest import BOTH, HandClock

N_PAGES = 6
Devices = Callable[[], Browser]


@contextmanager
def looking(web: Flask) -> Iterator[KeyRing]:
    """The services beside the web, for looking at what is stored."""
    with web.app_context():
        yield key_ring()
        session().rollback()


def stored(web: Flask, trial: Trial, serial: int = 0) -> Response | None:
    with looking(web) as keys:
        return answering.find_response(session(), keys, trial.opened.setup, trial.person(serial))


def stored_consent(web: Flask, trial: Trial, serial: int = 0) -> Consent | None:
    with looking(web) as keys:
        return answering.get_consent(session(), keys, trial.opened.setup, trial.person(serial))


def answer(web: Flask, trial: Trial, item: str) -> int:
    found = stored(web, trial)
    assert found is not None
    items = [item.id for theme in trial.opened.setup.instrument.themes for item in theme.items]
    return found.answers[items.index(item)]


@BOTH
def test_whole_journey_without_javascript(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.go()
    assert browser.heading == "What is it like to work here?"
    assert "about 8 minutes" in browser.text
    browser.go("continue")
    assert browser.heading == "Log in to try it out"
    browser.send(person="0")
    assert browser.heading == "Consent to research"
    browser.send(button={"consent": "yes"})
    assert browser.heading == "Your unit"
    browser.send("#unit", button={"go": "show"}, level_1="1")
    browser.send("#unit", button={"go": "next"}, level_2="2")
    for number in range(1, N_PAGES + 1):
        assert browser.heading == f"Page {number} of {N_PAGES}"
        radios = {str(radio["name"]) for radio in browser.page.select("input[type=radio]")}
        browser.send("#answers", button={"go": "next"}, **dict.fromkeys(radios, "2"))
    assert browser.heading == "Look over your answers"
    assert "A › A1" in browser.text
    assert "Not answered" not in browser.text
    browser.send()
    assert browser.heading == "Thank you, your answers are submitted"

    found = stored(web, trial)
    assert found is not None
    assert found.is_submitted
    assert TREE.units[found.unit or 0].path == ("A", "A1")
    assert set(found.answers[:37]) == {2}
    consent = stored_consent(web, trial)
    assert consent == Consent(True, "2026-1")


def test_answers_are_there_on_another_device(browser: Browser, open_browser: Devices) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="4", role_clarity_1="0")
    other = open_browser()
    other.log_in()
    assert other.heading == f"Page 2 of {N_PAGES}"
    other.go("page/1")
    assert other.chosen == {"workload_1": "4", "role_clarity_1": "0"}


def test_nothing_is_required(browser: Browser) -> None:
    browser.begin()
    for _ in range(N_PAGES):
        browser.send("#answers", button={"go": "next"})
    assert browser.heading == "Look over your answers"
    browser.send()
    assert browser.heading == "Thank you, your answers are submitted"


def test_back_saves_too(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.go("page/2")
    browser.send("#answers", button={"go": "back"}, autonomy_1="5")
    assert browser.heading == f"Page 1 of {N_PAGES}"
    assert answer(web, trial, "autonomy_1") == 5
    browser.send("#answers", button={"go": "back"})
    assert browser.heading == "Your unit"


def test_answer_is_taken_back_by_declining(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="5")
    browser.go("page/1")
    browser.send("#answers", button={"go": "next"}, workload_1="0")
    assert answer(web, trial, "workload_1") == 0


def test_tab_opened_earlier_undoes_nothing(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="1", workload_2="1")
    early = browser.go("page/1")
    browser.send("#answers", button={"go": "next"}, workload_1="4", role_clarity_1="3")
    browser.page = early
    browser.send("#answers", button={"go": "next"}, workload_2="5")
    assert [answer(web, trial, item) for item in ("workload_1", "workload_2", "role_clarity_1")] == [4, 5, 3]


def test_two_tabs_on_two_pages_both_save(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    first, second = browser.page, browser.go("page/2")
    browser.send("#answers", button={"go": "next"}, autonomy_1="2")
    browser.page = first
    browser.send("#answers", button={"go": "next"}, workload_1="3")
    browser.page = second
    browser.send("#answers", button={"go": "next"}, autonomy_2="1")
    assert [answer(web, trial, item) for item in ("autonomy_1", "autonomy_2", "workload_1")] == [2, 1, 3]


def test_language_button_saves_first_and_keeps_answers(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"language": "nb"}, workload_1="4")
    assert browser.page.html is not None
    assert browser.page.html["lang"] == "nb"
    assert browser.heading == f"Side 1 av {N_PAGES}"
    assert browser.chosen == {"workload_1": "4"}
    assert answer(web, trial, "workload_1") == 4


def test_language_buttons_belong_to_the_form_of_the_page(browser: Browser) -> None:
    browser.begin()
    buttons = browser.page.select("button[name=language]")
    assert {button["form"] for button in buttons} == {"answers"}
    owned = browser.page.select("[form=answers], #answers button")
    assert owned[0].get("value") == "next", "Enter would switch the language"


def test_language_is_remembered_and_leaves_the_address(browser: Browser) -> None:
    browser.get(browser.address() + "?language=nb")
    assert browser.heading == "Hvordan er det å jobbe her?"
    browser.go()
    assert browser.heading == "Hvordan er det å jobbe her?"


def test_language_button_keeps_the_chosen_levels(browser: Browser) -> None:
    browser.log_in()
    browser.send(button={"consent": "no"})
    browser.send("#unit", button={"language": "nb"}, level_1="1")
    assert browser.heading == "Enheten din"
    assert Browser.standing_in(browser.page.select_one("#unit"))["level_1"] == "1"  # type: ignore[arg-type]


def test_consent_is_two_equal_buttons_and_can_be_changed(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.log_in()
    buttons = browser.page.select("main form button")
    assert [button["value"] for button in buttons] == ["yes", "no"]
    assert buttons[0]["class"] == buttons[1]["class"]
    assert not browser.page.select("main [checked], main [autofocus]")
    browser.send(button={"consent": "yes"})
    browser.go("consent")
    assert "You have said yes." in browser.text
    browser.send(button={"consent": "no"})
    found = stored_consent(web, trial)
    assert found is not None
    assert not found.is_given


def test_consent_without_a_choice_is_asked_again(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.log_in()
    browser.send()
    assert browser.status == 422
    assert stored_consent(web, trial) is None


def test_consent_to_another_text_is_not_stored(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.log_in()
    browser.send(button={"consent": "yes"}, version="1999-1")
    assert browser.status == 422
    assert stored_consent(web, trial) is None


def test_submitting_without_a_unit_leads_to_the_choice(browser: Browser) -> None:
    browser.log_in()
    browser.send(button={"consent": "no"})
    browser.go("page/1")
    browser.send("#answers", button={"go": "next"}, workload_1="1")
    browser.go("review")
    browser.send()
    assert browser.status == 422
    assert browser.page.select_one(".notice-problem a")["href"] == browser.address("unit")  # type: ignore[index]
    browser.go("receipt")
    assert browser.heading == "Look over your answers"


def test_submitted_answers_can_be_changed_and_stay_submitted(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.go("review")
    browser.send()
    browser.go()
    assert "You have answered" in browser.text
    browser.go("page/1")
    browser.send("#answers", button={"go": "next"}, workload_1="2")
    found = stored(web, trial)
    assert found is not None
    assert found.is_submitted
    assert found.answers[0] == 2
    browser.go("review")
    assert not browser.page.select("main form")


@BOTH
def test_deleting_takes_everything_and_one_may_begin_again(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="2")
    browser.go("delete")
    browser.send()
    assert "All your answers have been deleted." in browser.text
    assert stored(web, trial) is None
    browser.go("delete")
    assert browser.heading == "What is it like to work here?"
    browser.go("continue")
    browser.send("#unit", button={"go": "next"}, level_1="5")
    found = stored(web, trial)
    assert found is not None
    assert set(found.answers) == {UNANSWERED}


def test_your_data_says_what_is_stored(browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="2")
    browser.go("your-data")
    assert "You have said no to research" in browser.text
    assert "1 question answered." in browser.text
    assert "Unit: B." in browser.text


def test_logging_out_forgets_everything(browser: Browser) -> None:
    browser.begin()
    browser.send("footer form")
    assert browser.path == browser.address()
    browser.go("page/1")
    assert browser.heading == "Log in to try it out"


def test_review_says_where_the_answer_goes(browser: Browser) -> None:
    browser.begin(unit={"level_1": "1", "level_2": "4"})
    browser.go("review")
    reports = [report.get_text(" ", strip=True) for report in browser.page.select(".reports li")]
    assert reports == ["A", "Prøvetilsynet (the whole organisation)"], "the catch-all has no report"
    assert "5 or more: a mean per theme" in browser.text
    assert "only from 50 answers" in browser.text
    assert "11 November 2026" in browser.text
    assert "10 December 2026" in browser.text


def test_review_counts_what_is_answered_and_leads_to_submitting(browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="2", workload_2="0")
    browser.go("review")
    assert re.search("You have answered 1 of [0-9]+ questions", browser.text)
    assert browser.page.select("main a[href='#submit']")
    assert browser.page.select("form#submit")


def test_link_in_is_reached_after_logging_in(browser: Browser) -> None:
    browser.go("page/4")
    assert browser.heading == "Log in to try it out"
    browser.send(person="0")
    assert browser.heading == f"Page 4 of {N_PAGES}"


def test_after_logging_in_nobody_is_sent_elsewhere(browser: Browser) -> None:
    for place in ("https://example.org", "//example.org", "login.log_out", "static", "../nix"):
        browser.get(browser.address(f"login?next={place}"))
        answer = browser.client.post(
            browser.address(f"login?next={place}"), data={"person": "1", "csrf_token": browser.token}
        )
        assert answer.headers["Location"] == browser.address("continue")


def test_real_identity_number_is_refused_in_the_demo(browser: Browser) -> None:
    browser.go("login")
    browser.send("main form:nth-of-type(2)", number="01014000058")
    assert browser.status == 422
    browser.send("main form:nth-of-type(2)", number="12345678901")
    assert browser.status == 422
    browser.send("main form:nth-of-type(2)", number="018140 00008")
    assert browser.heading == "Consent to research"


def test_dates_are_counted_from_access(clock: HandClock, browser: Browser) -> None:
    browser.go()
    facts = dict(
        zip(
            (dt.get_text(strip=True) for dt in browser.page.select(".facts dt")),
            (dd.get_text(strip=True) for dd in browser.page.select(".facts dd")),
            strict=True,
        )
    )
    assert facts["Please answer by"] == "15 October 2026"
    assert facts["Closes at the latest"] == "11 November 2026"
    assert facts["All answers are deleted"] == "10 December 2026"
