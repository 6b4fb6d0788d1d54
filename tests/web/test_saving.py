"""Saving within a page, an expired login, and many at once: no saved answer is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from app.db.answers import ResponseRow
from app.extensions import db, session
from tests.people import Trial
from tests.web.client import Browser, check_fragment
from tests.web.conftest import BOTH, HandClock
from tests.web.test_journey import answer, stored

Devices = Callable[[], Browser]


def test_autosave_saves_and_answers_with_a_part_of_the_page(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    fragment = browser.autosave(1, workload_1="4")
    assert browser.status == 200
    check_fragment(BeautifulSoup(fragment, "html.parser"))
    assert "Saved" in fragment
    assert answer(web, trial, "workload_1") == 4
    browser.go("page/1")
    assert fragment in browser.html


def test_page_says_saved_only_when_something_is(browser: Browser) -> None:
    browser.begin()
    assert browser.page.select_one(".saved") is None
    assert browser.page.select_one("#saved")["role"] == "status"  # type: ignore[index]


def test_autosave_goes_where_the_form_goes(browser: Browser) -> None:
    browser.begin()
    form = browser.page.select_one("#answers")
    assert form is not None
    assert form["hx-post"] == form["action"] == browser.address("page/1")
    assert form["method"] == "post"


def test_change_and_change_back_is_saved_as_seen(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="3")
    browser.go("page/1")
    fragment = browser.autosave(1, workload_1="4")
    before = str(BeautifulSoup(fragment, "html.parser").select_one("[name=before]")["value"])  # type: ignore[index]
    browser.autosave(1, workload_1="3", before=before)
    assert answer(web, trial, "workload_1") == 3


def test_without_the_former_state_every_answer_is_saved(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="3")
    browser.go("page/1")
    browser.autosave(1, workload_1="4")
    browser.autosave(1, workload_1="3", before="")
    assert answer(web, trial, "workload_1") == 3


@pytest.mark.parametrize("value", ["6", "-1", "x", "", "11", "²", "1.0"])
def test_value_that_is_no_category_is_refused(web: Flask, trial: Trial, browser: Browser, value: str) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="2")
    browser.go("page/1")
    assert browser.post("page/1", workload_1=value, role_clarity_1="1").status_code == 422
    assert answer(web, trial, "workload_1") == 2
    assert answer(web, trial, "role_clarity_1") == 255


def test_item_of_another_page_is_not_saved_here(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.post("page/1", workload_1="2", autonomy_1="2", unit="3", bullying_1="5")
    assert answer(web, trial, "workload_1") == 2
    assert answer(web, trial, "autonomy_1") == 255
    assert answer(web, trial, "bullying_1") == 255


def test_answers_sent_after_the_login_expired_are_saved_at_the_next(
    web: Flask, trial: Trial, clock: HandClock, browser: Browser
) -> None:
    browser.begin()
    clock.pass_by(minutes=31)
    browser.send("#answers", button={"go": "next"}, workload_1="4", role_clarity_2="0")
    assert browser.heading == "Log in to try it out"
    assert answer(web, trial, "workload_1") == 255
    browser.send(person="0")
    assert browser.heading.startswith("Page 1")
    assert "have now been saved" in browser.text
    assert browser.chosen == {"workload_1": "4", "role_clarity_2": "0"}
    assert answer(web, trial, "workload_1") == 4


def test_answers_that_wait_for_the_login_survive_a_database_that_is_away_just_then(
    web: Flask, trial: Trial, clock: HandClock, browser: Browser
) -> None:
    """The same login is sent once more, from the same page."""
    browser.begin()
    clock.pass_by(minutes=31)
    browser.send("#answers", button={"go": "next"}, workload_1="5")
    fields = {**browser.standing_in(browser.page.select_one("form:has(#number)")), "person": "0"}  # type: ignore[arg-type]

    def is_away(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "response" in statement:
            raise OperationalError(statement, {}, Exception("away"))

    with web.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", is_away)
    try:
        assert browser.client.post(browser.path, data=fields).status_code == 503
    finally:
        event.remove(engine, "before_cursor_execute", is_away)
    assert browser.client.post(browser.path, data=fields).status_code == 303
    assert answer(web, trial, "workload_1") == 5


def test_autosave_after_the_login_expired_says_so_and_keeps_the_answer(
    web: Flask, trial: Trial, clock: HandClock, browser: Browser
) -> None:
    browser.begin()
    clock.pass_by(minutes=31)
    fragment = browser.autosave(1, workload_1="4")
    assert browser.status == 401
    assert "Your answer is kept" in fragment
    assert browser.address("login") in fragment
    browser.autosave(1, workload_1="4", workload_2="2")
    browser.log_in()
    assert [answer(web, trial, item) for item in ("workload_1", "workload_2")] == [4, 2]


def test_kept_answers_are_never_given_to_somebody_else(
    web: Flask, trial: Trial, clock: HandClock, browser: Browser
) -> None:
    browser.begin(person=0)
    clock.pass_by(minutes=31)
    browser.send("#answers", button={"go": "next"}, workload_1="4")
    browser.log_in(person=1)
    browser.log_in(person=0)
    assert stored(web, trial, 1) is None
    assert answer(web, trial, "workload_1") == 255


def test_tab_opened_before_logging_in_again_still_saves(
    web: Flask, trial: Trial, clock: HandClock, browser: Browser
) -> None:
    browser.begin()
    early = browser.page
    clock.pass_by(minutes=31)
    browser.log_in()
    browser.page = early
    browser.autosave(1, workload_1="5")
    assert browser.status == 200
    assert answer(web, trial, "workload_1") == 5


def test_form_of_somebody_elses_login_is_refused(browser: Browser) -> None:
    browser.begin(person=0)
    early = browser.page
    browser.log_in(person=1)
    browser.page = early
    fragment = browser.autosave(1, workload_1="5")
    assert browser.status == 400
    assert "Nothing that was saved is lost" in fragment


def test_login_ends_after_two_hours_whatever_happens(clock: HandClock, browser: Browser) -> None:
    browser.begin()
    for _ in range(5):
        clock.pass_by(minutes=25)
        browser.go("page/1")
    assert browser.heading == "Log in to try it out"


def test_kept_answers_fit_into_a_cookie(web: Flask, clock: HandClock, trial: Trial, browser: Browser) -> None:
    browser.begin()
    pages = [browser.go(f"page/{number}") for number in range(1, 7)]
    clock.pass_by(minutes=31)
    for page in pages:
        browser.page = page
        radios = {str(radio["name"]) for radio in page.select("input[type=radio]")}
        browser.send("#answers", button={"go": "next"}, **dict.fromkeys(radios, "2"))
    cookie = browser.client.get_cookie("must", path="/s")
    assert cookie is not None
    assert len(cookie.value) < 4000
    browser.log_in()
    found = stored(web, trial)
    assert found is not None
    assert set(found.answers[:37]) == {2}


@BOTH
def test_two_devices_ten_tabs_and_fifty_posts_at_once_make_one_response_without_a_lost_page(
    web: Flask, trial: Trial, open_browser: Callable[[], Browser]
) -> None:
    posts: list[tuple[str, str, dict[str, str]]] = []
    chosen = {}
    for device in (open_browser(), open_browser()):
        device.log_in()
        device.send(button={"consent": "no"})
        cookie = device.client.get_cookie("must", path="/s")
        assert cookie is not None
        for number in range(1, 6):
            page = device.go(f"page/{number}")
            items = sorted({str(radio["name"]) for radio in page.select("input[type=radio]")})
            for place in range(5):
                item = items[(len(posts) + place) % len(items)]
                chosen[item] = str(len(item) % 2 + 1)
                data = {"csrf_token": device.token, "save": "1", item: chosen[item]}
                posts.append((cookie.value, device.address(f"page/{number}"), data))
    assert len(posts) == 50
    start = Barrier(50)

    def send(post: tuple[str, str, dict[str, str]]) -> int:
        cookie, path, data = post
        client = web.test_client()
        client.set_cookie("must", cookie, path="/s")
        start.wait()
        return client.post(path, data=data).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(send, posts)) == {200}
    assert {item: str(answer(web, trial, item)) for item in chosen} == chosen
    assert len(chosen) > 20
    with web.app_context():
        assert session().scalar(select(func.count()).select_from(ResponseRow)) == 1


def test_failing_database_says_that_the_last_answers_are_not_saved(web: Flask, browser: Browser) -> None:
    browser.begin()
    with web.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE response RENAME TO gone")
    browser.send("#answers", button={"go": "next"}, workload_1="2")
    assert browser.status == 503
    assert browser.heading == "We cannot save just now"
    assert "could not be saved" in browser.text
    assert browser.page.select_one("main a")["href"] == browser.address("page/1")  # type: ignore[index]
    browser.go()
    assert browser.status == 503
