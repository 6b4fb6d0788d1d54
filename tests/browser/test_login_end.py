"""Whoever reads long is warned before being logged out, and one press of a key is enough to stay."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from app.domain.fiction import STAFF
from tests.browser.barriers import check
from tests.browser.conftest import Site, Visitor, begin
from tests.web.desk import furnish

DIALOG = "#login-end"


def pass_by(page: Page, minutes: float) -> None:
    page.clock.fast_forward(int(minutes * 60_000))
    page.clock.run_for(2_000)


def told(page: Page) -> str:
    found = re.search(r"\d\d:\d\d", page.inner_text("#login-until"))
    assert found is not None
    return found.group()


def test_warning_comes_three_minutes_before_and_one_key_prolongs(visit: Visitor, site: Site) -> None:
    page = visit(width=320, reduced_motion="reduce")
    page.clock.install()
    begin(page, site)
    page.focus("input[name=workload_1]")
    before = told(page)
    pass_by(page, 26)
    assert not page.locator(DIALOG).is_visible()
    pass_by(page, 1)
    expect(page.locator(DIALOG).get_by_role("heading")).to_have_text("Are you still there?")
    expect(page.locator(DIALOG).get_by_role("button")).to_be_focused()
    check(page, "warning")
    with page.expect_response("**/stay") as answered:
        page.keyboard.press("Enter")
    assert answered.value.status == 204
    expect(page.locator(DIALOG)).not_to_be_visible()
    expect(page.locator("input[name=workload_1]").first).to_be_focused()
    assert told(page) != before
    pass_by(page, 28)
    page.context.set_offline(True)
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_contain_text("Check your connection")
    page.context.set_offline(False)
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).not_to_be_visible()


def test_last_quarter_of_two_hours_offers_to_log_in_again_and_the_end_is_told(visit: Visitor, site: Site) -> None:
    page = visit()
    page.clock.install()
    begin(page, site)
    for _ in range(4):
        pass_by(page, 28)
        page.click(f"{DIALOG} form button")
        expect(page.locator(DIALOG)).not_to_be_visible()
    pass_by(page, 5.5)
    expect(page.locator(DIALOG).get_by_role("heading")).to_have_text("You will soon have to log in again")
    check(page, "last warning")
    page.get_by_role("button", name="Later").click()
    expect(page.locator(DIALOG)).not_to_be_visible()
    pass_by(page, 3)
    expect(page.locator(DIALOG).get_by_role("heading")).to_have_text("You have been logged out")
    check(page, "ended")
    page.click(f"{DIALOG} [data-when=ended] a")
    page.wait_for_url("**/login?next=page&number=1")


def test_saving_and_another_tab_prolong_too(visit: Visitor, site: Site) -> None:
    page = visit()
    page.clock.install()
    begin(page, site)
    pass_by(page, 26)
    page.check("input[name=workload_1][value='3']")
    pass_by(page, 0.1)
    expect(page.locator(".saved")).to_be_visible()
    pass_by(page, 2)
    assert not page.locator(DIALOG).is_visible()
    pass_by(page, 25.5)
    expect(page.locator(DIALOG)).to_be_visible()
    other = page.context.new_page()
    other.clock.install(time=page.evaluate("Date.now()"))
    other.goto(page.url)
    expect(page.locator(DIALOG)).not_to_be_visible()


def test_staff_are_warned_the_same_way(visit: Visitor, site: Site) -> None:
    before = site.app.extensions["rights"]
    with site.app.app_context():
        furnish(site.app)
    site.app.extensions["rights"] = before
    page = visit()
    page.clock.install()
    page.goto(f"{site.address}/staff/login")
    page.click(f"button[name=person][value='{STAFF}']")
    page.wait_for_url("**/staff/")
    pass_by(page, 28)
    expect(page.locator(DIALOG)).to_be_visible()
    check(page, "warning for staff")
    page.keyboard.press("Enter")
    expect(page.locator(DIALOG)).not_to_be_visible()


def test_without_javascript_the_page_says_until_when(visit: Visitor, site: Site) -> None:
    page = visit(java_script_enabled=False)
    begin(page, site)
    assert re.search(r"until \d\d:\d\d", page.inner_text("#login-until"))
    assert not page.locator(DIALOG).is_visible()
