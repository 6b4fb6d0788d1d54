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
NEW_PEOPLE = iter(range(6, 10))
"""Of the demo login's list: a second try is made by somebody else."""


def radio(page: Page, item: str, value: int) -> str:
    return f"input[name={item}][value='{value}']"


def test_visit_with_javascript(visit: Visitor, site: Site) -> None:
    page = visit(width=400)
    page.goto(site.survey)
    page.click("a.button-large >> nth=0")
    log_in(page, site, "login?next=go_on")
    page.click("button[value=yes]")
    page.wait_for_url("**/unit")
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


class Keyboard:
    """Presses keys, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.n_presses = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.n_presses += 1

    def until(self, selector: str, key: str = "Tab") -> None:
        """Press `key` until `selector` has the focus, and see that the focus can be seen."""
        for _ in range(60):
            self.press(key)
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                assert self.page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2")
                return
        pytest.fail(f"{selector} cannot be reached with {key}")

    def skip(self) -> None:
        """Past what stands on top of every page."""
        self.press("Tab")
        assert self.page.evaluate("document.activeElement.className") == "skip"
        self.press("Enter")


def test_whole_survey_with_the_keyboard_alone(visit: Visitor, site: Site) -> None:
    page = visit()
    keyboard = Keyboard(page)
    page.goto(site.survey)
    keyboard.skip()
    keyboard.until("a.button-large")
    keyboard.press("Enter")
    page.wait_for_url("**/login?next=go_on")
    keyboard.skip()
    keyboard.until(f"button[name=person][value='{next(NEW_PEOPLE)}']")
    keyboard.press("Enter")
    page.wait_for_url("**/consent")
    keyboard.skip()
    keyboard.until("button[value=no]")
    keyboard.press("Enter")
    page.wait_for_url("**/unit")
    keyboard.skip()
    keyboard.until("#level_1")
    keyboard.press("ArrowDown", "ArrowDown")
    page.wait_for_selector("#level_2")
    expect(page.locator("#levels-said")).to_have_text("One more choice: unit in Avdeling B")
    expect(page.locator("#level_1")).to_be_focused()
    keyboard.until("#level_2")
    keyboard.press("ArrowDown", "ArrowDown")
    expect(page.locator("#levels-said")).to_have_text("Chosen: Avdeling B › Seksjon B2")
    keyboard.until("#unit .steps button")
    keyboard.press("Enter")
    n_items = 0
    for number in range(1, 7):
        page.wait_for_url(f"**/page/{number}")
        before = keyboard.n_presses
        keyboard.skip()
        items = page.eval_on_selector_all("fieldset.item", "all => all.map((one) => one.id.slice(5))")
        for item in items:
            keyboard.until(f"input[name={item}]")
            keyboard.press("Space", "ArrowDown")
        n_items += len(items)
        keyboard.press("Enter")  # within a form: Next
        print(f"page {number}: {len(items)} items, {keyboard.n_presses - before} presses")
    page.wait_for_url("**/review")
    expect(page.locator(".summary dd .hint")).to_have_count(0)  # nothing is said to be unanswered
    keyboard.press("Shift+Tab")  # from the end of the page upwards
    keyboard.until("form.steps button", "Shift+Tab")
    keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Thank you, your answers are submitted")
    print(f"the whole survey, {n_items} items: {keyboard.n_presses} presses")
    assert keyboard.n_presses < 3 * n_items + 110


def test_what_is_missing_is_said_and_the_way_there_is_one_press(visit: Visitor, site: Site) -> None:
    page = visit(width=360)
    log_in(page, site)
    page.click("button[value=no]")
    page.goto(f"{site.survey}/review")
    page.click("form.steps button")
    expect(page.get_by_role("alert")).to_be_focused()
    keyboard = Keyboard(page)
    keyboard.press("Tab", "Enter")
    page.wait_for_url("**/unit")
    page.select_option("#level_1", label="Avdeling C")
    page.wait_for_selector("#level_2")
    page.click("#unit button[value=next]")
    expect(page.get_by_role("alert")).to_be_focused()
    keyboard.press("Tab", "Enter")
    expect(page.locator("#level_2")).to_be_focused()
    expect(page.locator("#level_2")).to_have_attribute("aria-invalid", "true")


BEHIND_THE_STRIP = """async () => {
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame); // whatever was to scroll has scrolled
  const here = document.activeElement;
  if (!here.closest(".item, .steps")) return null;
  const top = here.getBoundingClientRect().top;
  const strip = document.querySelector(".progress-strip").getBoundingClientRect();
  return top >= strip.bottom ? null : `${here.outerHTML} at ${top}, strip to ${strip.bottom}, scrolled ${scrollY}`;
}"""


def test_focus_is_never_hidden_behind_the_progress_strip(visit: Visitor, site: Site) -> None:
    page = visit(width=320)
    begin(page, site)
    Keyboard(page).until("#answers .steps button[value=next]")  # by now the page is scrolled to its end
    for _ in range(8):
        page.keyboard.press("Shift+Tab")
        behind = page.evaluate(BEHIND_THE_STRIP)
        assert behind is None, behind


def test_search_shows_hits_while_typing(visit: Visitor, site: Site) -> None:
    page = visit()
    log_in(page, site)
    page.click("button[value=no]")
    page.wait_for_url("**/unit")  # and for the script
    page.locator("#search").press_sequentially("f3")
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.locator("#search")).to_be_focused()
    page.click(".hit")
    page.wait_for_url("**/page/1")
    page.click("#answers .steps button[value=back]")
    expect(page.locator(".chosen-unit")).to_contain_text("Avdeling F › Seksjon F3")


def test_who_asks_for_help_finds_it_open(visit: Visitor, site: Site) -> None:
    page = visit(width=360)
    begin(page, site)
    page.goto(f"{site.survey}/page/5")
    assert not page.locator("#help dl").is_visible()
    page.click("a[href='#help'] >> nth=0")
    expect(page.locator("#help dl")).to_be_in_viewport()


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
