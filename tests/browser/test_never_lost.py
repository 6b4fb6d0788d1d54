"""Whatever happens to the net, the server or the browser: every answer that was acknowledged is stored (spec 5.5)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import BaseWSGIServer, make_server

from app import create_app
from app.domain.identifiers import synthetic_identity_number
from app.domain.responses import Response
from app.extensions import db, key_ring, session, settings
from app.services import answering
from app.services.surveys import find_opened
from app.web import access
from app.web.questionnaire.visit import answers_of
from tests.browser.conftest import Site, Visitor, begin, log_in, new_survey
from tests.browser.test_journeys import SAVED, radio
from tests.conftest import dispose, sqlite_app

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 400 * 1024 / 8, "uploadThroughput": 400 * 1024 / 8}
NEXT = "#answers .steps button[value=next]"


def response_of(site: Site, serial: int) -> Response | None:
    """What the database holds of this person."""
    with site.app.app_context():
        survey = find_opened(session(), site.code)
        assert survey is not None
        number, name = synthetic_identity_number(serial), "Synthetic Person"
        keys, public_key = key_ring(), settings().research_public_key
        who = answering.recognise(session(), keys, public_key, survey.setup, number=number, name=name)
        response = answering.find_response(session(), keys, survey.setup, who)
        db.session.remove()
        return response


def stored(site: Site, serial: int) -> dict[str, int]:
    """Item id -> value."""
    with site.app.app_context():
        survey = find_opened(session(), site.code)
        assert survey is not None
        items = (item for theme in survey.setup.themes for item in theme.items)
        found = answers_of(response_of(site, serial), survey.setup, items)
        db.session.remove()
        return found


def choose(page: Page, **answers: int) -> None:
    for item, value in answers.items():
        page.check(radio(page, item, value))


def see_saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(SAVED)


def see_stored(site: Site, serial: int, **answers: int) -> None:
    """What is sent while a page is left may arrive after the next page has."""
    deadline = time.monotonic() + 20
    while stored(site, serial) != answers and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stored(site, serial) == answers


# The net


def test_what_was_chosen_while_offline_is_sent_when_the_net_is_back(visit: Visitor, site: Site) -> None:
    page = visit()
    page.clock.install()
    serial = begin(page, site)
    choose(page, workload_1=2)
    page.clock.run_for(1000)
    see_saved(page)
    page.context.set_offline(True)
    choose(page, workload_1=3, workload_2=4)
    page.clock.run_for(1000)
    expect(page.locator("#saved")).to_have_text("Not saved. We keep trying.")
    for _ in range(6):
        page.clock.run_for(10_000)  # a minute, with its vain tries
        expect(page.locator("#saved")).to_have_text("Not saved. We keep trying.")
    choose(page, role_clarity_1=5)
    page.clock.run_for(1000)
    assert stored(site, serial) == {"workload_1": 2}
    page.context.set_offline(False)
    page.clock.run_for(31_000)
    see_saved(page)
    assert stored(site, serial) == {"workload_1": 3, "workload_2": 4, "role_clarity_1": 5}


def test_page_is_left_when_everything_on_it_is_saved_and_not_before(visit: Visitor, site: Site) -> None:
    page = visit()
    serial = begin(page, site)
    page.context.set_offline(True)
    choose(page, workload_1=3)
    page.click(NEXT)
    expect(page.locator("#saved")).to_have_text("Not saved. We keep trying.")
    assert page.url.endswith("/page/1")
    choose(page, workload_2=1)
    page.context.set_offline(False)
    page.wait_for_url("**/page/2")
    assert stored(site, serial) == {"workload_1": 3, "workload_2": 1}


def test_saving_that_takes_long_is_said(visit: Visitor, site: Site) -> None:
    page = visit()
    begin(page, site)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", {**SLOW_3G, "latency": 3000})
    choose(page, workload_1=3)
    expect(page.locator("#saved")).to_have_text("Saving …")
    see_saved(page)


def test_slow_3g_loses_nothing_of_who_answers_fast(visit: Visitor, site: Site) -> None:
    page = visit()
    serial = begin(page, site)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", SLOW_3G)
    for value in (1, 2, 3, 4):
        choose(page, workload_1=value, workload_2=5 - value)
        page.wait_for_timeout(150)
    choose(page, role_clarity_1=2)
    page.click(NEXT)
    page.wait_for_url("**/page/2")
    assert stored(site, serial) == {"workload_1": 4, "workload_2": 1, "role_clarity_1": 2}
    item = page.locator("input[type=radio]").first
    name = str(item.get_attribute("name"))
    item.check()
    see_saved(page)
    assert stored(site, serial)[name] == 1


# The server


@dataclass
class Machine:
    """A server that can be stopped and started anew on the same address and the same data."""

    app: Flask
    port: int = 0
    server: BaseWSGIServer | None = None
    thread: threading.Thread | None = None

    def start(self) -> None:
        self.server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        assert self.server is not None
        assert self.thread is not None
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        with self.app.app_context():
            dispose()

    def restart(self) -> None:
        """As after an update: a new process knows only what is on the disk."""
        self.app = create_app(self.app.config["SETTINGS"])
        self.start()


@contextmanager
def machine(folder: Path, migrated: Path) -> Iterator[Machine]:
    one = Machine(sqlite_app(folder, migrated))
    one.start()
    try:
        yield one
    finally:
        one.stop()


def test_server_restarted_within_a_page_and_between_pages_loses_nothing(
    visit: Visitor, site: Site, tmp_path: Path, migrated: Path
) -> None:
    with machine(tmp_path, migrated) as own:
        with own.app.app_context():
            code = new_survey()
        restarted = Site(own.app, f"http://127.0.0.1:{own.port}", code)
        page = visit(site=restarted)
        serial = begin(page, restarted)
        choose(page, workload_1=2)
        see_saved(page)
        own.stop()
        choose(page, workload_2=3)
        expect(page.locator("#saved")).to_have_text("Not saved. We keep trying.")
        own.restart()
        see_saved(page)
        page.click(NEXT)
        page.wait_for_url("**/page/2")
        own.stop()
        own.restart()
        item = page.locator("input[type=radio]").first
        name = str(item.get_attribute("name"))
        item.check()
        page.click(NEXT)
        page.wait_for_url("**/page/3")
        known = Site(own.app, restarted.address, code)
        assert stored(known, serial) == {"workload_1": 2, "workload_2": 3, name: 1}


# The person


def test_submitting_twice_is_submitting_once(visit: Visitor, site: Site) -> None:
    page = visit()
    serial = begin(page, site)
    choose(page, workload_1=4)
    page.click(NEXT)
    page.wait_for_url("**/page/2")
    page.goto(f"{site.survey}/review")
    other = page.context.new_page()
    other.goto(page.url)
    page.dblclick("form.steps button")
    expect(page.locator("h1")).to_have_text("Thank you, your answers are submitted")
    other.click("form.steps button")
    expect(other.locator("h1")).to_have_text("Thank you, your answers are submitted")
    response = response_of(site, serial)
    assert response is not None
    assert response.is_submitted
    assert stored(site, serial) == {"workload_1": 4}


def test_next_pressed_twice_saves_once_and_goes_on(visit: Visitor, site: Site) -> None:
    page = visit()
    serial = begin(page, site)
    choose(page, workload_1=4)
    page.dblclick(NEXT)
    page.wait_for_url(re.compile("/page/[23]$"))
    assert stored(site, serial) == {"workload_1": 4}


@pytest.mark.parametrize("has_javascript", [True, False], ids=["javascript", "no javascript"])
def test_back_button_shows_what_was_saved_since(visit: Visitor, site: Site, *, has_javascript: bool) -> None:
    page = visit(java_script_enabled=has_javascript)
    serial = begin(page, site)
    choose(page, workload_1=4)
    page.click(NEXT)
    page.wait_for_url("**/page/2")
    page.go_back()
    page.wait_for_url("**/page/1")
    expect(page.locator(radio(page, "workload_1", 4))).to_be_checked()
    choose(page, workload_1=2, workload_2=5)
    page.click(NEXT)
    page.wait_for_url("**/page/2")
    page.go_back()
    page.go_forward()
    page.wait_for_url("**/page/2")
    page.click(NEXT)
    page.wait_for_url("**/page/3")
    assert stored(site, serial) == {"workload_1": 2, "workload_2": 5}


def test_reload_at_any_moment_keeps_what_was_chosen(visit: Visitor, site: Site) -> None:
    page = visit()
    serial = begin(page, site)
    for value, moment in enumerate((0, 200, 395, 450), start=1):
        choose(page, workload_1=value)
        page.wait_for_timeout(moment)
        page.reload()
        see_stored(site, serial, workload_1=value)
    page.reload()
    expect(page.locator(radio(page, "workload_1", 4))).to_be_checked()


def test_answer_is_saved_even_when_the_page_is_left_at_once(visit: Visitor, site: Site) -> None:
    page = visit()
    serial = begin(page, site)
    choose(page, workload_1=5)
    page.click("footer a >> nth=0")
    page.wait_for_url(site.survey)
    see_stored(site, serial, workload_1=5)


@pytest.mark.parametrize("has_own_device", [False, True], ids=["two tabs", "two devices"])
def test_two_at_once_keep_every_answer(visit: Visitor, site: Site, *, has_own_device: bool) -> None:
    phone = visit(width=360)
    serial = begin(phone, site)
    other = visit() if has_own_device else phone.context.new_page()
    if has_own_device:
        log_in(other, site, "login?next=page&number=1", serial=serial)
    else:
        other.goto(phone.url)
    choose(phone, workload_1=1)
    choose(other, workload_2=2, role_clarity_1=3)
    for page in (phone, other):
        see_saved(page)
    choose(other, workload_1=5)
    for page in (phone, other):
        page.click(NEXT)
        page.wait_for_url("**/page/2")
    assert stored(site, serial) == {"workload_1": 5, "workload_2": 2, "role_clarity_1": 3}


@pytest.mark.parametrize("has_javascript", [True, False], ids=["javascript", "no javascript"])
def test_login_that_ends_within_a_page_keeps_what_was_chosen(
    visit: Visitor, site: Site, monkeypatch: pytest.MonkeyPatch, *, has_javascript: bool
) -> None:
    page = visit(java_script_enabled=has_javascript)
    serial = begin(page, site)
    choose(page, workload_1=4)
    page.click(NEXT)
    page.wait_for_url("**/page/2")
    monkeypatch.setattr(access, "now", lambda: datetime.now(UTC) + timedelta(minutes=31))
    item = page.locator("input[type=radio]").first
    name = str(item.get_attribute("name"))
    item.check()
    page.click(NEXT)
    page.wait_for_url("**/login?**")
    assert stored(site, serial) == {"workload_1": 4}
    log_in(page, site, page.url.removeprefix(f"{site.survey}/"), serial=serial)
    expect(page.locator(".notice-good")).to_contain_text("have now been saved")
    assert stored(site, serial) == {"workload_1": 4, name: 1}
