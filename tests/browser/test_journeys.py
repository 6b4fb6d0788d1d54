"""Whole visits in a real browser: with JavaScript, without it, and with nothing but a keyboard."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from app.web import access
from tests.browser.conftest import Site, Visitor, begin, log_in

SAVED = re.compile("Saved")


def radio(page: Page, item: str, value: int) -> str:
    return f"input[name={item}][value='{value}']"


def test_visit_with_javascript(visit: Visitor, site: Site) -> None:
    page = visit(width=400)
    page.goto(site.survey)
    page.click("a.button-large >> nth=0")
    log_in(page, site, "login?next=go_on")
    page.click("button[value=yes]")
    address = page.url
    page.select_option("#level_1", label="Avdeling C")
    expect(page.locator("#level_2 option")).to_have_count(6)
    expect(page.locator("#level_2")).to_contain_text("Seksjon C3")
    page.select_option("#level_1", label="Avdeling D")
    expect(page.locator("#level_2")).to_contain_text("Seksjon D3")
    expect(page.locator("#level_2")).not_to_contain_text("Seksjon C3")
    assert page.url == address, "the levels came without leaving the page"
    page.select_option("#level_2", label="Seksjon D3")
    page.click("#unit button[value=next]")

    page.check(radio(page, "workload_1", 4))
    expect(page.locator("#saved")).to_have_text(SAVED)
    page.reload()
    expect(page.locator(radio(page, "workload_1", 4))).to_be_checked()
    page.check(radio(page, "role_clarity_1", 0))
    page.click("#answers .steps button[value=next]")
    page.wait_for_url("**/page/2")
    for number in range(3, 7):
        page.click("#answers .steps button[value=next]")
        page.wait_for_url(f"**/page/{number}")
    page.click("#answers .steps button[value=next]")
    expect(page.locator("h1")).to_have_text("Look over your answers")
    expect(page.locator("main")).to_contain_text("Avdeling D › Seksjon D3")
    page.click("form.steps button")
    expect(page.locator("h1")).to_have_text("Thank you, your answers are submitted")


def test_visit_without_javascript(visit: Visitor, site: Site) -> None:
    page = visit(width=400, java_script_enabled=False)
    log_in(page, site)
    page.click("button[value=no]")
    page.select_option("#level_1", label="Avdeling C")
    page.click("button[value=show]")
    page.select_option("#level_2", label="Seksjon C3")
    page.click("#unit button[value=next]")
    page.check(radio(page, "workload_1", 2))
    page.click("button[value=nb]")
    expect(page.locator("h1")).to_have_text("Side 1 av 6")
    expect(page.locator(radio(page, "workload_1", 2))).to_be_checked()
    for _ in range(6):
        page.click("#answers .steps button[value=next]")
    expect(page.locator("h1")).to_have_text("Se over svarene dine")
    expect(page.locator("main")).to_contain_text("Sjelden")
    page.click("form.steps button")
    expect(page.locator("h1")).to_have_text("Takk, svarene dine er sendt inn")


def press_until(page: Page, selector: str, key: str = "Tab") -> None:
    """Press `key` until `selector` has the focus, and see that the focus can be seen."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2")
            return
    pytest.fail(f"{selector} cannot be reached with {key}")


def test_visit_with_the_keyboard_alone(visit: Visitor, site: Site) -> None:
    page = visit()
    page.goto(site.survey)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    press_until(page, "a.button-large")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login?next=go_on")
    press_until(page, "button[name=person][value='7']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent")
    press_until(page, "button[value=no]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/unit")
    press_until(page, "#level_1")
    page.keyboard.type("Avdeling B")
    page.wait_for_selector("#level_2")
    expect(page.locator("#level_1")).to_be_focused()
    press_until(page, "#level_2")
    page.keyboard.type("Seksjon B2")
    press_until(page, "#unit .steps button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/page/1")
    press_until(page, "input[name=workload_1]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator(radio(page, "workload_1", 2))).to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_url("**/page/2")
    page.go_back()
    expect(page.locator(radio(page, "workload_1", 2))).to_be_checked()


def test_focus_is_never_hidden_behind_the_progress_strip(visit: Visitor, site: Site) -> None:
    page = visit(width=320)
    begin(page, site)
    page.keyboard.press("End")
    press_until(page, "#answers .steps button[value=next]")
    for _ in range(8):
        page.keyboard.press("Shift+Tab")
        top = page.evaluate("document.activeElement.getBoundingClientRect().top")
        strip = page.evaluate("document.querySelector('.progress-strip').getBoundingClientRect().bottom")
        assert top >= strip or page.evaluate("!document.activeElement.closest('.item, .steps')")


def test_search_shows_hits_while_typing(visit: Visitor, site: Site) -> None:
    page = visit()
    log_in(page, site)
    page.click("button[value=no]")
    page.locator("#search").press_sequentially("f3")
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.locator("#search")).to_be_focused()
    page.click(".hit")
    page.wait_for_url("**/page/1")
    page.click("#answers .steps button[value=back]")
    expect(page.locator(".chosen-unit")).to_contain_text("Avdeling F › Seksjon F3")


def test_failed_autosave_says_so_and_is_tried_again(visit: Visitor, site: Site) -> None:
    page = visit()
    begin(page, site)
    page.route("**/page/1", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.check(radio(page, "workload_1", 3))
    expect(page.locator("#saved")).to_have_text("Not saved. We keep trying.")
    page.unroute("**/page/1")
    expect(page.locator("#saved")).to_have_text(SAVED)
    page.reload()
    expect(page.locator(radio(page, "workload_1", 3))).to_be_checked()


def test_failing_server_is_told_like_a_failing_network(visit: Visitor, site: Site) -> None:
    page = visit()
    begin(page, site)
    page.route("**/page/1", lambda route: route.fulfill(status=503, body="<h1>proxy</h1>"))
    page.check(radio(page, "workload_1", 3))
    expect(page.locator("#saved")).to_have_text("Not saved. We keep trying.")
    page.unroute("**/page/1")
    expect(page.locator("#saved")).to_have_text(SAVED)


def test_change_and_change_back_ends_as_seen(visit: Visitor, site: Site) -> None:
    page = visit()
    begin(page, site)
    for value in (3, 5, 3):
        page.check(radio(page, "workload_1", value))
        page.wait_for_timeout(700)
    page.reload()
    expect(page.locator(radio(page, "workload_1", 3))).to_be_checked()


def test_answer_is_saved_even_when_the_page_is_left_at_once(visit: Visitor, site: Site) -> None:
    page = visit()
    begin(page, site)
    page.check(radio(page, "workload_1", 5))
    page.click("footer a >> nth=0")
    page.wait_for_url(site.survey)
    page.goto(f"{site.survey}/page/1")
    expect(page.locator(radio(page, "workload_1", 5))).to_be_checked()


def slowly(route: Route) -> None:
    time.sleep(0.8)
    route.continue_()


def test_choice_made_before_the_script_is_there_is_not_lost(visit: Visitor, site: Site) -> None:
    page = visit()
    log_in(page, site)
    page.route("**/vendor/*", slowly)
    page.goto(f"{site.survey}/unit", wait_until="commit")
    page.select_option("#level_1", label="Avdeling C")
    expect(page.locator("#level_2")).to_contain_text("Seksjon C3")


def test_another_device_goes_on_where_one_stopped(visit: Visitor, site: Site) -> None:
    phone, computer = visit(width=360), visit(width=1280)
    serial = begin(phone, site)
    phone.check(radio(phone, "workload_1", 2))
    expect(phone.locator("#saved")).to_have_text(SAVED)
    log_in(computer, site, serial=serial)
    expect(computer.locator("h1")).to_have_text("Page 2 of 6")
    computer.click("#answers .steps button[value=back]")
    expect(computer.locator(radio(computer, "workload_1", 2))).to_be_checked()


def test_expired_login_keeps_the_answer(visit: Visitor, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    page = visit()
    serial = begin(page, site)
    monkeypatch.setattr(access, "now", lambda: datetime.now(UTC) + timedelta(minutes=31))
    page.check(radio(page, "workload_1", 4))
    expect(page.locator("#saved")).to_contain_text("Your answer is kept until you log in again.")
    page.click("#saved a")
    page.fill("#number", "")
    log_in(page, site, page.url.removeprefix(f"{site.survey}/"), serial=serial)
    expect(page.locator(".notice-good")).to_contain_text("have now been saved")
    expect(page.locator(radio(page, "workload_1", 4))).to_be_checked()
